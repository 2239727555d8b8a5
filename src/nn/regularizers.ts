// What a layer's weights are held to: penalties that are added to the loss, limits after each step, or no training at all.

import { OptionError } from '../core/errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, mul } from '../ops/binary.ts';
import { sum } from '../ops/reduce.ts';
import { abs, square } from '../ops/unary.ts';
import type { Json, LayerBuild, LayerRecord } from './layer.ts';
import type { Constraint, ParameterSpec } from './parameters.ts';

/** l1·Σ|w| + l2·Σw² (Keras: no half before l2). */
export interface Regularizer {
  readonly l1: number;
  readonly l2: number;
}

/** Pulls weights to zero, and some of them to zero itself: rate·Σ|w|. */
export const l1 = (rate = 0.01): Regularizer => ({ l1: rate, l2: 0 });

/** Pulls large weights the most: rate·Σw². For an optimizer's decoupled decay see `adamW`. */
export const l2 = (rate = 0.01): Regularizer => ({ l1: 0, l2: rate });

/** Both at once, the elastic net; 0.01 each unless given (Keras). */
export const l1l2 = (rates: { readonly l1?: number; readonly l2?: number } = {}): Regularizer => ({
  l1: rates.l1 ?? 0.01,
  l2: rates.l2 ?? 0.01,
});

/** After each step no unit's incoming weights are longer than `limit`: those of one place of the kernel's last axis. */
export const maxNorm = (limit = 2): Constraint => ({ maxNorm: limit });

export interface WeightOptions {
  /** `l1()`, `l2()` or `l1l2()` of the kernels, added to the loss and reported apart as `regularization`; none unless given. */
  readonly kernelRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
  /** `maxNorm()`; none unless given. */
  readonly kernelConstraint?: Constraint;
  readonly biasConstraint?: Constraint;
  /** true unless given. false: no optimizer changes its weights, and batch normalization uses and keeps what it has. */
  readonly trainable?: boolean;
}

export const weightOptions = [
  'kernelRegularizer',
  'biasRegularizer',
  'kernelConstraint',
  'biasConstraint',
  'trainable',
] as const;

/**
 * `record` with its weights held as `options` say; a recurrent kernel is none of the kernels meant (Keras). OptionError: a rate or limit out
 * of range, or an option for a weight that there is none of.
 */
export function holdingWeights<R extends LayerRecord>(where: string, options: WeightOptions, record: R): R {
  const { kernelRegularizer, biasRegularizer, kernelConstraint, biasConstraint, trainable = true } = options;
  if (typeof trainable !== 'boolean')
    throw new OptionError(`${where}: trainable is ${String(trainable)}, expected true or false`);
  for (const [name, regularizer] of Object.entries({ kernelRegularizer, biasRegularizer })) {
    if (regularizer) checkRates(`${where}: ${name}`, regularizer, ['l1', 'l2']);
  }
  for (const [name, constraint] of Object.entries({ kernelConstraint, biasConstraint })) {
    if (constraint) checkRates(`${where}: ${name}`, constraint, ['maxNorm']);
    if (constraint && !(constraint.maxNorm > 0))
      throw new OptionError(`${where}: ${name} is maxNorm(${constraint.maxNorm}), expected a number above 0`);
  }
  const config: Record<string, Json> = {};
  for (const name of weightOptions) {
    if (options[name] !== undefined && !(name === 'trainable' && trainable)) config[name] = options[name] as Json;
  }
  if (Object.keys(config).length === 0) return record;

  function held(name: string, spec: ParameterSpec): ParameterSpec {
    const kernel = /^(kernel|depthwiseKernel|pointwiseKernel)$/.test(name);
    const regularizer = kernel ? kernelRegularizer : name === 'bias' ? biasRegularizer : undefined;
    const constraint = kernel ? kernelConstraint : name === 'bias' ? biasConstraint : undefined;
    return {
      ...spec,
      ...(regularizer ? { regularizer } : {}),
      ...(constraint ? { constraint } : {}),
      ...(trainable ? {} : { trainable }),
    };
  }
  const build: LayerRecord['build'] = (shape, at, others): LayerBuild => {
    const built = record.build(shape, at, others);
    const names = Object.keys(built.weights);
    if ((biasRegularizer ?? biasConstraint) && !names.includes('bias')) {
      throw new OptionError(
        `${at}: has no bias to hold, expected useBias: true or neither biasRegularizer nor biasConstraint`,
      );
    }
    return {
      ...built,
      weights: Object.fromEntries(Object.entries(built.weights).map(([name, spec]) => [name, held(name, spec)])),
    };
  };
  return { ...record, config: { ...record.config, ...config }, build };
}

function checkRates(where: string, given: object, names: readonly string[]): void {
  const keys = Object.keys(given);
  const values = Object.values(given) as unknown[];
  const right = (value: unknown) => typeof value === 'number' && value >= 0 && Number.isFinite(value);
  if (typeof given === 'object' && keys.length === names.length && names.every((name) => keys.includes(name))) {
    if (values.every(right)) return;
  }
  throw new OptionError(
    `${where} is ${JSON.stringify(given)}, expected numbers of at least 0 for ${names.join(' and ')}`,
  );
}

/** The penalty of one weight. */
export function penalty({ l1: first, l2: second }: Regularizer, weight: Tensor): Tensor | null {
  const parts = [
    ...(first > 0 ? [mul(sum(abs(weight)), first)] : []),
    ...(second > 0 ? [mul(sum(square(weight)), second)] : []),
  ];
  return parts.length === 0 ? null : parts.reduce((a, b) => add(a, b));
}
