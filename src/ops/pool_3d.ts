// Pooling of volumes [N,D,H,W,C] by maximum, mean, sum and p-norm, with every option: what images use, as volumes of
// depth 1, where the faster ops for them do not reach.

import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op } from '../graph/op.ts';
import { applyOne, expectDType, type TensorType } from '../graph/tensor.ts';
import { bytesMoved } from './copy.ts';
import { averageGradPlan, averagePlan, maxGradPlan, maxPlan, type PoolCount } from './pool_3d_kernels.ts';
import {
  checkRegions,
  countAlong,
  eachRegionElement,
  mostElements,
  mostRegions,
  pooledVolume,
  regionOutput,
  type Regions,
} from './pool_regions.ts';
import { type VolumeShape, windowNd, type WindowNdOptions, windowVolume } from './window.ts';

export interface Pool3dAttrs {
  readonly regions: Regions;
}
export interface AveragePool3dAttrs extends Pool3dAttrs {
  readonly count: PoolCount;
}
export interface AveragePool3dGradAttrs extends AveragePool3dAttrs {
  readonly inputShape: VolumeShape;
}
export interface LpPool3dAttrs extends Pool3dAttrs {
  readonly p: number;
}

const pairs = (...sides: [number, number, number, number, number, number]): WindowNdOptions['padding'] => [
  [sides[0], sides[1]],
  [sides[2], sides[3]],
  [sides[4], sides[5]],
];

const windows: readonly (readonly [VolumeShape, WindowNdOptions])[] = [
  [[1, 1, 1, 1, 1], { poolSize: 1 }],
  [[2, 4, 6, 4, 3], { poolSize: 2, strides: 2 }],
  [[1, 5, 3, 7, 2], { poolSize: [2, 3, 2], strides: [2, 1, 3] }],
  [[2, 3, 5, 4, 1], { poolSize: 3, strides: 2, padding: 'same' }],
  [[1, 4, 5, 6, 2], { poolSize: 2, strides: 1, dilationRate: [2, 3, 1] }],
  [[1, 1, 9, 8, 4], { poolSize: [1, 3, 2], strides: [1, 2, 3], dilationRate: [1, 2, 3], padding: 'same' }],
  [[2, 3, 4, 5, 1], { poolSize: 3, strides: 2, padding: pairs(1, 0, 0, 2, 2, 1) }],
  [[1, 2, 6, 5, 3], { poolSize: [1, 3, 2], strides: 2, padding: pairs(0, 0, 1, 1, 0, 1), ceilMode: true }],
  [[1, 5, 6, 6, 1], { poolSize: 2, strides: [3, 4, 3], ceilMode: true }],
  [[1, 1, 7, 5, 5], { poolSize: [1, 2, 2], strides: 1, dilationRate: [1, 3, 2], padding: pairs(0, 0, 1, 2, 1, 0) }],
];
// prettier-ignore
const parts: readonly (readonly [VolumeShape, readonly [number, number, number], exponent?: number])[] = [
  [[2, 5, 7, 4, 3], [2, 3, 4]],
  [[1, 1, 10, 7, 5], [1, 3, 5]],
  [[1, 1, 3, 2, 1], [1, 7, 5]],
  [[2, 3, 4, 5, 2], [2, 2, 3], 2.5],
];
// With the above, every two options (tests/ops/option_table.ts); the exponent is that of the p-norm.
// prettier-ignore
const pairwise: readonly (readonly [VolumeShape, WindowNdOptions, number])[] = [
  [[2, 4, 5, 4, 1], { poolSize: [3, 2, 2], dilationRate: 3, padding: [[1, 2], [1, 2], [1, 2]], ceilMode: true }, 3],
  [[2, 1, 4, 4, 2], { poolSize: 1, strides: [3, 2, 1], dilationRate: 3, padding: [[0, 1], [0, 1], [0, 1]], ceilMode: true }, 2.5],
  [[1, 1, 2, 4, 2], { poolSize: 2, strides: 3, dilationRate: 3, padding: [[3, 0], [3, 0], [3, 0]] }, 2],
  [[1, 2, 3, 5, 2], { poolSize: 1, strides: 2, dilationRate: [1, 1, 2], padding: [[0, 1], [0, 0], [0, 2]], ceilMode: true }, 3],
  [[2, 4, 2, 4, 1], { poolSize: [2, 3, 2], strides: [1, 1, 3], dilationRate: 2, padding: [[2, 0], [2, 1], [2, 1]], ceilMode: true }, 1],
  [[1, 5, 3, 6, 3], { poolSize: 3, dilationRate: [3, 3, 2], padding: [[3, 1], [3, 1], [3, 1]] }, 1],
  [[1, 3, 4, 3, 3], { poolSize: 2, strides: 2, dilationRate: 3, padding: [[2, 0], [2, 0], [1, 0]], ceilMode: true }, 2.5],
  [[1, 2, 5, 2, 1], { poolSize: 2, strides: 2, padding: [[1, 0], [1, 1], [1, 0]] }, 2.5],
  [[1, 1, 4, 2, 1], { poolSize: 1, strides: 3, padding: [[0, 1], [0, 0], [0, 2]], ceilMode: true }, 1],
  [[1, 3, 2, 2, 1], { poolSize: 2, strides: [1, 1, 1], dilationRate: [2, 1, 1] }, 3],
];
const cases: readonly (readonly [VolumeShape, Regions, exponent?: number])[] = [
  ...windows.map(([volume, options]) => [volume, regionsOf(volume, options)] as const),
  ...parts.map(([volume, output, p]) => [volume, { adaptive: true, output }, p] as const),
  ...pairwise.map(([volume, options, p]) => [volume, regionsOf(volume, options), p] as const),
];

function regionsOf(volume: VolumeShape, options: WindowNdOptions): Regions {
  return { window: windowVolume(windowNd('pool', volume.slice(1, 4), options)) };
}

const volumeAt = (type: TensorType) => type.shape as VolumeShape;

function checkGradient(where: string, dy: TensorType, volume: VolumeShape, regions: Regions): TensorType[] {
  expectDType(where, 'dy', dy, 'f32');
  const expected = pooledVolume(volume, regions);
  if (!equal(dy.shape, expected)) {
    throw new ShapeError(`${where}: dy is ${format(dy.shape)}, expected ${format(expected)}`);
  }
  return [{ shape: volume, dtype: 'f32' }];
}

function cost(volume: VolumeShape, call: CallTypes<Pool3dAttrs>) {
  const { regions } = call.attrs;
  return { flops: sizeOf(pooledVolume(volume, regions)) * mostElements(volume, regions), bytes: bytesMoved(call) };
}

export const maxPool3dOp: Op<Pool3dAttrs> = {
  name: 'max_pool_3d',
  infer([x], { regions }) {
    return [{ shape: pooledVolume(checkRegions('maxPool', x!, regions), regions), dtype: 'f32' }];
  },
  cpu([x], [y], { inputs, attrs }) {
    y!.fill(-Infinity);
    eachRegionElement(volumeAt(inputs[0]!), attrs.regions, (to, from) => {
      if (x![from]! > y![to]! || Number.isNaN(x![from]!)) y![to] = x![from]!;
    });
  },
  kernels: { naive: { plan: ({ inputs, attrs }) => maxPlan(volumeAt(inputs[0]!), attrs.regions) } },
  grad: ({ dy, x, attrs }) => [applyOne(maxPool3dGradOp, [dy[0]!, x[0]!], attrs)],
  cost: (call) => cost(volumeAt(call.inputs[0]!), call),
  accuracy: { kind: 'exact' },
  // Without ties, where the maximum has no derivative; the gradient's samples have them.
  samples: cases.map(([shape, regions]) => ({ inputs: [{ shape, fill: 'distinct' }], attrs: { regions } })),
};

/** dy [N,OD,OH,OW,C], x [N,D,H,W,C] -> dx as x: each dy added where the first largest element of its region stands. */
export const maxPool3dGradOp: Op<Pool3dAttrs> = {
  name: 'max_pool_3d_grad',
  infer([dy, x], { regions }) {
    const volume = checkRegions('maxPool gradient', x!, regions);
    return checkGradient('maxPool gradient', dy!, volume, regions);
  },
  cpu([dy, x], [dx], { inputs, attrs }) {
    const winner = new Int32Array(dy!.length).fill(-1);
    eachRegionElement(volumeAt(inputs[1]!), attrs.regions, (y, from) => {
      if (winner[y]! < 0 || x![from]! > x![winner[y]!]!) winner[y] = from;
    });
    const sums = new Float64Array(dx!.length);
    winner.forEach((to, y) => (sums[to]! += dy![y]!));
    dx!.set(sums);
  },
  kernels: { naive: { plan: ({ inputs, attrs }) => maxGradPlan(volumeAt(inputs[1]!), attrs.regions) } },
  grad: null, // a second derivative: linear in dy, but x's part is zero almost everywhere and nothing asks for it
  cost: (call) => cost(volumeAt(call.inputs[1]!), call),
  // K values of dy are added; the error is at most (K − 1)·u·Σ|dy|, and |dy| < 6 in standard normal samples.
  accuracy({ inputs, attrs }) {
    const terms = mostRegions(volumeAt(inputs[1]!), attrs.regions);
    return terms === 1
      ? { kind: 'exact' }
      : { kind: 'mixed', absolute: terms * (terms - 1) * 6 * 2 ** -24, relative: 0 };
  },
  samples: cases.flatMap(([shape, regions]) =>
    (['distinct', 'ties'] as const).map((fill) => ({
      inputs: [{ shape: pooledVolume(shape, regions) }, { shape, fill }],
      attrs: { regions },
    })),
  ),
};

/** What each output position's mean divides by: [OD, OH, OW]. */
function divisors(volume: VolumeShape, { regions, count }: AveragePool3dAttrs): Float64Array {
  const along = regionOutput(regions).map((outputs, axis) =>
    Array.from({ length: outputs }, (_, o) => countAlong(regions, axis, o, volume[axis + 1]!, count)),
  );
  const [depths, rows, columns] = along as [number[], number[], number[]];
  return Float64Array.from(depths.flatMap((d) => rows.flatMap((h) => columns.map((w) => d * h * w))));
}

const averageCases = cases.flatMap(([volume, regions]) => {
  const counted: PoolCount[] = regions.adaptive ? ['inside'] : ['inside', 'padded', 'one'];
  return counted.map((count) => [volume, { regions, count }] as const);
});

export const averagePool3dOp: Op<AveragePool3dAttrs> = {
  name: 'average_pool_3d',
  infer([x], { regions }) {
    return [{ shape: pooledVolume(checkRegions('averagePool', x!, regions), regions), dtype: 'f32' }];
  },
  cpu([x], [y], { inputs, attrs }) {
    const volume = volumeAt(inputs[0]!);
    const divisor = divisors(volume, attrs);
    const sums = new Float64Array(y!.length);
    eachRegionElement(volume, attrs.regions, (to, from) => (sums[to]! += x![from]!));
    sums.forEach((sum, i) => (y![i] = sum / divisor[Math.floor(i / volume[4]) % divisor.length]!));
  },
  kernels: { naive: { plan: ({ inputs, attrs }) => averagePlan(volumeAt(inputs[0]!), attrs.regions, attrs.count) } },
  grad: ({ dy, x, attrs }) => [applyOne(averagePool3dGradOp, [dy[0]!], { ...attrs, inputShape: volumeAt(x[0]!) })],
  cost: (call) => cost(volumeAt(call.inputs[0]!), call),
  accuracy: { kind: 'sum', terms: ({ inputs, attrs }) => mostElements(volumeAt(inputs[0]!), attrs.regions) },
  samples: averageCases.map(([shape, attrs]) => ({ inputs: [{ shape }], attrs })),
};

/** dy [N,OD,OH,OW,C] -> dx `inputShape`: the transpose of averagePool3d, so each is the other's gradient. */
export const averagePool3dGradOp: Op<AveragePool3dGradAttrs> = {
  name: 'average_pool_3d_grad',
  infer([dy], { regions, inputShape }) {
    const volume = checkRegions('averagePool gradient', { shape: inputShape, dtype: 'f32' }, regions);
    return checkGradient('averagePool gradient', dy!, volume, regions);
  },
  cpu([dy], [dx], { attrs }) {
    const { inputShape, regions } = attrs;
    const divisor = divisors(inputShape, attrs);
    const sums = new Float64Array(dx!.length);
    eachRegionElement(inputShape, regions, (from, to) => {
      sums[to]! += dy![from]! / divisor[Math.floor(from / inputShape[4]) % divisor.length]!;
    });
    dx!.set(sums);
  },
  kernels: { naive: { plan: ({ attrs }) => averageGradPlan(attrs.inputShape, attrs.regions, attrs.count) } },
  grad: ({ dy, attrs: { regions, count } }) => [applyOne(averagePool3dOp, [dy[0]!], { regions, count })],
  cost: (call) => cost(call.attrs.inputShape, call),
  accuracy: { kind: 'sum', terms: ({ attrs }) => 1 + mostRegions(attrs.inputShape, attrs.regions) },
  samples: averageCases.map(([inputShape, attrs]) => ({
    inputs: [{ shape: pooledVolume(inputShape, attrs.regions) }],
    attrs: { ...attrs, inputShape },
  })),
};

export const averageAndMaxPool3dOps = [maxPool3dOp, maxPool3dGradOp, averagePool3dOp, averagePool3dGradOp] as const;
export { cases as pool3dCases, checkGradient as checkPool3dGradient, cost as pool3dCost };
