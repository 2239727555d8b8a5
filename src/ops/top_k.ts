// The largest or smallest elements along an axis, in order, and where they stand; sorting is all of them.

import shader from '../../shaders/top_k.wgsl';
import { checkOptions, OptionError } from '../core/errors.ts';
import { format, resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Fill, Op, Sample } from '../graph/op.ts';
import { apply, applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { type AxisAttrs, reductionOf } from './reduction.ts';
import { reshape } from './reshape.ts';
import { scatterAddOp } from './scatter_add.ts';

export interface TopKAttrs extends AxisAttrs {
  readonly count: number;
  readonly smallest: boolean;
}

function rest({ inputs, attrs }: CallTypes<TopKAttrs>, threads: (lines: number, length: number) => number) {
  const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, attrs.axis);
  return {
    bindings: { x: input(0), values: output(0), places: output(1) },
    params: { outer, length: reduced, inner, count: attrs.count },
    constants: { SMALLEST: attrs.smallest },
    workgroups: flatGrid(threads(outer * inner, reduced), 64),
  };
}

export const topKOp: Op<TopKAttrs> = {
  name: 'top_k',
  infer([x], { axis, count }) {
    expectDType('topK', 'x', x!, 'f32');
    const length = x!.shape[resolveAxis('topK', axis, x!.shape.length)]!;
    if (!Number.isInteger(count) || count < 1 || count > length) {
      throw new OptionError(
        `topK: k is ${count}, expected an integer from 1 to the ${length} elements along axis ${axis} of ${format(x!.shape)}`,
      );
    }
    const shape = x!.shape.map((n, i) => (i === axis ? count : n));
    return [
      { shape, dtype: 'f32' },
      { shape, dtype: 'i32' },
    ];
  },
  cpu([x], [values, places], { inputs, attrs: { axis, count, smallest } }) {
    const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, axis);
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < inner; c++) {
        const at = (r: number) => x![(o * reduced + r) * inner + c]!;
        const order = Array.from({ length: reduced }, (_, r) => r).sort((a, b) => {
          const larger = compare(at(b), at(a));
          return (smallest ? -larger : larger) || a - b;
        });
        for (let j = 0; j < count; j++) {
          values![(o * count + j) * inner + c] = at(order[j]!);
          places![(o * count + j) * inner + c] = order[j]!;
        }
      }
    }
  },
  kernels: {
    // Reads the line once for each element of it, where the other does so for each of the results, but with more threads.
    ranked: {
      preferred: ({ inputs, attrs: { axis, count } }, { adapter }) => {
        const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, axis);
        return adapter === 'software' ? count >= reduced : outer * inner * reduced <= 2 ** 20 && count > 1;
      },
      plan: (call) => ({
        dispatches: [
          dispatch(
            shader,
            'top_k_ranked',
            rest(call, (lines, length) => lines * length),
          ),
        ],
      }),
    },
    naive: {
      plan: (call) => ({
        dispatches: [
          dispatch(
            shader,
            'top_k',
            rest(call, (lines) => lines),
          ),
        ],
      }),
    },
  },
  grad({ dy: [dy], x: [x], y, attrs: { axis } }) {
    if (!dy) return [null];
    const { outer, reduced, inner } = reductionOf(x!.shape, axis);
    const shape = [outer, dy.shape[axis]!, inner];
    const dx = applyOne(scatterAddOp, [reshape(dy, shape), reshape(y[1]!, shape)], { axis: 1, length: reduced });
    return [reshape(dx, x!.shape)];
  },
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape) * call.attrs.count, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  // Without ties, where the gradient has a kink; the tests have them.
  samples: [
    sample([1], 0, 1, false),
    sample([7], 0, 3, false),
    sample([7], 0, 7, true),
    sample([3, 5], 1, 2, false),
    sample([3, 5], 0, 2, true),
    sample([2, 9, 4], 1, 4, false),
    sample([2, 67], 1, 67, false),
    sample([5, 130], 1, 1, true),
    sample([3, 2, 5], 0, 1, false),
    sample([2, 5, 3], 1, 5, true),
    sample([3, 5, 2], 1, 1, false),
    sample([3, 2, 5], 0, 3, false),
    sample([5], 0, 1, true),
  ],
};

/** As numbers, but NaN is the largest and -0 equals 0. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function sample(shape: Shape, axis: number, count: number, smallest: boolean): Sample<TopKAttrs> {
  const fill: Fill = 'distinct';
  return { inputs: [{ shape, fill }], attrs: { axis, count, smallest } };
}

export interface TopKOptions {
  /** From the end where negative; -1 unless given. */
  readonly axis?: number;
  /** The smallest ones instead, in rising order; false unless given. */
  readonly smallest?: boolean;
}

/**
 * The k largest elements of x along `axis`, in falling order, and their places as i32: f32 [..., n, ...] -> two of
 * [..., k, ...]. Among equals the first comes first; NaN counts as the largest (PyTorch). The values' gradient goes where
 * they came from. ShapeError: dtype or axis. OptionError: k is not between 1 and n, or an unknown option.
 */
export function topK(x: Tensor, k: number, options: TopKOptions = {}): { values: Tensor; indices: Tensor } {
  checkOptions('topK', options, ['axis', 'smallest']);
  const { axis = -1, smallest = false } = options;
  const resolved = resolveAxis('topK', axis, x.shape.length);
  const [values, indices] = apply(topKOp, [x], { axis: resolved, count: k, smallest });
  return { values: values!, indices: indices! };
}

export interface SortOptions {
  /** From the end where negative; -1 unless given. */
  readonly axis?: number;
  /** From the largest to the smallest; false unless given. */
  readonly descending?: boolean;
}

/** x in rising order along `axis`, and where each element stood; stable; else as `topK` of all elements. */
export function sort(x: Tensor, options: SortOptions = {}): { values: Tensor; indices: Tensor } {
  checkOptions('sort', options, ['axis', 'descending']);
  const { axis = -1, descending = false } = options;
  const resolved = resolveAxis('sort', axis, x.shape.length);
  return topK(x, x.shape[resolved]!, { axis: resolved, smallest: !descending });
}
