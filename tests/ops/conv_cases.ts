// Every convolution there is, in small: rank × stride × dilation × groups × padding × padding mode, and transposed. Each
// case has a definition of its own, written without the library: the padded image is really made, list by list.

import type { Tensor } from '../../src/graph/tensor.ts';
import {
  conv1d,
  conv1dTranspose,
  conv2d,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  depthwiseConv1d,
  depthwiseConv2d,
} from '../../src/ops/functions.ts';
import type { ConvSpec, DepthwiseConvSpec, TransposedConvSpec } from '../../src/ops/explain_types.ts';

export interface ConvCase {
  readonly title: string;
  /** What cases share that are tested under one name. */
  readonly family: string;
  readonly image: readonly number[];
  readonly filter: readonly number[];
  readonly outputShape: readonly number[];
  /** Products summed in one element of y, of dx and of dw, at most. */
  readonly terms: { readonly y: number; readonly dx: number; readonly dw: number };
  /** The same for `explain`. */
  readonly spec: ConvSpec | DepthwiseConvSpec | TransposedConvSpec;
  build(x: Tensor, w: Tensor): Tensor;
  naive(x: ArrayLike<number>, w: ArrayLike<number>): Float64Array;
}

type Sides = readonly [before: number, after: number];
type Mode = 'zeros' | 'replicate' | 'reflect' | 'circular';
const modes: readonly Mode[] = ['zeros', 'replicate', 'reflect', 'circular'];

const sizes = [[], [7], [5, 6], [4, 3, 5]];
const kernels = [[], [3], [2, 3], [2, 1, 3]];
const strideTable = [[], [2], [2, 3], [2, 1, 2]];
const dilationTable = [[], [2], [2, 2], [2, 1, 2]];
const uneven: (readonly Sides[])[] = [[], [[1, 3]], [[2, 0], [1, 3]], [[2, 1], [0, 1], [1, 3]]]; // prettier-ignore
const functions = { conv: [null, conv1d, conv2d, conv3d], transposed: [null, conv1dTranspose, conv2dTranspose, conv3dTranspose] }; // prettier-ignore

const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);
const effective = (kernel: number, dilation: number) => (kernel - 1) * dilation + 1;

/** Every index of an array of `shape`, in the order of memory. */
function* indices(shape: readonly number[]): Generator<number[]> {
  const size = product(shape);
  for (let flat = 0; flat < size; flat++) {
    const index: number[] = [];
    let rest = flat;
    for (const length of [...shape].reverse()) {
      index.unshift(rest % length);
      rest = Math.floor(rest / length);
    }
    yield index;
  }
}

function flatIndex(index: readonly number[], shape: readonly number[]): number {
  return index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0);
}

/** The elements that a padded axis shows, −1 for a zero. */
function paddedAxis(length: number, [before, after]: Sides, mode: Mode): number[] {
  const axis = Array.from({ length }, (_, i) => i);
  const times = (n: number, value: number) => Array.from({ length: n }, () => value);
  switch (mode) {
    case 'zeros':
      return [...times(before, -1), ...axis, ...times(after, -1)];
    case 'replicate':
      return [...times(before, 0), ...axis, ...times(after, length - 1)];
    case 'reflect':
      return [...axis.slice(1, 1 + before).reverse(), ...axis, ...axis.slice(length - 1 - after, length - 1).reverse()];
    case 'circular':
      return [...axis.slice(length - before), ...axis, ...axis.slice(0, after)];
  }
}

interface Geometry {
  image: readonly number[];
  kernel: readonly number[];
  strides: readonly number[];
  dilation: readonly number[];
  sides: readonly Sides[];
  groups: number;
  filters: number;
}

function naiveConv(g: Geometry & { mode: Mode }, x: ArrayLike<number>, w: ArrayLike<number>, y: readonly number[]) {
  const channels = g.image.at(-1)!;
  const perGroup = channels / g.groups;
  const axes = g.kernel.map((_, axis) => paddedAxis(g.image[axis + 1]!, g.sides[axis]!, g.mode));
  const result: number[] = [];
  for (const [n, ...rest] of indices(y)) {
    const o = rest.pop()!;
    const group = Math.floor(o / (g.filters / g.groups));
    let sum = 0;
    for (const tap of indices([...g.kernel, perGroup])) {
      const c = tap.pop()!;
      const at = tap.map((k, axis) => axes[axis]![rest[axis]! * g.strides[axis]! + k * g.dilation[axis]!]!);
      if (at.some((i) => i < 0)) continue;
      const value = x[flatIndex([n!, ...at, group * perGroup + c], g.image)]!;
      sum += value * w[flatIndex([...tap, c, o], [...g.kernel, perGroup, g.filters])]!;
    }
    result.push(sum);
  }
  return Float64Array.from(result);
}

/** Every pixel adds its filters to the full result, of which the padding is then cut off. */
function naiveTransposed(g: Geometry, x: ArrayLike<number>, w: ArrayLike<number>, y: readonly number[]) {
  const channels = g.image.at(-1)!;
  const perGroup = g.filters / g.groups;
  const result = new Float64Array(product(y));
  for (const [n, ...rest] of indices(g.image)) {
    const c = rest.pop()!;
    const group = Math.floor(c / (channels / g.groups));
    for (const tap of indices([...g.kernel, perGroup])) {
      const o = tap.pop()!;
      const at = tap.map((k, axis) => rest[axis]! * g.strides[axis]! + k * g.dilation[axis]! - g.sides[axis]![0]);
      if (at.some((i, axis) => i < 0 || i >= y[axis + 1]!)) continue;
      const weight = w[flatIndex([...tap, o, c], [...g.kernel, perGroup, channels])]!;
      result[flatIndex([n!, ...at, group * perGroup + o], y)]! += x[flatIndex([n!, ...rest, c], g.image)]! * weight;
    }
  }
  return result;
}

const ones = (rank: number) => Array.from({ length: rank }, () => 1);
/** As an option: the number alone for one axis. */
const option = (values: readonly number[]) => (values.length === 1 ? values[0]! : values);

type GroupKind = 'one group' | 'two groups' | 'depthwise';
// [channels, filters of the whole]: through every kernel, whose demands are multiples of four
const channelTable: Record<GroupKind, readonly (readonly [number, number])[]> = {
  'one group': [[1, 3], [3, 4], [4, 8], [2, 2]], // prettier-ignore
  'two groups': [[4, 6], [8, 16], [2, 4]], // prettier-ignore
  depthwise: [[4, 4], [3, 6], [8, 8], [4, 12]], // prettier-ignore
};

function convCase(
  counter: number,
  rank: number,
  strided: boolean,
  dilated: boolean,
  kind: GroupKind,
  padding: string,
  mode: Mode,
): ConvCase {
  // prettier-ignore
  const [channels, filters] = channelTable[kind][counter % channelTable[kind].length]!;
  const groups = { 'one group': 1, 'two groups': 2, depthwise: channels }[kind];
  const image = [1 + (counter % 2), ...sizes[rank]!, channels];
  const kernel = kernels[rank]!;
  const strides = strided ? strideTable[rank]! : ones(rank);
  const dilation = dilated ? dilationTable[rank]! : ones(rank);
  const sides = kernel.map((k, axis): Sides => {
    const length = image[axis + 1]!;
    const cover = effective(k, dilation[axis]!);
    if (padding === 'valid') return [0, 0];
    if (padding === 'causal') return [cover - 1, 0];
    if (padding === '1') return [1, 1];
    if (padding === 'uneven') return uneven[rank]![axis]!;
    const total = Math.max((Math.ceil(length / strides[axis]!) - 1) * strides[axis]! + cover - length, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  });
  const g = { image, kernel, strides, dilation, sides, groups, filters };
  const spatial = kernel.map((k, axis) => {
    const room = image[axis + 1]! + sides[axis]![0] + sides[axis]![1] - effective(k, dilation[axis]!);
    return 1 + Math.floor(room / strides[axis]!);
  });
  const outputShape = [image[0]!, ...spatial, filters];
  const options = {
    strides: option(strides),
    dilationRate: option(dilation),
    padding: padding === '1' ? 1 : padding === 'uneven' ? (rank === 1 ? sides[0] : sides) : padding,
    paddingMode: mode,
  };
  // Depthwise by its own function where there is one.
  const asDepthwise = kind === 'depthwise' && rank < 3;
  const filter = asDepthwise ? [...kernel, channels, filters / channels] : [...kernel, channels / groups, filters];
  return {
    title: `${rank}-D ${kind}, ${JSON.stringify({ strides, dilation, padding, mode, image, outputShape })}`,
    family: `${rank}-D ${kind}, padding ${padding}, ${mode}`,
    image,
    filter,
    outputShape,
    terms: {
      y: (product(kernel) * channels) / groups,
      dx: (product(kernel) * filters) / groups,
      dw: product(outputShape) / filters,
    },
    spec: {
      ...options,
      batchSize: image[0]!,
      inputShape: image.slice(1),
      kernelSize: kernel,
      ...(asDepthwise
        ? { op: `depthwiseConv${rank}d`, depthMultiplier: filters / channels }
        : { op: `conv${rank}d`, filters, groups }),
    } as unknown as ConvSpec | DepthwiseConvSpec,
    build(x, w) {
      if (asDepthwise) return (rank === 1 ? depthwiseConv1d : depthwiseConv2d)(x, w, options as never);
      return functions.conv[rank]!(x, w, { ...options, groups } as never);
    },
    naive: (x, w) => naiveConv({ ...g, mode }, x, w, outputShape),
  };
}

function transposedCase(
  counter: number,
  rank: number,
  strided: boolean,
  dilated: boolean,
  groups: number,
  padding: string,
): ConvCase {
  // prettier-ignore
  const pairs = groups === 1 ? channelTable['one group'] : channelTable['two groups'];
  const [filters, channels] = pairs[counter % pairs.length]!;
  const image = [1 + (counter % 2), ...sizes[rank]!, channels];
  const kernel = kernels[rank]!;
  const strides = strided ? strideTable[rank]! : ones(rank);
  const dilation = dilated ? dilationTable[rank]! : ones(rank);
  // The most that PyTorch allows: one less than the stride or the dilation, whichever is larger.
  const outputPadding = strides.map((stride, axis) =>
    padding === 'uneven' ? Math.max(stride, dilation[axis]!) - 1 : 0,
  );
  const whole = kernel.map(
    (k, axis) => (image[axis + 1]! - 1) * strides[axis]! + effective(k, dilation[axis]!) + outputPadding[axis]!,
  );
  const sides = kernel.map((k, axis): Sides => {
    if (padding === 'valid') return [0, 0];
    if (padding === '1') return [1, 1];
    if (padding === 'uneven') return uneven[rank]![axis]!;
    const total = Math.max(effective(k, dilation[axis]!) - strides[axis]!, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  });
  const spatial = whole.map((length, axis) =>
    padding === 'same' ? image[axis + 1]! * strides[axis]! : length - sides[axis]![0] - sides[axis]![1],
  );
  const outputShape = [image[0]!, ...spatial, filters];
  const g = { image, kernel, strides, dilation, sides, groups, filters };
  const options = {
    strides: option(strides),
    dilationRate: option(dilation),
    groups,
    padding: padding === '1' ? 1 : padding === 'uneven' ? (rank === 1 ? sides[0] : sides) : padding,
    ...(padding === 'uneven' ? { outputPadding: option(outputPadding) } : {}),
  };
  return {
    title: `transposed ${rank}-D, ${groups} groups, ${JSON.stringify({ strides, dilation, padding, image, outputShape })}`,
    family: `transposed ${rank}-D, ${groups} groups, padding ${padding}`,
    image,
    filter: [...kernel, filters / groups, channels],
    outputShape,
    terms: {
      y: (product(kernel) * channels) / groups,
      dx: (product(kernel) * filters) / groups,
      dw: product(image) / channels,
    },
    spec: {
      ...options,
      batchSize: image[0]!,
      inputShape: image.slice(1),
      kernelSize: kernel,
      op: `conv${rank}dTranspose`,
      filters,
    } as unknown as TransposedConvSpec,
    build: (x, w) => functions.transposed[rank]!(x, w, options as never),
    naive: (x, w) => naiveTransposed(g, x, w, outputShape),
  };
}

export function convCases(): ConvCase[] {
  const cases: ConvCase[] = [];
  for (const rank of [1, 2, 3]) {
    for (const strided of [false, true]) {
      for (const dilated of [false, true]) {
        for (const kind of ['one group', 'two groups', 'depthwise'] as const) {
          for (const padding of ['valid', 'same', ...(rank === 1 ? ['causal'] : []), '1', 'uneven']) {
            for (const mode of padding === 'valid' ? modes.slice(0, 1) : modes) {
              cases.push(convCase(cases.length, rank, strided, dilated, kind, padding, mode));
            }
          }
        }
        for (const groups of [1, 2]) {
          for (const padding of ['valid', 'same', '1', 'uneven']) {
            cases.push(transposedCase(cases.length, rank, strided, dilated, groups, padding));
          }
        }
      }
    }
  }
  return cases;
}

/** The cases by family. */
export function convFamilies(): [string, ConvCase[]][] {
  const families = new Map<string, ConvCase[]>();
  for (const one of convCases()) families.set(one.family, [...(families.get(one.family) ?? []), one]);
  return [...families];
}
