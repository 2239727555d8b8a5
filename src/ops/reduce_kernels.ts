// The ways to run sum, mean, max, min and argmax on a GPU, over one axis.

import argShader from '../../shaders/arg_reduce.wgsl';
import shader from '../../shaders/reduce.wgsl';
import { type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel } from '../graph/op.ts';
import { type BufferRef, dispatch, type Dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

export interface AxisAttrs {
  /** Non-negative. */
  readonly axis: number;
}

/** A shape seen from one of its axes. */
export interface Reduction {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

export function reductionOf(shape: Shape, axis: number): Reduction {
  return { outer: sizeOf(shape.slice(0, axis)), reduced: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

export interface ReduceRow {
  /** WGSL in a and b. */
  readonly wgsl: string;
  /** combine(identity, x) = x; finite, because WGSL has no infinity. */
  readonly identity: number;
  /** What the result is multiplied by. */
  scale(reduced: number): number;
}

/** The axis in pieces of `perSegment`, none of them empty. */
interface Segments {
  readonly segments: number;
  readonly perSegment: number;
}

function cut(reduced: number, perSegment: number): Segments {
  return { segments: Math.ceil(reduced / perSegment), perSegment };
}

const whole = (reduced: number): Segments => cut(reduced, reduced);

/** A thread sums about √reduced elements, a multiple of four, then another as many results, unless fewer threads are enough. */
function threadSegments({ outer, reduced, inner }: Reduction): Segments {
  const wanted = Math.min(Math.sqrt(reduced), 65536 / (outer * inner));
  return cut(reduced, Math.ceil(reduced / Math.max(1, Math.ceil(wanted)) / 4) * 4);
}

/** A workgroup sums at least 4096 elements, a multiple of four. */
function groupSegments({ reduced }: Reduction): Segments {
  return cut(reduced, Math.max(4096, Math.ceil(Math.sqrt(reduced) / 4) * 4));
}

function parameters({ outer, reduced, inner }: Reduction, { segments, perSegment }: Segments, scale: number) {
  return { outer, reduced, inner, segments, per_segment: perSegment, scale };
}

/** Whether rows can be read four elements at a time. */
function alongVectors({ reduced }: Reduction, { segments, perSegment }: Segments): boolean {
  return reduced % 4 === 0 && (segments === 1 || perSegment % 4 === 0);
}

function alongParameters(size: Reduction, { segments, perSegment }: Segments, scale: number) {
  return parameters({ ...size, reduced: size.reduced / 4 }, { segments, perSegment: perSegment / 4 }, scale);
}

/** One pass with a thread for each output, in vectors where inner divides by 4. */
function byThreads(
  row: ReduceRow,
  size: Reduction,
  pieces: Segments,
  scale: number,
  x: BufferRef,
  y: BufferRef,
): Dispatch {
  const options = { constants: { IDENTITY: row.identity }, hooks: { combine: row.wgsl } };
  if (size.inner % 4 === 0) {
    const vectors = { ...size, inner: size.inner / 4 };
    const workgroups = flatGrid(vectors.outer * pieces.segments * vectors.inner, 64);
    const params = parameters(vectors, pieces, scale);
    return dispatch(shader, 'reduce_vec4', { bindings: { x4: x, y4: y }, params, workgroups, ...options });
  }
  const workgroups = flatGrid(size.outer * pieces.segments * size.inner, 64);
  if (size.inner === 1 && alongVectors(size, pieces)) {
    const params = alongParameters(size, pieces, scale);
    return dispatch(shader, 'reduce_along_vec4', { bindings: { x4: x, y }, params, workgroups, ...options });
  }
  return dispatch(shader, 'reduce', {
    bindings: { x, y },
    params: parameters(size, pieces, scale),
    workgroups,
    ...options,
  });
}

/** One pass with a workgroup for each output; inner is 1. */
function byGroups(
  row: ReduceRow,
  size: Reduction,
  pieces: Segments,
  scale: number,
  x: BufferRef,
  y: BufferRef,
): Dispatch {
  const options = { constants: { IDENTITY: row.identity }, hooks: { combine: row.wgsl } };
  const workgroups = flatGrid(size.outer * pieces.segments, 1);
  if (alongVectors(size, pieces)) {
    const params = alongParameters(size, pieces, scale);
    return dispatch(shader, 'reduce_rows_vec4', { bindings: { x4: x, y }, params, workgroups, ...options });
  }
  return dispatch(shader, 'reduce_rows', {
    bindings: { x, y },
    params: parameters(size, pieces, scale),
    workgroups,
    ...options,
  });
}

export function reduceKernels(row: ReduceRow): Record<string, Kernel<AxisAttrs>> {
  const sizes = ({ inputs, attrs }: CallTypes<AxisAttrs>) => reductionOf(inputs[0]!.shape, attrs.axis);
  const onePass = (pass: typeof byThreads): Kernel<AxisAttrs>['plan'] => {
    return (call) => {
      const size = sizes(call);
      const scale = row.scale(size.reduced);
      return { dispatches: [pass(row, size, whole(size.reduced), scale, input(0), output(0))] };
    };
  };
  const twoPasses = (pass: typeof byThreads, pieces: (size: Reduction) => Segments): Kernel<AxisAttrs>['plan'] => {
    return (call) => {
      const size = sizes(call);
      const first = pieces(size);
      const then = { ...size, reduced: first.segments };
      return {
        dispatches: [
          pass(row, size, first, 1, input(0), scratch(0)),
          pass(row, then, whole(first.segments), row.scale(size.reduced), scratch(0), output(0)),
        ],
        scratch: [4 * size.outer * first.segments * size.inner],
      };
    };
  };
  return {
    // A barrier costs a software adapter more than the additions that a workgroup spreads.
    rows_split: {
      fits: (call) => sizes(call).inner === 1,
      preferred: (call, { adapter }) => {
        const { outer, reduced } = sizes(call);
        return adapter !== 'software' && outer < 64 && reduced >= 16384;
      },
      plan: twoPasses(byGroups, groupSegments),
    },
    rows: {
      fits: (call) => sizes(call).inner === 1,
      preferred: (call, { adapter }) => adapter !== 'software' && sizes(call).reduced >= 64,
      plan: onePass(byGroups),
    },
    split: {
      preferred: (call, { adapter }) => {
        const { outer, reduced, inner } = sizes(call);
        const few = adapter === 'software' ? 512 : inner > 1 ? 8192 : 0;
        return outer * inner < few && reduced >= 256;
      },
      plan: twoPasses(byThreads, threadSegments),
    },
    naive: { plan: onePass(byThreads) },
  };
}

/** `wgsl`: whether `candidate` beats `best`, strictly, so that the first of equals stays. */
export function argKernels(wgsl: string): Record<string, Kernel<AxisAttrs>> {
  const hooks = { better: wgsl };
  const sizes = ({ inputs, attrs }: CallTypes<AxisAttrs>) => reductionOf(inputs[0]!.shape, attrs.axis);
  const params = ({ outer, reduced, inner }: Reduction, { segments, perSegment }: Segments) => {
    return { outer, reduced, inner, segments, per_segment: perSegment };
  };
  return {
    split: {
      preferred: (call) => {
        const { outer, reduced, inner } = sizes(call);
        return outer * inner < 8192 && reduced >= 1024;
      },
      plan: (call) => {
        const size = sizes(call);
        const pieces = threadSegments(size);
        const found = size.outer * pieces.segments * size.inner;
        return {
          dispatches: [
            dispatch(argShader, 'arg_reduce_segments', {
              bindings: { x: input(0), found: scratch(0) },
              params: params(size, pieces),
              hooks,
              workgroups: flatGrid(found, 64),
            }),
            dispatch(argShader, 'arg_reduce_merge', {
              bindings: { x: input(0), candidates: scratch(0), index: output(0) },
              params: params(size, pieces),
              hooks,
              workgroups: flatGrid(size.outer * size.inner, 64),
            }),
          ],
          scratch: [4 * found],
        };
      },
    },
    naive: {
      plan: (call) => {
        const size = sizes(call);
        return {
          dispatches: [
            dispatch(argShader, 'arg_reduce', {
              bindings: { x: input(0), index: output(0) },
              params: params(size, whole(size.reduced)),
              hooks,
              workgroups: flatGrid(size.outer * size.inner, 64),
            }),
          ],
        };
      },
    },
  };
}

/** dx[o, r, i] = dy[o, i] where r is the winner, else 0. Input 0 is dy, input 1 the winners. */
export const pickGradKernel: Kernel<AxisAttrs> = {
  plan: ({ outputs, attrs }) => {
    const size = reductionOf(outputs[0]!.shape, attrs.axis);
    return {
      dispatches: [
        dispatch(argShader, 'pick_grad', {
          bindings: { dy: input(0), winner: input(1), dx: output(0) },
          params: { ...size, segments: 1, per_segment: size.reduced },
          workgroups: flatGrid(sizeOf(outputs[0]!.shape), 64),
        }),
      ],
    };
  },
};
