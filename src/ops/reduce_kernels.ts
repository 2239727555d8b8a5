// The ways to run sum, mean, max and min over one axis on a GPU.

import shader from '../../shaders/reduce.wgsl';
import type { CallTypes, Kernel } from '../graph/op.ts';
import { type BufferRef, dispatch, type Dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { type AxisAttrs, cut, type Reduction, reductionOf, type Segments, threadSegments, whole } from './reduction.ts';

export interface ReduceRow {
  /** WGSL in a and b. */
  readonly wgsl: string;
  /** combine(identity, x) = x */
  readonly identity: number;
  /** What the result is multiplied by. */
  scale(reduced: number): number;
}

/** A workgroup sums at least 4096 elements, a multiple of four. */
function groupSegments({ reduced }: Reduction): Segments {
  return cut(reduced, Math.max(4096, Math.ceil(Math.sqrt(reduced) / 4) * 4));
}

/** What a sum begins with and what it is multiplied by in the end. */
interface Ends {
  readonly identity: number;
  readonly scale: number;
}

function parameters({ outer, reduced, inner }: Reduction, { segments, perSegment }: Segments, ends: Ends) {
  return { outer, reduced, inner, segments, per_segment: perSegment, ...ends };
}

/** Whether rows can be read four elements at a time. */
function alongVectors({ reduced }: Reduction, { segments, perSegment }: Segments): boolean {
  return reduced % 4 === 0 && (segments === 1 || perSegment % 4 === 0);
}

function alongParameters(size: Reduction, { segments, perSegment }: Segments, ends: Ends) {
  return parameters({ ...size, reduced: size.reduced / 4 }, { segments, perSegment: perSegment / 4 }, ends);
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
  const options = { hooks: { combine: row.wgsl } };
  const ends = { identity: row.identity, scale };
  if (size.inner % 4 === 0) {
    const vectors = { ...size, inner: size.inner / 4 };
    const workgroups = flatGrid(vectors.outer * pieces.segments * vectors.inner, 64);
    const params = parameters(vectors, pieces, ends);
    return dispatch(shader, 'reduce_vec4', { bindings: { x4: x, y4: y }, params, workgroups, ...options });
  }
  const workgroups = flatGrid(size.outer * pieces.segments * size.inner, 64);
  if (size.inner === 1 && alongVectors(size, pieces)) {
    const params = alongParameters(size, pieces, ends);
    return dispatch(shader, 'reduce_along_vec4', { bindings: { x4: x, y }, params, workgroups, ...options });
  }
  return dispatch(shader, 'reduce', {
    bindings: { x, y },
    params: parameters(size, pieces, ends),
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
  const options = { hooks: { combine: row.wgsl } };
  const ends = { identity: row.identity, scale };
  const workgroups = flatGrid(size.outer * pieces.segments, 1);
  if (alongVectors(size, pieces)) {
    const params = alongParameters(size, pieces, ends);
    return dispatch(shader, 'reduce_rows_vec4', { bindings: { x4: x, y }, params, workgroups, ...options });
  }
  return dispatch(shader, 'reduce_rows', {
    bindings: { x, y },
    params: parameters(size, pieces, ends),
    workgroups,
    ...options,
  });
}

/** The sum of `size` numbers in one pass. */
export function sumOfAll(size: number, { adapter }: Target, x: BufferRef, y: BufferRef): Dispatch {
  const row: ReduceRow = { wgsl: 'a + b', identity: 0, scale: () => 1 };
  const pass = adapter === 'software' ? byThreads : byGroups;
  return pass(row, { outer: 1, reduced: size, inner: 1 }, whole(size), 1, x, y);
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
