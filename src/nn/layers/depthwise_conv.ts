// Depthwise convolution layers, alone and with the pointwise convolution that makes them separable.

import { sizeOf } from '../../core/shape.ts';
import {
  depthwiseConv1d as depthwise1d,
  depthwiseConv2d as depthwise2d,
  separableConv1d as separable1d,
  separableConv2d as separable2d,
} from '../../ops/convolution.ts';
import {
  resolveWindow,
  windowNd,
  type NumberOrPair,
  type Padding,
  type Padding1d,
  type Padding2d,
  type PaddingMode,
} from '../../ops/window.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { checkCount, type Layer } from '../layer.ts';
import type { WeightOptions } from '../regularizers.ts';
import { type BiasedOptions, checkConvOptions, convLayer } from './conv_layer.ts';

interface DepthwiseOptions<N, P> extends BiasedOptions, WeightOptions<'depthwise' | 'bias'> {
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
  /** Filters of each channel; 1 unless given (Keras). */
  readonly depthMultiplier?: number;
  /** 'glorotUniform' unless given (Keras). */
  readonly depthwiseInitializer?: Initializer | string;
}
interface SeparableOptions<N, P> extends DepthwiseOptions<N, P>, WeightOptions<'pointwise'> {
  /** The number of output channels. */
  readonly filters: number;
  /** 'glorotUniform' unless given (Keras). */
  readonly pointwiseInitializer?: Initializer | string;
}
export type DepthwiseConv1dLayerOptions = DepthwiseOptions<number | readonly [number], Padding1d>;
export type DepthwiseConv2dLayerOptions = DepthwiseOptions<NumberOrPair, Padding2d>;
export type SeparableConv1dLayerOptions = SeparableOptions<number | readonly [number], Padding1d>;
export type SeparableConv2dLayerOptions = SeparableOptions<NumberOrPair, Padding2d>;

/** `depthwiseConv2d` of sequences: [N,L,C] -> [N,OL,C·depthMultiplier]; kernel [K,C,depthMultiplier]. */
export function depthwiseConv1d(options: DepthwiseConv1dLayerOptions): Layer {
  return depthwise('depthwiseConv1d', 'DepthwiseConv1d', 1, options);
}

/**
 * Each channel under `depthMultiplier` filters of its own: [N,H,W,C] -> [N,OH,OW,C·depthMultiplier]; kernel
 * [KH,KW,C,depthMultiplier], bias [C·depthMultiplier]; filter m of channel c gives channel c·depthMultiplier + m. `depthwiseRegularizer` and
 * `depthwiseConstraint` are of the kernel.
 * OptionError: unknown or impossible options. ShapeError: examples that are not [H,W,C], a window larger than the padded
 * image, or padding that reflects more than the image has.
 */
export function depthwiseConv2d(options: DepthwiseConv2dLayerOptions): Layer {
  return depthwise('depthwiseConv2d', 'DepthwiseConv2d', 2, options);
}

/** `separableConv2d` of sequences: [N,L,C] -> [N,OL,filters]. */
export function separableConv1d(options: SeparableConv1dLayerOptions): Layer {
  return separable('separableConv1d', 'SeparableConv1d', 1, options);
}

/**
 * A depthwise convolution, then a 1×1 convolution that mixes the channels, then bias and activation: [N,H,W,C] ->
 * [N,OH,OW,filters]; depthwiseKernel [KH,KW,C,depthMultiplier], pointwiseKernel [1,1,C·depthMultiplier,filters], bias
 * [filters]. `depthwiseRegularizer` and `pointwiseRegularizer`, and the constraints called so, are of one kernel each (Keras).
 * Errors as `depthwiseConv2d`.
 */
export function separableConv2d(options: SeparableConv2dLayerOptions): Layer {
  return separable('separableConv2d', 'SeparableConv2d', 2, options);
}

const known = [
  'kernelSize',
  'strides',
  'padding',
  'paddingMode',
  'dilationRate',
  'depthMultiplier',
  'depthwiseInitializer',
];
const depthwiseRoles = ['depthwise', 'bias'] as const;
const separableRoles = ['depthwise', 'pointwise', 'bias'] as const;
type AnyOptions = DepthwiseOptions<number | readonly number[], Padding>;

function depthwiseParts(where: string, rank: 1 | 2, options: AnyOptions) {
  const geometry = resolveWindow(where, rank, options);
  const { kernelSize, ...rest } = geometry;
  const { depthMultiplier = 1 } = options;
  checkCount(where, 'depthMultiplier', depthMultiplier);
  const initializer = perChannel(
    resolveInitializer(where, options.depthwiseInitializer ?? 'glorotUniform'),
    kernelSize,
    depthMultiplier,
  );
  return {
    config: { ...geometry, depthMultiplier },
    rest,
    build(lengths: readonly number[], channels: number, at: string) {
      const { output } = windowNd(at, lengths, geometry);
      const shape = [...kernelSize, channels, depthMultiplier];
      return {
        output,
        filters: channels * depthMultiplier,
        kernel: { shape, initializer, unitAxes: 2 },
        flopsPerSample: 2 * sizeOf(shape) * sizeOf(output),
      };
    },
  };
}

/**
 * Keras counts the fans of a depthwise kernel as of any other, [KH,KW,C,M]; PyTorch's convolution of C groups has a
 * fan-in of KH·KW, which its default is about.
 */
function perChannel(initializer: Initializer, kernelSize: readonly number[], multiplier: number): Initializer {
  if (initializer.name !== 'torchDefault') return initializer;
  return {
    name: initializer.name,
    values: (shape, seed, stream) => initializer.values([...kernelSize, 1, shape.at(-2)! * multiplier], seed, stream),
  };
}

function depthwise(where: string, type: string, rank: 1 | 2, options: AnyOptions): Layer {
  checkConvOptions(where, options, known, depthwiseRoles);
  const { config, rest, build } = depthwiseParts(where, rank, options);
  const convolve = (rank === 1 ? depthwise1d : depthwise2d) as typeof depthwise2d;
  return convLayer(options, {
    where,
    type,
    rank,
    roles: depthwiseRoles,
    config,
    build(lengths, channels, at) {
      const { kernel, ...built } = build(lengths, channels, at);
      return { ...built, weights: { kernel } };
    },
    apply: (x, weights) => convolve(x, weights('kernel'), rest as never),
  });
}

function separable(
  where: string,
  type: string,
  rank: 1 | 2,
  options: SeparableOptions<number | readonly number[], Padding>,
): Layer {
  checkConvOptions(where, options, ['filters', 'pointwiseInitializer', ...known], separableRoles);
  const { filters } = options;
  checkCount(where, 'filters', filters);
  const { config, rest, build } = depthwiseParts(where, rank, options);
  const pointwise = resolveInitializer(where, options.pointwiseInitializer ?? 'glorotUniform');
  const convolve = (rank === 1 ? separable1d : separable2d) as typeof separable2d;
  return convLayer(options, {
    where,
    type,
    rank,
    roles: separableRoles,
    config: { filters, ...config },
    build(lengths, channels, at) {
      const { kernel, filters: mixed, output, flopsPerSample } = build(lengths, channels, at);
      const shape = [...output.map(() => 1), mixed, filters];
      return {
        output,
        filters,
        weights: { depthwiseKernel: kernel, pointwiseKernel: { shape, initializer: pointwise } },
        flopsPerSample: flopsPerSample + 2 * mixed * filters * sizeOf(output),
      };
    },
    apply: (x, weights) => convolve(x, weights('depthwiseKernel'), weights('pointwiseKernel'), rest as never),
  });
}
