// How the gradient of a slice is computed on a GPU.

import shader from '../../shaders/slice.wgsl';
import { type Shape, sizeOf, stridesOf } from '../core/shape.ts';
import type { CallTypes, Kernel } from '../graph/op.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

export interface SliceAttrs {
  /** For every axis: the first element, how many, and how far apart (negative: backwards). */
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
  readonly steps: readonly number[];
}

export interface SliceGradAttrs extends SliceAttrs {
  /** Of the tensor that was sliced. */
  readonly shape: Shape;
}

/** What the kernel needs of one axis or several merged ones. */
interface GradAxis {
  readonly length: number;
  readonly low: number;
  readonly step: number;
  readonly count: number;
  readonly stride: number;
}

/** Axes from the innermost out; one that is taken whole joins an outer one taken in steps of 1. */
export function gradAxes({ shape, starts, sizes, steps }: SliceGradAttrs): { axes: GradAxis[]; offset: number } {
  const strides = stridesOf(sizes);
  const axes: GradAxis[] = [];
  let offset = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [length, count] = [shape[axis]!, sizes[axis]!];
    if (length === 1) continue;
    const backwards = steps[axis]! < 0;
    const low = backwards ? starts[axis]! + (count - 1) * steps[axis]! : starts[axis]!;
    if (backwards) offset += (count - 1) * strides[axis]!;
    const step = count === 1 ? 1 : Math.abs(steps[axis]!);
    const stride = backwards ? -strides[axis]! : strides[axis]!;
    const inner = axes.at(-1);
    if (inner && inner.count === inner.length && step === 1 && stride === inner.stride * inner.count) {
      const n = inner.length;
      axes[axes.length - 1] = { length: length * n, low: low * n, step: 1, count: count * n, stride: inner.stride };
    } else axes.push({ length, low, step, count, stride });
  }
  if (axes.length === 0) axes.push({ length: 1, low: 0, step: 1, count: 1, stride: 1 });
  return { axes, offset };
}

/** Merged axes that the shader can count. */
export const maxGradAxes = 8;

function gradInVectors({ attrs }: CallTypes<SliceGradAttrs>): boolean {
  const { axes, offset } = gradAxes(attrs);
  const [inner, ...outer] = axes as [GradAxis, ...GradAxis[]];
  return (
    inner.step === 1 &&
    inner.stride === 1 &&
    [inner.length, inner.low, inner.count, offset, ...outer.map(({ stride }) => stride)].every((n) => n % 4 === 0)
  );
}

function gradDispatch({ attrs }: CallTypes<SliceGradAttrs>, lanes: 1 | 4) {
  const { axes, offset } = gradAxes(attrs);
  const size = sizeOf(attrs.shape) / lanes;
  const scaled = axes.map((axis, i) =>
    i === 0
      ? { ...axis, length: axis.length / lanes, low: axis.low / lanes, count: axis.count / lanes }
      : { ...axis, stride: axis.stride / lanes },
  );
  const of = (field: keyof GradAxis, axis: number) =>
    scaled[axis]?.[field] ?? (field === 'low' || field === 'stride' ? 0 : 1);
  const params = {
    size,
    offset: offset / lanes,
    length_0: of('length', 0),
    length_1: of('length', 1),
    length_2: of('length', 2),
    length_3: of('length', 3),
    length_4: of('length', 4),
    length_5: of('length', 5),
    length_6: of('length', 6),
    low_0: of('low', 0),
    low_1: of('low', 1),
    low_2: of('low', 2),
    low_3: of('low', 3),
    low_4: of('low', 4),
    low_5: of('low', 5),
    low_6: of('low', 6),
    low_7: of('low', 7),
    step_0: of('step', 0),
    step_1: of('step', 1),
    step_2: of('step', 2),
    step_3: of('step', 3),
    step_4: of('step', 4),
    step_5: of('step', 5),
    step_6: of('step', 6),
    step_7: of('step', 7),
    count_0: of('count', 0),
    count_1: of('count', 1),
    count_2: of('count', 2),
    count_3: of('count', 3),
    count_4: of('count', 4),
    count_5: of('count', 5),
    count_6: of('count', 6),
    count_7: of('count', 7),
    stride_0: of('stride', 0),
    stride_1: of('stride', 1),
    stride_2: of('stride', 2),
    stride_3: of('stride', 3),
    stride_4: of('stride', 4),
    stride_5: of('stride', 5),
    stride_6: of('stride', 6),
    stride_7: of('stride', 7),
  };
  const RANK = axes.length <= 4 ? axes.length : maxGradAxes;
  const call = {
    params,
    constants: { RANK, STEPS: axes.some(({ step }) => step !== 1) },
    workgroups: flatGrid(size, 64),
  };
  return lanes === 4
    ? dispatch(shader, 'slice_grad_vec4', { bindings: { dy4: input(0), dx4: output(0) }, ...call })
    : dispatch(shader, 'slice_grad', { bindings: { dy: input(0), dx: output(0) }, ...call });
}

export const sliceGradKernels: Readonly<Record<string, Kernel<SliceGradAttrs>>> = {
  vec4: { fits: gradInVectors, plan: (call) => ({ dispatches: [gradDispatch(call, 4)] }) },
  naive: { plan: (call) => ({ dispatches: [gradDispatch(call, 1)] }) },
};
