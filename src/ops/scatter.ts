// A tensor with some of its elements replaced by, or combined with, others where indices say.

import shader from '../../shaders/scatter.wgsl';
import { checkOptions, OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { equal, format, resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, GradCall, Kernel, KernelPlan, Op } from '../graph/op.ts';
import { applyOne, constantTensor, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { add, div, equal as equals, mul } from './binary.ts';
import { bytesMoved } from './copy.ts';
import { full } from './full.ts';
import { gatherOp, takeAlongAxisOp } from './gather.ts';
import { type AxisAttrs, reductionOf } from './reduction.ts';
import { broadcastTo } from './reduce.ts';
import { reshape } from './reshape.ts';
import { rowIndices, wrapped } from './row_indices.ts';
import { perElement, scatterAddOp, type ScatterSizes } from './scatter_add.ts';
import { combiningSamples, replacingSamples } from './scatter_samples.ts';
import { where } from './where.ts';

/** What becomes of an element and those scattered onto it: the last of them, or all in one. */
export type ScatterReduction = 'none' | 'add' | 'mul' | 'max' | 'min';

/** 'add' is composed of `scatter_add`, which knows a faster way. */
type Combination = Exclude<ScatterReduction, 'add'>;

export interface ScatterAttrs extends AxisAttrs {
  readonly reduction: Combination;
}

const combinations: Readonly<Record<Combination, { wgsl: string; reference(a: number, b: number): number }>> = {
  none: { wgsl: 'b', reference: (_, b) => b },
  mul: { wgsl: 'a * b', reference: (a, b) => a * b },
  max: { wgsl: 'max(a, b)', reference: Math.max },
  min: { wgsl: 'min(a, b)', reference: Math.min },
};

function sizesOf({ inputs, attrs: { axis } }: CallTypes<ScatterAttrs>): ScatterSizes {
  const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, axis);
  return { size: outer * reduced * inner, inner, count: inputs[2]!.shape[axis]!, length: reduced };
}

const elementwise = ({ inputs }: CallTypes<ScatterAttrs>) => perElement(inputs[2]!.shape, inputs[1]!.shape);

/** The passes of the claimed form; the claims are its scratch. */
function claimedPlan(call: CallTypes<ScatterAttrs>): KernelPlan {
  const params = sizesOf(call);
  const each = elementwise(call);
  const cells = each ? params.size : params.length;
  const constants = { PER_ELEMENT: each };
  const threads = each ? sizeOf(call.inputs[2]!.shape) : params.count;
  return {
    scratch: [4 * cells],
    dispatches: [
      // It clears length + 1.
      dispatch(shader, 'scatter_clear', {
        bindings: { cleared: scratch(0) },
        params: { ...params, length: cells - 1 },
        workgroups: flatGrid(cells, 64),
      }),
      dispatch(shader, 'scatter_claim', {
        bindings: { claims: scratch(0), indices: input(1) },
        params,
        constants,
        workgroups: flatGrid(threads, 64),
      }),
      dispatch(shader, 'scatter_claimed', {
        bindings: { data: input(0), x: input(2), claimed: scratch(0), y: output(0) },
        params,
        constants,
        workgroups: flatGrid(params.size, 64),
      }),
    ],
  };
}

const naive: Kernel<ScatterAttrs> = {
  plan(call) {
    const params = sizesOf(call);
    return {
      dispatches: [
        dispatch(shader, 'scatter', {
          bindings: { data: input(0), indices: input(1), x: input(2), y: output(0) },
          params,
          constants: { PER_ELEMENT: elementwise(call) },
          hooks: { combine: combinations[call.attrs.reduction].wgsl },
          workgroups: flatGrid(params.size, 64),
        }),
      ],
    };
  },
};

/** Replaces: data [outer…, length, inner…], indices i32, [count] or of updates' shape, updates [outer…, count, inner…] -> data's shape. */
export const scatterOp: Op<ScatterAttrs> = {
  name: 'scatter',
  infer([data, indices, updates], { axis }) {
    expectDType('scatter', 'data', data!, 'f32');
    expectDType('scatter', 'indices', indices!, 'i32');
    expectDType('scatter', 'updates', updates!, 'f32');
    const count = updates!.shape[axis]!;
    const fits =
      data!.shape.length === updates!.shape.length &&
      data!.shape.every((n, i) => i === axis || n === updates!.shape[i]);
    if (!fits || (!equal(indices!.shape, [count]) && !equal(indices!.shape, updates!.shape))) {
      throw new ShapeError(
        `scatter: data are ${format(data!.shape)}, indices ${format(indices!.shape)}, updates ${format(updates!.shape)}; expected data's shape for all except along axis ${axis}`,
      );
    }
    return [{ shape: data!.shape, dtype: 'f32' }];
  },
  cpu([data, indices, updates], [y], call) {
    const { inner, count, length } = sizesOf(call);
    const each = elementwise(call);
    const { reference } = combinations[call.attrs.reduction];
    y!.set(data!);
    for (let i = 0; i < updates!.length; i++) {
      const row = Math.floor(i / inner);
      const [o, k] = [Math.floor(row / count), row % count];
      const to = (o * length + wrapped(indices![each ? i : k]!, length)) * inner + (i % inner);
      y![to] = reference(y![to]!, updates![i]!);
    }
  },
  kernels: {
    // As fast as the other at 2¹² on a software adapter, 5 times as fast at 2¹⁸, 80 times at 2²⁴.
    claimed: {
      preferred(call) {
        const { size, count } = sizesOf(call);
        return size * count >= 2 ** 15;
      },
      plan: claimedPlan,
    },
    naive,
  },
  grad: (call) => (call.dy[0] ? replacedGrad(call, call.dy[0]) : [null, null, null]),
  cost: (call) => ({ flops: sizeOf(call.inputs[2]!.shape), bytes: bytesMoved(call) }),
  accuracy: ({ attrs }) =>
    attrs.reduction === 'mul' ? { kind: 'mixed', absolute: 0, relative: 2 ** -20 } : { kind: 'exact' },
  samples: replacingSamples,
};

/** The same with the other reductions. */
export const scatterCombineOp: Op<ScatterAttrs> = {
  ...scatterOp,
  name: 'scatter_combine',
  kernels: { naive },
  grad: (call) => (call.dy[0] ? combinedGrad(call, call.dy[0]) : [null, null, null]),
  samples: combiningSamples,
};

/** Where nothing came, dy goes to the data; elsewhere to the last update that came there. */
function replacedGrad({ x, attrs: { axis }, needs }: GradCall<ScatterAttrs>, dy: Tensor): (Tensor | null)[] {
  const [data, indices, updates] = x as [Tensor, Tensor, Tensor];
  const each = perElement(updates.shape, indices.shape);
  // Which update each element holds, by its number along the axis; -1 for none. Rows that move as a whole share one.
  const along = (shape: Shape) => shape.map((n, i) => (i === axis ? n : 1));
  const numbers = Float32Array.from({ length: updates.shape[axis]! }, (_, k) => k);
  const numbered = constantTensor(numbers, along(updates.shape), 'f32');
  const number = each ? broadcastTo(numbered, updates.shape) : numbered;
  const holder = full(each ? data.shape : along(data.shape), -1);
  const held = applyOne<ScatterAttrs>(scatterOp, [holder, indices, number], { axis, reduction: 'none' });
  const pick = each ? takeAlongAxisOp : gatherOp;
  const won = () => equals(applyOne(pick, [held, indices], { axis }), number);
  return [
    needs[0] ? mul(dy, equals(held, -1)) : null,
    null,
    needs[2] ? mul(applyOne(pick, [dy, indices], { axis }), won()) : null,
  ];
}

/** Of 'mul': dy times the other factors. Of 'max' and 'min': dy in equal shares to all that are the result (PyTorch). */
function combinedGrad({ x, y, attrs: { axis, reduction }, needs }: GradCall<ScatterAttrs>, dy: Tensor) {
  const [data, indices, updates] = x as [Tensor, Tensor, Tensor];
  const pick = perElement(updates.shape, indices.shape) ? takeAlongAxisOp : gatherOp;
  const picked = (all: Tensor) => applyOne(pick, [all, indices], { axis });
  const added = (parts: Tensor) => applyOne(scatterAddOp, [parts, indices], { axis, length: data.shape[axis]! });
  let ofData: Tensor;
  let ofUpdates: Tensor;
  if (reduction === 'mul') {
    // The product of those that are not 0: divided by a factor, it is that of the others. Beside one 0 only this 0 has a
    // gradient, and beside two nothing has.
    const [noData, noUpdate] = [equals(data, 0), equals(updates, 0)];
    const zeros = add(noData, added(noUpdate));
    const own = [where(noData, 1, data), where(noUpdate, 1, updates)] as const;
    const product = applyOne(scatterCombineOp, [own[0], indices, own[1]], { axis, reduction });
    const share = mul(dy, product);
    const others = (isZero: Tensor, factor: Tensor, count: Tensor, all: Tensor) =>
      mul(div(all, factor), equals(count, isZero));
    ofData = others(noData, own[0], zeros, share);
    ofUpdates = others(noUpdate, own[1], picked(zeros), picked(share));
  } else {
    const [isData, isUpdate] = [equals(data, y[0]!), equals(updates, picked(y[0]!))];
    const share = div(dy, add(isData, added(isUpdate)));
    ofData = mul(share, isData);
    ofUpdates = mul(picked(share), isUpdate);
  }
  return [needs[0] ? ofData : null, null, needs[2] ? ofUpdates : null];
}

export interface ScatterOptions {
  /** 'none' unless given: the last update in order takes the place. */
  readonly reduction?: ScatterReduction;
}

function scattered(data: Tensor, indices: Tensor, updates: Tensor, axis: number, reduction: ScatterReduction): Tensor {
  if (reduction === 'add') {
    const sums = applyOne(scatterAddOp, [updates, indices], { axis, length: data.shape[axis]! });
    return add(data, sums);
  }
  return applyOne(reduction === 'none' ? scatterOp : scatterCombineOp, [data, indices, updates], { axis, reduction });
}

function checkReduction(where: string, options: ScatterOptions, known: readonly string[]): ScatterReduction {
  checkOptions(where, options, known);
  const { reduction = 'none' } = options;
  const names = [...Object.keys(combinations), 'add'];
  if (!names.includes(reduction)) {
    const near = suggestion(reduction, names);
    throw new OptionError(`${where}: unknown reduction '${reduction}'${near}; known: ${names.join(', ')}`);
  }
  return reduction;
}

/**
 * data with data[…, indices[…, k, …], …] replaced by updates[…, k, …] (ONNX's ScatterElements), or combined with it as
 * `reduction` says: f32 data; indices i32 and updates f32 of one shape, which is data's except along `axis` (0 unless
 * given). Where several updates meet, they come in the order of k, so the last replaces the others. Indices as in
 * `gather`. The gradient of 'max' and 'min' goes in equal shares to all that are the result. ShapeError: shapes, dtypes or
 * axis. OptionError: an unknown reduction.
 */
export function scatterElements(
  data: Tensor,
  indices: Tensor,
  updates: Tensor,
  options: ScatterOptions & { readonly axis?: number } = {},
): Tensor {
  const reduction = checkReduction('scatterElements', options, ['axis', 'reduction']);
  const axis = resolveAxis('scatterElements', options.axis ?? 0, data.shape.length);
  if (!equal(indices.shape, updates.shape)) {
    throw new ShapeError(
      `scatterElements: indices are ${format(indices.shape)}, updates ${format(updates.shape)}, expected one shape`,
    );
  }
  return scattered(data, indices, updates, axis, reduction);
}

/**
 * data with the rows data[indices[i…]] replaced by updates[i…], or combined with them (ONNX's ScatterND): indices i32
 * […, d] name the first d axes of data, updates are f32 […, the rest of data's axes]. Order, indices and gradients as
 * in `scatterElements`. ShapeError: shapes or dtypes. OptionError: an unknown reduction.
 */
export function scatterNd(data: Tensor, indices: Tensor, updates: Tensor, options: ScatterOptions = {}): Tensor {
  const reduction = checkReduction('scatterNd', options, ['reduction']);
  const { rows, named, rest } = rowIndices('scatterNd', data.shape, indices);
  const expected = [...indices.shape.slice(0, -1), ...rest];
  if (!equal(updates.shape, expected)) {
    throw new ShapeError(`scatterNd: updates are ${format(updates.shape)}, expected ${format(expected)}`);
  }
  const count = sizeOf(rows.shape);
  const flat = scattered(
    reshape(data, [sizeOf(named), ...rest]),
    reshape(rows, [count]),
    reshape(updates, [count, ...rest]),
    0,
    reduction,
  );
  return reshape(flat, data.shape);
}

export const scatterOps = [scatterAddOp, scatterOp, scatterCombineOp] as const;
