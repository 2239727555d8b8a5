// What slices, transposes, repeats and splits have in common: each element of the result is one of x's, found by a
// stride for each axis. Words of 32 bits are copied, so any dtype but u8 is.

import shader from '../../shaders/strided.wgsl';
import { ShapeError } from '../core/errors.ts';
import { format, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel } from '../graph/op.ts';
import { expectDType, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

/** y[i0, i1, …] = x[offset + Σ strides[k]·ik], for y of `shape`. */
export interface StridedView {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Merged axes that the shader can count. */
const maxAxes = 8;

/** Axes from the innermost out, merged where x steps evenly through them. */
export function mergedAxes({ shape, strides }: StridedView): { lengths: number[]; strides: number[] } {
  const merged = { lengths: [] as number[], strides: [] as number[] };
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    if (length === 1) continue;
    const inner = merged.lengths.length - 1;
    if (inner >= 0 && strides[axis] === merged.strides[inner]! * merged.lengths[inner]!) {
      merged.lengths[inner]! *= length;
    } else {
      merged.lengths.push(length);
      merged.strides.push(strides[axis]!);
    }
  }
  if (merged.lengths.length === 0) return { lengths: [1], strides: [1] };
  return merged;
}

/** Throws unless x has words of 32 bits and the shader can count the view's axes. */
export function checkStrided(where: string, x: TensorType, view: StridedView): void {
  expectDType(where, 'x', x, 'f32', 'i32', 'u32');
  const axes = mergedAxes(view).lengths.length;
  if (axes > maxAxes) {
    throw new ShapeError(`${where}: ${format(view.shape)} takes ${axes} axes apart, expected ${maxAxes} at most`);
  }
}

/** For the reference: calls `visit(element of y, element of x)` for every element of y in order. */
export function eachElement({ shape, strides, offset }: StridedView, visit: (y: number, x: number) => void): void {
  const size = sizeOf(shape);
  const coordinates = shape.map(() => 0);
  for (let y = 0, x = offset; y < size; y++) {
    visit(y, x);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      x += strides[axis]!;
      if (++coordinates[axis]! < shape[axis]!) break;
      x -= strides[axis]! * shape[axis]!;
      coordinates[axis] = 0;
    }
  }
}

/** Whether x and y can be taken four elements at a time. */
export function viewInVectors(view: StridedView): boolean {
  const { lengths, strides } = mergedAxes(view);
  const whole = (value: number) => value % 4 === 0;
  return strides[0] === 1 && whole(lengths[0]!) && strides.slice(1).every(whole) && whole(view.offset);
}

const ranks = [1, 2, 3, 4];

export function stridedDispatch(view: StridedView, lanes: 1 | 4, x: BufferRef, y: BufferRef): Dispatch {
  const { lengths, strides } = mergedAxes(view);
  const size = sizeOf(view.shape) / lanes;
  const length = (axis: number) => (axis === 0 ? lengths[0]! / lanes : (lengths[axis] ?? 1));
  const stride = (axis: number) => (axis === 0 ? strides[0]! : (strides[axis] ?? 0) / lanes);
  const params = {
    size,
    offset: view.offset / lanes,
    length_0: length(0),
    length_1: length(1),
    length_2: length(2),
    length_3: length(3),
    length_4: length(4),
    length_5: length(5),
    length_6: length(6),
    stride_0: stride(0),
    stride_1: stride(1),
    stride_2: stride(2),
    stride_3: stride(3),
    stride_4: stride(4),
    stride_5: stride(5),
    stride_6: stride(6),
    stride_7: stride(7),
  };
  const constants = { RANK: ranks.includes(lengths.length) ? lengths.length : maxAxes };
  const call = { params, constants, workgroups: flatGrid(size, 64) };
  return lanes === 4
    ? dispatch(shader, 'strided_vec4', { bindings: { x4: x, y4: y }, ...call })
    : dispatch(shader, 'strided', { bindings: { x, y }, ...call });
}

/** Kernels of an op that reads input 0 through one view. */
export function stridedKernels<A>(viewOf: (call: CallTypes<A>) => StridedView): Record<string, Kernel<A>> {
  return {
    vec4: {
      fits: (call) => viewInVectors(viewOf(call)),
      plan: (call) => ({ dispatches: [stridedDispatch(viewOf(call), 4, input(0), output(0))] }),
    },
    naive: { plan: (call) => ({ dispatches: [stridedDispatch(viewOf(call), 1, input(0), output(0))] }) },
  };
}
