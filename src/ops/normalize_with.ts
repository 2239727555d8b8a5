// Normalization by statistics that are given: what batch normalization is once training is over.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Kernel, Op } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { input } from '../kernel/shader.ts';
import { add, mul, sub } from './binary.ts';
import { bytesMoved } from './copy.ts';
import { applyDispatch } from './normalize_kernels.ts';
import { sumTo } from './reduce.ts';
import { neg, rsqrt } from './unary.ts';

interface Attrs {
  readonly epsilon: number;
}

const names = ['mean', 'variance', 'gamma', 'beta'] as const;

const kernel = (lanes: 1 | 4): Kernel<Attrs>['plan'] => {
  return ({ inputs: [x], attrs: { epsilon } }) => {
    const channels = x!.shape.at(-1)!;
    const attrs = { outer: 1, rows: sizeOf(x!.shape) / channels, groups: channels, depth: 1, epsilon, centered: true };
    return {
      dispatches: [applyDispatch(attrs, lanes, { x: 0, mean: input(1), variance: input(2), gamma: 3, beta: 4 })],
    };
  };
};

export const normalizeWithOp: Op<Attrs> = {
  name: 'normalize_with',
  infer([x, ...vectors]) {
    expectDType('normalizeWith', 'x', x!, 'f32');
    const channels = x!.shape.at(-1);
    if (channels === undefined)
      throw new ShapeError('normalizeWith: x is a scalar, expected channels as its last axis');
    vectors.forEach((vector, i) => {
      expectDType('normalizeWith', names[i]!, vector, 'f32');
      if (equal(vector.shape, [channels])) return;
      throw new ShapeError(`normalizeWith: ${names[i]} is ${format(vector.shape)}, expected ${format([channels])}`);
    });
    return [{ shape: x!.shape, dtype: 'f32' }];
  },
  cpu([x, mean, variance, gamma, beta], [y], { attrs: { epsilon } }) {
    const channels = mean!.length;
    for (let i = 0; i < y!.length; i++) {
      const c = i % channels;
      y![i] = ((x![i]! - mean![c]!) / Math.sqrt(variance![c]! + epsilon)) * gamma![c]! + beta![c]!;
    }
  },
  kernels: {
    vec4: { fits: ({ inputs: [x] }) => x!.shape.at(-1)! % 4 === 0, plan: kernel(4) },
    naive: { plan: kernel(1) },
  },
  grad({ dy: [dy], x: [x, mean, variance, gamma], needs, attrs: { epsilon } }) {
    if (!dy) return [];
    const scale = rsqrt(add(variance!, epsilon));
    const factor = mul(gamma!, scale);
    const toVector = (tensor: Tensor) => sumTo(tensor, mean!.shape);
    // Of Σ dy·x̂ = scale·Σ dy·(x − mean)
    const products = needs[2] || needs[3] ? mul(toVector(mul(dy, sub(x!, mean!))), scale) : null;
    return [
      needs[0] ? mul(dy, factor) : null,
      needs[1] ? neg(mul(toVector(dy), factor)) : null,
      needs[2] ? mul(mul(products!, mul(factor, scale)), -0.5) : null,
      needs[3] ? products : null,
      needs[4] ? toVector(dy) : null,
    ];
  },
  cost: (types) => ({ flops: 3 * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy: { kind: 'mixed', absolute: 8e-6, relative: 2e-6 }, // terms below 40 that may cancel
  samples: [
    [6, 3],
    [1, 4],
    [2, 5, 3, 8],
    [1, 1],
    [67, 12],
    [2, 3, 5, 7],
  ].map((shape) => {
    const vector = { shape: [shape.at(-1)!] };
    return {
      inputs: [{ shape }, vector, { ...vector, fill: 'positive' }, vector, vector],
      attrs: { epsilon: 1e-5 },
    };
  }),
};

/**
 * y = (x − mean)·gamma / √(variance + epsilon) + beta in one pass, all four of [C] and C the last axis of x; epsilon is
 * 1e-5 unless given. ShapeError: other shapes. OptionError: epsilon below 0 or not finite.
 */
export function normalizeWith(
  x: Tensor,
  parts: { readonly mean: Tensor; readonly variance: Tensor; readonly gamma: Tensor; readonly beta: Tensor },
  options: { readonly epsilon?: number } = {},
): Tensor {
  checkOptions('normalizeWith', options, ['epsilon']);
  const { epsilon = 1e-5 } = options;
  if (!(epsilon >= 0) || !Number.isFinite(epsilon)) {
    throw new OptionError(`normalizeWith: epsilon is ${epsilon}, expected a number of at least 0`);
  }
  return applyOne(normalizeWithOp, [x, ...names.map((name) => parts[name])], { epsilon });
}
