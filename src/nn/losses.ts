// Losses by name: what each expects of a model's output and of the targets, and the scalar it adds to the graph.

import { checkOptions, OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { ActivationName } from '../ops/activations.ts';
import { mul } from '../ops/binary.ts';
import { nll as nllOf } from '../ops/loss.ts';
import {
  absoluteErrorTerms,
  binaryTerms,
  categoricalHingeTerms,
  categoricalTerms,
  checkDelta,
  checkSmoothing,
  hingeTerms,
  huberTerms,
  klDivergenceTerms,
  logCoshTerms,
  type LogitsOption,
  poissonTerms,
  type SmoothingOption,
  sparseTerms,
  squaredErrorTerms,
  squaredHingeTerms,
} from '../ops/losses.ts';
import { mean } from '../ops/reduce.ts';
import { reshape } from '../ops/reshape.ts';

/**
 * A loss of the caller's own: one number for a batch, its mean, or one for each example, whose mean is then taken.
 * Targets are i32 where the data set holds labels.
 */
export type LossFunction = (prediction: Tensor, target: Tensor) => Tensor;

export interface Loss {
  readonly name: string;
  /** What the model's last layer must give. */
  readonly output: 'logits' | 'probabilities' | 'logProbabilities' | 'any';
  /** Class numbers, i32; numbers in the shape of the output, f32, those of 'signs' −1 or 1; or what the data set holds. */
  readonly target: 'labels' | 'values' | 'signs' | 'any';
  /** Whether each of an example's rows of numbers, its last axis, has one loss; else each number has. */
  readonly perRow?: boolean;
  /**
   * The mean over the batch as a scalar, [] or [1]. With `weights`, [N, 1] or one for each of an example's rows, each
   * loss is multiplied by its weight; the sum is still divided by their number, not by the sum of the weights (Keras).
   */
  apply(prediction: Tensor, target: Tensor, weights?: Tensor): Tensor;
}

/** A loss with its options, for `compile`; also a function of prediction and target, for a program. */
export interface ConfiguredLoss extends LossFunction {
  readonly loss: Loss;
}

/** Rows of scores [N·positions, C] and their labels [N·positions]. */
export function asRows(where: string, prediction: Tensor, labels: Tensor): [Tensor, Tensor] {
  const classes = prediction.shape.at(-1)!;
  const rows = sizeOf(prediction.shape) / classes;
  if (prediction.shape.length < 2 || sizeOf(labels.shape) !== rows) {
    throw new ShapeError(
      `${where}: the model's output is ${format(prediction.shape)} and the labels are ${format(labels.shape)}, ` +
        `expected [N,C] and [N]`,
    );
  }
  return [reshape(prediction, [rows, classes]), reshape(labels, [rows])];
}

/** The target in the prediction's shape, where only axes of length 1 differ. */
export function asValues(where: string, prediction: Tensor, target: Tensor): Tensor {
  const bare = (shape: readonly number[]) => shape.filter((length) => length !== 1);
  if (!equal(bare(prediction.shape), bare(target.shape))) {
    throw new ShapeError(
      `${where}: the model's output is ${format(prediction.shape)} and the targets are ${format(target.shape)}, expected one shape`,
    );
  }
  return reshape(target, prediction.shape);
}

/** The mean of terms: [N·positions], or numbers of any shape that begins with N. */
function average(terms: Tensor, perRow: boolean, weights: Tensor | undefined): Tensor {
  if (!weights) return mean(terms);
  const examples = weights.shape[0]!;
  const each = reshape(terms, [examples, sizeOf(terms.shape) / examples]);
  return mean(mul(perRow ? each : mean(each, { axes: 1, keepDims: true }), weights));
}

interface Form extends Pick<Loss, 'name' | 'output'> {
  readonly target?: Loss['target'];
  /** Whether there is one term for each row, the last axis being classes; else one for each number. */
  readonly perRow?: boolean;
  terms(prediction: Tensor, target: Tensor): Tensor;
}

function configured({ name, output, target = 'values', perRow = target === 'labels', terms }: Form): ConfiguredLoss {
  const both =
    target === 'labels' ? asRows : (where: string, p: Tensor, t: Tensor) => [p, asValues(where, p, t)] as const;
  const loss: Loss = {
    name,
    output,
    target,
    perRow,
    apply: (prediction, given, weights) => average(terms(...both(name, prediction, given)), perRow, weights),
  };
  return Object.assign((prediction: Tensor, given: Tensor) => loss.apply(prediction, given), { loss });
}

type CrossentropyOptions = LogitsOption & SmoothingOption;

function crossentropy(where: string, options: CrossentropyOptions) {
  checkOptions(where, options, ['fromLogits', 'labelSmoothing']);
  const { fromLogits = true, labelSmoothing = 0 } = options;
  checkSmoothing(where, labelSmoothing);
  return { name: where, output: fromLogits ? 'logits' : 'probabilities', fromLogits, labelSmoothing } as const;
}

/** −log softmax(logits)[label] of i32 labels, smoothed where asked; see `categoricalCrossentropy`. */
export function sparseCategoricalCrossentropy(options: CrossentropyOptions = {}): ConfiguredLoss {
  const form = crossentropy('sparseCategoricalCrossentropy', options);
  return configured({
    ...form,
    target: 'labels',
    terms: (p, t) => sparseTerms(p, t, form.fromLogits, form.labelSmoothing),
  });
}

/**
 * −Σ target·log softmax(logits), targets rows of probabilities. `fromLogits: false` takes a model that ends in softmax,
 * and its probabilities above 1e-7. `labelSmoothing` s makes a target t into t·(1 − s) + s/C.
 */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): ConfiguredLoss {
  const form = crossentropy('categoricalCrossentropy', options);
  return configured({
    ...form,
    perRow: true,
    terms: (p, t) => categoricalTerms(p, t, form.fromLogits, form.labelSmoothing),
  });
}

/** −t·log σ(z) − (1 − t)·log(1 − σ(z)) of logits z; targets 0 to 1, smoothed to t·(1 − s) + s/2. */
export function binaryCrossentropy(options: CrossentropyOptions = {}): ConfiguredLoss {
  const form = crossentropy('binaryCrossentropy', options);
  return configured({ ...form, terms: (p, t) => binaryTerms(p, t, form.fromLogits, form.labelSmoothing) });
}

/** −logProbabilities[label]; after logSoftmax. */
export const nll = (): ConfiguredLoss =>
  configured({ name: 'nll', output: 'logProbabilities', target: 'labels', terms: nllOf });

/** (p − t)² */
export const meanSquaredError = (): ConfiguredLoss =>
  configured({ name: 'meanSquaredError', output: 'any', terms: squaredErrorTerms });

/** |p − t| */
export const meanAbsoluteError = (): ConfiguredLoss =>
  configured({ name: 'meanAbsoluteError', output: 'any', terms: absoluteErrorTerms });

/** e²/2 where |e| ≤ delta, else delta·(|e| − delta/2), e = p − t. delta is 1 unless given (Keras, PyTorch). */
export function huber(options: { readonly delta?: number } = {}): ConfiguredLoss {
  checkOptions('huber', options, ['delta']);
  const { delta = 1 } = options;
  checkDelta('huber', delta);
  return configured({ name: 'huber', output: 'any', terms: (p, t) => huberTerms(p, t, delta) });
}

/** log cosh(p − t) */
export const logCosh = (): ConfiguredLoss => configured({ name: 'logCosh', output: 'any', terms: logCoshTerms });

/** max(1 − t·p, 0); targets −1 or 1, or 0 or 1, which become these. */
export const hinge = (): ConfiguredLoss =>
  configured({ name: 'hinge', output: 'logits', target: 'signs', terms: hingeTerms });

/** max(1 − t·p, 0)²; targets as those of `hinge`. */
export const squaredHinge = (): ConfiguredLoss =>
  configured({ name: 'squaredHinge', output: 'logits', target: 'signs', terms: squaredHingeTerms });

/** max(1 + the best wrong score − the right one, 0); targets one-hot rows. */
export const categoricalHinge = (): ConfiguredLoss =>
  configured({ name: 'categoricalHinge', output: 'logits', perRow: true, terms: categoricalHingeTerms });

/** Σ t·log(t / softmax(logits)), targets rows of probabilities; with `fromLogits: false`, of probabilities. */
export function klDivergence(options: LogitsOption = {}): ConfiguredLoss {
  checkOptions('klDivergence', options, ['fromLogits']);
  const { fromLogits = true } = options;
  const output = fromLogits ? 'logits' : 'probabilities';
  return configured({
    name: 'klDivergence',
    output,
    perRow: true,
    terms: (p, t) => klDivergenceTerms(p, t, fromLogits),
  });
}

/** e^z − t·z of log-rates z (PyTorch's default); with `fromLogits: false`, p − t·log p of rates p (Keras). */
export function poisson(options: LogitsOption = {}): ConfiguredLoss {
  checkOptions('poisson', options, ['fromLogits']);
  const { fromLogits = true } = options;
  return configured({ name: 'poisson', output: 'any', terms: (p, t) => poissonTerms(p, t, fromLogits) });
}

const byName = {
  sparseCategoricalCrossentropy,
  categoricalCrossentropy,
  binaryCrossentropy,
  nll,
  meanSquaredError,
  mse: meanSquaredError,
  meanAbsoluteError,
  mae: meanAbsoluteError,
  huber,
  logCosh,
  hinge,
  squaredHinge,
  categoricalHinge,
  klDivergence,
  kld: klDivergence,
  poisson,
} as const;

export type LossName = keyof typeof byName;

/**
 * The loss called `loss` with its default options, one made by the function of that name, or the caller's own function.
 * Each is a mean over the batch and over an example's own elements.
 */
export function resolveLoss(where: string, loss: LossName | LossFunction): Loss {
  if (typeof loss === 'function') return 'loss' in loss ? (loss as ConfiguredLoss).loss : ownLoss(where, loss);
  if (Object.hasOwn(byName, loss)) return byName[loss]().loss;
  const known = Object.keys(byName);
  throw new OptionError(
    `${where}: unknown loss '${String(loss)}'${suggestion(String(loss), known)}; known: ${known.join(', ')}`,
  );
}

function ownLoss(where: string, f: LossFunction): Loss {
  const name = f.name || 'custom';
  return {
    name,
    output: 'any',
    target: 'any',
    apply(prediction, target, weights) {
      const terms = f(prediction, target);
      const size = sizeOf(terms.shape);
      const examples = prediction.shape[0]!;
      if (size === 1 && (!weights || examples === 1)) return terms;
      if (size === examples) return average(reshape(terms, [size]), true, weights);
      throw new ShapeError(
        `${where}: the loss '${name}' gave ${format(terms.shape)}, expected one number${
          weights ? ' for each example, because there are weights' : ' or one for each example'
        }`,
      );
    },
  };
}

/** Throws where the last activation and the loss would apply softmax or sigmoid twice, or not at all. */
export function checkLossFits(
  where: string,
  { name, output }: Loss,
  last: string,
  activation: ActivationName | undefined,
): void {
  if (output === 'logProbabilities' && activation !== 'logSoftmax') {
    throw new OptionError(
      `${where}: '${name}' expects log-probabilities, but ${last} ends in ${activation ?? 'linear'}: ` +
        `add logSoftmax(), or use 'sparseCategoricalCrossentropy', which takes logits`,
    );
  }
  const binary = name === 'binaryCrossentropy';
  if (output === 'probabilities') {
    const wanted = binary ? 'sigmoid' : 'softmax';
    if (activation === wanted) return;
    throw new OptionError(
      `${where}: '${name}' with fromLogits false expects probabilities, but ${last} ends in ${activation ?? 'linear'}: ` +
        `add ${wanted}(), or drop fromLogits`,
    );
  }
  if (output !== 'logits') return;
  if (activation === 'softmax' || activation === 'logSoftmax') {
    const instead = activation === 'logSoftmax' ? "use 'nll', or drop the logSoftmax" : 'drop the softmax';
    throw new OptionError(`${where}: '${name}' takes logits, but ${last} ends in ${activation}: ${instead}`);
  }
  if (activation === 'sigmoid' && binary) {
    throw new OptionError(`${where}: '${name}' takes logits, but ${last} ends in sigmoid: drop the sigmoid`);
  }
}
