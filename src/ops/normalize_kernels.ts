// The ways to run normalization and its gradient on a GPU: one thread or workgroup for each row where rows have statistics
// of their own, else segments of the rows whose sums are merged.

import spatial from '../../shaders/normalize.wgsl';
import rowwise from '../../shaders/normalize_rows.wgsl';
import type { CallTypes, Kernel } from '../graph/op.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { cut, type Segments } from './reduction.ts';

export interface NormalizeAttrs {
  /** x is [outer, rows, groups, depth]; each (outer, group) has statistics over its rows and depth. */
  readonly outer: number;
  readonly rows: number;
  readonly groups: number;
  readonly depth: number;
  readonly epsilon: number;
  /** Whether the mean is taken away; root-mean-square normalization leaves it. */
  readonly centered: boolean;
}

type Call = CallTypes<NormalizeAttrs>;
type Plan = Kernel<NormalizeAttrs>['plan'];

/** As many rows a thread goes over where it only maps them. */
const mappedRows = 4;

function spatialParams({ outer, rows, groups, depth, epsilon }: NormalizeAttrs, pieces: Segments, lanes: 1 | 4) {
  const { segments, perSegment } = pieces;
  return { outer, rows, groups: groups / lanes, depth, segments, per_segment: perSegment, epsilon };
}

/** About √rows segments, fewer where there are threads enough without. */
function segmentsOf(rows: number, perSegment: number): Segments {
  return cut(rows, Math.ceil(rows / Math.max(1, Math.ceil(Math.min(Math.sqrt(rows), 65536 / perSegment)))));
}

/** y from given statistics: what the forward pass ends with, and all that inference does. */
export function applyDispatch(
  attrs: NormalizeAttrs,
  lanes: 1 | 4,
  refs: { x: number; gamma: number; beta: number; mean: ReturnType<typeof input>; variance: ReturnType<typeof input> },
): Dispatch {
  const { outer, rows, groups, depth } = attrs;
  const pieces = cut(rows, mappedRows);
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
    const mapped = cut(rows, mappedRows);
    const count = outer * pieces.segments * channels;
    const params = spatialParams(attrs, pieces, lanes);
    const scalars = spatialParams(attrs, pieces, 1);
    const mappedParams = spatialParams(attrs, mapped, lanes);
    const workgroups = flatGrid(count / lanes, 64);
    const mappedGroups = flatGrid((outer * mapped.segments * channels) / lanes, 64);
    const sums =
      lanes === 4
        ? dispatch(spatial, 'normalize_sums_vec4', {
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
        : dispatch(spatial, 'normalize_sums', {
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
        ? dispatch(spatial, 'normalize_dx_vec4', {
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
        : dispatch(spatial, 'normalize_dx', {
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
        dispatch(spatial, 'normalize_weights', {
          bindings: { firsts: scratch(0), seconds: scratch(1), dgamma: output(1), dbeta: output(2) },
          params: scalars,
          workgroups: flatGrid(channels, 64),
        }),
        dispatch(spatial, 'normalize_totals', {
          bindings: { firsts: scratch(0), seconds: scratch(1), gamma: input(2), totals: scratch(2) },
          params: scalars,
          constants: { CENTERED: centered },
          workgroups: flatGrid(outer * groups, 64),
        }),
        dx,
      ],
    };
  };

function rowParams(
  { outer, groups, depth, epsilon }: NormalizeAttrs,
  { segments, perSegment }: Segments,
  lanes: 1 | 4,
) {
  return { outer, groups, depth: depth / lanes, segments, per_segment: perSegment, epsilon };
}

const none: Segments = { segments: 1, perSegment: 1 };

const forwardRows =
  (way: 'thread' | 'vec4' | 'group'): Plan =>
  ({ attrs }) => {
    const { outer, groups, centered } = attrs;
    const call = {
      params: rowParams(attrs, none, way === 'vec4' ? 4 : 1),
      constants: { CENTERED: centered },
      workgroups: flatGrid(outer * groups, way === 'group' ? 1 : 64),
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

const gradRows =
  (way: 'thread' | 'vec4' | 'group'): Plan =>
  ({ attrs }) => {
    const { outer, groups, depth, centered } = attrs;
    const channels = groups * depth;
    const pieces = segmentsOf(outer, channels);
    const call = {
      params: rowParams(attrs, none, way === 'vec4' ? 4 : 1),
      constants: { CENTERED: centered },
      workgroups: flatGrid(outer * groups, way === 'group' ? 1 : 64),
    };
    const statistics = { mean: input(3), variance: input(4) };
    const bindings = { dy: input(0), x: input(1), gamma: input(2), y: output(0), ...statistics };
    const vectors = { dy4: input(0), x4: input(1), gamma4: input(2), y4: output(0), ...statistics };
    const count = pieces.segments * channels;
    return {
      scratch: [4 * count, 4 * count],
      dispatches: [
        way === 'vec4'
          ? dispatch(rowwise, 'normalize_rows_grad_vec4', { bindings: vectors, ...call })
          : dispatch(rowwise, way === 'group' ? 'normalize_rows_grad_group' : 'normalize_rows_grad', {
              bindings,
              ...call,
            }),
        dispatch(rowwise, 'normalize_rows_sums', {
          bindings: { dy: input(0), x: input(1), first: scratch(0), second: scratch(1), ...statistics },
          params: rowParams(attrs, pieces, 1),
          workgroups: flatGrid(count, 64),
        }),
        dispatch(spatial, 'normalize_weights', {
          bindings: { firsts: scratch(0), seconds: scratch(1), dgamma: output(1), dbeta: output(2) },
          params: spatialParams({ ...attrs, outer: 1 }, pieces, 1),
          workgroups: flatGrid(channels, 64),
        }),
      ],
    };
  };

const inRows = ({ attrs }: Call) => attrs.rows === 1;

/** A workgroup for each row pays where rows are long; on a software adapter, where barriers cost, where they are also few. */
function shareRows({ attrs: { outer, groups, depth } }: Call, { adapter }: Target): boolean {
  return adapter === 'software' ? depth >= 4096 && outer * groups < 64 : depth >= 64;
}

function kernels(rows: (way: 'thread' | 'vec4' | 'group') => Plan, segments: (lanes: 1 | 4) => Plan) {
  return {
    rows_group: { fits: inRows, preferred: shareRows, plan: rows('group') },
    rows_vec4: { fits: (call: Call) => inRows(call) && call.attrs.depth % 4 === 0, plan: rows('vec4') },
    rows: { fits: inRows, plan: rows('thread') },
    vec4: { fits: ({ attrs }: Call) => attrs.depth === 1 && attrs.groups % 4 === 0, plan: segments(4) },
    naive: { plan: segments(1) },
  };
}

export const normalizeKernels: Readonly<Record<string, Kernel<NormalizeAttrs>>> = kernels(forwardRows, forwardSpatial);
export const normalizeGradKernels: Readonly<Record<string, Kernel<NormalizeAttrs>>> = kernels(gradRows, gradSpatial);
