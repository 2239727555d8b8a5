// Images made larger or smaller, for users: upsampling by whole factors, resizing to any size.

import { checkOptions, OptionError, suggestion } from '../core/errors.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';
import { resampleAxis } from './resample.ts';
import type { Coordinates, Interpolation, ResampleRule, Rounding } from './resample_rows.ts';
import { reshape } from './reshape.ts';
import { upsampleOp } from './upsample.ts';
import { checkImageRank, perAxis, type Triple, volumeOf, type NumberOrPair, type NumberOrTriple } from './window.ts';

export interface UpSamplingOptions<Size, Linear extends string> {
  /** Whole factors; 2 unless given (Keras). */
  readonly size?: Size;
  /** `'nearest'` unless given (Keras). */
  readonly interpolation?: 'nearest' | Linear;
  /** The corners of x stay the corners of y; false unless given, which is half-pixel centres (TensorFlow 2, PyTorch). */
  readonly alignCorners?: boolean;
}
export type UpSampling1dOptions = UpSamplingOptions<number | readonly [number], 'linear'>;
export type UpSampling2dOptions = UpSamplingOptions<NumberOrPair, 'bilinear'>;
export type UpSampling3dOptions = UpSamplingOptions<NumberOrTriple, 'trilinear'>;

export const upSamplingOptionNames = ['size', 'interpolation', 'alignCorners'] as const;
const linearNames = ['', 'linear', 'bilinear', 'trilinear'];
const cubicCoefficient = -0.75;

/** Checks options of upsampling `rank` axes and fills in the defaults. */
export function resolveUpSampling(
  where: string,
  rank: number,
  options: UpSamplingOptions<number | readonly number[], string>,
) {
  const { interpolation = 'nearest', alignCorners = false } = options;
  const size = perAxis(where, 'size', options.size ?? 2, rank, 1);
  checkOneOf(where, 'interpolation', interpolation, ['nearest', linearNames[rank]!]);
  if (alignCorners && interpolation === 'nearest') {
    throw new OptionError(`${where}: alignCorners goes with interpolation '${linearNames[rank]}', got 'nearest'`);
  }
  return { size, interpolation, alignCorners };
}

function checkOneOf(where: string, name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new OptionError(
    `${where}: ${name} is '${String(value)}'${suggestion(String(value), known)}; known: ${known.join(', ')}`,
  );
}

function upSampling(rank: number, x: Tensor, options: UpSamplingOptions<number | readonly number[], string>): Tensor {
  const where = `upSampling${rank}d`;
  checkOptions(where, options, upSamplingOptionNames);
  const { size, interpolation, alignCorners } = resolveUpSampling(where, rank, options);
  checkImageRank(where, 'x', x.shape, rank);
  const shape = x.shape.map((length, i) => length * (size[i - 1] ?? 1));
  if (interpolation === 'nearest') {
    const [, ...triple] = volumeOf([1, ...size, 1]);
    const y = applyOne(upsampleOp, [reshape(x, volumeOf(x.shape))], { size: triple.slice(0, 3) as unknown as Triple });
    return reshape(y, shape);
  }
  const coordinates = alignCorners ? 'alignCorners' : 'halfPixel';
  return resizeTo(x, shape.slice(1, -1), { ...rule, interpolation: 'linear', coordinates }, null);
}

// [N, …, C] f32 -> every spatial length times its factor. ShapeError: another rank. OptionError: a factor that is no
// positive integer, an unknown option or interpolation, `alignCorners` with 'nearest'.

/** x [N,L,C] with L `size` times as long: each element repeated, or by interpolation 'linear' between them. */
export const upSampling1d = (x: Tensor, options: UpSampling1dOptions = {}): Tensor => upSampling(1, x, options);
/** As `upSampling1d` for [N,H,W,C]: 'nearest' or 'bilinear'. */
export const upSampling2d = (x: Tensor, options: UpSampling2dOptions = {}): Tensor => upSampling(2, x, options);
/** As `upSampling1d` for [N,D,H,W,C]: 'nearest' or 'trilinear'. */
export const upSampling3d = (x: Tensor, options: UpSampling3dOptions = {}): Tensor => upSampling(3, x, options);

export interface ResizeOptions {
  /** The spatial lengths wanted, one for each axis between N and C. Give these or `scale`. */
  readonly size?: readonly number[];
  /** Factors instead: a length becomes ⌊length·scale⌋, and coordinates are divided by the factor itself. */
  readonly scale?: number | readonly number[];
  /** `'linear'` unless given (TensorFlow); on two axes that is bilinear, and 'cubic' bicubic. */
  readonly interpolation?: Interpolation;
  /** `'halfPixel'` unless given. */
  readonly coordinates?: Coordinates;
  /** Of 'nearest': `'roundPreferCeil'` unless given (TensorFlow 2, PyTorch's nearest-exact). */
  readonly rounding?: Rounding;
  /** a of the cubic kernel; −0.75 unless given (PyTorch, ONNX; TensorFlow has −0.5). */
  readonly cubicCoefficient?: number;
  /** Widens 'linear' and 'cubic' where an axis shrinks, so that every element counts; false unless given. */
  readonly antialias?: boolean;
  /** Elements beyond the edge get no weight, instead of being the edge's; false unless given. */
  readonly excludeOutside?: boolean;
}

const rule: ResampleRule = {
  interpolation: 'linear',
  coordinates: 'halfPixel',
  rounding: 'roundPreferCeil',
  cubicCoefficient,
  antialias: false,
  excludeOutside: false,
};
const known = {
  interpolation: ['nearest', 'linear', 'cubic'],
  coordinates: ['halfPixel', 'alignCorners', 'asymmetric', 'pytorchHalfPixel', 'halfPixelSymmetric'],
  rounding: ['floor', 'roundPreferFloor', 'roundPreferCeil', 'ceil'],
} as const;

/**
 * x [N, …, C] f32 with one to three spatial axes resized, one after another. Weights are kept as f32. ShapeError: `size`
 * or `scale` is not for x's axes. OptionError: neither or both of them, lengths that are no positive integers, unknown
 * options and names, or an option that the interpolation has no use for.
 */
export function resize(x: Tensor, options: ResizeOptions): Tensor {
  checkOptions('resize', options, ['size', 'scale', ...Object.keys(rule)]);
  const { size, scale, ...own } = options;
  const all: ResampleRule = { ...rule, ...own };
  for (const name of ['interpolation', 'coordinates', 'rounding'] as const) {
    checkOneOf('resize', name, all[name], known[name]);
  }
  const unused = {
    nearest: ['cubicCoefficient', 'antialias', 'excludeOutside'],
    linear: ['rounding', 'cubicCoefficient'],
  };
  for (const name of all.interpolation === 'cubic' ? ['rounding'] : unused[all.interpolation]) {
    if (Object.hasOwn(options, name)) {
      throw new OptionError(`resize: ${name} has no meaning with interpolation '${all.interpolation}'`);
    }
  }
  if (!Number.isFinite(all.cubicCoefficient)) {
    throw new OptionError(`resize: cubicCoefficient is ${all.cubicCoefficient}, expected a number`);
  }
  const rank = x.shape.length - 2;
  if (rank < 1 || rank > 3) checkImageRank('resize', 'x', x.shape, 2);
  const lengths = x.shape.slice(1, -1);
  if ((size === undefined) === (scale === undefined)) throw new OptionError('resize: expected either size or scale');
  if (size !== undefined) return resizeTo(x, perAxis('resize', 'size', size, rank, 1), all, null);
  const scales = typeof scale === 'number' ? lengths.map(() => scale) : scale!;
  if (scales.length !== rank || !scales.every((s) => s > 0 && Number.isFinite(s))) {
    throw new OptionError(`resize: scale is ${JSON.stringify(scale)}, expected a positive number or ${rank} of them`);
  }
  const sizes = lengths.map((length, i) => Math.floor(length * scales[i]!));
  return resizeTo(x, perAxis('resize', 'size', sizes, rank, 1), all, scales);
}

function resizeTo(x: Tensor, sizes: readonly number[], all: ResampleRule, scales: readonly number[] | null): Tensor {
  let y = x;
  sizes.forEach((to, i) => {
    const own: ResampleRule = scales ? { ...all, scale: scales[i]! } : all;
    y = resampleAxis(y, { axis: i + 1, from: x.shape[i + 1]!, to, rule: own, transposed: false });
  });
  return y;
}
