// The optimizers, in PyTorch's forms: each says which moments it keeps and which op updates whole arenas.

import { checkOptions, OptionError, suggestion } from '../core/errors.ts';
import { adamStep, sgdStep } from '../ops/optimizer.ts';
import type { Optimizer } from './optimizer_state.ts';
import { resolveSchedule, type Schedule } from './schedules.ts';

export interface SgdOptions {
  /** 0.01 unless given (Keras), or a function of the step, counted from 0. */
  readonly learningRate?: number | Schedule;
  /** 0 unless given. */
  readonly momentum?: number;
  /** false unless given; needs a momentum above 0. */
  readonly nesterov?: boolean;
  /** Added to the gradient as weightDecay·w; 0 unless given. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent: v = momentum·v + g, w −= learningRate·v, or with `nesterov`
 * w −= learningRate·(g + momentum·v), where g includes weightDecay·w. OptionError: a number out of range.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions('sgd', options, ['learningRate', 'momentum', 'nesterov', 'weightDecay']);
  const { learningRate = 0.01, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  checkRange('sgd', 'momentum', momentum, 0, 1);
  checkRange('sgd', 'weightDecay', weightDecay, 0, Infinity);
  if (nesterov && momentum === 0) throw new OptionError('sgd: nesterov needs a momentum above 0, got 0');
  return {
    name: 'sgd',
    schedule: resolveSchedule('sgd', learningRate),
    moments: momentum > 0 ? ['velocity'] : [],
    update({ parameters: params, gradients: grads, moments: [velocity], scalars, firstBad }) {
      const arenas = { params, grads, scalars, firstBad, ...(velocity ? { velocity } : {}) };
      const updated = sgdStep(arenas, { momentum, nesterov, weightDecay });
      return { effects: [updated.params], firstBad: updated.firstBad };
    },
    scalars: (_, rate) => Float32Array.of(rate, 1, 1, 1),
  };
}

export interface AdamOptions {
  /** 0.001 unless given, or a function of the step, counted from 0. */
  readonly learningRate?: number | Schedule;
  /** 0.9 unless given. */
  readonly beta1?: number;
  /** 0.999 unless given. */
  readonly beta2?: number;
  /** Added to √v̂; 1e-8 unless given. */
  readonly epsilon?: number;
  /** 0 unless given; adamW 0.01. */
  readonly weightDecay?: number;
}

/**
 * Adam (Kingma and Ba 2015): m = β₁·m + (1 − β₁)·g, v = β₂·v + (1 − β₂)·g², w −= learningRate·m̂ / (√v̂ + epsilon) with
 * m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ). weightDecay·w is added to g, as in PyTorch's Adam. OptionError: a number out
 * of range.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamWith('adam', options, 0, false);
}

/** Adam with decoupled decay (Loshchilov and Hutter 2019): w −= learningRate·weightDecay·w beside Adam's own step. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamWith('adamW', options, 0.01, true);
}

function adamWith(name: string, options: AdamOptions, defaultDecay: number, decoupled: boolean): Optimizer {
  checkOptions(name, options, ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay']);
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = defaultDecay } = options;
  checkRange(name, 'beta1', beta1, 0, 1);
  checkRange(name, 'beta2', beta2, 0, 1);
  checkRange(name, 'epsilon', epsilon, 2 ** -126, Infinity);
  checkRange(name, 'weightDecay', weightDecay, 0, Infinity);
  return {
    name,
    schedule: resolveSchedule(name, learningRate),
    moments: ['m', 'v'],
    update({ parameters: params, gradients: grads, moments: [m, v], scalars, firstBad }) {
      const arenas = { params, grads, m: m!, v: v!, scalars, firstBad };
      const updated = adamStep(arenas, { beta1, beta2, epsilon, weightDecay, decoupled });
      return { effects: [updated.params], firstBad: updated.firstBad };
    },
    scalars: (step, rate) => Float32Array.of(rate, 1 / (1 - beta1 ** (step + 1)), 1 / (1 - beta2 ** (step + 1)), 1),
  };
}

const byName: Readonly<Record<string, () => Optimizer>> = { sgd, adam, adamW };

/** An optimizer by name, with its defaults, or as a record. */
export function resolveOptimizer(where: string, optimizer: Optimizer | string): Optimizer {
  if (typeof optimizer !== 'string') return optimizer;
  if (Object.hasOwn(byName, optimizer)) return byName[optimizer]!();
  const known = Object.keys(byName);
  throw new OptionError(
    `${where}: unknown optimizer '${optimizer}'${suggestion(optimizer, known)}; known: ${known.join(', ')}`,
  );
}

function checkRange(where: string, name: string, value: number, least: number, below: number): void {
  if (value >= least && value < below) return;
  const range = below === Infinity ? `a number of at least ${least}` : `at least ${least} and below ${below}`;
  throw new OptionError(`${where}: ${name} is ${value}, expected ${range}`);
}
