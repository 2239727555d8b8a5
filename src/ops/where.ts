// One of two tensors, element by element, as a third says.

import shader from '../../shaders/where.wgsl';
import { ShapeError } from '../core/errors.ts';
import { broadcast, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, Op, Sample } from '../graph/op.ts';
import { applyOne, constantTensor, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import type { Operand } from './binary.ts';
import { checkLayout, indicesOf, layoutOf, rankConstant } from './broadcasting.ts';
import { bytesMoved } from './copy.ts';
import { sumTo } from './reduce.ts';

type None = Record<never, never>;

const constants = ({ inputs }: CallTypes<None>) => ({ BITS: inputs[0]!.dtype === 'f32' ? 0x7fffffff : 0xffffffff });

const vec4: Kernel<None> = {
  fits: ({ inputs, outputs }) => {
    const size = sizeOf(outputs[0]!.shape);
    return size % 4 === 0 && inputs.every(({ shape }) => sizeOf(shape) === size);
  },
  plan: (types) => {
    const size = sizeOf(types.outputs[0]!.shape) / 4;
    const bindings = { condition4: input(0), a4: input(1), b4: input(2), y4: output(0) };
    const call = { bindings, params: { size }, constants: constants(types), workgroups: flatGrid(size, 64) };
    return { dispatches: [dispatch(shader, 'where_vec4', call)] };
  },
};

const naive: Kernel<None> = {
  plan: (types) => {
    const { shape } = types.outputs[0]!;
    const size = sizeOf(shape);
    const { lengths, strides } = layoutOf(
      shape,
      types.inputs.map((type) => type.shape),
    );
    const [c, a, b] = strides as [number[], number[], number[]];
    const params = {
      size,
      length_0: lengths[0] ?? 1,
      length_1: lengths[1] ?? 1,
      length_2: lengths[2] ?? 1,
      length_3: lengths[3] ?? 1,
      length_4: lengths[4] ?? 1,
      c_stride_0: c[0] ?? 0,
      c_stride_1: c[1] ?? 0,
      c_stride_2: c[2] ?? 0,
      c_stride_3: c[3] ?? 0,
      c_stride_4: c[4] ?? 0,
      c_stride_5: c[5] ?? 0,
      a_stride_0: a[0] ?? 0,
      a_stride_1: a[1] ?? 0,
      a_stride_2: a[2] ?? 0,
      a_stride_3: a[3] ?? 0,
      a_stride_4: a[4] ?? 0,
      a_stride_5: a[5] ?? 0,
      b_stride_0: b[0] ?? 0,
      b_stride_1: b[1] ?? 0,
      b_stride_2: b[2] ?? 0,
      b_stride_3: b[3] ?? 0,
      b_stride_4: b[4] ?? 0,
      b_stride_5: b[5] ?? 0,
    };
    const bindings = { condition: input(0), a: input(1), b: input(2), y: output(0) };
    const call = {
      bindings,
      params,
      constants: { ...constants(types), RANK: rankConstant(lengths.length) },
      workgroups: flatGrid(size, 64),
    };
    return { dispatches: [dispatch(shader, 'where_broadcast', call)] };
  },
};

export const whereOp: Op<None> = {
  name: 'where',
  elementwise: {
    numbers: () => [],
    wgsl([condition, a, b], _, { inputs }) {
      // By its bits, because WGSL may take a comparison of NaN for false.
      const bits = inputs[0]!.dtype === 'f32' ? `(bitcast<u32>(${condition}) & 0x7fffffffu)` : `u32(${condition})`;
      return `select(${b}, ${a}, ${bits} != 0u)`;
    },
  },
  infer([condition, a, b]) {
    expectDType('where', 'condition', condition!, 'f32', 'i32', 'u32');
    expectDType('where', 'a', a!, 'f32', 'i32', 'u32');
    if (a!.dtype !== b!.dtype) throw new ShapeError(`where: a is ${a!.dtype} and b ${b!.dtype}, expected one type`);
    const shape = broadcast('where', broadcast('where', condition!.shape, a!.shape), b!.shape);
    checkLayout('where', shape, [condition!.shape, a!.shape, b!.shape]);
    return [{ shape, dtype: a!.dtype }];
  },
  cpu([condition, a, b], [y], { inputs, outputs }) {
    const [atC, atA, atB] = inputs.map(({ shape }) => indicesOf(outputs[0]!.shape, shape));
    for (let i = 0; i < y!.length; i++) y![i] = condition![atC!(i)] !== 0 ? a![atA!(i)]! : b![atB!(i)]!;
  },
  kernels: { vec4, naive },
  grad({ dy: [dy], x: [condition, a, b], needs }) {
    if (!dy) return [null, null, null];
    return [
      null,
      needs[1] ? sumTo(where(condition!, dy, 0), a!.shape) : null,
      needs[2] ? sumTo(where(condition!, 0, dy), b!.shape) : null,
    ];
  },
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    sample([3, 5], [3, 5], [3, 5]),
    sample([4, 6], [4, 6], [4, 6]),
    sample([], [], []),
    sample([3, 1], [1, 5], [3, 5]),
    sample([4], [2, 3, 1], []),
    sample([2, 1, 3, 1], [2, 4, 1, 5], [3, 1]),
    sample([2, 1, 3, 1, 2, 1], [1, 2, 1, 2, 1, 2], [2, 2, 3, 2, 2, 2]),
    sample([5, 3], [5, 3], [1], 'i32'),
    sample([67], [67], [67], 'u32'),
    mixed('f32', 'u32'),
    mixed('u32', 'i32'),
    mixed('f32', 'i32'),
    mixed('i32', 'u32'),
    mixed('u32', 'f32'),
    mixed('f32', 'f32'),
  ],
};

/** A condition that jumps from 0 has no gradient there. */
function mixed(condition: 'f32' | 'i32' | 'u32', dtype: 'f32' | 'i32' | 'u32'): Sample<None> {
  const values = { shape: [2, 4], ...(dtype === 'f32' ? {} : { dtype, fill: { below: 1000 } }) };
  return {
    inputs: [{ shape: [2, 4], dtype: condition, fill: { below: 2 } }, values, { ...values }],
    attrs: {},
    ...(condition === 'f32' ? { kink: true as const } : {}),
  };
}

/** With a type given, all three have it; a condition of whole numbers, then, and one of f32 elsewhere. */
function sample(condition: Shape, a: Shape, b: Shape, dtype?: 'i32' | 'u32'): Sample<None> {
  const type = dtype ? { dtype, fill: { below: 1000 } } : {};
  // A condition has no gradient, so that of the samples is whole numbers where finite differences would ask for one.
  return {
    inputs: [
      { shape: condition, dtype: dtype ?? 'i32', fill: { below: 2 } },
      { shape: a, ...type },
      { shape: b, ...type },
    ],
    attrs: {},
  };
}

/**
 * a where `condition` is not 0, else b, all three broadcast by NumPy's rule: a condition as comparisons give it, or
 * whole numbers; a and b of one type but u8, or numbers. What is not chosen never shows, be it NaN. The gradient goes
 * to what was chosen. ShapeError: shapes that do not broadcast, or types.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const other = typeof a === 'number' ? b : a;
  const dtype = typeof other === 'number' ? 'f32' : other.dtype;
  return applyOne(whereOp, [condition, operand(a, dtype), operand(b, dtype)], {});
}

function operand(value: Operand, dtype: Tensor['dtype']): Tensor {
  if (typeof value !== 'number') return value;
  const fits = dtype === 'f32' ? Number.isFinite(Math.fround(value)) : Number.isInteger(value);
  if (!fits) throw new ShapeError(`where: ${value} is no ${dtype}`);
  const values =
    dtype === 'f32' ? Float32Array.of(value) : dtype === 'i32' ? Int32Array.of(value) : Uint32Array.of(value);
  return constantTensor(values, [], dtype);
}
