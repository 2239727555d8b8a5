// Rows or elements added up where indices say: the gradient of gathers, in a fixed order and without float atomics.

import shader from '../../shaders/scatter.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Fill, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { gatherOp, takeAlongAxisOp } from './gather.ts';
import { type AxisAttrs, reductionOf } from './reduction.ts';
import { wrapped } from './row_indices.ts';

export interface ScatterAddAttrs extends AxisAttrs {
  /** Of the result along the axis. */
  readonly length: number;
}

export interface ScatterSizes {
  readonly size: number;
  readonly inner: number;
  /** Of x along the axis. */
  readonly count: number;
  /** Of the result along the axis. */
  readonly length: number;
}

/** Whether there is an index for each element, not for each place along the axis. */
export function perElement(x: Shape, indices: Shape): boolean {
  return x.length > 1 && equal(x, indices);
}

function sizesOf({ inputs, attrs: { axis, length } }: CallTypes<ScatterAddAttrs>): ScatterSizes {
  const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, axis);
  return { size: outer * length * inner, inner, count: reduced, length };
}

const elementwise = ({ inputs }: CallTypes<ScatterAddAttrs>) => perElement(inputs[0]!.shape, inputs[1]!.shape);

/** The passes of the sorted form; scratch 0 to 3 are cursors, starts, placed and ordered. */
function sortedPlan(call: CallTypes<ScatterAddAttrs>) {
  const sizes = sizesOf(call);
  const { length, count, inner } = sizes;
  const over = (threads: number) => ({ params: sizes, workgroups: flatGrid(threads, 64) });
  const [cursors, starts, placed, ordered] = [scratch(0), scratch(1), scratch(2), scratch(3)];
  const indices = input(1);
  const vectors = inner % 4 === 0;
  const four = { ...sizes, inner: inner / 4, size: sizes.size / 4 };
  const found = { ends: cursors, begins: starts, order: ordered };
  return {
    scratch: [4 * (length + 1), 4 * length, 4 * count, 4 * count],
    dispatches: [
      dispatch(shader, 'scatter_clear', { bindings: { cleared: cursors }, ...over(length + 1) }),
      dispatch(shader, 'scatter_count', { bindings: { cursors, indices }, ...over(count) }),
      dispatch(shader, 'scatter_allocate', { bindings: { cursors, starts }, ...over(length) }),
      dispatch(shader, 'scatter_place', { bindings: { cursors, placed, indices }, ...over(count) }),
      dispatch(shader, 'scatter_order', {
        bindings: { indices, ends: cursors, begins: starts, found: placed, ordered },
        ...over(count),
      }),
      vectors
        ? dispatch(shader, 'scatter_sum_vec4', {
            bindings: { x4: input(0), y4: output(0), ...found },
            params: four,
            workgroups: flatGrid(four.size, 64),
          })
        : dispatch(shader, 'scatter_sum', { bindings: { x: input(0), y: output(0), ...found }, ...over(sizes.size) }),
    ],
  };
}

/** x [outer…, count, inner…] and indices i32, [count] or of x's shape -> y with `length` in place of count. */
export const scatterAddOp: Op<ScatterAddAttrs> = {
  name: 'scatter_add',
  infer([x, indices], { axis, length }) {
    expectDType('scatterAdd', 'x', x!, 'f32');
    expectDType('scatterAdd', 'indices', indices!, 'i32');
    const count = x!.shape[axis]!;
    if (!equal(indices!.shape, [count]) && !equal(indices!.shape, x!.shape)) {
      throw new ShapeError(
        `scatterAdd: indices are ${format(indices!.shape)}, expected ${format([count])} or ${format(x!.shape)}`,
      );
    }
    return [{ shape: x!.shape.map((n, i) => (i === axis ? length : n)), dtype: 'f32' }];
  },
  cpu([x, indices], [y], call) {
    const { inner, count, length } = sizesOf(call);
    const each = elementwise(call);
    y!.fill(0);
    for (let i = 0; i < x!.length; i++) {
      const row = Math.floor(i / inner);
      const [o, k] = [Math.floor(row / count), row % count];
      const to = (o * length + wrapped(indices![each ? i : k]!, length)) * inner + (i % inner);
      y![to] = y![to]! + x![i]!;
    }
  },
  kernels: {
    sorted: {
      fits: (call) => !elementwise(call),
      preferred(call) {
        const { size, count } = sizesOf(call);
        return size * count >= 2 ** 18;
      },
      plan: sortedPlan,
    },
    vec4: {
      fits: (call) => !elementwise(call) && sizesOf(call).inner % 4 === 0,
      plan(call) {
        const sizes = sizesOf(call);
        const params = { ...sizes, size: sizes.size / 4, inner: sizes.inner / 4 };
        const bindings = { x4: input(0), indices: input(1), y4: output(0) };
        return {
          dispatches: [
            dispatch(shader, 'scatter_add_vec4', { bindings, params, workgroups: flatGrid(params.size, 64) }),
          ],
        };
      },
    },
    naive: {
      plan(call) {
        const params = sizesOf(call);
        const rest = { params, constants: { PER_ELEMENT: elementwise(call) }, workgroups: flatGrid(params.size, 64) };
        const bindings = { x: input(0), indices: input(1), y: output(0) };
        return { dispatches: [dispatch(shader, 'scatter_add', { bindings, ...rest })] };
      },
    },
  },
  grad({ dy: [dy], x: [x, indices], attrs: { axis } }) {
    if (!dy) return [null, null];
    const op = perElement(x!.shape, indices!.shape) ? takeAlongAxisOp : gatherOp;
    return [applyOne(op, [dy, indices!], { axis }), null];
  },
  cost: ({ inputs, outputs }) => {
    const size = sizeOf(inputs[0]!.shape);
    return { flops: size, bytes: 4 * (size + sizeOf(inputs[1]!.shape) + sizeOf(outputs[0]!.shape)) };
  },
  accuracy: { kind: 'sum', terms: ({ inputs, attrs: { axis } }) => inputs[0]!.shape[axis]! },
  samples: [
    sample([4, 3], [4], 0, 5, { values: [4, 0, -1, 2] }),
    sample([1], [1], 0, 1, { values: [0] }),
    sample([9], [9], 0, 3, { below: 3 }),
    sample([2, 6, 4], [6], 1, 5, { below: 5 }),
    sample([2, 5, 3], [5], 1, 4, { values: [99, -99, 3, -4, 1] }),
    sample([6, 5], [6], 0, 1, { values: [0] }),
    sample([130, 20], [130], 0, 67, { below: 67 }),
    sample([300, 7], [300], 0, 9, { below: 4 }),
    sample([3, 2], [3, 2], 1, 5, { values: [4, 0, -1, 2, 2] }),
    sample([4, 5], [4, 5], 0, 3, { below: 3 }),
    sample([2, 5, 4], [2, 5, 4], 1, 3, { below: 3 }),
    sample([3, 3, 3], [3], 2, 1, { below: 1 }),
    sample([4, 2, 2], [4, 2, 2], 1, 1, { below: 1 }),
    sample([3, 2, 4], [3], 0, 1, { below: 1 }),
  ],
};

function sample(shape: Shape, indices: Shape, axis: number, length: number, fill: Fill): Sample<ScatterAddAttrs> {
  return { inputs: [{ shape }, { shape: indices, dtype: 'i32', fill }], attrs: { axis, length } };
}

/** Σ x over the places k along `axis` whose index is v, for v from 0 to length − 1; the order is always the same. */
export function scatterAdd(x: Tensor, indices: Tensor, axis: number, length: number): Tensor {
  return applyOne(scatterAddOp, [x, indices], { axis, length });
}
