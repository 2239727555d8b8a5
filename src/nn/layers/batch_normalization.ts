// The batch-normalization layer, which keeps running statistics for when training is over.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format, resolveAxis } from '../../core/shape.ts';
import { constantTensor } from '../../graph/tensor.ts';
import { movingAverage } from '../../ops/moving_average.ts';
import { batchNormalization as normalize } from '../../ops/normalization.ts';
import { normalizeWith } from '../../ops/normalize_with.ts';
import { ones, resolveInitializer, zeros, type Initializer } from '../initializers.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { holdingWeights, weightOptions, type WeightOptions } from '../regularizers.ts';
import { callable } from '../symbolic.ts';

export interface AffineLayerOptions extends LayerOptions, WeightOptions<'gamma' | 'beta'> {
  /** Added to the variance; 1e-5 unless given (PyTorch; Keras has 1e-3), 1e-6 for `rmsNormalization` (Keras). */
  readonly epsilon?: number;
  /** Whether beta is added; true unless given. */
  readonly center?: boolean;
  /** Whether gamma multiplies; true unless given. */
  readonly scale?: boolean;
  /** 'zeros' unless given. */
  readonly betaInitializer?: Initializer | string;
  /** 'ones' unless given. */
  readonly gammaInitializer?: Initializer | string;
}

/** Of its weights. */
export const affineRoles = ['gamma', 'beta'] as const;

export const affineOptions = [
  'epsilon',
  'center',
  'scale',
  'betaInitializer',
  'gammaInitializer',
  ...weightOptions(...affineRoles),
] as const;

/** What the normalization layers share: checked options, and gamma and beta of `shape` as they are wanted. */
export function affine(where: string, options: AffineLayerOptions, defaultEpsilon = 1e-5) {
  const { epsilon = defaultEpsilon, center = true, scale = true } = options;
  if (!(epsilon >= 0) || !Number.isFinite(epsilon)) {
    throw new OptionError(`${where}: epsilon is ${epsilon}, expected a number of at least 0`);
  }
  const gamma = resolveInitializer(where, options.gammaInitializer ?? 'ones');
  const beta = resolveInitializer(where, options.betaInitializer ?? 'zeros');
  return {
    config: { epsilon, center, scale },
    weights: (shape: readonly number[]) => ({
      ...(scale ? { gamma: { shape, initializer: gamma } } : {}),
      ...(center ? { beta: { shape, initializer: beta } } : {}),
    }),
  };
}

export interface BatchNormalizationOptions extends AffineLayerOptions {
  /** The fraction of the old statistic kept at each step; 0.9 unless given (PyTorch's 0.1 of the new; Keras has 0.99). */
  readonly momentum?: number;
  /** The channels' axis: the last one (-1), which is also what it is unless given. */
  readonly axis?: number;
}

/**
 * y = (x − mean)·gamma / √(variance + epsilon) + beta for each channel, the last axis: [N, …, C], gamma and beta [C]
 * (Ioffe and Szegedy 2015). While training, mean and biased variance are the batch's over all other axes, and
 * movingMean and movingVariance [C] become momentum·old + (1 − momentum)·the batch's; at other times these take their
 * place. A batch whose channels have one number each gives beta. OptionError: momentum outside [0, 1], epsilon below 0.
 * ShapeError: another axis than the last.
 */
export function batchNormalization(options: BatchNormalizationOptions = {}): Layer {
  checkOptions('batchNormalization', options, [...layerOptions, ...affineOptions, 'momentum', 'axis']);
  const { momentum = 0.9, axis = -1 } = options;
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new OptionError(`batchNormalization: momentum is ${momentum}, expected a number from 0 to 1`);
  }
  const { config, weights: weightsOf } = affine('batchNormalization', options);
  const { epsilon, center, scale } = config;
  return callable(
    holdingWeights(
      'batchNormalization',
      options,
      {
        type: 'BatchNormalization',
        kind: 'batchnorm',
        config: { momentum, axis, ...config },
        ...commonFields('batchNormalization', options),
        build(inputShape, where) {
          const rank = inputShape.length + 1;
          if (inputShape.length === 0)
            throw new ShapeError(`${where}: expected examples […,C], got ${format(inputShape)}`);
          if (resolveAxis(where, axis, rank) !== rank - 1) {
            throw new ShapeError(`${where}: axis is ${axis}, expected the last one: ${rank - 1} or -1`);
          }
          const shape = [inputShape.at(-1)!];
          return {
            outputShape: inputShape,
            weights: weightsOf(shape),
            state: {
              movingMean: { shape, initializer: zeros() },
              movingVariance: { shape, initializer: ones() },
            },
            flopsPerSample: 0,
          };
        },
        apply(x, weights, context) {
          const shape = [x.shape.at(-1)!];
          const filled = (value: number) => constantTensor(new Float32Array(shape[0]!).fill(value), shape, 'f32');
          const gamma = scale ? weights('gamma') : filled(1);
          const beta = center ? weights('beta') : filled(0);
          const [movingMean, movingVariance] = [context.state('movingMean'), context.state('movingVariance')];
          if (!context.training) {
            return normalizeWith(x, { mean: movingMean, variance: movingVariance, gamma, beta }, { epsilon });
          }
          const { y, mean, variance } = normalize(x, { gamma, beta, epsilon });
          context.update('movingMean', movingAverage(movingMean, mean, momentum));
          context.update('movingVariance', movingAverage(movingVariance, variance, momentum));
          return y;
        },
      },
      affineRoles,
    ),
  );
}
