// What `explain` takes and gives.

import type { Shape } from '../core/shape.ts';
import type { TransposedSteps, WindowSteps } from './size_steps.ts';
import type { Padding, PaddingMode } from './window_padding.ts';

/** One number for each axis of a shape, in its order. */
export type Index = readonly number[];

type PerAxis = number | readonly number[];

interface AnySpec {
  /** Of one example, as a layer's: [L,C], [H,W,C] or [D,H,W,C]. */
  readonly inputShape: Shape;
  /** N, which comes first in every index; 1 unless given. */
  readonly batchSize?: number;
  /** From window to window; 1 unless given, for pools `poolSize`. */
  readonly strides?: PerAxis;
  /** 'valid' unless given, 'same', 'causal' (one axis only), a number, or [before, after] for each axis. */
  readonly padding?: Padding;
  /** Pixels between neighbouring elements of a window; 1 unless given. */
  readonly dilationRate?: PerAxis;
}
interface WeightedSpec extends AnySpec {
  readonly kernelSize: PerAxis;
  /** true unless given, as in layers. Only `parameters` depends on it. */
  readonly useBias?: boolean;
}

/** The options of the layer of that name. */
export interface ConvSpec extends WeightedSpec {
  readonly op: 'conv1d' | 'conv2d' | 'conv3d';
  readonly filters: number;
  /** 'zeros' unless given. */
  readonly paddingMode?: PaddingMode;
  /** 1 unless given. */
  readonly groups?: number;
}
export interface DepthwiseConvSpec extends WeightedSpec {
  readonly op: 'depthwiseConv1d' | 'depthwiseConv2d';
  /** Filters of each channel; 1 unless given. */
  readonly depthMultiplier?: number;
  /** 'zeros' unless given. */
  readonly paddingMode?: PaddingMode;
}
/** Here padding is cut off the result, and 'causal' is not known. */
export interface TransposedConvSpec extends WeightedSpec {
  readonly op: 'conv1dTranspose' | 'conv2dTranspose' | 'conv3dTranspose';
  readonly filters: number;
  /** 0 unless given. */
  readonly outputPadding?: PerAxis;
  /** 1 unless given. */
  readonly groups?: number;
}
export interface PoolSpec extends AnySpec {
  readonly op: `${'maxPool' | 'averagePool' | 'sumPool'}${1 | 2 | 3}d`;
  /** 2 unless given, as in layers. */
  readonly poolSize?: PerAxis;
  /** false unless given. */
  readonly ceilMode?: boolean;
  /** Of average pools only; false unless given. */
  readonly countIncludePad?: boolean;
}
export type ExplainSpec = ConvSpec | DepthwiseConvSpec | TransposedConvSpec | PoolSpec;

/** How many windows lie along an axis, step by step, as data and as a line of text. */
export interface WindowAxis extends WindowSteps {
  /** Positions of the padded input, from −padBefore up to input + padAfter − 1, that no window reads. */
  readonly neverRead: readonly number[];
  /** The derivation in one line, the same that ShapeErrors print. */
  readonly text: string;
}
/** How long a transposed convolution's result is along an axis. */
export interface TransposedAxis extends TransposedSteps {
  readonly text: string;
}

/**
 * The part of the input that one element of the output depends on, along one axis: element o sees the positions from
 * start + o·jump up to start + o·jump + size − 1. Those off the input are padding.
 */
export interface ReceptiveField {
  readonly size: number;
  readonly jump: number;
  readonly start: number;
}

/** A product of a sum y[output] = Σ x[input]·w[weight]. */
export interface Term {
  /**
   * Where the tap lies along each spatial axis of the image that windows lie on: the input, or a transposed
   * convolution's output. Less than 0, or the axis' length and more, is padding; `paddingMode` says what is read there.
   */
  readonly position: Index;
  /** [n, …, c]; null where a zero of the padding is read. A transposed convolution's terms are never null. */
  readonly input: Index | null;
  /** Of the input, in padding too. */
  readonly channel: number;
  readonly weight: Index;
}
/** A product of a weight's gradient dw[weight] = Σ x[input]·dy[output]. */
export interface WeightPair {
  readonly position: Index;
  readonly input: Index;
  readonly output: Index;
}
/** A product of an input's gradient dx[input] = Σ dy[output]·w[weight]. */
export interface InputPair {
  readonly position: Index;
  /** Null only for a transposed convolution, where padding has cut the position off the result. */
  readonly output: Index | null;
  readonly weight: Index;
}

export interface Im2colCell {
  readonly position: Index;
  /** [n, …, c] of the image that windows lie on; null for a zero of the padding, or what padding has cut off. */
  readonly element: Index | null;
  /** [n, o…], the row as an index. */
  readonly window: Index;
  /** [k…, c], the column as an index; c counts within the group. */
  readonly tap: Index;
}

/**
 * The matrix that makes a convolution a product, y = im2col(x)·w, in the engine's order: a row for each position [N, O…],
 * a column for each tap and channel of a group [K…, C/groups], both row-major. Each group has a matrix of its own. A
 * transposed convolution adds the matrix x·wᵀ, of the same order, to its result cell by cell (col2im).
 */
export interface Im2col {
  readonly rows: number;
  readonly columns: number;
  readonly groups: number;
  /** rows·columns·groups. */
  readonly cells: number;
  /** Of the image that windows lie on. */
  readonly imageElements: number;
  /** cells / imageElements. */
  readonly duplication: number;
  /** Of all cells as f32. The engine's kernels compute it in passing and never hold it. */
  readonly bytes: number;
  cell(row: number, column: number, group?: number): Im2colCell;
  /** The row of an element [n, o…, oc] of the output, or of a transposed convolution's input. */
  rowOf(element: Index): number;
  /** The column of a weight. Its group is that of its output channel, or of a transposed convolution's input channel. */
  columnOf(weight: Index): number;
}

interface AnyExplanation {
  readonly op: ExplainSpec['op'];
  /** [N, …, C]. */
  readonly inputShape: Shape;
  /** [N, O…, OC]. */
  readonly outputShape: Shape;
  /** Padding in numbers: [before, after] for each axis. */
  readonly padding: readonly (readonly [number, number])[];
  /** Weights and biases. */
  readonly parameters: number;
  /** Of one example, products with padding included: a convolution has O…·K…·C/groups·OC, a pool 0. */
  readonly multiplyAddsPerSample: number;
  /** 2·multiplyAddsPerSample, as in `model.summary()`. */
  readonly flopsPerSample: number;
}

/** Every index is checked; one that is outside throws a ShapeError. */
interface WeightedExplanation extends AnyExplanation {
  /** [K…, C/groups, OC]; depthwise [K…, C, M]; transposed [K…, OC/groups, C]. */
  readonly weightShape: Shape;
  readonly groups: number;
  /** The products of one output [n, o…, oc] without its bias, in the order in which a product of matrices adds them: taps, then channels. */
  terms(output: Index): Term[];
  /** The products of one weight's gradient, position after position. */
  weightPairs(weight: Index): WeightPair[];
  /** The products of one input's gradient: windows, then taps, then the other side's channels. */
  inputPairs(input: Index): InputPair[];
  readonly im2col: Im2col;
}
export interface ConvExplanation extends WeightedExplanation {
  readonly kind: 'conv';
  readonly axes: readonly WindowAxis[];
  readonly receptiveField: readonly ReceptiveField[];
}
export interface TransposedConvExplanation extends WeightedExplanation {
  readonly kind: 'transposed';
  readonly axes: readonly TransposedAxis[];
}
export interface PoolExplanation extends AnyExplanation {
  readonly kind: 'pool';
  readonly axes: readonly WindowAxis[];
  readonly receptiveField: readonly ReceptiveField[];
  /** The window of an output, row-major. Padding, whose input is null, never wins a maximum and adds nothing to a sum. */
  terms(output: Index): Omit<Term, 'weight'>[];
  /** The outputs whose windows hold an input. Which of them a maximum's gradient comes from, values decide: the first largest term. */
  inputPairs(input: Index): Omit<WeightPair, 'input'>[];
  /** What the sum of an output's terms is divided by; 1 for sums and maxima. */
  divisor(output: Index): number;
}
export type Explanation = ConvExplanation | TransposedConvExplanation | PoolExplanation;
