// The kernels that the filter's gradients of every rank share: which runs which shapes, and how the sum is cut into slices.

import shader from '../../shaders/conv_filter.wgsl';
import quadShader from '../../shaders/conv_filter_quad.wgsl';
import tiledShader from '../../shaders/conv_filter_tiled.wgsl';
import type { CallTypes, Kernel, KernelPlan } from '../graph/op.ts';
import { dispatch, input, output, scratch, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import type { ConvNdSizes } from './conv_nd_sizes.ts';
import { sourceHooks, sourceHooks4 } from './padding.ts';

interface Slices {
  readonly slices: number;
  readonly lines_per_slice: number;
}

/** What a dispatch of any of the first passes is told. */
export interface FilterTold {
  readonly params: ReturnType<typeof filterParams>;
  readonly constants: { readonly VOLUME: boolean };
  readonly hooks: { readonly source?: string; readonly source4?: string };
  readonly workgroups: [number, number, number];
  readonly dw: BufferRef;
}

function filterParams({ image, window, groups, groupIn, groupOut }: ConvNdSizes, slices: Slices) {
  return {
    batch: image[0],
    groups,
    channels: groupIn,
    columns: groupOut,
    image_depth: image[1],
    image_height: image[2],
    image_width: image[3],
    out_depth: window.output[0],
    out_height: window.output[1],
    out_width: window.output[2],
    first_depth: -window.padBefore[0],
    first_height: -window.padBefore[1],
    first_width: -window.padBefore[2],
    step_depth: window.strides[0],
    step_height: window.strides[1],
    step_width: window.strides[2],
    tap_depth: window.dilation[0],
    tap_height: window.dilation[1],
    tap_width: window.dilation[2],
    taps_depth: window.kernel[0],
    taps_height: window.kernel[1],
    taps_width: window.kernel[2],
    ...slices,
  };
}

const rowsOf = ({ taps, groupIn }: ConvNdSizes): number => taps * groupIn;
const subgroups = ({ features }: Target) => features.has('subgroups');
const inFours = ({ groupIn, groupOut }: ConvNdSizes) => groupIn % 4 === 0 && groupOut % 4 === 0;

/**
 * dw has few numbers and each is a sum over every output position, so the output lines are cut into slices until there
 * is work for the whole device; a second pass adds the slices in order.
 */
function cut({ image, window }: ConvNdSizes, units: number, target: Target): Slices {
  const lines = image[0] * window.output[0] * window.output[1];
  const wanted = target.adapter === 'software' ? 256 : 4096;
  const slices = Math.max(1, Math.min(Math.ceil(wanted / units), Math.floor(lines / 4)));
  const perSlice = Math.ceil(lines / slices);
  return { slices: Math.ceil(lines / perSlice), lines_per_slice: perSlice };
}

/** How many units of work one slice is, and how many of them a workgroup does. */
interface Work {
  readonly units: (sizes: ConvNdSizes) => number;
  readonly group: number;
}

export function planOfFilter(
  sizes: ConvNdSizes,
  target: Target,
  { units, group }: Work,
  describe: (told: FilterTold) => Dispatch,
): KernelPlan {
  const { window, oc } = sizes;
  const count = units(sizes);
  // A workgroup that is one unit counts for as much as the threads of sixteen.
  const slices = cut(sizes, group === 1 ? count * 16 : count, target);
  const params = filterParams(sizes, slices);
  const single = slices.slices === 1;
  const first = describe({
    params,
    constants: { VOLUME: [window.kernel[0], window.output[0], sizes.image[1]].some((length) => length > 1) },
    hooks: { ...sourceHooks[window.paddingMode], ...sourceHooks4[window.paddingMode] },
    workgroups: flatGrid(count * slices.slices, group),
    dw: single ? output(0) : scratch(0),
  });
  if (single) return { dispatches: [first] };
  const size = rowsOf(sizes) * oc;
  const sum = dispatch(shader, 'conv_filter_sum', {
    bindings: { partial: scratch(0), dw: output(0) },
    params,
    workgroups: flatGrid(size, 64),
  });
  return { dispatches: [first, sum], scratch: [4 * slices.slices * size] };
}

/** For entries that read four numbers at a time. */
export const filterFours = ({ dw, params, constants, hooks, workgroups }: FilterTold) => ({
  bindings: { x4: input(0), dy4: input(1), dw4: dw },
  params,
  constants,
  hooks,
  workgroups,
});

/** For entries that read one number at a time. */
export const filterSingles = ({ dw, params, hooks, workgroups }: FilterTold) => ({
  bindings: { x: input(0), dy: input(1), dw },
  params,
  constants: { VOLUME: true },
  hooks,
  workgroups,
});

/** Tiles of so many rows and columns, each within a group, and how many of them a workgroup does. */
const inTiles = (rows: number, columns: number, group: number): Work => ({
  units: (sizes) => Math.ceil(rowsOf(sizes) / rows) * Math.ceil(sizes.groupOut / columns) * sizes.groups,
  group,
});

/** The kernels for an op of input 0 x and input 1 dy. */
export function filterKernels<A>(sizesOf: (call: CallTypes<A>) => ConvNdSizes): Record<string, Kernel<A>> {
  type Call = CallTypes<A>;
  const fits4 = (call: Call) => inFours(sizesOf(call));
  const fitsOnly1 = (call: Call) => !fits4(call);
  const quadFits4 = (call: Call, target: Target) => subgroups(target) && fits4(call);
  const plan = (work: Work, describe: (told: FilterTold) => Dispatch) => (call: Call, target: Target) =>
    planOfFilter(sizesOf(call), target, work, describe);
  return {
    tiled_64x64: {
      large: true,
      fits: fits4,
      preferred: (call, { adapter }) => {
        const sizes = sizesOf(call);
        return adapter !== 'software' && rowsOf(sizes) >= 32 && sizes.groupOut >= 24 && sizes.positions >= 256;
      },
      plan: plan(inTiles(64, 64, 1), (told) =>
        dispatch(tiledShader, 'conv_filter_tiled', {
          ...filterFours(told),
          constants: { VOLUME: true },
        }),
      ),
    },
    quad_wide: {
      fits: quadFits4,
      preferred: (call) => sizesOf(call).positions >= 2048 && sizesOf(call).groupOut > 16,
      plan: plan(inTiles(16, 32, 16), (told) => dispatch(quadShader, 'conv_filter_quad_wide', filterFours(told))),
    },
    quad: {
      fits: quadFits4,
      plan: plan(inTiles(16, 16, 16), (told) => dispatch(quadShader, 'conv_filter_quad', filterFours(told))),
    },
    register: {
      fits: fits4,
      plan: plan(inTiles(4, 8, 64), (told) => dispatch(shader, 'conv_filter_register', filterFours(told))),
    },
    quad_scalar: {
      fits: (call, target) => subgroups(target) && fitsOnly1(call),
      plan: plan(inTiles(16, 16, 16), (told) => dispatch(quadShader, 'conv_filter_quad_scalar', filterSingles(told))),
    },
    register_scalar: {
      fits: fitsOnly1,
      plan: plan(inTiles(4, 8, 64), (told) => dispatch(shader, 'conv_filter_register_scalar', filterSingles(told))),
    },
  };
}
