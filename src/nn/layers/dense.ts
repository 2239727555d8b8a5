// The fully connected layer.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format, sizeOf } from '../../core/shape.ts';
import type { ActivationName } from '../../ops/activations.ts';
import { add } from '../../ops/binary.ts';
import { matmul } from '../../ops/matmul.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { checkCount, commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { keepsMask } from '../masking.ts';
import { holdingWeights, weightOptions, type WeightOptions } from '../regularizers.ts';
import { callable } from '../symbolic.ts';
import { resolveActivation } from './activation.ts';

export interface DenseOptions extends LayerOptions, WeightOptions {
  /** The number of outputs. */
  readonly units: number;
  /** 'linear' unless given. */
  readonly activation?: ActivationName;
  /** true unless given. */
  readonly useBias?: boolean;
  /** 'glorotUniform' unless given (Keras). */
  readonly kernelInitializer?: Initializer | string;
  /** 'zeros' unless given (Keras). */
  readonly biasInitializer?: Initializer | string;
}

/**
 * y = activation(x·kernel + bias) over the last axis: [N, …, in] -> [N, …, units], kernel [in, units], bias [units].
 * OptionError: unknown or impossible options. ShapeError: an example that is a single number (shape []).
 */
export function dense(options: DenseOptions): Layer {
  const own = ['units', 'activation', 'useBias', 'kernelInitializer', 'biasInitializer'];
  checkOptions('dense', options, [...layerOptions, ...own, ...weightOptions('kernel', 'bias')]);
  const { units, activation = 'linear', useBias = true } = options;
  checkCount('dense', 'units', units);
  const activate = resolveActivation('dense', activation);
  const kernel = resolveInitializer('dense', options.kernelInitializer ?? 'glorotUniform');
  const bias = resolveInitializer('dense', options.biasInitializer ?? 'zeros');
  return callable(
    holdingWeights('dense', options, {
      type: 'Dense',
      kind: 'dense',
      config: { units, activation, useBias },
      activation,
      masking: keepsMask,
      ...commonFields('dense', options),
      build(inputShape, where) {
        const size = inputShape.at(-1);
        if (size === undefined)
          throw new ShapeError(`${where}: expected examples of shape [in] or [..., in], got ${format(inputShape)}`);
        return {
          outputShape: [...inputShape.slice(0, -1), units],
          weights: {
            kernel: { shape: [size, units], initializer: kernel },
            ...(useBias ? { bias: { shape: [units], initializer: bias } } : {}),
          },
          flopsPerSample: 2 * sizeOf(inputShape) * units,
        };
      },
      apply(x, weights) {
        const product = matmul(x, weights('kernel'));
        return activate(useBias ? add(product, weights('bias')) : product);
      },
    }),
  );
}
