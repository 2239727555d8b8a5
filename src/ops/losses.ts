// Losses composed of other ops, as terms: one for each element or row, before any mean. loss.ts has those with kernels.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { equal, format } from '../core/shape.ts';
import { derive, operandOf, type Scalar } from '../graph/live.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, mul, sigmoidCrossEntropy, sub } from './binary.ts';
import { nll, sparseSoftmaxCrossEntropy } from './loss.ts';
import { max, mean, sum } from './reduce.ts';
import { logSoftmax } from './softmax.ts';
import { abs, clip, exp, log, neg, relu, softplus, square } from './unary.ts';

/** What logarithms of probabilities are kept away from 0 by (Keras). */
const least = 1e-7;

export interface LogitsOption {
  /** Whether predictions are logits, true unless given; else they are probabilities. */
  readonly fromLogits?: boolean;
}

export interface SmoothingOption {
  /** How much of a target is spread over all classes (Szegedy et al. 2016): t·(1 − s) + s/C. 0 unless given. */
  readonly labelSmoothing?: number;
}

function checkTerms(name: string, prediction: Tensor, target: Tensor): void {
  if (equal(prediction.shape, target.shape)) return;
  throw new ShapeError(
    `${name}: the prediction is ${format(prediction.shape)} and the target ${format(target.shape)}, expected one shape`,
  );
}

/** Throws an OptionError unless `value` is at least 0 and below 1. */
export function checkSmoothing(where: string, value: number): void {
  if (value >= 0 && value < 1) return;
  throw new OptionError(`${where}: labelSmoothing is ${value}, expected at least 0 and below 1`);
}

/** Throws an OptionError unless `value` is above 0 and finite. */
export function checkDelta(where: string, value: number): void {
  if (value > 0 && Number.isFinite(Math.fround(value))) return;
  throw new OptionError(`${where}: delta is ${value}, expected a finite number above 0`);
}

/** log p, with p held above 1e-7. */
const logOf = (probabilities: Tensor): Tensor => log(clip(probabilities, { min: least, max: 1 }));

/** e²/2 where |e| ≤ delta, else delta·(|e| − delta/2), as c·(e − c/2) with c = e held within ±delta. */
export function huberTerms(prediction: Tensor, target: Tensor, delta: number): Tensor {
  const error = sub(prediction, target);
  const held = clip(error, { min: -delta, max: delta });
  return mul(held, sub(error, mul(held, 0.5)));
}

/** log cosh e = e + log(1 + e^(−2e)) − log 2, without overflow. */
export function logCoshTerms(prediction: Tensor, target: Tensor): Tensor {
  const error = sub(prediction, target);
  return sub(add(error, softplus(mul(error, -2))), Math.LN2);
}

/** max(1 − t·p, 0) */
export function hingeTerms(prediction: Tensor, target: Tensor): Tensor {
  return relu(sub(1, mul(target, prediction)));
}

export function squaredHingeTerms(prediction: Tensor, target: Tensor): Tensor {
  return square(hingeTerms(prediction, target));
}

/** max(max over the last axis of (1 − t)·p − Σ t·p + 1, 0) */
export function categoricalHingeTerms(prediction: Tensor, target: Tensor): Tensor {
  const wrong = max(mul(sub(1, target), prediction), { axes: -1 });
  const right = sum(mul(target, prediction), { axes: -1 });
  return relu(add(sub(wrong, right), 1));
}

/** Σ t·(log t − log p) over the last axis; a target of 0 counts for nothing. */
export function klDivergenceTerms(prediction: Tensor, target: Tensor, fromLogits: boolean): Tensor {
  const logs = fromLogits ? logSoftmax(prediction) : logOf(prediction);
  return sum(mul(target, sub(logOf(target), logs)), { axes: -1 });
}

/** e^z − t·z of log-rates z, or p − t·log(p + 1e-7) of rates p. */
export function poissonTerms(prediction: Tensor, target: Tensor, fromLogits: boolean): Tensor {
  return fromLogits
    ? sub(exp(prediction), mul(target, prediction))
    : sub(prediction, mul(target, log(add(prediction, least))));
}

/** What a target keeps. */
const keptOf = (smoothing: Scalar) => operandOf(derive(smoothing, 'kept', (value) => 1 - value));

/** t·(1 − s) + s/C */
function smoothed(target: Tensor, smoothing: Scalar, classes: number): Tensor {
  if (smoothing === 0) return target;
  const share = operandOf(derive(smoothing, `/${classes}`, (value) => value / classes));
  return add(mul(target, keptOf(smoothing)), share);
}

/** −Σ t'·log p over the last axis, t' the smoothed target. */
export function categoricalTerms(prediction: Tensor, target: Tensor, fromLogits: boolean, smoothing: Scalar): Tensor {
  const classes = prediction.shape.at(-1)!;
  const smooth = smoothed(target, smoothing, classes);
  const logs = fromLogits ? logSoftmax(prediction) : logOf(prediction);
  return neg(sum(mul(smooth, logs), { axes: -1 }));
}

/** Of rows of scores [N, C] and labels [N]: (1 − s)·(−log p[label]) + s·(the mean of −log p). */
export function sparseTerms(scores: Tensor, labels: Tensor, fromLogits: boolean, smoothing: Scalar): Tensor {
  if (fromLogits && smoothing === 0) return sparseSoftmaxCrossEntropy(scores, labels);
  const logs = fromLogits ? logSoftmax(scores) : logOf(scores);
  const own = fromLogits ? sparseSoftmaxCrossEntropy(scores, labels) : nll(logs, labels);
  if (smoothing === 0) return own;
  return sub(mul(own, keptOf(smoothing)), mul(mean(logs, { axes: -1 }), operandOf(smoothing)));
}

/** −t'·log σ(z) − (1 − t')·log(1 − σ(z)), t' = t·(1 − s) + s/2. */
export function binaryTerms(prediction: Tensor, target: Tensor, fromLogits: boolean, smoothing: Scalar): Tensor {
  const smooth = smoothed(target, smoothing, 2);
  if (fromLogits) return sigmoidCrossEntropy(prediction, smooth);
  const held = clip(prediction, { min: least, max: 1 - least });
  return neg(add(mul(smooth, log(held)), mul(sub(1, smooth), log(sub(1, held)))));
}

/** (p − t)² */
export const squaredErrorTerms = (prediction: Tensor, target: Tensor): Tensor => square(sub(prediction, target));
/** |p − t| */
export const absoluteErrorTerms = (prediction: Tensor, target: Tensor): Tensor => abs(sub(prediction, target));

// Each of these is a scalar, []: the mean over all elements, or over all rows where a row has one loss. A ShapeError says
// where prediction and target differ in shape; an option that is unknown or out of range is an OptionError.

/** The mean of e²/2 where |e| ≤ delta, else of delta·(|e| − delta/2), e = prediction − target. delta is 1 unless given. */
export function huber(prediction: Tensor, target: Tensor, options: { delta?: number } = {}): Tensor {
  checkOptions('huber', options, ['delta']);
  checkTerms('huber', prediction, target);
  const { delta = 1 } = options;
  checkDelta('huber', delta);
  return mean(huberTerms(prediction, target, delta));
}

/** The mean of log cosh(prediction − target). */
export function logCosh(prediction: Tensor, target: Tensor): Tensor {
  checkTerms('logCosh', prediction, target);
  return mean(logCoshTerms(prediction, target));
}

/** The mean of max(1 − target·prediction, 0), targets −1 or 1. */
export function hinge(prediction: Tensor, target: Tensor): Tensor {
  checkTerms('hinge', prediction, target);
  return mean(hingeTerms(prediction, target));
}

/** The mean of max(1 − target·prediction, 0)², targets −1 or 1. */
export function squaredHinge(prediction: Tensor, target: Tensor): Tensor {
  checkTerms('squaredHinge', prediction, target);
  return mean(squaredHingeTerms(prediction, target));
}

/** The mean over rows of max(1 + the best wrong score − the right one, 0); rows of targets are one-hot (Keras). */
export function categoricalHinge(prediction: Tensor, target: Tensor): Tensor {
  checkTerms('categoricalHinge', prediction, target);
  return mean(categoricalHingeTerms(prediction, target));
}

/** The mean over rows of Σ target·log(target / softmax(prediction)), or of target·log(target / prediction). */
export function klDivergence(prediction: Tensor, target: Tensor, options: LogitsOption = {}): Tensor {
  checkOptions('klDivergence', options, ['fromLogits']);
  checkTerms('klDivergence', prediction, target);
  return mean(klDivergenceTerms(prediction, target, options.fromLogits ?? true));
}

/** The mean of e^z − target·z for log-rates z (PyTorch), or with `fromLogits: false` of p − target·log p for rates p (Keras). */
export function poisson(prediction: Tensor, target: Tensor, options: LogitsOption = {}): Tensor {
  checkOptions('poisson', options, ['fromLogits']);
  checkTerms('poisson', prediction, target);
  return mean(poissonTerms(prediction, target, options.fromLogits ?? true));
}
