// What each of a model's outputs is trained for: its loss, the loss's weight, and metrics, with the keys they are logged by.

import { OptionError, suggestion } from '../core/errors.ts';
import { operandOf } from '../graph/live.ts';
import type { Tensor } from '../graph/tensor.ts';
import { checkLossFits, resolveLoss, type LossFunction, type LossName } from '../nn/losses.ts';
import { maskWeights } from '../nn/masking.ts';
import { fixedNumbers, type NumberReader } from '../nn/numbers.ts';
import { resolveMetric, type ConfiguredMetric, type Metric, type MetricName } from '../nn/metrics.ts';
import { add, mul } from '../ops/binary.ts';
import { reshape } from '../ops/reshape.ts';
import type { Compiled, Forward, Head, Network, OutputPort } from './core.ts';
import { numberOfOutput } from './scalars.ts';

/** One for each output: by position, or by name. */
export type PerOutput<T> = readonly T[] | Readonly<Record<string, T>>;

export interface HeadOptions {
  /**
   * A name, or a function of prediction and target that gives the batch's mean as one number. A model of several outputs
   * takes an array or a record of them by output, outputs left out of a record being untrained; one alone is for all.
   */
  readonly loss: LossName | LossFunction | PerOutput<LossName | LossFunction>;
  /** What each output's loss counts in the sum that is trained; 1 unless given. */
  readonly lossWeights?: PerOutput<number>;
  /** Logged beside the loss; none unless given. A model of several outputs takes a list for each, in an array or a record. */
  readonly metrics?: readonly AnyMetric[] | PerOutput<readonly AnyMetric[]>;
}

/** A name, what one of `metrics`' functions gives, or a record of the caller's own. */
export type AnyMetric = MetricName | ConfiguredMetric | Metric;

/**
 * The outputs that have a loss. Of several outputs each loss is logged as `<output>_loss`, each metric as
 * `<output>_<metric>` (Keras).
 */
export function headsOf(where: string, network: Network, options: HeadOptions): Head[] {
  const { outputs } = network;
  const single = typeof options.loss === 'string' || typeof options.loss === 'function';
  const losses = single
    ? outputs.map(() => options.loss as LossName | LossFunction)
    : perOutput(where, 'loss', outputs, options.loss as PerOutput<LossName | LossFunction>);
  const weights = perOutput(where, 'lossWeights', outputs, options.lossWeights);
  const { metrics = [] } = options;
  const flat = Array.isArray(metrics) && !metrics.some((metric) => Array.isArray(metric));
  if (flat && metrics.length > 0 && outputs.length > 1) {
    throw new OptionError(
      `${where}: metrics is one list for ${outputs.length} outputs, expected a list for each, such as { ${outputs[0]!.name}: [...] }`,
    );
  }
  const lists = perOutput(
    where,
    'metrics',
    outputs,
    (flat ? outputs.map(() => metrics) : metrics) as PerOutput<readonly AnyMetric[]>,
  );
  const several = outputs.length > 1;
  const heads = outputs.flatMap((output, i): Head[] => {
    const [given, weight = 1, list = []] = [losses[i], weights[i], lists[i]];
    if (given === undefined) {
      if (weights[i] === undefined && list.length === 0) return [];
      throw new OptionError(`${where}: output '${output.name}' has a weight or metrics, but no loss`);
    }
    if (!Number.isFinite(weight)) {
      throw new OptionError(`${where}: lossWeights of '${output.name}' is ${weight}, expected a finite number`);
    }
    const loss = resolveLoss(where, given);
    const { name: last, activation } = lastActive(network, output);
    checkLossFits(where, loss, last, activation);
    const prefix = several ? `${output.name}_` : '';
    const named = list.map((metric) => {
      const found = resolveMetric(where, metric, loss);
      return several ? { ...found, name: prefix + found.name } : found;
    });
    return [
      {
        output,
        loss,
        weight,
        ...(weights[i] === undefined ? {} : { weighted: true as const }),
        metrics: named.filter((metric) => 'sum' in metric),
        epochMetrics: named.filter((metric) => 'tally' in metric),
        lossKey: several ? `${prefix}loss` : null,
      },
    ];
  });
  if (heads.length === 0) throw new OptionError(`${where}: no output has a loss, expected one for at least one`);
  return heads;
}

/** What a step's values are called, `loss` left out. Throws where two metrics are called alike. */
export function keysOf(where: string, heads: readonly Head[]): string[] {
  const keys = heads.flatMap(({ lossKey }) => lossKey ?? []);
  for (const { metrics } of heads) keys.push(...metrics.map(({ name }) => name));
  const all = [...keys, ...heads.flatMap(({ epochMetrics }) => epochMetrics.map(({ name }) => name))];
  all.forEach((name, i) => {
    if (name !== 'loss' && all.indexOf(name) === i) return;
    throw new OptionError(`${where}: two metrics are called '${name}', expected a name for each`);
  });
  return keys;
}

function perOutput<T>(
  where: string,
  what: string,
  outputs: readonly OutputPort[],
  given: PerOutput<T> | undefined,
): readonly (T | undefined)[] {
  if (given === undefined) return [];
  if (typeof given !== 'object' || given === null) {
    throw new OptionError(
      `${where}: ${what} is ${String(given)}, expected one for each output in an array or a record`,
    );
  }
  if (Array.isArray(given)) {
    if (given.length === outputs.length) return given as readonly T[];
    throw new OptionError(`${where}: ${what} has ${given.length} entries, but the model has ${outputs.length} outputs`);
  }
  const names = outputs.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw new OptionError(
        `${where}: ${what} names no output '${name}'${suggestion(name, names)}; known: ${names.join(', ')}`,
      );
    }
  }
  const record = given as Readonly<Record<string, T>>;
  return names.map((name) => (Object.hasOwn(record, name) ? record[name] : undefined));
}

/** The last layer before `output` that changes numbers: what losses look at. */
function lastActive({ inputs, layers }: Network, output: OutputPort) {
  const shaping = ['Flatten', 'Reshape', 'Dropout', 'SpatialDropout1d', 'SpatialDropout2d', 'SpatialDropout3d'];
  const last = layers[output.at - inputs.length]!;
  let found: typeof last | undefined = last;
  while (found && shaping.includes(found.type)) found = layers[found.from[0]! - inputs.length];
  found ??= last;
  return { name: `${found.name} (${found.type})`, activation: found.layer.activation };
}

/** Of each step or row: the mean is of the steps that are there, times their weights (Keras). */
function maskedWeights(mask: Tensor, weights: Tensor | undefined): Tensor {
  const there = maskWeights(mask);
  const [n, count] = weights?.shape ?? [];
  if (!weights || count === 1) return weights ? mul(there, weights) : there;
  const [, steps] = mask.shape as [number, number];
  const each = mul(reshape(weights, [n!, steps, count! / steps]), reshape(there, [n!, steps, 1]));
  return reshape(each, [n!, count!]);
}

/**
 * The loss of all heads and layers, and sums over the batch's examples: each head's loss where there are several outputs,
 * metrics, and what layers add.
 */
export function lossAndMetrics(
  { heads, keys, state }: Pick<Compiled, 'heads' | 'keys'> & Partial<Pick<Compiled, 'state'>>,
  { values: predictions, masks, terms }: Forward,
  targets: readonly Tensor[],
  batch: number,
  weights: readonly (Tensor | undefined)[] = [],
): Record<string, Tensor> {
  const { read } = state?.numbers ?? { read: fixedNumbers };
  const sums: Record<string, Tensor> = {};
  let total: Tensor | null = null;
  heads.forEach(({ output, loss, weight, weighted, lossKey, metrics }, i) => {
    const own: NumberReader = (name, fixed) => read(numberOfOutput(heads, output.name, name), fixed);
    const [prediction, target] = [predictions[i]!, targets[i]!];
    const mask = masks[i] ?? undefined;
    const value = loss.apply(prediction, target, mask ? maskedWeights(mask, weights[i]) : weights[i], own);
    const counted = weighted ? mul(value, operandOf(own('lossWeight', weight))) : value;
    total = total ? add(total, reshape(counted, total.shape)) : counted;
    if (lossKey !== null) sums[lossKey] = mul(value, batch);
    for (const metric of metrics) sums[metric.name] = metric.sum(prediction, target, mask);
  });
  for (const [name, term] of Object.entries(terms)) {
    if (name === 'loss' || keys.includes(name)) {
      throw new OptionError(`fit: a layer adds '${name}' to the loss, and a metric is called so; expected two names`);
    }
    total = add(total!, reshape(term, total!.shape));
    sums[name] = mul(term, batch);
  }
  return { loss: total!, ...sums };
}
