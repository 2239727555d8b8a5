// Normalization of each place by itself: layer and root-mean-square normalization.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import {
  lastAxes,
  layerNormalization as normalize,
  rmsNormalization as normalizeRms,
} from '../../ops/normalization.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions, type LayerRecord } from '../layer.ts';
import { keepsMask } from '../masking.ts';
import { holdingWeights, weightOptions, type WeightOptions } from '../regularizers.ts';
import { callable } from '../symbolic.ts';
import { affine, affineOptions, affineRoles, type AffineLayerOptions } from './batch_normalization.ts';

interface AxisOption {
  /** The last axis or several of the last, counted with the batch as axis 0; -1 unless given (Keras). */
  readonly axis?: number | readonly number[];
}

export interface LayerNormalizationOptions extends AffineLayerOptions, AxisOption {}

export type RmsNormalizationOptions = LayerOptions &
  AxisOption &
  WeightOptions<'gamma'> &
  Pick<AffineLayerOptions, 'epsilon' | 'scale' | 'gammaInitializer'>;

/** The lengths of the axes that are normalized over; the batch is none of them. */
function normalizedShape(where: string, inputShape: readonly number[], axis: number | readonly number[]) {
  const shape = lastAxes(where, [1, ...inputShape], axis);
  if (shape.length > inputShape.length) {
    throw new ShapeError(`${where}: axis ${format([axis].flat())} includes the batch, expected axes of an example`);
  }
  return shape;
}

/**
 * y = (x − mean)·gamma / √(variance + epsilon) + beta, mean and biased variance taken over `axis` for each place of each
 * example (Ba et al. 2016); gamma and beta have the lengths of `axis`. The same in training and afterwards. OptionError:
 * epsilon below 0. ShapeError: axes that are not the last ones.
 */
export function layerNormalization(options: LayerNormalizationOptions = {}): Layer {
  checkOptions('layerNormalization', options, [...layerOptions, ...affineOptions, 'axis']);
  const { axis = -1 } = options;
  const { config, weights: weightsOf } = affine('layerNormalization', options);
  const { epsilon, center, scale } = config;
  const record: LayerRecord = {
    type: 'LayerNormalization',
    kind: 'layernorm',
    config: { axis: typeof axis === 'number' ? axis : [...axis], ...config },
    ...(axis === -1 ? { masking: keepsMask } : {}),
    ...commonFields('layerNormalization', options),
    build: (inputShape, where) => ({
      outputShape: inputShape,
      weights: weightsOf(normalizedShape(where, inputShape, axis)),
      flopsPerSample: 0,
    }),
    apply(x, weights) {
      const gamma = scale ? weights('gamma') : null;
      return normalize(x, { gamma, beta: center ? weights('beta') : null, epsilon, axes: axis });
    },
  };
  return callable(holdingWeights('layerNormalization', options, record, affineRoles));
}

/**
 * y = x·gamma / √(the mean of x² over `axis` + epsilon) (Zhang and Sennrich 2019); epsilon 1e-6 unless given, gamma of the
 * lengths of `axis`. Errors as `layerNormalization`.
 */
export function rmsNormalization(options: RmsNormalizationOptions = {}): Layer {
  const known = [...layerOptions, 'epsilon', 'scale', 'gammaInitializer', 'axis', ...weightOptions('gamma')];
  checkOptions('rmsNormalization', options, known);
  const { axis = -1 } = options;
  const { config, weights: weightsOf } = affine('rmsNormalization', { ...options, center: false }, 1e-6);
  const { epsilon, scale } = config;
  const record: LayerRecord = {
    type: 'RMSNormalization',
    kind: 'rmsnorm',
    config: { axis: typeof axis === 'number' ? axis : [...axis], epsilon, scale },
    ...(axis === -1 ? { masking: keepsMask } : {}),
    ...commonFields('rmsNormalization', options),
    build: (inputShape, where) => ({
      outputShape: inputShape,
      weights: weightsOf(normalizedShape(where, inputShape, axis)),
      flopsPerSample: 0,
    }),
    apply: (x, weights) => normalizeRms(x, { gamma: scale ? weights('gamma') : null, epsilon, axes: axis }),
  };
  return callable(holdingWeights('rmsNormalization', options, record, ['gamma']));
}
