// Normalization and its gradient where each row has statistics of its own: a thread or a workgroup for each.

import spatialGrad from '../../shaders/normalize_grad.wgsl';
import rowwise from '../../shaders/normalize_rows.wgsl';
import backward from '../../shaders/normalize_rows_grad.wgsl';
import once from '../../shaders/normalize_rows_once.wgsl';
import type { Kernel } from '../graph/op.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { type NormalizeAttrs, segmentsOf, spatialParams } from './normalize_sizes.ts';
import { cut, type Segments } from './reduction.ts';

type Plan = Kernel<NormalizeAttrs>['plan'];

/** Who makes a row: a thread, one element or four at a time, or a workgroup. */
export type RowsWay = 'thread' | 'vec4' | 'group';

const rowParams = ({ outer, groups, depth, epsilon }: NormalizeAttrs, lanes: 1 | 4) => ({
  outer,
  groups,
  depth: depth / lanes,
  epsilon,
});

const segmentParams = (attrs: NormalizeAttrs, { segments, perSegment }: Segments, lanes: 1 | 4) => ({
  ...rowParams(attrs, lanes),
  segments,
  per_segment: perSegment,
});

/** A workgroup for each row, a thread, or a thread for two rows with vectors. */
const rowGrid = ({ outer, groups }: NormalizeAttrs, way: RowsWay) =>
  flatGrid((way === 'vec4' ? Math.ceil(outer / 2) : outer) * groups, way === 'group' ? 1 : 64);

export const forwardRows =
  (way: RowsWay): Plan =>
  ({ attrs }) => {
    const { centered } = attrs;
    const call = {
      params: rowParams(attrs, way === 'vec4' ? 4 : 1),
      constants: { CENTERED: centered },
      workgroups: rowGrid(attrs, way),
    };
    const statistics = { row_mean: output(1), row_variance: output(2) };
    const bindings = { x: input(0), gamma: input(1), beta: input(2), y: output(0), ...statistics };
    const vectors = { x4: input(0), gamma4: input(1), beta4: input(2), y4: output(0), ...statistics };
    const one =
      way === 'vec4'
        ? dispatch(rowwise, 'normalize_rows_vec4', { bindings: vectors, ...call })
        : dispatch(rowwise, way === 'group' ? 'normalize_rows_group' : 'normalize_rows', { bindings, ...call });
    return { dispatches: [one] };
  };

export const gradRows =
  (way: RowsWay): Plan =>
  ({ attrs }) => {
    const { outer, groups, depth, centered } = attrs;
    const channels = groups * depth;
    const pieces = segmentsOf(outer, channels);
    const call = {
      params: segmentParams(attrs, pieces, way === 'vec4' ? 4 : 1),
      constants: { CENTERED: centered },
      workgroups: rowGrid(attrs, way),
    };
    const statistics = { mean: input(3), variance: input(4) };
    const bindings = { dy: input(0), x: input(1), gamma: input(2), y: output(0), ...statistics };
    const vectors = { dy4: input(0), x4: input(1), gamma4: input(2) };
    const count = pieces.segments * channels;
    return {
      scratch: [4 * count, 4 * count, ...(way === 'vec4' ? [16 * outer * groups] : [])],
      dispatches: [
        way === 'vec4'
          ? dispatch(backward, 'normalize_rows_totals_vec4', {
              bindings: { ...vectors, ...statistics, totals: scratch(2) },
              ...call,
            })
          : dispatch(backward, way === 'group' ? 'normalize_rows_grad_group' : 'normalize_rows_grad', {
              bindings,
              ...call,
            }),
        way === 'vec4'
          ? dispatch(backward, 'normalize_rows_dx_vec4', {
              bindings: { ...vectors, total: scratch(2), y4: output(0), first4: scratch(0), second4: scratch(1) },
              params: segmentParams(attrs, pieces, 4),
              workgroups: flatGrid(pieces.segments * groups * Math.ceil(depth / 8), 64),
            })
          : dispatch(backward, 'normalize_rows_sums', {
              bindings: { dy: input(0), x: input(1), first: scratch(0), second: scratch(1), ...statistics },
              params: segmentParams(attrs, pieces, 1),
              workgroups: flatGrid(count, 64),
            }),
        weights(attrs, pieces),
      ],
    };
  };

/** dgamma and dbeta from what segments of outer left in the first two buffers of scratch memory. */
function weights(attrs: NormalizeAttrs, pieces: Segments): Dispatch {
  return dispatch(spatialGrad, 'normalize_weights', {
    bindings: { firsts: scratch(0), seconds: scratch(1), dgamma: output(1), dbeta: output(2) },
    params: spatialParams({ ...attrs, outer: 1 }, pieces, 1),
    workgroups: flatGrid(attrs.groups * attrs.depth, 64),
  });
}

/** Threads that hold a row, up to eight vectors each; quads add up in quarters, so it is 16 at least. */
const threadsOfRow = (depth: number): number => Math.max(16, 2 ** Math.ceil(Math.log2(depth / 32)));

/** Whether a workgroup can hold a row, whose quads trade their sums. */
export const rowFitsGroup = ({ depth }: NormalizeAttrs, { features, limits }: Target): boolean =>
  features.has('subgroups') &&
  depth % 4 === 0 &&
  threadsOfRow(depth) <= Math.min(256, limits.maxComputeInvocationsPerWorkgroup);

/** A workgroup for each segment and group: a GPU wants four times as many as a second pass would for itself. */
function segmentsOfGroups({ outer, groups, depth }: NormalizeAttrs, { adapter }: Target): Segments {
  const pieces = segmentsOf(outer, groups * depth);
  return adapter === 'software' ? pieces : cut(outer, Math.ceil(pieces.perSegment / 4));
}

/** All three results from one reading of x and dy. */
export const gradRowsOnce: Plan = ({ attrs }, target) => {
  const { groups, depth, centered } = attrs;
  const pieces = segmentsOfGroups(attrs, target);
  const bytes = 4 * pieces.segments * groups * depth;
  const threads = threadsOfRow(depth);
  return {
    scratch: [bytes, bytes],
    dispatches: [
      dispatch(once, 'normalize_rows_once', {
        bindings: {
          dy4: input(0),
          x4: input(1),
          gamma4: input(2),
          mean: input(3),
          variance: input(4),
          y4: output(0),
          first4: scratch(0),
          second4: scratch(1),
        },
        params: segmentParams(attrs, pieces, 4),
        constants: { CENTERED: centered, GROUP_SIZE: threads, VECTORS: Math.ceil(depth / 4 / threads) },
        workgroups: flatGrid(pieces.segments * groups, 1),
      }),
      weights(attrs, pieces),
    ],
  };
};
