// Which windows of its result a transposed convolution spreads its input over.

import { OptionError, ShapeError } from '../core/errors.ts';
import { format } from '../core/shape.ts';
import { transposedText, type TransposedSteps } from './size_steps.ts';
import {
  effectiveKernel,
  explicitPaddings,
  perAxis,
  windowNd,
  type Padding,
  type Pair,
  type WindowNd,
} from './window.ts';

export interface ConvTransposeOptions<N, P> {
  /** Pixels of the result between the windows of neighbouring inputs; 1 unless given. */
  readonly strides?: N;
  /** What a convolution of the result would be padded with, so padding makes the result smaller; `'valid'` unless given. */
  readonly padding?: P;
  /** Pixels added at the result's end, less than the stride or the dilation (PyTorch); 0 unless given. Not with `'same'`. */
  readonly outputPadding?: N;
  /** Pixels between neighbouring elements of a window; 1 unless given. */
  readonly dilationRate?: N;
  /** As in a convolution of the result; 1 unless given. */
  readonly groups?: number;
}
export type AnyTransposeOptions = ConvTransposeOptions<number | readonly number[], Padding>;

export interface TransposedWindow {
  /** The result's spatial lengths. */
  readonly size: readonly number[];
  /** Of a convolution that leads from the result back to the input. */
  readonly window: WindowNd;
  /** How many positions at the result's end lie behind what that convolution reads: zeros. */
  readonly beyond: readonly number[];
  readonly steps: readonly TransposedSteps[];
}

/**
 * Where a transposed convolution of `inputSize` puts its windows. ShapeError: nothing would be left, with the derivation;
 * OptionError: a value out of range.
 */
export function transposedWindow(
  where: string,
  inputSize: readonly number[],
  options: AnyTransposeOptions & { readonly kernelSize: number | readonly number[] },
): TransposedWindow {
  const rank = inputSize.length;
  const kernelSize = perAxis(where, 'kernelSize', options.kernelSize, rank, 1);
  const strides = perAxis(where, 'strides', options.strides ?? 1, rank, 1);
  const dilationRate = perAxis(where, 'dilationRate', options.dilationRate ?? 1, rank, 1);
  const outputPadding = perAxis(where, 'outputPadding', options.outputPadding ?? 0, rank, 0);
  const { padding = 'valid' } = options;
  if (padding === 'causal') {
    throw new OptionError(`${where}: padding is "causal", which a transposed convolution has no use for`);
  }
  const geometry = { kernelSize, strides, dilationRate };
  const stepsOf = (sides: readonly Pair[], added: readonly number[], beyond: readonly number[]): TransposedSteps[] =>
    inputSize.map((input, axis) => {
      const [padBefore, padAfter] = sides[axis]!;
      const effective = effectiveKernel(kernelSize[axis]!, dilationRate[axis]!);
      const full = strides[axis]! * (input - 1) + effective + added[axis]!;
      return {
        dimension: axis + 1,
        input,
        kernel: kernelSize[axis]!,
        dilation: dilationRate[axis]!,
        stride: strides[axis]!,
        padBefore,
        padAfter,
        effectiveKernel: effective,
        outputPadding: added[axis]!,
        full,
        output: full - padBefore - padAfter,
        beyond: beyond[axis]!,
      };
    });
  if (padding === 'same') {
    if (outputPadding.some((pixels) => pixels > 0)) {
      const axis = outputPadding.findIndex((pixels) => pixels > 0);
      throw new OptionError(`${where}: outputPadding is ${format(outputPadding)}, expected 0 with padding 'same'`, {
        misfit: { rule: 'output padding', dimension: axis + 1, value: outputPadding[axis]!, most: 0 },
      });
    }
    const size = inputSize.map((length, axis) => length * strides[axis]!);
    const window = windowNd(where, size, { ...geometry, padding });
    const sides = size.map((_, axis): Pair => [window.padBefore[axis]!, window.padAfter[axis]!]);
    // Where the stride is larger than the window, the rest of the stride is what outputPadding would add.
    const added = strides.map((stride, axis) =>
      Math.max(stride - effectiveKernel(kernelSize[axis]!, dilationRate[axis]!), 0),
    );
    const beyond = size.map(() => 0);
    return { size, window, beyond, steps: stepsOf(sides, added, beyond) };
  }
  outputPadding.forEach((pixels, axis) => {
    if (pixels >= strides[axis]! && pixels >= dilationRate[axis]!) {
      throw new OptionError(
        `${where}: outputPadding ${pixels} in dimension ${axis + 1}, expected less than the stride ${strides[axis]} or the dilation ${dilationRate[axis]}`,
        {
          misfit: {
            rule: 'output padding',
            dimension: axis + 1,
            value: pixels,
            most: Math.max(strides[axis]!, dilationRate[axis]!) - 1,
          },
        },
      );
    }
  });
  const given = padding === 'valid' ? inputSize.map((): Pair => [0, 0]) : explicitPaddings(where, padding, rank);
  // A window more would fit into a stride of output padding: such is less cut off, and what is more than was cut off, zeros.
  const more = outputPadding.map((pixels, axis) => (pixels >= strides[axis]! ? pixels : 0));
  const sides = given.map(([before, after], axis): Pair => [before, Math.max(after - more[axis]!, 0)]);
  const beyond = given.map(([, after], axis) => Math.max(more[axis]! - after, 0));
  const steps = stepsOf(given, outputPadding, beyond);
  for (const one of steps) {
    if (one.output - one.beyond < 1) {
      const { dimension, full, padBefore, padAfter, beyond: zeros } = one;
      const misfit = { rule: 'cut', dimension, value: padBefore + padAfter, most: full - zeros - 1 } as const;
      throw new ShapeError(`${where}: ${transposedText(one)}`, { misfit });
    }
  }
  const size = steps.map(({ output }) => output);
  const reached = size.map((length, axis) => length - beyond[axis]!);
  const window = windowNd(where, reached, { ...geometry, padding: sides as unknown as Padding });
  return { size, window, beyond, steps };
}
