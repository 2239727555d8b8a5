// Losses by name, and whether one fits what a model ends in.

import { OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { ActivationName } from '../ops/activations.ts';
import { reshape } from '../ops/reshape.ts';
import { average, type ConfiguredLoss, type Loss, type LossFunction } from './loss.ts';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  categoricalHinge,
  hinge,
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  nll,
  poisson,
  sparseCategoricalCrossentropy,
  squaredHinge,
} from './loss_functions.ts';

export { asRows, asValues, type ConfiguredLoss, type Loss, type LossFunction } from './loss.ts';

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
      if (size === 1 && !weights) return terms;
      const each = weights?.shape[1] ?? 1;
      if (size === prediction.shape[0]! * each) return average(reshape(terms, [size]), weights);
      const expected =
        each > 1
          ? ` for each of the ${each} steps of an example, because these are weighted or masked`
          : weights
            ? ' for each example, because there are weights'
            : ' or one for each example';
      throw new ShapeError(`${where}: the loss '${name}' gave ${format(terms.shape)}, expected one number${expected}`);
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
