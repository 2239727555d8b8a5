// The losses, with their options, for `compile`: `losses.huber({ delta: 2 })`.

import { checkOptions } from '../core/errors.ts';
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
import { configured, type ConfiguredLoss } from './loss.ts';
import type { NumberReader } from './numbers.ts';

type CrossentropyOptions = LogitsOption & SmoothingOption;

function crossentropy(where: string, options: CrossentropyOptions) {
  checkOptions(where, options, ['fromLogits', 'labelSmoothing']);
  const { fromLogits = true, labelSmoothing = 0 } = options;
  checkSmoothing(where, labelSmoothing);
  return {
    name: where,
    output: fromLogits ? 'logits' : 'probabilities',
    fromLogits,
    ...(labelSmoothing > 0 ? { numbers: { labelSmoothing: { value: labelSmoothing, least: 0, below: 1 } } } : {}),
    smoothing: (read: NumberReader) => read('labelSmoothing', labelSmoothing),
  } as const;
}

/** −log softmax(logits)[label] of i32 labels, smoothed where asked; see `categoricalCrossentropy`. */
export function sparseCategoricalCrossentropy(options: CrossentropyOptions = {}): ConfiguredLoss {
  const form = crossentropy('sparseCategoricalCrossentropy', options);
  return configured({
    ...form,
    target: 'labels',
    terms: (p, t, read) => sparseTerms(p, t, form.fromLogits, form.smoothing(read)),
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
    terms: (p, t, read) => categoricalTerms(p, t, form.fromLogits, form.smoothing(read)),
  });
}

/** −t·log σ(z) − (1 − t)·log(1 − σ(z)) of logits z; targets 0 to 1, smoothed to t·(1 − s) + s/2. */
export function binaryCrossentropy(options: CrossentropyOptions = {}): ConfiguredLoss {
  const form = crossentropy('binaryCrossentropy', options);
  return configured({ ...form, terms: (p, t, read) => binaryTerms(p, t, form.fromLogits, form.smoothing(read)) });
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
