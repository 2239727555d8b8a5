// Normalization of each example by groups of channels, down to single ones.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import {
  checkGroups,
  groupNormalization as normalize,
  instanceNormalization as normalizeInstance,
} from '../../ops/normalization.ts';
import { checkCount, commonFields, layerOptions, type Layer, type LayerRecord } from '../layer.ts';
import { holdingWeights } from '../regularizers.ts';
import { callable } from '../symbolic.ts';
import { affine, affineOptions, affineRoles, type AffineLayerOptions } from './batch_normalization.ts';

export interface GroupNormalizationOptions extends AffineLayerOptions {
  /** How many groups of neighbouring channels; a divisor of the channels. */
  readonly groups: number;
}

/**
 * y = (x − mean)·gamma / √(variance + epsilon) + beta, with a mean and a biased variance for each group of C / groups
 * channels of each example over all its places: [N, …, C], gamma and beta [C] (Wu and He 2018). OptionError: groups missing
 * or no divisor of C, epsilon below 0.
 */
export function groupNormalization(options: GroupNormalizationOptions): Layer {
  checkOptions('groupNormalization', options, [...layerOptions, ...affineOptions, 'groups']);
  const { groups } = options;
  checkCount('groupNormalization', 'groups', groups);
  const { config, weights: weightsOf } = affine('groupNormalization', options);
  const { epsilon, center, scale } = config;
  const record: LayerRecord = {
    type: 'GroupNormalization',
    kind: 'groupnorm',
    config: { groups, ...config },
    ...commonFields('groupNormalization', options),
    build(inputShape, where) {
      const channels = inputShape.at(-1);
      if (channels === undefined) throw new ShapeError(`${where}: expected examples […,C], got ${format(inputShape)}`);
      checkGroups(where, groups, channels);
      return { outputShape: inputShape, weights: weightsOf([channels]), flopsPerSample: 0 };
    },
    apply(x, weights) {
      const gamma = scale ? weights('gamma') : null;
      return normalize(x, { groups, gamma, beta: center ? weights('beta') : null, epsilon });
    },
  };
  return callable(holdingWeights('groupNormalization', options, record, affineRoles));
}

/**
 * Group normalization with a group for each channel (Ulyanov et al. 2016): [N, …, C] with at least one axis between, since
 * a single number is its own mean.
 */
export function instanceNormalization(options: AffineLayerOptions = {}): Layer {
  checkOptions('instanceNormalization', options, [...layerOptions, ...affineOptions]);
  const { config, weights: weightsOf } = affine('instanceNormalization', options);
  const { epsilon, center, scale } = config;
  const record: LayerRecord = {
    type: 'InstanceNormalization',
    kind: 'instancenorm',
    config,
    ...commonFields('instanceNormalization', options),
    build(inputShape, where) {
      if (inputShape.length < 2) {
        throw new ShapeError(`${where}: expected examples [places,…,C], got ${format(inputShape)}`);
      }
      return { outputShape: inputShape, weights: weightsOf([inputShape.at(-1)!]), flopsPerSample: 0 };
    },
    apply(x, weights) {
      const gamma = scale ? weights('gamma') : null;
      return normalizeInstance(x, { gamma, beta: center ? weights('beta') : null, epsilon });
    },
  };
  return callable(holdingWeights('instanceNormalization', options, record, affineRoles));
}
