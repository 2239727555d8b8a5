// Metrics by name. Those that are means give a batch's sum, others gather in a variable, so that an epoch's value is exact
// however its batches are cut.

import { OptionError, suggestion } from '../core/errors.ts';
import type { DType, TypedArray } from '../core/dtype.ts';
import type { Shape } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Loss } from './losses.ts';
import {
  accuracy,
  auc,
  f1,
  iou,
  meanAbsoluteError,
  meanSquaredError,
  precision,
  recall,
  specificity,
} from './metric_functions.ts';

/** A metric that is a mean over the examples. */
export interface MeanMetric {
  /** The key in logs and history. */
  readonly name: string;
  /**
   * The sum over a batch's examples, a scalar; divided by the number of examples it is the metric. `mask`, f32 [N, T],
   * says which of an output's steps are no padding where an embedding's `maskZero` says it: the others do not count.
   */
  sum(prediction: Tensor, target: Tensor, mask?: Tensor): Tensor;
}

/** A metric of all examples at once: what it needs is gathered on the device and read when the epoch is over. */
export interface EpochMetric {
  readonly name: string;
  readonly tally: Tally;
  /** The metric of what was gathered. */
  result(values: TypedArray): number;
}

/** A variable that starts an epoch as zeros. */
export interface Tally {
  /** Metrics of one output with equal keys share a variable. */
  readonly key: string;
  readonly dtype: DType & ('u32' | 'f32');
  /** For so many examples, from the batch's prediction and target. */
  shape(examples: number, prediction: Tensor, target: Tensor): Shape;
  /**
   * The call that overwrites `state` with what the batch adds; cursor u32 [1] counts the examples before it, and padding,
   * as `mask` has it, is left out.
   */
  add(state: Tensor, prediction: Tensor, target: Tensor, cursor: Tensor, mask?: Tensor): Tensor;
}

export type Metric = MeanMetric | EpochMetric;

/** A metric that depends on the loss: on whether scores are logits, and which of them mean yes. */
export interface ConfiguredMetric {
  readonly name: string;
  /** OptionError where the loss has no classes and the metric needs them. */
  resolve(where: string, loss: Loss): Metric;
}

// Those that would bring ops of their own into every page (topKError, psnr, ssim) go by their functions alone.
const byName = {
  accuracy,
  precision,
  recall,
  sensitivity: () => recall({ name: 'sensitivity' }),
  specificity,
  f1,
  dice: () => f1({ name: 'dice' }),
  iou,
  auc,
  meanSquaredError,
  mse: meanSquaredError,
  meanAbsoluteError,
  mae: meanAbsoluteError,
} as const satisfies Readonly<Record<string, () => ConfiguredMetric>>;

export type MetricName = keyof typeof byName;

/** The metric called `metric` with its default options, one made by the function of that name, or the caller's own record. */
export function resolveMetric(where: string, metric: MetricName | ConfiguredMetric | Metric, loss: Loss): Metric {
  if (typeof metric !== 'string') return 'resolve' in metric ? metric.resolve(where, loss) : metric;
  if (Object.hasOwn(byName, metric)) return byName[metric]().resolve(where, loss);
  const known = Object.keys(byName);
  throw new OptionError(`${where}: unknown metric '${metric}'${suggestion(metric, known)}; known: ${known.join(', ')}`);
}
