// What a layer's weights are held to: penalties that are added to the loss, limits after each step, or no training at all.

import { ABOVE_ZERO, checkNumber, checkOptions, OptionError } from '../core/errors.ts';
import { derive, operandOf } from '../graph/live.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, mul } from '../ops/binary.ts';
import { sum } from '../ops/reduce.ts';
import { abs, square } from '../ops/unary.ts';
import type { Json, LayerBuild, LayerRecord } from './layer.ts';
import type { NumberReader, NumberSpec } from './numbers.ts';
import type { Constraint, ParameterSpec } from './parameters.ts';

/** l1·Σ|w| + l2·Σw² (Keras: no half before l2). */
export interface Regularizer {
  readonly l1: number;
  readonly l2: number;
}

/** Pulls weights to zero, and some of them to zero itself: rate·Σ|w|. */
export function l1(rate = 0.01): Regularizer {
  checkNumber('l1', 'rate', rate);
  return { l1: rate, l2: 0 };
}

/** Pulls large weights the most: rate·Σw². For an optimizer's decoupled decay see `adamW`. */
export function l2(rate = 0.01): Regularizer {
  checkNumber('l2', 'rate', rate);
  return { l1: 0, l2: rate };
}

/** Both at once, the elastic net; 0.01 each unless given (Keras). */
export function l1l2(rates: { readonly l1?: number; readonly l2?: number } = {}): Regularizer {
  checkOptions('l1l2', rates, ['l1', 'l2']);
  const { l1: first = 0.01, l2: second = 0.01 } = rates;
  checkNumber('l1l2', 'l1', first);
  checkNumber('l1l2', 'l2', second);
  return { l1: first, l2: second };
}

/**
 * After each step no unit's incoming weights are longer than `limit`: those of one place of the weight's last axis, or of the last two
 * where both number units, as attention's heads and depthwise filters do.
 */
export function maxNorm(limit = 2): Constraint {
  checkNumber('maxNorm', 'limit', limit, ABOVE_ZERO);
  return { maxNorm: limit };
}

/** Which of a layer's weights an option is of, and what its name begins with. */
export type WeightRole =
  | 'kernel'
  | 'depthwise'
  | 'pointwise'
  | 'recurrent'
  | 'bias'
  | 'embeddings'
  | 'alpha'
  | 'gamma'
  | 'beta';

/**
 * What layers with weights of these roles take. `…Regularizer`: `l1()`, `l2()` or `l1l2()` of the weight, added to the loss and
 * reported apart as `regularization`. `…Constraint`: `maxNorm()`. None unless given.
 */
export type WeightOptions<Role extends WeightRole = 'kernel' | 'bias'> = {
  readonly [K in `${Role}Regularizer`]?: Regularizer;
} & { readonly [K in `${Role}Constraint`]?: Constraint } & HeldOptions;

/** What every layer with weights takes. */
export interface HeldOptions {
  /**
   * The same of what the layer gives, of its first output where it has several, divided by the batch (Keras), in each
   * place where it is called.
   */
  readonly activityRegularizer?: Regularizer;
  /** true unless given. false: no optimizer changes its weights, and batch normalization uses and keeps what it has. */
  readonly trainable?: boolean;
}

const heldOptions = ['activityRegularizer', 'trainable'] as const;

/** The options' names. */
export const weightOptions = (...roles: readonly WeightRole[]): readonly string[] => [
  ...roles.flatMap((role) => [`${role}Regularizer`, `${role}Constraint`]),
  ...heldOptions,
];

/** What decides whether there are such weights. */
const needs: Partial<Record<string, string>> = { bias: 'useBias', beta: 'center', gamma: 'scale' };

/** `kernel` of `query/kernel` and, where weights are drawn, `kernelMean`; 'depthwise' of a layer that has no other kernel. */
function roleOf(weight: string, roles: readonly WeightRole[]): string {
  const own = weight.slice(weight.lastIndexOf('/') + 1).replace(/Mean$/, '');
  if (own === 'kernel' && roles.includes('depthwise')) return 'depthwise';
  return own.replace(/^(recurrent|depthwise|pointwise)Kernel$/, '$1');
}

/**
 * `record` with its weights of `roles` held as `options` say. OptionError: a rate or limit out of range, or an option for a
 * weight that there is none of.
 */
export function holdingWeights<R extends LayerRecord>(
  where: string,
  options: HeldOptions,
  record: R,
  roles: readonly WeightRole[] = ['kernel', 'bias'],
): R {
  const { trainable = true, activityRegularizer } = options;
  if (typeof trainable !== 'boolean')
    throw new OptionError(`${where}: trainable is ${String(trainable)}, expected true or false`);
  const config: Record<string, Json> = trainable ? {} : { trainable };
  const given = options as Readonly<Record<string, unknown>>;
  const taken = <T extends object>(name: string, fields: readonly string[]): T | undefined => {
    if (given[name] === undefined) return undefined;
    checkRates(`${where}: ${name}`, given[name], fields);
    config[name] = given[name] as Json;
    return given[name] as T;
  };
  const held = new Map(
    roles.map((role): [string, Pick<ParameterSpec, 'regularizer' | 'constraint'>] => {
      const regularizer = taken<Regularizer>(`${role}Regularizer`, ['l1', 'l2']);
      const constraint = taken<Constraint>(`${role}Constraint`, ['maxNorm']);
      if (constraint && !(constraint.maxNorm > 0)) {
        throw new OptionError(
          `${where}: ${role}Constraint is maxNorm(${constraint.maxNorm}), expected a number above 0`,
        );
      }
      return [role, { ...(regularizer ? { regularizer } : {}), ...(constraint ? { constraint } : {}) }];
    }),
  );
  taken('activityRegularizer', ['l1', 'l2']);
  if (Object.keys(config).length === 0) return record;

  const build: LayerRecord['build'] = (shape, at, others): LayerBuild => {
    const built = record.build(shape, at, others);
    const there = new Set(Object.keys(built.weights).map((name) => roleOf(name, roles)));
    for (const [role, { regularizer, constraint }] of held) {
      if (there.has(role) || !(regularizer ?? constraint)) continue;
      const needed = needs[role] ? `${needs[role]}: true or ` : '';
      throw new OptionError(
        `${at}: has no ${role} to hold, expected ${needed}neither ${role}Regularizer nor ${role}Constraint`,
      );
    }
    const weights = Object.entries(built.weights).map(([name, spec]): [string, ParameterSpec] => [
      name,
      { ...spec, ...held.get(roleOf(name, roles)), ...(trainable ? {} : { trainable }) },
    ]);
    return { ...built, weights: Object.fromEntries(weights) };
  };
  return {
    ...record,
    config: { ...record.config, ...config },
    ...(activityRegularizer ? { activityRegularizer } : {}),
    build,
  };
}

function checkRates(where: string, given: unknown, names: readonly string[]): void {
  const keys = Object.keys(given ?? {});
  const values = Object.values(given ?? {}) as unknown[];
  const right = (value: unknown) => typeof value === 'number' && value >= 0 && Number.isFinite(value);
  if (keys.length === names.length && names.every((name) => keys.includes(name))) {
    if (values.every(right)) return;
  }
  throw new OptionError(
    `${where} is ${JSON.stringify(given)}, expected numbers of at least 0 for ${names.join(' and ')}`,
  );
}

/** The penalty of one weight, or of a layer's output where it is to be divided by the batch, its first axis. */
export function penalty(regularizer: Regularizer, of: Tensor, read: NumberReader, divisor = 1): Tensor | null {
  const strength = (name: 'l1' | 'l2') => {
    const number = read(name, regularizer[name]);
    return operandOf(divisor === 1 ? number : derive(number, `/${divisor}`, (value) => value / divisor));
  };
  const parts = [
    ...(regularizer.l1 > 0 ? [mul(sum(abs(of)), strength('l1'))] : []),
    ...(regularizer.l2 > 0 ? [mul(sum(square(of)), strength('l2'))] : []),
  ];
  return parts.length === 0 ? null : parts.reduce((a, b) => add(a, b));
}

/** The strengths that are part of a step, by the names that `penalty` reads. */
export function strengthsOf(regularizer: Regularizer | undefined): Record<string, NumberSpec> {
  const there = Object.entries(regularizer ?? {}).filter(([, value]) => value > 0);
  return Object.fromEntries(there.map(([name, value]) => [name, { value, least: 0 }]));
}
