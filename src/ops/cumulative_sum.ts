// Running sums along an axis.

import shader from '../../shaders/cumulative_sum.wgsl';
import { checkOptions } from '../core/errors.ts';
import { resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { type AxisAttrs, reductionOf, threadSegments, whole } from './reduction.ts';

export interface CumulativeSumAttrs extends AxisAttrs {
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

const sizesOf = ({ inputs, attrs }: CallTypes<CumulativeSumAttrs>) => reductionOf(inputs[0]!.shape, attrs.axis);

const constants = ({ attrs: { exclusive, reverse } }: CallTypes<CumulativeSumAttrs>) => ({
  EXCLUSIVE: exclusive,
  REVERSE: reverse,
});

export const cumulativeSumOp: Op<CumulativeSumAttrs> = {
  name: 'cumulative_sum',
  infer([x], { axis }) {
    expectDType('cumulativeSum', 'x', x!, 'f32');
    resolveAxis('cumulativeSum', axis, x!.shape.length);
    return [{ shape: x!.shape, dtype: 'f32' }];
  },
  cpu([x], [y], call) {
    const { outer, reduced, inner } = sizesOf(call);
    const { exclusive, reverse } = call.attrs;
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < inner; c++) {
        let sum = 0;
        for (let n = 0; n < reduced; n++) {
          const at = (o * reduced + (reverse ? reduced - 1 - n : n)) * inner + c;
          const before = sum;
          sum += x![at]!;
          y![at] = exclusive ? before : sum;
        }
      }
    }
  },
  kernels: {
    split: {
      preferred(call) {
        const { outer, reduced, inner } = sizesOf(call);
        return outer * inner < 1024 && reduced >= 256;
      },
      plan(call) {
        const size = sizesOf(call);
        const { segments, perSegment } = threadSegments(size);
        const { outer, reduced, inner } = size;
        const threads = outer * segments * inner;
        const rest = {
          params: { outer, length: reduced, inner, segments, per_segment: perSegment },
          constants: constants(call),
          workgroups: flatGrid(threads, 64),
        };
        return {
          scratch: [4 * threads],
          dispatches: [
            dispatch(shader, 'cumulative_sum_totals', {
              bindings: { x: input(0), totals: scratch(0) },
              ...rest,
              constants: { REVERSE: call.attrs.reverse },
            }),
            dispatch(shader, 'cumulative_sum_segments', {
              bindings: { x: input(0), before: scratch(0), y: output(0) },
              ...rest,
            }),
          ],
        };
      },
    },
    naive: {
      plan(call) {
        const { outer, reduced, inner } = sizesOf(call);
        const { segments, perSegment } = whole(reduced);
        return {
          dispatches: [
            dispatch(shader, 'cumulative_sum', {
              bindings: { x: input(0), y: output(0) },
              params: { outer, length: reduced, inner, segments, per_segment: perSegment },
              constants: constants(call),
              workgroups: flatGrid(outer * inner, 64),
            }),
          ],
        };
      },
    },
  },
  grad: ({ dy: [dy], attrs }) => [dy ? applyOne(cumulativeSumOp, [dy], { ...attrs, reverse: !attrs.reverse }) : null],
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  accuracy: { kind: 'sum', terms: ({ inputs, attrs: { axis } }) => inputs[0]!.shape[axis]! },
  samples: [
    sample([1], 0, false, false),
    sample([7], 0, false, false),
    sample([7], 0, true, false),
    sample([3, 5], 1, false, true),
    sample([3, 5], 0, true, true),
    sample([2, 9, 4], 1, false, false),
    sample([2, 1, 3], 1, true, false),
    sample([1, 67], 1, true, true),
    sample([1027], 0, false, false),
    sample([3, 700, 5], 1, true, true),
    sample([2, 521], 1, false, true),
    sample([3, 2, 5], 0, false, false),
    sample([5, 3, 2], 2, true, false),
    sample([5], 0, false, true),
  ],
};

function sample(shape: Shape, axis: number, exclusive: boolean, reverse: boolean): Sample<CumulativeSumAttrs> {
  return { inputs: [{ shape }], attrs: { axis, exclusive, reverse } };
}

export interface CumulativeSumOptions {
  /** From the end where negative; -1 unless given. */
  readonly axis?: number;
  /** Leaves each element itself out, so that the first is 0; false unless given. */
  readonly exclusive?: boolean;
  /** Sums from the end; false unless given. */
  readonly reverse?: boolean;
}

/** y[…, r, …] = Σ of x[…, s, …] over s ≤ r along `axis`: f32 of any shape but []. ShapeError: dtype or axis. */
export function cumulativeSum(x: Tensor, options: CumulativeSumOptions = {}): Tensor {
  checkOptions('cumulativeSum', options, ['axis', 'exclusive', 'reverse']);
  const { axis = -1, exclusive = false, reverse = false } = options;
  const resolved = resolveAxis('cumulativeSum', axis, x.shape.length);
  return applyOne(cumulativeSumOp, [x], { axis: resolved, exclusive, reverse });
}
