// What surrounds an image: how padding is given, how wide it is along each axis, and what stands in it.

import { OptionError, ShapeError } from '../core/errors.ts';
import type { WindowNd } from './window.ts';

export type Pair = readonly [number, number];
export type Triple = readonly [number, number, number];
export type NumberOrPair = number | Pair;
export type NumberOrTriple = number | Triple;

/** `'valid'` pads nothing; `'same'` gives ceil(input / stride) windows, an odd pixel of padding at the bottom or right. */
export type Padding2d = 'valid' | 'same' | number | readonly [top_bottom: Pair, left_right: Pair];
/** `'causal'` pads (kernel − 1)·dilation in front only, so that no output sees what comes after it. */
export type Padding1d = 'valid' | 'same' | 'causal' | number | Pair;
export type Padding3d = 'valid' | 'same' | number | readonly [front_back: Pair, top_bottom: Pair, left_right: Pair];
export type Padding = Padding1d | Padding2d | Padding3d;

/**
 * What stands in the padding: zeros, the nearest edge element, the image mirrored at its edge elements (which are not
 * repeated), or the image's other side. The names and rules are PyTorch's.
 */
export type PaddingMode = 'zeros' | 'replicate' | 'reflect' | 'circular';
export const paddingModes: readonly PaddingMode[] = ['zeros', 'replicate', 'reflect', 'circular'];

/** Pixels from the first to the last element of a window along one axis. */
export function effectiveKernel(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/** Throws a ShapeError where padding reflects or wraps more than the image has. */
export function checkMirrors(where: string, inputSize: readonly number[], window: Omit<WindowNd, 'output'>): void {
  const { padBefore, padAfter, paddingMode } = window;
  if (paddingMode !== 'reflect' && paddingMode !== 'circular') return;
  inputSize.forEach((input, axis) => {
    const most = paddingMode === 'reflect' ? input - 1 : input;
    const widest = Math.max(padBefore[axis]!, padAfter[axis]!);
    if (widest > most) {
      throw new ShapeError(
        `${where}: '${paddingMode}' padding of ${widest} in dimension ${axis + 1} exceeds what the image has, ` +
          `expected at most ${most} for its length ${input}`,
        { misfit: { rule: 'mirror', dimension: axis + 1, value: widest, most } },
      );
    }
  });
}

/** `mode`, `'zeros'` unless given, or an OptionError. */
export function resolvePaddingMode(where: string, mode: PaddingMode | undefined): PaddingMode {
  if (mode === undefined) return 'zeros';
  if (paddingModes.includes(mode)) return mode;
  throw new OptionError(`${where}: paddingMode is ${JSON.stringify(mode)}, expected one of ${paddingModes.join(', ')}`);
}

/** Where position t on an axis of `length` elements is read: an element, or −1 for the zeros of the padding. */
export function sourcePosition(t: number, length: number, mode: PaddingMode): number {
  if (t >= 0 && t < length) return t;
  switch (mode) {
    case 'zeros':
      return -1;
    case 'replicate':
      return t < 0 ? 0 : length - 1;
    case 'reflect':
      return t < 0 ? -t : 2 * (length - 1) - t;
    case 'circular':
      return t < 0 ? t + length : t - length;
  }
}

/** [before, after] for each axis. */
export function paddings(
  where: string,
  padding: Padding,
  inputSize: readonly number[],
  window: Pick<WindowNd, 'kernel' | 'strides' | 'dilation'>,
): Pair[] {
  const rank = inputSize.length;
  if (padding === 'valid') return inputSize.map(() => [0, 0]);
  if (padding === 'same') {
    return inputSize.map((input, axis) => {
      const stride = window.strides[axis]!;
      const effective = effectiveKernel(window.kernel[axis]!, window.dilation[axis]!);
      const total = Math.max((Math.ceil(input / stride) - 1) * stride + effective - input, 0);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
  }
  if (padding === 'causal' && rank === 1) return [[effectiveKernel(window.kernel[0]!, window.dilation[0]!) - 1, 0]];
  return explicitPaddings(where, padding, rank);
}

/** Padding given as numbers: one for all sides, or [before, after] for each axis. */
export function explicitPaddings(where: string, padding: Padding, rank: number): Pair[] {
  if (typeof padding === 'number') {
    return perAxis(where, 'padding', padding, rank, 0).map((side) => [side, side]);
  }
  const sides: unknown = rank === 1 && Array.isArray(padding) && !Array.isArray(padding[0]) ? [padding] : padding;
  if (!Array.isArray(sides) || sides.length !== rank || !sides.every((s) => Array.isArray(s) && s.length === 2)) {
    const expected = {
      1: `'valid', 'same', 'causal', a number or [left, right]`,
      2: `'valid', 'same', a number or [[top, bottom], [left, right]]`,
      3: `'valid', 'same', a number or [[front, back], [top, bottom], [left, right]]`,
    }[rank];
    throw new OptionError(`${where}: padding is ${JSON.stringify(padding)}, expected ${expected}`);
  }
  return sides.map((side: Pair) => {
    const [before, after] = perAxis(where, 'padding', side, 2, 0);
    return [before!, after!];
  });
}

/** A number for all axes, or one for each; integers from `least` up. */
export function perAxis(
  where: string,
  name: string,
  value: number | readonly number[],
  rank: number,
  least: number,
): number[] {
  const all: unknown = typeof value === 'number' ? Array.from({ length: rank }, () => value) : value;
  const valid = Array.isArray(all) && all.length === rank;
  if (!valid || !all.every((number) => Number.isInteger(number) && number >= least && number < 2 ** 31)) {
    const several = ['', '', ' or two of them', ' or three of them'][rank] ?? '';
    throw new OptionError(
      `${where}: ${name} is ${JSON.stringify(value)}, expected an integer of at least ${least}${several}`,
    );
  }
  return [...(all as number[])];
}
