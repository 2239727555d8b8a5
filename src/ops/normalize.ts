// Normalization by the values' own mean and variance: batch, layer, group, instance and root-mean-square normalization are
// one op that sees x as [outer, rows, groups, depth].

import { OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { apply, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { bytesMoved } from './copy.ts';
import { normalizeBounds, normalizeGradBounds } from './normalize_bounds.ts';
import { normalizeGradKernels, normalizeKernels } from './normalize_kernels.ts';
import { eachElement, type NormalizeAttrs } from './normalize_sizes.ts';

function checkSizes(where: string, x: TensorType, vectors: Record<string, TensorType>, attrs: NormalizeAttrs): void {
  const { outer, rows, groups, depth, epsilon } = attrs;
  expectDType(where, 'x', x, 'f32');
  if (sizeOf(x.shape) !== outer * rows * groups * depth) {
    throw new ShapeError(`${where}: x is ${format(x.shape)}, expected ${format([outer, rows, groups, depth])}`);
  }
  for (const [name, vector] of Object.entries(vectors)) {
    expectDType(where, name, vector, 'f32');
    if (equal(vector.shape, [groups * depth])) continue;
    throw new ShapeError(`${where}: ${name} is ${format(vector.shape)}, expected ${format([groups * depth])}`);
  }
  if (!(epsilon >= 0) || !Number.isFinite(epsilon)) {
    throw new OptionError(`${where}: epsilon is ${epsilon}, expected a number of at least 0`);
  }
}

interface Case extends Partial<NormalizeAttrs> {
  readonly shape: Shape;
}

const cases: readonly Case[] = [
  // batch: [1, rows, channels, 1]
  { shape: [6, 3], rows: 6, groups: 3 },
  { shape: [5, 7, 4], rows: 35, groups: 4 },
  { shape: [1, 5], groups: 5, epsilon: 0.01 }, // a batch of one: the variance is 0
  { shape: [1, 1], groups: 1, epsilon: 0.01 },
  { shape: [2, 13, 5, 12], rows: 130, groups: 12, epsilon: 1e-3 },
  { shape: [1, 3, 3, 8], rows: 9, groups: 8 },
  { shape: [1031, 6], rows: 1031, groups: 6 },
  // instance: [batch, rows, channels, 1]
  { shape: [2, 9, 3], outer: 2, rows: 9, groups: 3 },
  { shape: [3, 5, 4, 8], outer: 3, rows: 20, groups: 8 },
  // group
  { shape: [2, 6, 6], outer: 2, rows: 6, groups: 2, depth: 3 },
  { shape: [3, 5, 6], outer: 3, rows: 5, groups: 3, depth: 2 },
  { shape: [2, 70, 8], outer: 2, rows: 70, groups: 2, depth: 4 },
  { shape: [5, 12], outer: 5, groups: 3, depth: 4 },
  // layer
  { shape: [5, 7], outer: 5, depth: 7 },
  { shape: [3, 8], outer: 3, depth: 8, epsilon: 1e-3 },
  { shape: [67, 12], outer: 67, depth: 12 },
  { shape: [2, 129], outer: 2, depth: 129 },
  { shape: [2, 1000], outer: 2, depth: 1000 },
  { shape: [7, 260], outer: 7, depth: 260 },
  { shape: [300, 5], outer: 300, depth: 5 },
  { shape: [4, 1], outer: 4, depth: 1, epsilon: 0.01 },
  // root mean square
  { shape: [4, 6], outer: 4, depth: 6, centered: false },
  { shape: [3, 64], outer: 3, depth: 64, centered: false },
  { shape: [2, 5, 6], outer: 2, rows: 5, groups: 2, depth: 3, centered: false },
  { shape: [2, 6, 4], outer: 2, rows: 6, groups: 4, centered: false },
  { shape: [1, 8], groups: 2, depth: 4, centered: false },
  { shape: [2, 3, 4], outer: 2, rows: 3, depth: 4, centered: false },
];

/**
 * Bytes of what batch normalization reads twice: no result of a batch is known before all of it was read for the statistics
 * (backward: for the two sums), and a batch is larger than what a processor holds on the chip. Statistics of one row, or of one
 * example, can be taken of values that stay there: those are read once.
 */
const readAgain = ({ attrs }: CallTypes<NormalizeAttrs>, tensors: readonly TensorType[]): number =>
  attrs.outer === 1 && attrs.rows > 1 ? tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0) : 0;

const attrsOf = ({ shape: _, ...given }: Case): NormalizeAttrs => ({
  outer: 1,
  rows: 1,
  groups: 1,
  depth: 1,
  epsilon: 1e-5,
  centered: true,
  ...given,
});

/** Rows whose values where kernels by vectors begin, and no others, are far from the mean. */
const farStarts: Sample<NormalizeAttrs> = {
  inputs: [
    {
      shape: [3, 320],
      fill: {
        values: Array.from({ length: 960 }, (_, i) => (i % 80 < 4 ? 100 : 0) * (Math.floor(i / 320) - 1) + Math.sin(i)),
      },
    },
    { shape: [320] },
    { shape: [320] },
  ],
  attrs: attrsOf({ shape: [3, 320], outer: 3, depth: 320 }),
};

/** x, gamma [C], beta [C] -> y, and the mean and (biased) variance [outer·groups], through which no gradient flows. */
export const normalizeOp: Op<NormalizeAttrs> = {
  name: 'normalize',
  infer([x, gamma, beta], attrs) {
    checkSizes('normalize', x!, { gamma: gamma!, beta: beta! }, attrs);
    const statistics: TensorType = { shape: [attrs.outer * attrs.groups], dtype: 'f32' };
    return [{ shape: x!.shape, dtype: 'f32' }, statistics, statistics];
  },
  cpu([x, gamma, beta], [y, mean, variance], { attrs }) {
    const count = attrs.rows * attrs.depth;
    const center = new Float64Array(mean!.length);
    const spread = new Float64Array(mean!.length);
    if (attrs.centered) eachElement(attrs, (_, g, i) => (center[g]! += x![i]! / count));
    eachElement(attrs, (_, g, i) => (spread[g]! += (x![i]! - center[g]!) ** 2 / count));
    eachElement(attrs, (c, g, i) => {
      y![i] = ((x![i]! - center[g]!) / Math.sqrt(spread[g]! + attrs.epsilon)) * gamma![c]! + beta![c]!;
    });
    mean!.set(center);
    variance!.set(spread);
  },
  kernels: normalizeKernels,
  grad({ dy: [dy, ...statistics], x: [x, gamma], y: [, mean, variance], attrs }) {
    if (statistics.some((one) => one !== null)) {
      throw new ShapeError('normalize: no gradient flows through the mean and variance it gives, only through y');
    }
    return apply(normalizeGradOp, [dy!, x!, gamma!, mean!, variance!], attrs);
  },
  cost: (types) => ({
    flops: 9 * sizeOf(types.inputs[0]!.shape),
    bytes: bytesMoved(types) + readAgain(types, [types.inputs[0]!]),
  }),
  accuracy: { kind: 'derived', bounds: normalizeBounds },
  samples: [
    ...cases.map((one): Sample<NormalizeAttrs> => {
      const attrs = attrsOf(one);
      const channels = attrs.groups * attrs.depth;
      return { inputs: [{ shape: one.shape }, { shape: [channels] }, { shape: [channels] }], attrs };
    }),
    farStarts,
  ],
};

/** dy, x, gamma, mean, variance -> dx, dgamma, dbeta. */
export const normalizeGradOp: Op<NormalizeAttrs> = {
  name: 'normalize_grad',
  infer([dy, x, gamma, mean, variance], attrs) {
    checkSizes('normalize gradient', x!, { gamma: gamma! }, attrs);
    for (const [name, one, expected] of [
      ['dy', dy!, x!.shape],
      ['mean', mean!, [attrs.outer * attrs.groups]],
      ['variance', variance!, [attrs.outer * attrs.groups]],
    ] as const) {
      expectDType('normalize gradient', name, one, 'f32');
      if (equal(one.shape, expected)) continue;
      throw new ShapeError(`normalize gradient: ${name} is ${format(one.shape)}, expected ${format(expected)}`);
    }
    return [
      { shape: x!.shape, dtype: 'f32' },
      { shape: gamma!.shape, dtype: 'f32' },
      { shape: gamma!.shape, dtype: 'f32' },
    ];
  },
  cpu([dy, x, gamma, mean, variance], [dx, dgamma, dbeta], { attrs }) {
    const count = attrs.rows * attrs.depth;
    const scale = Float64Array.from(variance!, (value) => 1 / Math.sqrt(value + attrs.epsilon));
    const normal = (g: number, i: number) => (x![i]! - mean![g]!) * scale[g]!;
    const sums = new Float64Array(scale.length);
    const products = new Float64Array(scale.length);
    const weights = [new Float64Array(gamma!.length), new Float64Array(gamma!.length)] as const;
    eachElement(attrs, (c, g, i) => {
      weights[0][c]! += dy![i]! * normal(g, i);
      weights[1][c]! += dy![i]!;
      if (attrs.centered) sums[g]! += (gamma![c]! * dy![i]!) / count;
      products[g]! += (gamma![c]! * dy![i]! * normal(g, i)) / count;
    });
    eachElement(attrs, (c, g, i) => {
      dx![i] = scale[g]! * (gamma![c]! * dy![i]! - sums[g]! - normal(g, i) * products[g]!);
    });
    dgamma!.set(weights[0]);
    dbeta!.set(weights[1]);
  },
  kernels: normalizeGradKernels,
  grad: null, // a second derivative, which nothing asks for
  cost: (types) => ({
    flops: 14 * sizeOf(types.inputs[1]!.shape),
    bytes: bytesMoved(types) + readAgain(types, types.inputs.slice(0, 2)),
  }),
  accuracy: { kind: 'derived', bounds: normalizeGradBounds },
  samples: cases.map((one): Sample<NormalizeAttrs> => {
    const attrs = attrsOf(one);
    const [channels, statistics] = [attrs.groups * attrs.depth, attrs.outer * attrs.groups];
    return {
      inputs: [
        { shape: one.shape },
        { shape: one.shape },
        { shape: [channels] },
        { shape: [statistics] },
        { shape: [statistics], fill: 'positive' },
      ],
      attrs,
    };
  }),
};

/** y, the mean and the variance of one call. */
export interface Normalized {
  readonly y: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export function normalizeCall(x: Tensor, gamma: Tensor, beta: Tensor, attrs: NormalizeAttrs): Normalized {
  const [y, mean, variance] = apply(normalizeOp, [x, gamma, beta], attrs) as [Tensor, Tensor, Tensor];
  return { y, mean, variance };
}

export const normalizeOps: readonly Op[] = [normalizeOp, normalizeGradOp];
