// The derivation of output sizes: the numbers of each step along one axis, and one line of text that explains and accuses.

import type { WindowNd } from './window.ts';
import { effectiveKernel } from './window_padding.ts';

interface AnySteps {
  /** 1 for the first spatial axis, as messages count. */
  readonly dimension: number;
  readonly input: number;
  readonly kernel: number;
  readonly dilation: number;
  readonly stride: number;
  readonly padBefore: number;
  readonly padAfter: number;
  /** dilation·(kernel − 1) + 1. */
  readonly effectiveKernel: number;
}

/** How many windows lie along an axis. */
export interface WindowSteps extends AnySteps {
  /** padBefore + input + padAfter. */
  readonly paddedInput: number;
  readonly ceilMode: boolean;
  /**
   * ⌊(paddedInput − effectiveKernel) / stride⌋ + 1. With `ceilMode` ⌈…⌉ + 1, less 1 where the last window would begin
   * behind the input and its padding before. 0 where the kernel exceeds the padded input.
   */
  readonly output: number;
  /** Positions of the padded input behind the last window; negative where that hangs over (`ceilMode`). */
  readonly remainder: number;
}

/** How long the result of a transposed convolution is along an axis. */
export interface TransposedSteps extends AnySteps {
  readonly outputPadding: number;
  /** stride·(input − 1) + effectiveKernel + outputPadding. */
  readonly full: number;
  /** full − padBefore − padAfter. */
  readonly output: number;
  /** How many positions at the result's end lie beyond all windows of a convolution of the result. */
  readonly beyond: number;
}

/** The steps along `axis` (from 0) of an image of `input` elements there. */
export function windowSteps(
  input: number,
  window: Omit<WindowNd, 'output' | 'paddingMode'>,
  axis: number,
): WindowSteps {
  const [kernel, dilation, stride] = [window.kernel[axis]!, window.dilation[axis]!, window.strides[axis]!];
  const [padBefore, padAfter] = [window.padBefore[axis]!, window.padAfter[axis]!];
  const effective = effectiveKernel(kernel, dilation);
  const paddedInput = padBefore + input + padAfter;
  const ceilMode = window.ceilMode === true;
  const room = paddedInput - effective;
  let output = (ceilMode ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  if (ceilMode && (output - 1) * stride >= input + padBefore) output--;
  if (room < 0) output = 0;
  const remainder = output === 0 ? 0 : room - (output - 1) * stride;
  return {
    dimension: axis + 1,
    input,
    kernel,
    dilation,
    stride,
    padBefore,
    padAfter,
    effectiveKernel: effective,
    paddedInput,
    ceilMode,
    output,
    remainder,
  };
}

/** `effective kernel d(k-1)+1 = 3 fits padded input 8 in dimension 1 (…): output floor((8 - 3) / 2) + 1 = 3, remainder 1`. */
export function windowText(steps: WindowSteps): string {
  const { dimension, kernel, dilation, stride, effectiveKernel: effective, paddedInput, output, remainder } = steps;
  const where =
    `padded input ${paddedInput} in dimension ${dimension} ` +
    `(${effective} = ${dilation} * (${kernel} - 1) + 1, ${paddedInput} = ${steps.padBefore} + ${steps.input} + ${steps.padAfter})`;
  const kernelText = `effective kernel d(k-1)+1 = ${effective}`;
  if (output === 0) return `${kernelText} exceeds ${where}`;
  const rounded = `${steps.ceilMode ? 'ceil' : 'floor'}((${paddedInput} - ${effective}) / ${stride}) + 1`;
  const whole = Math.ceil((paddedInput - effective) / stride) + 1;
  const less = steps.ceilMode && output < whole ? ' - 1' : '';
  const rest = remainder < 0 ? `the last window hangs over by ${-remainder}` : `remainder ${remainder}`;
  return `${kernelText} fits ${where}: output ${rounded}${less} = ${output}, ${rest}`;
}

/** `full output s(n-1)+d(k-1)+1+op = 7 less padding 1 + 1 leaves 5 in dimension 1 (7 = 2 * (3 - 1) + 1 * (3 - 1) + 1 + 0)`. */
export function transposedText(steps: TransposedSteps): string {
  const { dimension, input, kernel, dilation, stride, padBefore, padAfter, full, outputPadding, output } = steps;
  const reached = output - steps.beyond;
  const left = output < 1 ? 'nothing' : reached < 1 ? `${output}, none of which a window reaches,` : `${output}`;
  return (
    `full output s(n-1)+d(k-1)+1+op = ${full} less padding ${padBefore} + ${padAfter} leaves ${left} in dimension ${dimension} ` +
    `(${full} = ${stride} * (${input} - 1) + ${dilation} * (${kernel} - 1) + 1 + ${outputPadding})`
  );
}
