// The 2-D convolution layer.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import type { ActivationName } from '../../ops/activations.ts';
import { add } from '../../ops/binary.ts';
import { conv2d as convolve } from '../../ops/conv2d.ts';
import { window2d, type NumberOrPair, type Padding2d, type Pair } from '../../ops/window.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { checkCount, commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { resolveActivation } from './activation.ts';

export interface Conv2dLayerOptions extends LayerOptions {
  /** The number of output channels. */
  readonly filters: number;
  /** Height and width of the filters. */
  readonly kernelSize: NumberOrPair;
  /** 1 unless given. */
  readonly strides?: NumberOrPair;
  /** 'valid' unless given (Keras); 'same', a number, or [[top, bottom], [left, right]]. */
  readonly padding?: Padding2d;
  /** 1 unless given. */
  readonly dilationRate?: NumberOrPair;
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
 * Convolution (cross-correlation) of images: [N,H,W,C] -> [N,OH,OW,filters] with
 * OH = ⌊(H + padding − dilation·(KH − 1) − 1) / stride⌋ + 1; kernel [KH,KW,C,filters], bias [filters].
 * OptionError: unknown or impossible options. ShapeError: examples that are not [H,W,C], or a window larger than the
 * padded image.
 */
export function conv2d(options: Conv2dLayerOptions): Layer {
  checkOptions('conv2d', options, [...layerOptions, ...known]);
  const {
    filters,
    kernelSize,
    strides = 1,
    padding = 'valid',
    dilationRate = 1,
    activation = 'linear',
    useBias = true,
  } = options;
  checkCount('conv2d', 'filters', filters);
  const geometry = { kernelSize: pair(kernelSize), strides: pair(strides), padding, dilationRate: pair(dilationRate) };
  // Values out of range are refused on the caller's line; an image of any size serves, since 'same' always fits.
  window2d('conv2d', [1, 1], { ...geometry, padding: 'same' });
  const activate = resolveActivation('conv2d', activation);
  const kernel = resolveInitializer('conv2d', options.kernelInitializer ?? 'glorotUniform');
  const bias = resolveInitializer('conv2d', options.biasInitializer ?? 'zeros');
  return {
    type: 'Conv2d',
    kind: 'conv',
    config: { filters, ...geometry, activation, useBias },
    activation,
    ...commonFields('conv2d', options),
    build(inputShape, where) {
      if (inputShape.length !== 3) throw new ShapeError(`${where}: expected images [H,W,C], got ${format(inputShape)}`);
      const [height, width, channels] = inputShape as [number, number, number];
      const { kernel: size, output } = window2d(where, [height, width], geometry);
      const shape = [size[0], size[1], channels, filters];
      return {
        outputShape: [output[0], output[1], filters],
        weights: {
          kernel: { shape, initializer: kernel },
          ...(useBias ? { bias: { shape: [filters], initializer: bias } } : {}),
        },
        flopsPerSample: 2 * size[0] * size[1] * channels * filters * output[0] * output[1],
      };
    },
    apply(x, weights) {
      const { strides, padding, dilationRate } = geometry;
      const y = convolve(x, weights('kernel'), { strides, padding, dilationRate });
      return activate(useBias ? add(y, weights('bias')) : y);
    },
  };
}

const known = [
  'filters',
  'kernelSize',
  'strides',
  'padding',
  'dilationRate',
  'activation',
  'useBias',
  'kernelInitializer',
  'biasInitializer',
];

function pair(value: NumberOrPair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}
