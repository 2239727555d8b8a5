// Gradients made smaller before an optimizer's step: by value, or by the norm of each weight's or of all.

import shader from '../../shaders/gradient_clip.wgsl';
import { OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { attrsOf, fieldsOf, type Scalar, valueOf } from '../graph/live.ts';
import { apply, applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, type Dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { withBad } from './optimizer_step.ts';

export interface ClipValueAttrs {
  readonly limit: number;
}

/** A part of the arena. */
export interface Segment {
  readonly offset: number;
  readonly size: number;
}

export interface ClipNormAttrs {
  readonly limit: number;
  /** Each with a norm of its own; ascending, without overlap. */
  readonly segments: readonly Segment[];
}

const CHUNK = 4096; // as in the shader

function inferClip(where: string, [grads, scalars]: readonly TensorType[]): TensorType {
  expectDType(where, 'grads', grads!, 'f32');
  expectDType(where, 'scalars', scalars!, 'f32');
  if (grads!.shape.length !== 1)
    throw new ShapeError(`${where}: grads is ${format(grads!.shape)}, expected one dimension`);
  if (!equal(scalars!.shape, [4])) throw new ShapeError(`${where}: scalars is ${format(scalars!.shape)}, expected [4]`);
  return { shape: grads!.shape, dtype: 'f32' };
}

/** grads [T], scalars [4] -> grads within ±limit / scalars[3], in place. */
export const clipValueOp: Op<ClipValueAttrs> = {
  name: 'clip_value',
  infer: (inputs) => [inferClip('clipValue', inputs)],
  cpu([grads, scalars], [y], { attrs: { limit } }) {
    const scale = scalars![3]!;
    for (let i = 0; i < y!.length; i++) {
      const g = grads![i]!;
      y![i] = scale === 0 || !Number.isFinite(g) ? g : Math.min(Math.max(g, -limit / scale), limit / scale);
    }
  },
  kernels: {
    naive: {
      plan({ inputs, attrs: { limit } }) {
        const size = sizeOf(inputs[0]!.shape);
        const bindings = { g: output(0), scalars: input(1) };
        const params = { offset: 0, size, first: 0, count: 0, segment: 0, limit };
        return { dispatches: [dispatch(shader, 'clip_value', { bindings, params, workgroups: flatGrid(size, 64) })] };
      },
    },
  },
  grad: null, // of gradients, behind which nothing is differentiated
  inPlace: { 0: 0 },
  cost: (call) => ({ flops: 2 * sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  accuracy: { kind: 'ulp', ulp: 4 }, // the limit is a quotient
  samples: [1, 67, 132].flatMap((size) =>
    [0.5, 2, 0].map((scale): Sample<ClipValueAttrs> => ({
      inputs: [size === 67 ? withBad(4)(size) : { shape: [size] }, scalarsOf(scale)],
      attrs: { limit: 0.75 },
    })),
  ),
};

/**
 * grads [T], scalars [4] -> grads in place, and the norm of each segment times scalars[3] as it was, [segments]. The norm is
 * of the finite elements.
 */
export const clipNormOp: Op<ClipNormAttrs> = {
  name: 'clip_norm',
  infer(inputs, { segments }) {
    const arena = inferClip('clipNorm', inputs);
    let end = 0;
    for (const { offset, size } of segments) {
      if (offset < end || size < 1 || offset + size > arena.shape[0]!)
        throw new ShapeError(
          `clipNorm: a segment of ${size} at ${offset} is not within the ${arena.shape[0]} gradients, after the one before it`,
        );
      end = offset + size;
    }
    return [arena, { shape: [segments.length], dtype: 'f32' }];
  },
  cpu([grads, scalars], [y, norms], { attrs: { limit, segments } }) {
    const scale = scalars![3]!;
    for (let i = 0; i < y!.length; i++) y![i] = grads![i]!;
    segments.forEach(({ offset, size }, at) => {
      let sum = 0;
      for (let i = offset; i < offset + size; i++) if (Number.isFinite(y![i]!)) sum += y![i]! * y![i]!;
      const norm = Math.sqrt(sum) * scale;
      norms![at] = norm;
      if (norm <= limit) return;
      for (let i = offset; i < offset + size; i++) if (Number.isFinite(y![i]!)) y![i] = y![i]! * (limit / norm);
    });
  },
  kernels: {
    naive: {
      plan(call) {
        const { segments } = call.attrs;
        const chunks = segments.map(({ size }) => Math.ceil(size / CHUNK));
        const all = chunks.reduce((sum, count) => sum + count, 0);
        return { dispatches: dispatchesOf(call, chunks), scratch: [4 * all] };
      },
    },
  },
  grad: null, // of gradients, behind which nothing is differentiated
  inPlace: { 0: 0 },
  cost: (call) => ({ flops: 3 * sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  // A thread adds 64 squares, or the sums of every 64th chunk; trees of 6 levels follow. Half of it passes the root; then
  // the root's, a product's and a quotient's own.
  accuracy: { kind: 'mixed', absolute: 1e-37, relative: 90 * 2 ** -24 },
  samples: [
    [[{ offset: 0, size: 1 }], 0.01, 1, 1],
    [[{ offset: 0, size: 67 }], 1, 67, 0.5],
    [[{ offset: 0, size: 130 }], 1e9, 130, 1], // none is too long
    [[{ offset: 0, size: 130 }], 1, 130, 0],
    [
      [
        { offset: 64, size: 9 },
        { offset: 128, size: 5000 },
      ],
      2,
      5200,
      0.5,
    ],
    [
      [
        { offset: 0, size: 1 },
        { offset: 1, size: 3 },
        { offset: 70, size: 8192 },
      ],
      0.5,
      8300,
      2,
    ],
  ].flatMap((values) =>
    [null, 2].map((bad): Sample<ClipNormAttrs> => {
      const [segments, limit, size, scale] = values as [Segment[], number, number, number];
      const grads = bad === null ? { shape: [size] } : withBad(Math.min(bad, size - 1))(size);
      return { inputs: [grads, scalarsOf(scale)], attrs: { limit, segments } };
    }),
  ),
};

function dispatchesOf({ attrs: { limit, segments } }: CallTypes<ClipNormAttrs>, chunks: readonly number[]): Dispatch[] {
  let first = 0;
  const params = segments.map(({ offset, size }, segment) => {
    const made = { offset, size, first, count: chunks[segment]!, segment, limit };
    first += made.count;
    return made;
  });
  const [g, scalars, sums, norms] = [output(0), input(1), scratch(0), output(1)];
  return [
    ...params.map((one) =>
      dispatch(shader, 'square_sums', { bindings: { g, sums }, params: one, workgroups: flatGrid(one.count, 1) }),
    ),
    ...params.map((one) =>
      dispatch(shader, 'segment_norm', { bindings: { scalars, sums, norms }, params: one, workgroups: [1] }),
    ),
    ...params.map((one) =>
      dispatch(shader, 'clip_norm', { bindings: { g, norms }, params: one, workgroups: flatGrid(one.size, 64) }),
    ),
  ];
}

function scalarsOf(scale: number) {
  return { shape: [4], fill: { values: [0.01, 1, 1, scale] } };
}

function checkLimit(where: string, limit: number): void {
  if (limit > 0 && Number.isFinite(Math.fround(limit))) return;
  throw new OptionError(`${where}: the limit is ${limit}, expected a finite number above 0`);
}

/**
 * Each gradient, times `scalars[3]`, within ±limit; overwrites `grads` after its other readers. NaN and infinity stay. f32 [T].
 * OptionError: a limit that is not above 0. ShapeError: other shapes. No gradient.
 */
export function clipValue(grads: Tensor, scalars: Tensor, limit: Scalar): Tensor {
  checkLimit('clipValue', valueOf(limit));
  return applyOne(clipValueOp, [grads, scalars], fieldsOf({ limit }));
}

/**
 * Each segment of the gradients, times `scalars[3]`, made no longer than `limit` (Pascanu, Mikolov and Bengio 2013), and how
 * long each was; overwrites `grads` after its other readers. Elements that are NaN or infinite stay and do not count. A norm
 * whose square exceeds f32 makes the segment 0. OptionError, ShapeError: as `clipValue`; segments that overlap. No gradient.
 */
export function clipNorm(
  grads: Tensor,
  scalars: Tensor,
  limit: Scalar,
  segments: readonly Segment[],
): { gradients: Tensor; norms: Tensor } {
  checkLimit('clipNorm', valueOf(limit));
  const [gradients, norms] = apply(
    clipNormOp,
    [grads, scalars],
    attrsOf({ limit: 0, segments: [...segments] }, fieldsOf({ limit })),
  );
  return { gradients: gradients!, norms: norms! };
}

export const gradientClipOps = [clipValueOp, clipNormOp] as const;
