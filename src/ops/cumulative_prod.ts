// Running products along an axis, whose gradient is right where elements are zero.

import shader from '../../shaders/cumulative_prod.wgsl';
import { checkOptions } from '../core/errors.ts';
import { resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Fill, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import type { CumulativeSumAttrs, CumulativeSumOptions } from './cumulative_sum.ts';
import { reductionOf } from './reduction.ts';

/** Params, constants and workgroups of a thread a line. */
function lines({ inputs, attrs: { axis, exclusive, reverse } }: CallTypes<CumulativeSumAttrs>) {
  const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, axis);
  return {
    params: { outer, length: reduced, inner },
    constants: { EXCLUSIVE: exclusive, REVERSE: reverse },
    workgroups: flatGrid(outer * inner, 64),
  };
}

/** Calls `visit` with the places of each line in the order in which they are multiplied. */
function eachLine({ inputs, attrs: { axis, reverse } }: CallTypes<CumulativeSumAttrs>, visit: (at: number[]) => void) {
  const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, axis);
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < inner; c++) {
      const at = Array.from({ length: reduced }, (_, r) => (o * reduced + r) * inner + c);
      visit(reverse ? at.reverse() : at);
    }
  }
}

const shapes: readonly [Shape, number, Fill][] = [
  [[1], 0, 'positive'],
  [[7], 0, 'ties'], // 0, 1 and -1: several zeros to a line, one, or none
  [[3, 5], 1, { values: [0.5, -2, 0, 1.5, 3, -1, 0.25] }],
  [[5, 3], 0, { values: [1.25, -0.5, 2, 0, 0, 3, -1] }],
  [[2, 9, 4], 1, 'positive'],
  [[2, 1, 3], 1, 'normal'],
  [[1, 67], 1, { values: [1.125, -0.875, 1, -1.0625, 0.9375] }],
  [[67, 3], 0, { values: [1.125, -0.875, 1, -1.0625, 0.9375] }],
];
const ways = shapes.flatMap(([shape, axis, fill], i) =>
  [false, true].flatMap((exclusive) =>
    (i < 4 ? [false, true] : [i % 2 === 0]).map((reverse) => ({ shape, fill, attrs: { axis, exclusive, reverse } })),
  ),
);

/** A rounding for each factor: K·u of the result, and as much again for what a device may round worse. */
const factors = ({ inputs, attrs: { axis } }: CallTypes<CumulativeSumAttrs>) => 2 * inputs[0]!.shape[axis]!;

export const cumulativeProdOp: Op<CumulativeSumAttrs> = {
  name: 'cumulative_prod',
  infer([x], { axis }) {
    expectDType('cumulativeProd', 'x', x!, 'f32');
    resolveAxis('cumulativeProd', axis, x!.shape.length);
    return [{ shape: x!.shape, dtype: 'f32' }];
  },
  cpu([x], [y], call) {
    eachLine(call, (line) => {
      let before = 1;
      for (const at of line) {
        const next = before * x![at]!;
        y![at] = call.attrs.exclusive ? before : next;
        before = next;
      }
    });
  },
  kernels: {
    naive: {
      plan: (call) => ({
        dispatches: [dispatch(shader, 'cumulative_prod', { bindings: { x: input(0), y: output(0) }, ...lines(call) })],
      }),
    },
  },
  grad: ({ dy: [dy], x: [x], y: [y], attrs }) => [dy ? applyOne(cumulativeProdGradOp, [dy, x!, y!], attrs) : null],
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  accuracy: (call) => ({ kind: 'mixed', absolute: 2 ** -126, relative: factors(call) * 2 ** -24 }),
  samples: ways.map(({ shape, fill, attrs }): Sample<CumulativeSumAttrs> => ({ inputs: [{ shape, fill }], attrs })),
};

/** dy, x, y -> dx: for each element the sum of dy of the products that it is part of, times their other factors. */
export const cumulativeProdGradOp: Op<CumulativeSumAttrs> = {
  name: 'cumulative_prod_grad',
  infer([dy]) {
    expectDType('cumulativeProd gradient', 'dy', dy!, 'f32');
    return [{ shape: dy!.shape, dtype: 'f32' }];
  },
  cpu([dy, x, y], [dx], call) {
    const { exclusive } = call.attrs;
    eachLine(call, (line) => {
      let [factor, later, tail] = [0, 0, 0];
      for (let k = line.length - 1; k >= 0; k--) {
        const at = line[k]!;
        tail = (exclusive ? later : dy![at]!) + factor * tail;
        dx![at] = (exclusive ? y![at]! : k > 0 ? y![line[k - 1]!]! : 1) * tail;
        [factor, later] = [x![at]!, dy![at]!];
      }
    });
  },
  kernels: {
    naive: {
      plan: (call) => ({
        dispatches: [
          dispatch(shader, 'cumulative_prod_grad', {
            bindings: { dy: input(0), x: input(1), product: input(2), dx: output(0) },
            ...lines(call),
          }),
        ],
      }),
    },
  },
  grad: null, // a second derivative, which nothing asks for
  cost: (call) => ({ flops: 3 * sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  // A sum of products of its inputs, each of as many factors as the line is long, a rounding for each.
  accuracy: { kind: 'sum', terms: (call) => factors(call) ** 2 },
  samples: ways.map(({ shape, fill, attrs }): Sample<CumulativeSumAttrs> => ({
    inputs: [{ shape }, { shape, fill }, { shape, fill }],
    attrs,
  })),
};

/**
 * y[…, r, …] = Π of x[…, s, …] over s ≤ r along `axis`; options as of `cumulativeSum`, but that with `exclusive` the first
 * is 1. f32 of any shape but []. The gradient is right where elements are 0. ShapeError: dtype or axis.
 */
export function cumulativeProd(x: Tensor, options: CumulativeSumOptions = {}): Tensor {
  checkOptions('cumulativeProd', options, ['axis', 'exclusive', 'reverse']);
  const { axis = -1, exclusive = false, reverse = false } = options;
  const resolved = resolveAxis('cumulativeProd', axis, x.shape.length);
  return applyOne(cumulativeProdOp, [x], { axis: resolved, exclusive, reverse });
}

export const cumulativeProdOps = [cumulativeProdOp, cumulativeProdGradOp] as const;
