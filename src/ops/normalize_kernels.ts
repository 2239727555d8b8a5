// The ways to run normalization and its gradient on a GPU: by rows where each has statistics of its own
// (normalize_rows_kernels.ts), else by segments of the rows whose sums are merged.

import spatial from '../../shaders/normalize.wgsl';
import spatialGrad from '../../shaders/normalize_grad.wgsl';
import type { CallTypes, Kernel } from '../graph/op.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { forwardRows, gradRows, gradRowsOnce, rowFitsGroup, type RowsWay } from './normalize_rows_kernels.ts';
import { type NormalizeAttrs, segmentsOf, spatialParams } from './normalize_sizes.ts';
import { cut, type Segments } from './reduction.ts';

type Call = CallTypes<NormalizeAttrs>;
type Plan = Kernel<NormalizeAttrs>['plan'];

/** The rows in pieces for threads that only map them. Each reads its channel's numbers first: more rows where there are threads enough. */
function mappedPieces({ outer, rows, groups, depth }: NormalizeAttrs, lanes: 1 | 4): Segments {
  const vectors = (outer * rows * groups * depth) / lanes;
  return cut(rows, Math.min(16, Math.max(4, Math.floor(vectors / 65536))));
}

/** y from given statistics: what the forward pass ends with, and all that inference does. */
export function applyDispatch(
  attrs: NormalizeAttrs,
  lanes: 1 | 4,
  refs: { x: number; gamma: number; beta: number; mean: ReturnType<typeof input>; variance: ReturnType<typeof input> },
): Dispatch {
  const { outer, groups, depth } = attrs;
  const pieces = mappedPieces(attrs, lanes);
  const params = spatialParams(attrs, pieces, lanes);
  const workgroups = flatGrid((outer * pieces.segments * groups * depth) / lanes, 64);
  const [x, gamma, beta] = [input(refs.x), input(refs.gamma), input(refs.beta)];
  const { mean, variance } = refs;
  return lanes === 4
    ? dispatch(spatial, 'normalize_apply_vec4', {
        bindings: { x4: x, mean4: mean, variance4: variance, gamma4: gamma, beta4: beta, y4: output(0) },
        params,
        workgroups,
      })
    : dispatch(spatial, 'normalize_apply', {
        bindings: { x, mean, variance, gamma, beta, y: output(0) },
        params,
        workgroups,
      });
}

const forwardSpatial =
  (lanes: 1 | 4): Plan =>
  ({ attrs }) => {
    const { outer, rows, groups, centered } = attrs;
    const pieces = segmentsOf(rows, outer * groups);
    const count = outer * pieces.segments * groups;
    const constants = { CENTERED: centered };
    const params = spatialParams(attrs, pieces, lanes);
    const workgroups = flatGrid(count / lanes, 64);
    return {
      scratch: [4 * count, 4 * count],
      dispatches: [
        lanes === 4
          ? dispatch(spatial, 'normalize_segments_vec4', {
              bindings: { x4: input(0), first4: scratch(0), second4: scratch(1) },
              params,
              constants,
              workgroups,
            })
          : dispatch(spatial, 'normalize_segments', {
              bindings: { x: input(0), first: scratch(0), second: scratch(1) },
              params,
              constants,
              workgroups,
            }),
        dispatch(spatial, 'normalize_merge', {
          bindings: { firsts: scratch(0), seconds: scratch(1), merged_mean: output(1), merged_variance: output(2) },
          params: spatialParams(attrs, pieces, 1),
          constants,
          workgroups: flatGrid(outer * groups, 64),
        }),
        applyDispatch(attrs, lanes, { x: 0, gamma: 1, beta: 2, mean: output(1), variance: output(2) }),
      ],
    };
  };

const gradSpatial =
  (lanes: 1 | 4): Plan =>
  ({ attrs }) => {
    const { outer, rows, groups, depth, centered } = attrs;
    const channels = groups * depth;
    const pieces = segmentsOf(rows, outer * channels);
    const mapped = mappedPieces(attrs, lanes);
    const count = outer * pieces.segments * channels;
    const params = spatialParams(attrs, pieces, lanes);
    const scalars = spatialParams(attrs, pieces, 1);
    const mappedParams = spatialParams(attrs, mapped, lanes);
    const workgroups = flatGrid(count / lanes, 64);
    const mappedGroups = flatGrid((outer * mapped.segments * channels) / lanes, 64);
    const sums =
      lanes === 4
        ? dispatch(spatialGrad, 'normalize_sums_vec4', {
            bindings: {
              dy4: input(0),
              x4: input(1),
              mean4: input(3),
              variance4: input(4),
              first4: scratch(0),
              second4: scratch(1),
            },
            params,
            workgroups,
          })
        : dispatch(spatialGrad, 'normalize_sums', {
            bindings: {
              dy: input(0),
              x: input(1),
              mean: input(3),
              variance: input(4),
              first: scratch(0),
              second: scratch(1),
            },
            params,
            workgroups,
          });
    const dx =
      lanes === 4
        ? dispatch(spatialGrad, 'normalize_dx_vec4', {
            bindings: {
              dy4: input(0),
              x4: input(1),
              gamma4: input(2),
              mean4: input(3),
              variance4: input(4),
              total: scratch(2),
              y4: output(0),
            },
            params: mappedParams,
            workgroups: mappedGroups,
          })
        : dispatch(spatialGrad, 'normalize_dx', {
            bindings: {
              dy: input(0),
              x: input(1),
              gamma: input(2),
              mean: input(3),
              variance: input(4),
              total: scratch(2),
              y: output(0),
            },
            params: mappedParams,
            workgroups: mappedGroups,
          });
    return {
      scratch: [4 * count, 4 * count, 8 * outer * groups],
      dispatches: [
        sums,
        dispatch(spatialGrad, 'normalize_weights', {
          bindings: { firsts: scratch(0), seconds: scratch(1), dgamma: output(1), dbeta: output(2) },
          params: scalars,
          workgroups: flatGrid(channels, 64),
        }),
        dispatch(spatialGrad, 'normalize_totals', {
          bindings: { firsts: scratch(0), seconds: scratch(1), gamma: input(2), totals: scratch(2) },
          params: scalars,
          constants: { CENTERED: centered },
          workgroups: flatGrid(outer * groups, 64),
        }),
        dx,
      ],
    };
  };

const inRows = ({ attrs }: Call) => attrs.rows === 1;

/** A workgroup for each row pays where rows are long; on a software adapter, where barriers cost, where they are also few. */
function shareRows({ attrs: { outer, groups, depth } }: Call, { adapter }: Target): boolean {
  return adapter === 'software' ? depth >= 4096 && outer * groups < 64 : depth >= 64;
}

/**
 * Threads that hold a row for one reading take 160 registers, which cards have, and there want rows enough for a workgroup that goes down
 * several: fewer are better off with a workgroup each. On a software adapter they pay where a row fills them.
 */
function holdRows({ attrs: { outer, groups, depth } }: Call, { adapter }: Target): boolean {
  if (adapter === 'software') return depth >= 512;
  return adapter === 'discrete' && depth >= 1024 && outer * groups >= 1024;
}

function kernels(rows: (way: RowsWay) => Plan, segments: (lanes: 1 | 4) => Plan) {
  return {
    rows_group: { fits: inRows, preferred: shareRows, plan: rows('group') },
    rows_vec4: { fits: (call: Call) => inRows(call) && call.attrs.depth % 4 === 0, plan: rows('vec4') },
    rows: { fits: inRows, plan: rows('thread') },
    vec4: { fits: ({ attrs }: Call) => attrs.depth === 1 && attrs.groups % 4 === 0, plan: segments(4) },
    naive: { plan: segments(1) },
  };
}

export const normalizeKernels: Readonly<Record<string, Kernel<NormalizeAttrs>>> = kernels(forwardRows, forwardSpatial);
export const normalizeGradKernels: Readonly<Record<string, Kernel<NormalizeAttrs>>> = {
  rows_once: {
    fits: (call, target) => inRows(call) && rowFitsGroup(call.attrs, target),
    preferred: holdRows,
    plan: gradRowsOnce,
  },
  ...kernels(gradRows, gradSpatial),
};
