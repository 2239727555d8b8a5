// A convolution, or the gradient of its input, as the product of shaders/lib/convolution.wgsl: what its kernels are told.

import type { ConvNdSizes } from './conv_nd_sizes.ts';
import type { EpilogueAttrs } from './epilogue.ts';
import { copiesAlong } from './padding.ts';

export interface ConvProduct {
  readonly sizes: ConvNdSizes;
  /** The gradient of the input, from dy. */
  readonly transposed: boolean;
  readonly epilogue: EpilogueAttrs;
}

/** The product's shape and what its kernels are told. */
export interface ConvPlan {
  readonly params: Readonly<Record<ParamName, number>>;
  readonly constants: {
    readonly TRANSPOSED: boolean;
    readonly VOLUME: boolean;
    readonly PHASES: boolean;
    readonly EDGES: number;
  };
  /** The grid's z: several phases where a stride is transposed. */
  readonly phases: number;
  /** Rows of the largest phase. */
  readonly rows: number;
  /** Terms of the sum, of all taps of all phases together. */
  readonly terms: number;
}

/** Where the rows and taps of a product lie along one axis; the words are those of the shader. */
interface Axis {
  readonly rows: number;
  readonly image: number;
  readonly result: number;
  readonly first: number;
  readonly step: number;
  readonly tap: number;
  readonly taps: number;
  readonly pad: number;
  readonly stride: number;
  readonly period: number;
  readonly copies: number;
  /** Numbers of the weights from tap to tap. */
  readonly weights: number;
}
type AxisNumber = 0 | 1 | 2;

const axisNames = ['depth', 'height', 'width'] as const;
type AxisParam = `${keyof Axis}_${(typeof axisNames)[number]}`;
type ParamName = 'batch' | 'groups' | 'terms' | 'columns' | 'has_bias' | AxisParam;

/** Values of EDGES in the shader. */
const none = 0;
export const zeros = 1;
const mapped = 2;
const copied = 3;

/** Columns of the product in one group: channels of the result. */
export const columnsOf = ({ sizes, transposed }: ConvProduct): number => (transposed ? sizes.groupIn : sizes.groupOut);
/** Channels of the image in one group. */
export const termsOf = ({ sizes, transposed }: ConvProduct): number => (transposed ? sizes.groupOut : sizes.groupIn);

export function planProduct(product: ConvProduct): ConvPlan {
  const { sizes, transposed } = product;
  const { window, image } = sizes;
  const isPadded = [...window.padBefore, ...window.padAfter].some((pixels) => pixels > 0);
  const otherMode = isPadded && window.paddingMode !== 'zeros';
  // In the other modes the shader divides by the stride instead, for each copy of a pixel on its own.
  const inPhases = transposed && !otherMode && window.strides.some((stride) => stride > 1);
  const axes = ([0, 1, 2] as const).map((axis) => {
    if (!transposed) return forwardAxis(sizes, axis);
    return inPhases ? phasedAxis(sizes, axis) : transposedAxis(sizes, axis);
  });
  const zerosOrNone = inPhases || !axes.every(isInside) ? zeros : none;
  const otherEdges = transposed ? copied : mapped;
  const product3 = (name: 'rows' | 'taps') => axes.reduce((all, axis) => all * axis[name], 1);
  return {
    params: {
      batch: image[0],
      groups: sizes.groups,
      terms: termsOf(product),
      columns: columnsOf(product),
      has_bias: product.epilogue.bias ? 1 : 0,
      ...byAxis(axes),
    },
    constants: {
      TRANSPOSED: transposed,
      VOLUME: [window.kernel[0], window.output[0], image[1]].some((length) => length > 1),
      PHASES: inPhases,
      EDGES: otherMode ? otherEdges : zerosOrNone,
    },
    phases: inPhases ? axes.reduce((all, { stride, result }) => all * Math.min(stride, result), 1) : 1,
    rows: image[0] * product3('rows'),
    terms: product3('taps') * termsOf(product),
  };
}

function byAxis(axes: readonly Axis[]): Record<AxisParam, number> {
  const named = axes.flatMap((axis, i) =>
    Object.entries(axis).map(([name, value]) => [`${name}_${axisNames[i]!}`, value] as const),
  );
  return Object.fromEntries(named) as Record<AxisParam, number>;
}

/** Whether every tap of every row meets the image. */
function isInside({ rows, image, first, step, tap, taps }: Axis): boolean {
  const reach = tap * (taps - 1);
  return first + Math.min(0, reach) >= 0 && first + step * (rows - 1) + Math.max(0, reach) < image;
}

function sharedAxis({ window, groupIn, oc }: ConvNdSizes, axis: AxisNumber) {
  return {
    taps: window.kernel[axis],
    pad: window.padBefore[axis],
    stride: window.strides[axis],
    period: 1,
    copies: copiesAlong(window, axis),
    weights: window.kernel.slice(axis + 1).reduce((all, length) => all * length, groupIn * oc),
  };
}

function forwardAxis(sizes: ConvNdSizes, axis: AxisNumber): Axis {
  const { image, window } = sizes;
  return {
    ...sharedAxis(sizes, axis),
    rows: window.output[axis],
    image: image[axis + 1]!,
    result: window.output[axis],
    first: -window.padBefore[axis],
    step: window.strides[axis],
    tap: window.dilation[axis],
  };
}

function transposedAxis(sizes: ConvNdSizes, axis: AxisNumber): Axis {
  const { image, window } = sizes;
  return {
    ...sharedAxis(sizes, axis),
    rows: image[axis + 1]!,
    image: window.output[axis],
    result: image[axis + 1]!,
    first: window.padBefore[axis],
    step: 1,
    tap: -window.dilation[axis],
  };
}

/** The shader finds each phase's rows and taps itself. */
function phasedAxis(sizes: ConvNdSizes, axis: AxisNumber): Axis {
  const whole = transposedAxis(sizes, axis);
  const divisor = greatestCommonDivisor(sizes.window.dilation[axis], whole.stride);
  const period = whole.stride / divisor;
  return {
    ...whole,
    rows: Math.ceil(whole.result / whole.stride),
    tap: whole.tap / divisor,
    period,
    weights: whole.weights * period,
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
