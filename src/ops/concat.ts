// Tensors joined along an axis, and one taken apart: each the other's gradient.

import shader from '../../shaders/concat.wgsl';
import { ShapeError } from '../core/errors.ts';
import { format, resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, Op, Sample } from '../graph/op.ts';
import { apply, applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { full } from './full.ts';
import { type StridedView, stridedDispatch, viewInVectors } from './strided.ts';

export interface ConcatAttrs {
  /** Non-negative. */
  readonly axis: number;
}

export interface SplitAttrs extends ConcatAttrs {
  /** The lengths of the parts along the axis. */
  readonly sizes: readonly number[];
}

/** Where part i lies in each row of the whole, seen as [outer, total], in elements. */
interface Part {
  readonly outer: number;
  readonly width: number;
  readonly offset: number;
  readonly total: number;
}

function partsOf(whole: Shape, axis: number, lengths: readonly number[]): Part[] {
  const outer = sizeOf(whole.slice(0, axis));
  const inner = sizeOf(whole.slice(axis + 1));
  let offset = 0;
  return lengths.map((length) => {
    const part = { outer, width: length * inner, offset, total: whole[axis]! * inner };
    offset += length * inner;
    return part;
  });
}

function concatParts({ inputs, outputs, attrs: { axis } }: CallTypes<ConcatAttrs>): Part[] {
  return partsOf(
    outputs[0]!.shape,
    axis,
    inputs.map(({ shape }) => shape[axis]!),
  );
}

const partInVectors = ({ width, offset, total }: Part) => width % 4 === 0 && offset % 4 === 0 && total % 4 === 0;

function concatDispatch({ outer, width, offset, total }: Part, i: number, lanes: 1 | 4) {
  const size = (outer * width) / lanes;
  const params = { size, width: width / lanes, offset: offset / lanes, total: total / lanes };
  const call = { params, workgroups: flatGrid(size, 64) };
  return lanes === 4
    ? dispatch(shader, 'concat_vec4', { bindings: { x4: input(i), y4: output(0) }, ...call })
    : dispatch(shader, 'concat', { bindings: { x: input(i), y: output(0) }, ...call });
}

export const concatOp: Op<ConcatAttrs> = {
  name: 'concat',
  infer(inputs, { axis }) {
    const [first] = inputs;
    if (!first) throw new ShapeError('concat: expected at least one tensor');
    inputs.forEach((x, i) => {
      expectDType('concat', `tensor ${i}`, x, 'f32', 'i32', 'u32');
      const fits = x.shape.length === first.shape.length && x.shape.every((n, k) => k === axis || n === first.shape[k]);
      if (!fits || x.dtype !== first.dtype) {
        throw new ShapeError(
          `concat: tensor ${i} is ${x.dtype} ${format(x.shape)}, expected ${first.dtype} ${format(first.shape)} except along axis ${axis}`,
        );
      }
    });
    const length = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    return [{ shape: first.shape.map((n, k) => (k === axis ? length : n)), dtype: first.dtype }];
  },
  cpu(inputs, [y], call) {
    concatParts(call).forEach(({ outer, width, offset, total }, n) => {
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < width; j++) y![o * total + offset + j] = inputs[n]![o * width + j]!;
      }
    });
  },
  kernels: {
    vec4: {
      fits: (call) => concatParts(call).some(partInVectors),
      plan: (call) => ({
        dispatches: concatParts(call).map((part, i) => concatDispatch(part, i, partInVectors(part) ? 4 : 1)),
      }),
    },
    naive: { plan: (call) => ({ dispatches: concatParts(call).map((part, i) => concatDispatch(part, i, 1)) }) },
  },
  grad({ dy: [dy], x, attrs: { axis }, needs }) {
    if (!dy) return x.map(() => null);
    if (x.length === 1) return [dy];
    const parts = apply(splitOp, [dy], { axis, sizes: x.map(({ shape }) => shape[axis]!) });
    return parts.map((part, i) => (needs[i] ? part : null));
  },
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: cases(({ parts, axis, ...dtype }) => ({
    inputs: parts.map((shape) => ({ shape, ...dtype })),
    attrs: { axis },
  })),
};

function splitView({ outer, width, offset, total }: Part): StridedView {
  return { shape: [outer, width], strides: [total, 1], offset };
}

function splitParts({ inputs, attrs }: CallTypes<SplitAttrs>): Part[] {
  return partsOf(inputs[0]!.shape, attrs.axis, attrs.sizes);
}

function splitKernel(vectors: boolean): Kernel<SplitAttrs>['plan'] {
  return (call) => ({
    dispatches: splitParts(call)
      .map(splitView)
      .map((view, i) => stridedDispatch(view, vectors && viewInVectors(view) ? 4 : 1, input(0), output(i))),
  });
}

export const splitOp: Op<SplitAttrs> = {
  name: 'split',
  infer([x], { axis, sizes }) {
    expectDType('split', 'x', x!, 'f32', 'i32', 'u32');
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (sizes.some((size) => !Number.isInteger(size) || size < 1) || total !== x!.shape[axis]) {
      throw new ShapeError(
        `split: parts of ${sizes.join(' + ')} = ${total} do not make axis ${axis} of ${format(x!.shape)}`,
      );
    }
    return sizes.map((size) => ({ shape: x!.shape.map((n, k) => (k === axis ? size : n)), dtype: x!.dtype }));
  },
  cpu([x], outputs, call) {
    splitParts(call).forEach(({ outer, width, offset, total }, n) => {
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < width; j++) outputs[n]![o * width + j] = x![o * total + offset + j]!;
      }
    });
  },
  kernels: {
    vec4: {
      fits: (call) => splitParts(call).some((part) => viewInVectors(splitView(part))),
      plan: splitKernel(true),
    },
    naive: { plan: splitKernel(false) },
  },
  // A part that nothing depends on counts as zeros.
  grad: ({ dy, y, attrs: { axis } }) => [
    applyOne(
      concatOp,
      dy.map((part, i) => part ?? full(y[i]!.shape, 0)),
      { axis },
    ),
  ],
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: cases(({ parts, axis, ...dtype }) => {
    const sizes = parts.map((shape) => shape[axis]!);
    const length = sizes.reduce((sum, size) => sum + size, 0);
    return {
      inputs: [{ shape: parts[0]!.map((n, k) => (k === axis ? length : n)), ...dtype }],
      attrs: { axis, sizes },
    };
  }),
};

interface Case {
  readonly parts: Shape[];
  readonly axis: number;
  readonly dtype?: 'i32' | 'u32';
  readonly fill?: { below: number };
}

function cases<A>(sample: (one: Case) => Sample<A>): Sample<A>[] {
  // prettier-ignore
  const list: readonly (readonly [parts: Shape[], axis: number, dtype?: 'i32' | 'u32' | null])[] = [
    [[[1], [1]], 0],
    [[[5]], 0],
    [[[2, 3], [4, 3], [1, 3]], 0],
    [[[3, 1], [3, 5], [3, 2]], 1],
    [[[3, 4], [3, 8]], 1],
    [[[2, 4, 3], [2, 8, 3], [2, 1, 3], [2, 4, 3]], 1],
    [[[5, 2, 8], [5, 3, 8]], 1],
    [[[2, 3, 5, 3], [2, 3, 5, 7]], 3],
    [[[67], [1], [64]], 0],
    [[[2, 3], [2, 1]], 1, 'i32'],
    [[[4, 4], [3, 4]], 0, 'u32'],
    [[[2, 4, 4]], 0, 'i32'],
    [[[4, 2, 4]], 1, 'u32'],
    [[[2, 2, 3], [2, 2, 3], [2, 1, 3]], 1, 'i32'],
    [[[3, 2], [3, 4], [3, 4]], 1, 'u32'],
    [[[4, 4, 2]], 2, 'i32'],
    [[[4], [4], [4]], 0, 'i32'],
    [[[4], [4], [4]], 0, 'u32'],
  ];
  return list.map(([parts, axis, dtype]) =>
    sample({ parts, axis, ...(dtype ? { dtype, fill: { below: 1000 } } : {}) }),
  );
}

/**
 * Tensors joined along `axis` (0 unless given): [2,3] and [4,3] along axis 0 -> [6,3]. Any dtype but u8, the same for
 * all. ShapeError: no tensors, an unknown axis, dtypes or other axes that differ.
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) throw new ShapeError('concat: expected at least one tensor');
  const resolved = resolveAxis('concat', axis, tensors[0]!.shape.length);
  return applyOne(concatOp, tensors, { axis: resolved });
}

/**
 * The parts of x along `axis` (0 unless given): `parts` is how many equal ones, or the length of each. Any dtype but u8.
 * ShapeError: lengths that do not make up the axis.
 */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  const resolved = resolveAxis('split', axis, x.shape.length);
  if (typeof parts !== 'number') return apply(splitOp, [x], { axis: resolved, sizes: [...parts] });
  const length = x.shape[resolved]!;
  if (!Number.isInteger(parts) || parts < 1 || length % parts !== 0) {
    throw new ShapeError(`split: axis ${resolved} of ${format(x.shape)} does not divide into ${parts} equal parts`);
  }
  return apply(splitOp, [x], { axis: resolved, sizes: new Array<number>(parts).fill(length / parts) });
}

export const concatOps = [concatOp, splitOp] as const;
