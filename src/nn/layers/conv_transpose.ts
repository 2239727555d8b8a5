// The transposed convolution layers: learned upsampling.

import { sizeOf } from '../../core/shape.ts';
import { checkGroups, resolveGroups } from '../../ops/conv_groups.ts';
import {
  conv1dTranspose as transpose1d,
  conv2dTranspose as transpose2d,
  conv3dTranspose as transpose3d,
} from '../../ops/conv_transpose.ts';
import { transposedWindow } from '../../ops/transposed_window.ts';
import {
  perAxis,
  resolveWindow,
  type NumberOrPair,
  type NumberOrTriple,
  type Padding,
  type Padding1d,
  type Padding2d,
  type Padding3d,
} from '../../ops/window.ts';
import { OptionError } from '../../core/errors.ts';
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
  /** 'valid' unless given; 'same' gives input × stride; otherwise what is cut off: a number or [before, after] for each axis. */
  readonly padding?: P;
  /** Pixels added at the end, less than the stride or the dilation; 0 unless given (PyTorch). Not with 'same'. */
  readonly outputPadding?: N;
  /** 1 unless given. */
  readonly dilationRate?: N;
  /** 1 unless given. */
  readonly groups?: number;
  /** 'glorotUniform' unless given (Keras). */
  readonly kernelInitializer?: Initializer | string;
}
export type Conv1dTransposeLayerOptions = Options<number | readonly [number], Exclude<Padding1d, 'causal'>>;
export type Conv2dTransposeLayerOptions = Options<NumberOrPair, Padding2d>;
export type Conv3dTransposeLayerOptions = Options<NumberOrTriple, Padding3d>;

/** Transposed convolution of sequences: [N,L,C] -> [N,OL,filters]; kernel [K,filters/groups,C]. As `conv2dTranspose`. */
export function conv1dTranspose(options: Conv1dTransposeLayerOptions): Layer {
  return convTranspose('conv1dTranspose', 'Conv1dTranspose', 1, options);
}

/**
 * Transposed convolution of images: [N,H,W,C] -> [N,OH,OW,filters] with
 * OH = (H − 1)·stride − padding + dilation·(KH − 1) + outputPadding + 1 (PyTorch), or H·stride for 'same' (Keras); kernel
 * [KH,KW,filters/groups,C] (Keras), bias [filters]. OptionError: unknown or impossible options. ShapeError: examples that
 * are not [H,W,C], channels or filters that do not divide into the groups, or padding that leaves nothing.
 */
export function conv2dTranspose(options: Conv2dTransposeLayerOptions): Layer {
  return convTranspose('conv2dTranspose', 'Conv2dTranspose', 2, options);
}

/** Transposed convolution of volumes: [N,D,H,W,C] -> [N,OD,OH,OW,filters]; kernel [KD,KH,KW,filters/groups,C]. */
export function conv3dTranspose(options: Conv3dTransposeLayerOptions): Layer {
  return convTranspose('conv3dTranspose', 'Conv3dTranspose', 3, options);
}

const known = [
  'filters',
  'kernelSize',
  'strides',
  'padding',
  'outputPadding',
  'dilationRate',
  'groups',
  'kernelInitializer',
];
const functions = [
  null,
  transpose1d,
  transpose2d,
  transpose3d,
] as readonly unknown[] as readonly (typeof transpose2d)[];

function convTranspose(
  where: string,
  type: string,
  rank: 1 | 2 | 3,
  options: Options<number | readonly number[], Padding>,
): Layer {
  checkConvOptions(where, options, known);
  const { filters } = options;
  checkCount(where, 'filters', filters);
  if (options.padding === 'causal') {
    throw new OptionError(`${where}: padding is "causal", which a transposed convolution has no use for`);
  }
  if (options.kernelConstraint) {
    throw new OptionError(
      `${where}: kernelConstraint is of the weights into one unit, but a transposed kernel's last axis numbers what they come out of; expected none`,
    );
  }
  const { paddingMode: _, ...window } = resolveWindow(where, rank, options);
  const outputPadding = perAxis(where, 'outputPadding', options.outputPadding ?? 0, rank, 0);
  const geometry = { ...window, outputPadding };
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
      const { size } = transposedWindow(at, lengths, geometry);
      const shape = [...geometry.kernelSize, filters / groups, channels];
      return {
        output: size,
        filters,
        weights: { kernel: { shape, initializer } },
        flopsPerSample: 2 * sizeOf(shape) * sizeOf(lengths),
      };
    },
    apply(x, weights) {
      const { kernelSize: __, ...rest } = geometry;
      return functions[rank]!(x, weights('kernel'), { ...rest, groups } as never);
    },
  });
}
