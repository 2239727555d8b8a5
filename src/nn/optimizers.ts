// The optimizers: each says which moments it keeps and which op updates whole arenas.

import { checkOptions, checkTypes, OptionError, suggestion } from '../core/errors.ts';
import { attrsOf } from '../graph/live.ts';
import { adagradStep } from '../ops/adagrad.ts';
import { adamStep } from '../ops/adam.ts';
import { rmspropStep } from '../ops/rmsprop.ts';
import { sgdStep } from '../ops/sgd.ts';
import { gradientFields, type GradientOptions, gradientOptions } from './gradient_options.ts';
import { checkNumbers, type NumberSpec } from './numbers.ts';
import type { Optimizer } from './optimizer_state.ts';
import { resolveSchedule, type Schedule } from './schedules.ts';

export interface SgdOptions extends GradientOptions {
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
  checkOptions('sgd', options, ['learningRate', 'momentum', 'nesterov', 'weightDecay', ...gradientOptions]);
  const { learningRate = 0.01, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const numbers = checked('sgd', { momentum: fraction(momentum), weightDecay: fromZero(weightDecay) });
  checkTypes('sgd', 'boolean', { nesterov });
  if (nesterov && momentum === 0) throw new OptionError('sgd: nesterov needs a momentum above 0, got 0');
  return {
    name: 'sgd',
    ...gradientFields('sgd', options),
    options,
    schedule: resolveSchedule('sgd', learningRate),
    moments: momentum > 0 ? ['velocity'] : [],
    numbers: withVelocity(momentum, numbers),
    update({ parameters: params, gradients: grads, moments: [velocity], scalars, firstBad, numbers: current }) {
      const arenas = { params, grads, scalars, firstBad, ...(velocity ? { velocity } : {}) };
      const updated = sgdStep(arenas, attrsOf({ momentum, nesterov, weightDecay }, current));
      return { effects: [updated.params], firstBad: updated.firstBad };
    },
    scalars: (_, rate) => scalarsOf(rate, 1, 1),
  };
}

export interface AdamOptions extends GradientOptions {
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
  checkOptions(name, options, ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', ...gradientOptions]);
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = defaultDecay } = options;
  const numbers = checked(name, {
    beta1: fraction(beta1),
    beta2: fraction(beta2),
    epsilon: { value: epsilon, least: smallestEpsilon },
    weightDecay: fromZero(weightDecay),
  });
  const [first, second] = [corrections(), corrections()];
  return {
    name,
    ...gradientFields(name, options),
    options,
    schedule: resolveSchedule(name, learningRate),
    moments: ['m', 'v'],
    betas: ['beta1', 'beta2'],
    numbers,
    update({ parameters: params, gradients: grads, moments: [m, v], scalars, firstBad, numbers: current }) {
      const arenas = { params, grads, m: m!, v: v!, scalars, firstBad };
      const updated = adamStep(arenas, attrsOf({ beta1, beta2, epsilon, weightDecay, decoupled }, current));
      return { effects: [updated.params], firstBad: updated.firstBad };
    },
    scalars: (step, rate, current = { beta1, beta2 }) =>
      scalarsOf(rate, first(current['beta1']!, step), second(current['beta2']!, step)),
  };
}

/** Learning rate, bias corrections, gradient scale. By index, since Float32Array.of takes three times as long in cold caches. */
function scalarsOf(rate: number, first: number, second: number): Float32Array {
  const scalars = new Float32Array(4);
  scalars[0] = rate;
  scalars[1] = first;
  scalars[2] = second;
  scalars[3] = 1;
  return scalars;
}

/**
 * Gives 1 / (1 − βᵗ) of step t − 1. A power by itself takes a step two microseconds, because nothing of it lies in the processor's
 * caches, and 64 of them hardly longer: so those of 64 steps are computed together.
 */
function corrections(): (beta: number, step: number) => number {
  const kept = new Float64Array(64);
  let of = NaN;
  let begin = -1;
  return (beta, step) => {
    const at = step % kept.length;
    if (beta !== of || step - at !== begin) {
      [of, begin] = [beta, step - at];
      for (let i = 0; i < kept.length; i++) kept[i] = 1 / (1 - beta ** (begin + i + 1));
    }
    return kept[at]!;
  };
}

export interface RmspropOptions extends GradientOptions {
  /** 0.001 unless given, or a function of the step, counted from 0. */
  readonly learningRate?: number | Schedule;
  /** How much of the mean square a step keeps; 0.9 unless given (PyTorch's alpha is 0.99). */
  readonly rho?: number;
  /** 0 unless given. */
  readonly momentum?: number;
  /** Divides by an estimate of the gradient's deviation instead of its root mean square; false unless given. */
  readonly centered?: boolean;
  /** 1e-7 unless given (PyTorch 1e-8). */
  readonly epsilon?: number;
  /** √(square + epsilon) as in Keras, true unless given; false: √square + epsilon as in PyTorch. */
  readonly epsilonInsideRoot?: boolean;
  /** Added to the gradient as weightDecay·w; 0 unless given. */
  readonly weightDecay?: number;
}

/**
 * RMSprop (Hinton 2012): square = rho·square + (1 − rho)·g², d = g / √(square + epsilon), w −= learningRate·d; with
 * momentum v = momentum·v + d, w −= learningRate·v (PyTorch's form: a change of the learning rate counts at once). With
 * `centered` (Graves 2013) square − mean² stands in the root, where mean = rho·mean + (1 − rho)·g. Defaults: Keras's.
 * OptionError: a number out of range.
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const names = ['learningRate', 'rho', 'momentum', 'centered', 'epsilon', 'epsilonInsideRoot', 'weightDecay'] as const;
  checkOptions('rmsprop', options, [...names, ...gradientOptions]);
  const { learningRate = 1e-3, rho = 0.9, momentum = 0, centered = false } = options;
  const { epsilon = 1e-7, epsilonInsideRoot = true, weightDecay = 0 } = options;
  checkTypes('rmsprop', 'boolean', { centered, epsilonInsideRoot });
  const numbers = checked('rmsprop', {
    rho: fraction(rho),
    momentum: fraction(momentum),
    epsilon: { value: epsilon, least: smallestEpsilon },
    weightDecay: fromZero(weightDecay),
  });
  return {
    name: 'rmsprop',
    ...gradientFields('rmsprop', options),
    options,
    schedule: resolveSchedule('rmsprop', learningRate),
    moments: ['square', ...(centered ? ['mean'] : []), ...(momentum > 0 ? ['velocity'] : [])],
    numbers: withVelocity(momentum, numbers),
    update({ parameters: params, gradients: grads, moments, scalars, firstBad, numbers: current }) {
      const arenas = {
        params,
        grads,
        square: moments[0]!,
        ...(centered ? { mean: moments[1]! } : {}),
        ...(momentum > 0 ? { velocity: moments.at(-1)! } : {}),
        scalars,
        firstBad,
      };
      const updated = rmspropStep(arenas, attrsOf({ rho, epsilon, epsilonInsideRoot, momentum, weightDecay }, current));
      return { effects: [updated.params], firstBad: updated.firstBad };
    },
    scalars: (_, rate) => scalarsOf(rate, 1, 1),
  };
}

export interface AdagradOptions extends GradientOptions {
  /** 0.001 unless given, or a function of the step, counted from 0. */
  readonly learningRate?: number | Schedule;
  /** What the sum of squares begins with; 0.1 unless given (PyTorch 0). */
  readonly initialAccumulator?: number;
  /** 1e-7 unless given (PyTorch 1e-10). */
  readonly epsilon?: number;
  /** √(accumulator + epsilon) as in Keras, true unless given; false: √accumulator + epsilon as in PyTorch. */
  readonly epsilonInsideRoot?: boolean;
  /** Added to the gradient as weightDecay·w; 0 unless given. */
  readonly weightDecay?: number;
}

/**
 * Adagrad (Duchi, Hazan and Singer 2011): accumulator += g², w −= learningRate·g / √(accumulator + epsilon). Defaults:
 * Keras's. OptionError: a number out of range.
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const names = ['learningRate', 'initialAccumulator', 'epsilon', 'epsilonInsideRoot', 'weightDecay'] as const;
  checkOptions('adagrad', options, [...names, ...gradientOptions]);
  const { learningRate = 1e-3, initialAccumulator = 0.1 } = options;
  const { epsilon = 1e-7, epsilonInsideRoot = true, weightDecay = 0 } = options;
  checkTypes('adagrad', 'boolean', { epsilonInsideRoot });
  checked('adagrad', { initialAccumulator: fromZero(initialAccumulator) });
  const numbers = checked('adagrad', {
    epsilon: { value: epsilon, least: smallestEpsilon },
    weightDecay: fromZero(weightDecay),
  });
  return {
    name: 'adagrad',
    ...gradientFields('adagrad', options),
    options,
    schedule: resolveSchedule('adagrad', learningRate),
    moments: ['accumulator'],
    initialMoments: { accumulator: initialAccumulator },
    numbers,
    update({ parameters: params, gradients: grads, moments: [accumulator], scalars, firstBad, numbers: current }) {
      const arenas = { params, grads, accumulator: accumulator!, scalars, firstBad };
      const updated = adagradStep(arenas, attrsOf({ epsilon, epsilonInsideRoot, weightDecay }, current));
      return { effects: [updated.params], firstBad: updated.firstBad };
    },
    scalars: (_, rate) => scalarsOf(rate, 1, 1),
  };
}

const byName: Readonly<Record<string, (options?: object) => Optimizer>> = { sgd, adam, adamW, rmsprop, adagrad };

/** The optimizer that the function of this name makes. */
export function optimizerFrom(name: string, options: object): Optimizer {
  if (Object.hasOwn(byName, name)) return byName[name]!(options);
  throw new OptionError(`trainer: unknown optimizer '${name}'; known: ${Object.keys(byName).join(', ')}`);
}

/** An optimizer by name, with its defaults, or as a record. */
export function resolveOptimizer(where: string, optimizer: Optimizer | string): Optimizer {
  if (typeof optimizer !== 'string') return optimizer;
  if (Object.hasOwn(byName, optimizer)) return byName[optimizer]!();
  const known = Object.keys(byName);
  throw new OptionError(
    `${where}: unknown optimizer '${optimizer}'${suggestion(optimizer, known)}; known: ${known.join(', ')}`,
  );
}

const smallestEpsilon = 2 ** -126;
const fraction = (value: number): NumberSpec => ({ value, least: 0, below: 1 });
const fromZero = (value: number): NumberSpec => ({ value, least: 0 });

/** `numbers`, each within its range. */
function checked<T extends Readonly<Record<string, NumberSpec>>>(where: string, numbers: T): T {
  checkNumbers(where, numbers, Object.fromEntries(Object.entries(numbers).map(([name, { value }]) => [name, value])));
  return numbers;
}

/** Those of `numbers` that may change: a momentum that is 0 at first has no velocity that it could keep. */
function withVelocity(
  momentum: number,
  { momentum: own, ...rest }: Readonly<Record<'momentum', NumberSpec>>,
): Record<string, NumberSpec> {
  return momentum > 0 ? { momentum: own, ...rest } : rest;
}
