// The convolution layers for sequences, images and volumes.

import { sizeOf } from '../../core/shape.ts';
import { checkGroups, resolveGroups } from '../../ops/conv_groups.ts';
import { conv1d as convolve1d, conv2d as convolve2d, conv3d as convolve3d } from '../../ops/convolution.ts';
import {
  resolveWindow,
  windowNd,
  type NumberOrPair,
  type NumberOrTriple,
  type Padding,
  type Padding1d,
  type Padding2d,
  type Padding3d,
  type PaddingMode,
} from '../../ops/window.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { checkCount, type Layer } from '../layer.ts';
import { checkConvOptions, convLayer, type ConvLayerOptions } from './conv_layer.ts';

interface Options<N, P> extends ConvLayerOptions {
  /** The number of output channels. */
  readonly filters: number;
  /** Lengths of the filters. */
  readonly kernelSize: N;
  /** 1 unless given. */
  readonly strides?: N;
  /** 'valid' unless given (Keras); 'same', a number, [before, after] for each axis, or 'causal' for sequences. */
  readonly padding?: P;
  /** What stands in the padding: 'zeros' unless given, 'replicate', 'reflect' or 'circular'. */
  readonly paddingMode?: PaddingMode;
  /** 1 unless given. */
  readonly dilationRate?: N;
  /** Channels and filters are dealt to so many groups in order, and each sees only its own; 1 unless given. */
  readonly groups?: number;
  /** 'glorotUniform' unless given (Keras). */
  readonly kernelInitializer?: Initializer | string;
}
export type Conv1dLayerOptions = Options<number | readonly [number], Padding1d>;
export type Conv2dLayerOptions = Options<NumberOrPair, Padding2d>;
export type Conv3dLayerOptions = Options<NumberOrTriple, Padding3d>;

/** Convolution of sequences: [N,L,C] -> [N,OL,filters]; kernel [K,C/groups,filters]. The rest as `conv2d`. */
export function conv1d(options: Conv1dLayerOptions): Layer {
  return conv('conv1d', 'Conv1d', 1, options);
}

/**
 * Convolution (cross-correlation) of images: [N,H,W,C] -> [N,OH,OW,filters] with
 * OH = ⌊(H + padding − dilation·(KH − 1) − 1) / stride⌋ + 1; kernel [KH,KW,C/groups,filters], bias [filters].
 * OptionError: unknown or impossible options. ShapeError: examples that are not [H,W,C], channels or filters that do not
 * divide into the groups, a window larger than the padded image, or padding that reflects more than the image has.
 */
export function conv2d(options: Conv2dLayerOptions): Layer {
  return conv('conv2d', 'Conv2d', 2, options);
}

/** Convolution of volumes: [N,D,H,W,C] -> [N,OD,OH,OW,filters]; kernel [KD,KH,KW,C/groups,filters]. The rest as `conv2d`. */
export function conv3d(options: Conv3dLayerOptions): Layer {
  return conv('conv3d', 'Conv3d', 3, options);
}

const known = [
  'filters',
  'kernelSize',
  'strides',
  'padding',
  'paddingMode',
  'dilationRate',
  'groups',
  'kernelInitializer',
];
// The ranks' functions differ in their options' types only; the layer's options were checked for its own rank.
const functions = [null, convolve1d, convolve2d, convolve3d] as readonly unknown[] as readonly (typeof convolve2d)[];

function conv(
  where: string,
  type: string,
  rank: 1 | 2 | 3,
  options: Options<number | readonly number[], Padding>,
): Layer {
  checkConvOptions(where, options, known);
  const { filters } = options;
  checkCount(where, 'filters', filters);
  const geometry = resolveWindow(where, rank, options);
  const groups = resolveGroups(where, options.groups);
  checkGroups(where, groups, filters, groups);
  const initializer = resolveInitializer(where, options.kernelInitializer ?? 'glorotUniform');
  return convLayer(options, {
    where,
    type,
    rank,
    config: { filters, ...geometry, groups },
    build(lengths, channels, at) {
      checkGroups(at, channels, filters, groups);
      const { kernel, output } = windowNd(at, lengths, geometry);
      const shape = [...kernel, channels / groups, filters];
      return {
        output,
        filters,
        weights: { kernel: { shape, initializer } },
        flopsPerSample: 2 * sizeOf(shape) * sizeOf(output),
      };
    },
    apply(x, weights) {
      const { kernelSize: _, ...rest } = geometry;
      return functions[rank]!(x, weights('kernel'), { ...rest, groups } as never);
    },
  });
}
