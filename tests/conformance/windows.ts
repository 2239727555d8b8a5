// ONNX's convolutions, pooling and resizing: NCHW there, NHWC here, changed where the graph begins and ends.

import { sizeOf } from '../../src/core/shape.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import type { Padding1d, Padding2d, Padding3d } from '../../src/ops/window.ts';
import {
  type Adapter,
  channelsFirst,
  channelsLast,
  filtersLast,
  type Given,
  permute,
  range,
  type Result,
} from './case.ts';
import { constant } from './shapes.ts';

type Pair = readonly [number, number];

/** Where element `value` of an image of `lengths` stands, row by row. */
function digits(value: number, lengths: readonly number[]): number[] {
  const found = lengths.map(() => 0);
  for (let i = lengths.length - 1; i >= 0; i--) {
    [found[i], value] = [value % lengths[i]!, Math.floor(value / lengths[i]!)];
  }
  return found;
}

const last = (tensor: Tensor): Result => ({ tensor, axes: channelsFirst(tensor.shape.length) });

/** Begin and end of each spatial axis, from `pads` or worked out for SAME, whose odd element is at the end or begin. */
function pairs(given: Given, lengths: readonly number[], kernel: readonly number[]): Pair[] {
  const rank = lengths.length;
  const pads = given.list('pads');
  const auto = given.text('auto_pad', 'NOTSET');
  const strides = given.list('strides') ?? lengths.map(() => 1);
  const dilations = given.list('dilations') ?? lengths.map(() => 1);
  if (auto.startsWith('SAME')) {
    return lengths.map((length, i): Pair => {
      const covered = (Math.ceil(length / strides[i]!) - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1;
      const total = Math.max(covered - length, 0);
      const less = Math.floor(total / 2);
      return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
    });
  }
  return range(0, rank).map((i): Pair => (pads ? [pads[i]!, pads[i + rank]!] : [0, 0]));
}

interface Geometry {
  readonly strides: number[];
  readonly dilationRate: number[];
  readonly padding: Pair[];
}

function geometry(given: Given, kernel: readonly number[]): Geometry {
  const lengths = given.shape(0).slice(2);
  return {
    strides: given.list('strides') ?? lengths.map(() => 1),
    dilationRate: given.list('dilations') ?? lengths.map(() => 1),
    padding: pairs(given, lengths, kernel),
  };
}

/** The function for the number of spatial axes, whose options are numbers for one axis and lists for several. */
function byRank<O extends object>(
  functions: readonly [
    (options: O & { strides: number; dilationRate: number; padding: Padding1d }) => Tensor,
    (options: O & { strides: Pair; dilationRate: Pair; padding: Padding2d }) => Tensor,
    (options: O & { strides: Triple; dilationRate: Triple; padding: Padding3d }) => Tensor,
  ],
  { strides, dilationRate, padding }: Geometry,
  options: O,
): Tensor {
  const [one, two, three] = functions;
  if (strides.length === 1) {
    return one({ ...options, strides: strides[0]!, dilationRate: dilationRate[0]!, padding: padding[0]! });
  }
  const all = { ...options, strides, dilationRate, padding } as unknown;
  return strides.length === 2 ? two(all as Parameters<typeof two>[0]) : three(all as Parameters<typeof three>[0]);
}
type Triple = readonly [number, number, number];

function poolOptions(given: Given): Readonly<Record<string, unknown>> {
  const kernel = given.list('kernel_shape')!;
  const { strides, dilationRate, padding } = geometry(given, kernel);
  const ceilMode = given.number('ceil_mode', 0) === 1;
  const single = kernel.length === 1;
  return {
    poolSize: single ? kernel[0] : kernel,
    strides: single ? strides[0] : strides,
    dilationRate: single ? dilationRate[0] : dilationRate,
    padding: single ? padding[0] : padding,
    ...(ceilMode && { ceilMode }),
  };
}

function pooled(
  given: Given,
  functions: readonly [Pooling, Pooling, Pooling],
  own: Readonly<Record<string, unknown>> = {},
): Result {
  const rank = given.shape(0).length;
  return last(functions[rank - 3]!(given.x(0, channelsLast(rank)), { ...poolOptions(given), ...own }));
}
type Pooling = (x: Tensor, options: Readonly<Record<string, unknown>>) => Tensor;
const pools = (...functions: unknown[]) => functions as [Pooling, Pooling, Pooling];

const global = (functions: readonly [Global, Global, Global]): Adapter => {
  return (given) => {
    const rank = given.shape(0).length;
    return [last(functions[rank - 3]!(given.x(0, channelsLast(rank)), { keepDims: true }))];
  };
};
type Global = (x: Tensor, options: { keepDims: boolean }) => Tensor;

const coordinates = {
  half_pixel: 'halfPixel',
  half_pixel_symmetric: 'halfPixelSymmetric',
  align_corners: 'alignCorners',
  asymmetric: 'asymmetric',
  pytorch_half_pixel: 'pytorchHalfPixel',
} as const;
const roundings = {
  round_prefer_floor: 'roundPreferFloor',
  round_prefer_ceil: 'roundPreferCeil',
  floor: 'floor',
  ceil: 'ceil',
} as const;

/** Linear resizing of a region of interest, which `resize` does not have: a product with a matrix for each axis. */
function cropped(given: Given, axes: readonly number[], sizes: readonly number[]): Tensor {
  const roi = given.numbers(1);
  const outside = given.number('extrapolation_value', 0);
  let x = given.x(0);
  axes.forEach((axis, i) => {
    const [from, to] = [x.shape[axis]!, sizes[i]!];
    const [start, end] = [roi[i]!, roi[i + axes.length]!];
    const places = range(0, to).map((t) =>
      to > 1 ? (start + (t * (end - start)) / (to - 1)) * (from - 1) : 0.5 * (start + end) * (from - 1),
    );
    const weights = places.flatMap((place) => range(0, from).map((k) => Math.max(0, 1 - Math.abs(place - k))));
    const order = [...range(0, x.shape.length).filter((k) => k !== axis), axis];
    const back = range(0, x.shape.length).map((k) => order.indexOf(k));
    const product = ops.matmul(ops.transpose(x, order), constant(weights, [to, from]), { transposeB: true });
    const inside = constant(
      places.map((place) => Number(place >= 0 && place <= from - 1)),
      [to],
    );
    x = ops.transpose(ops.where(inside, product, outside), back);
  });
  return x;
}

const filters = (given: Given): Tensor => given.x(1, filtersLast(given.shape(1).length));

function convolved(given: Given, x: Tensor, w: Tensor): Tensor {
  return byRank(
    [(o) => ops.conv1d(x, w, o), (o) => ops.conv2d(x, w, o), (o) => ops.conv3d(x, w, o)],
    geometry(given, given.list('kernel_shape') ?? given.shape(1).slice(2)),
    { groups: given.number('group', 1) },
  );
}

export const windows: Readonly<Record<string, Adapter>> = {
  AveragePool: (given) => [
    pooled(given, pools(ops.averagePool1d, ops.averagePool2d, ops.averagePool3d), {
      countIncludePad: given.number('count_include_pad', 0) === 1,
    }),
  ],
  Col2Im(given) {
    const [image, block] = [given.numbers(1), given.numbers(2)];
    const [n, rows, places] = given.shape(0) as [number, number, number];
    const size = block.reduce((a, b) => a * b);
    const channels = rows / size;
    const strides = given.list('strides') ?? block.map(() => 1);
    const dilations = given.list('dilations') ?? block.map(() => 1);
    const padding = pairs(given, image, block);
    const blocks = ops.reshape(given.x(0), [n, channels, size, places]);
    if (image.length === 2) {
      const window = ops.window2d('col2im', image as unknown as Pair, {
        kernelSize: block as unknown as Pair,
        strides: strides as unknown as Pair,
        dilationRate: dilations as unknown as Pair,
        padding: padding as unknown as readonly [Pair, Pair],
      });
      const columns = ops.reshape(ops.transpose(blocks, [0, 3, 2, 1]), [n * places, size * channels]);
      return [last(ops.col2im(columns, window, [n, ...image, channels]))];
    }
    // Volumes have no matrix of columns here: each element is added to its place.
    const counts = image.map(
      (length, i) =>
        Math.floor((length + padding[i]![0] + padding[i]![1] - (block[i]! - 1) * dilations[i]! - 1) / strides[i]!) + 1,
    );
    const indices: number[] = [];
    const total = image.reduce((a, b) => a * b);
    for (let nc = 0; nc < n * channels; nc++) {
      for (let k = 0; k < size; k++) {
        for (let p = 0; p < places; p++) {
          const [inside, at] = [digits(k, block), digits(p, counts)];
          const place = image.map((_, i) => at[i]! * strides[i]! + inside[i]! * dilations[i]! - padding[i]![0]);
          indices.push(nc * total + place.reduce((sum, value, i) => sum * image[i]! + value, 0));
        }
      }
    }
    const zeros = ops.full([n * channels * total], 0);
    const to = constant(indices, [indices.length], 'i32');
    const y = ops.scatterElements(zeros, to, ops.reshape(blocks, [indices.length]), { axis: 0, reduction: 'add' });
    return [ops.reshape(y, [n, channels, ...image])];
  },
  Conv(given) {
    const y = convolved(given, given.x(0, channelsLast(given.shape(0).length)), filters(given));
    return [last(given.has(2) ? ops.add(y, given.x(2)) : y)];
  },
  // Less the zero points; what stands in the padding is zero then.
  ConvInteger(given) {
    const x = ops.sub(given.x(0, channelsLast(given.shape(0).length)), given.x(2));
    return [last(convolved(given, x, given.has(3) ? ops.sub(filters(given), given.x(3)) : filters(given)))];
  },
  ConvTranspose(given) {
    const rank = given.shape(0).length;
    // C, OC/group, KH, KW there; KH, KW, OC/group, C here.
    const [x, w] = [given.x(0, channelsLast(rank)), given.x(1, filtersLast(rank))];
    const lengths = given.shape(0).slice(2);
    const kernel = given.list('kernel_shape') ?? given.shape(1).slice(2);
    const strides = given.list('strides') ?? lengths.map(() => 1);
    const dilationRate = given.list('dilations') ?? lengths.map(() => 1);
    const extra = given.list('output_padding') ?? lengths.map(() => 0);
    const same = given.text('auto_pad', 'NOTSET').startsWith('SAME');
    const wanted = given.list('output_shape') ?? (same ? lengths.map((length, i) => length * strides[i]!) : undefined);
    const full = lengths.map((length, i) => strides[i]! * (length - 1) + (kernel[i]! - 1) * dilationRate[i]! + 1);
    const pads = given.list('pads');
    // With an output shape, what is too much is cut off, the odd element at the end; what is too little is output padding.
    const padding = full.map((length, i): Pair => {
      if (!wanted) return pads ? [pads[i]!, pads[i + lengths.length]!] : [0, 0];
      const total = Math.max(length + extra[i]! - wanted[i]!, 0);
      const less = Math.floor(total / 2);
      return given.text('auto_pad', 'NOTSET') === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
    });
    const outputPadding = full.map((length, i) => (wanted ? Math.max(wanted[i]! - length, 0) : extra[i]!));
    const options = { groups: given.number('group', 1) };
    const y = byRank(
      [
        (o) => ops.conv1dTranspose(x, w, { ...o, padding: o.padding as Pair, outputPadding: outputPadding[0]! }),
        (o) => ops.conv2dTranspose(x, w, { ...o, outputPadding: outputPadding as unknown as Pair }),
        (o) => ops.conv3dTranspose(x, w, { ...o, outputPadding: outputPadding as unknown as Triple }),
      ],
      { strides, dilationRate, padding },
      options,
    );
    return [last(given.has(2) ? ops.add(y, given.x(2)) : y)];
  },
  GlobalAveragePool: global([ops.globalAveragePool1d, ops.globalAveragePool2d, ops.globalAveragePool3d]),
  GlobalMaxPool: global([ops.globalMaxPool1d, ops.globalMaxPool2d, ops.globalMaxPool3d]),
  GridSample(given) {
    const rank = given.shape(0).length;
    const modes = {
      linear: 'linear',
      bilinear: 'linear',
      nearest: 'nearest',
      cubic: 'cubic',
      bicubic: 'cubic',
    } as const;
    const y = ops.gridSample(given.x(0, channelsLast(rank)), given.x(1), {
      interpolation: modes[given.text('mode', 'linear') as keyof typeof modes],
      paddingMode: given.text('padding_mode', 'zeros') as 'zeros' | 'border' | 'reflection',
      alignCorners: given.number('align_corners', 0) === 1,
    });
    return [last(y)];
  },
  LRN(given) {
    const size = given.number('size', 1);
    if (size % 2 === 0) throw new Error('no case has an even size, whose odd channel is after the middle there');
    const y = ops.localResponseNormalization(given.x(0, channelsLast(given.shape(0).length)), {
      size,
      alpha: given.number('alpha', 1e-4),
      beta: given.number('beta', 0.75),
      bias: given.number('bias', 1),
    });
    return [last(y)];
  },
  LpPool: (given) => [pooled(given, pools(ops.lpPool1d, ops.lpPool2d, ops.lpPool3d), { p: given.number('p', 2) })],
  MaxPool(given) {
    if (given.outputs.length < 2) return [pooled(given, pools(ops.maxPool1d, ops.maxPool2d, ops.maxPool3d))];
    const rank = given.shape(0).length;
    const x = given.x(0, channelsLast(rank));
    const functions = [ops.maxPool1dWithIndices, ops.maxPool2dWithIndices, ops.maxPool3dWithIndices];
    const { values, indices } = (functions[rank - 3] as unknown as (...given: unknown[]) => ops.WithIndices)(
      x,
      poolOptions(given),
    );
    // Ours counts within an image and channel; theirs over the whole tensor, and within an image by columns where asked.
    const lengths = given.shape(0).slice(2);
    const size = sizeOf(lengths);
    const windows = sizeOf(indices.shape.slice(1, -1));
    const byColumns = given.number('storage_order', 0) === 1;
    const renumbered = (value: number, i: number) => {
      const inside = byColumns
        ? digits(value, lengths).reduceRight((sum, at, axis) => sum * lengths[axis]! + at, 0)
        : value;
      return Math.floor(i / windows) * size + inside;
    };
    return [last(values), { tensor: indices, axes: channelsFirst(rank), renumbered }];
  },
  MaxUnpool(given) {
    const rank = given.shape(0).length;
    const x = given.x(0, channelsLast(rank));
    const kernel = given.list('kernel_shape')!;
    const strides = given.list('strides') ?? kernel.map(() => 1);
    const lengths = given.shape(0).slice(2);
    const padding = pairs(given, lengths, kernel);
    const own = lengths.map((length, i) => (length - 1) * strides[i]! - padding[i]![0] - padding[i]![1] + kernel[i]!);
    // Theirs count over the whole tensor, ours within an image and channel.
    const size = sizeOf(own);
    const places = permute(
      given.numbers(1).map((place) => place % size),
      given.shape(1),
      channelsLast(rank),
    );
    const unpool = [ops.maxUnpool1d, ops.maxUnpool2d, ops.maxUnpool3d][rank - 3] as unknown as (
      ...given: unknown[]
    ) => Tensor;
    const y = unpool(x, constant(places, x.shape, 'i32'), { poolSize: kernel, strides, padding });
    // A larger result has zeros at its ends.
    const larger = given.has(2) ? given.numbers(2).slice(2) : own;
    const paddings = larger.map((length, i): Pair => [0, length - own[i]!]);
    return [last(ops.pad(y, [[0, 0], ...paddings, [0, 0]]))];
  },
  Resize(given) {
    const whole = given.shape(0);
    const rank = whole.length;
    const axes = (given.list('axes') ?? range(0, rank)).map((axis) => (axis < 0 ? axis + rank : axis));
    const mode = given.text('mode', 'nearest') as 'nearest' | 'linear' | 'cubic';
    const named = given.text('coordinate_transformation_mode', 'half_pixel');
    const scales = given.has(2) && given.numbers(2).length > 0 ? given.numbers(2) : null;
    const policy = given.text('keep_aspect_ratio_policy', 'stretch');
    let sizes = scales ? null : given.numbers(3);
    if (sizes && policy !== 'stretch') {
      const factors = sizes.map((size, i) => size / whole[axes[i]!]!);
      const factor = policy === 'not_larger' ? Math.min(...factors) : Math.max(...factors);
      sizes = axes.map((axis) => Math.floor(factor * whole[axis]! + 0.5));
    }
    const along = <T>(values: readonly T[], otherwise: (axis: number) => T): T[] =>
      range(2, rank).map((axis) => (axes.includes(axis) ? values[axes.indexOf(axis)]! : otherwise(axis)));
    const own = {
      interpolation: mode,
      ...(mode === 'nearest' && {
        rounding: roundings[given.text('nearest_mode', 'round_prefer_floor') as keyof typeof roundings],
      }),
      ...(mode === 'cubic' && { cubicCoefficient: given.number('cubic_coeff_a', -0.75) }),
      ...(mode !== 'nearest' && {
        antialias: given.number('antialias', 0) === 1,
        excludeOutside: given.number('exclude_outside', 0) === 1,
      }),
    };
    if (named === 'tf_crop_and_resize') return [cropped(given, axes, sizes!)];
    const x = given.x(0, channelsLast(rank));
    return [
      last(
        ops.resize(x, {
          ...own,
          coordinates: coordinates[named as keyof typeof coordinates],
          ...(scales ? { scale: along(scales, () => 1) } : { size: along(sizes!, (axis) => whole[axis]!) }),
        }),
      ),
    ];
  },
  Upsample(given) {
    const [, , ...scales] = given.numbers(1);
    const interpolation = given.text('mode', 'nearest') === 'nearest' ? 'nearest' : 'bilinear';
    return [last(ops.upSampling2d(given.x(0, [0, 2, 3, 1]), { size: scales as unknown as Pair, interpolation }))];
  },
};
