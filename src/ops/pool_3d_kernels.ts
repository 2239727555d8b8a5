// The dispatches of pooling over volumes; one entry each, except that the maximum's gradient finds the winners first.

import averagePool from '../../shaders/average_pool_3d.wgsl';
import lpPool from '../../shaders/lp_pool_3d.wgsl';
import maxPool from '../../shaders/max_pool_3d.wgsl';
import { sizeOf } from '../core/shape.ts';
import type { KernelPlan } from '../graph/op.ts';
import { dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { pooledVolume, regionOutput, type Regions } from './pool_regions.ts';
import type { Triple, VolumeShape } from './window.ts';

/** What a mean divides by: the elements on the image, those on the padded image, or one, which makes it a sum. */
export type PoolCount = 'inside' | 'padded' | 'one';
/** The shaders' COUNT. */
export const poolCounts: Readonly<Record<PoolCount, number>> = { inside: 0, padded: 1, one: 2 };

/** Params and constants; `size` is that of what is written. */
function call(volume: VolumeShape, regions: Regions, size: number, p = 1) {
  const [, D, H, W, C] = volume;
  const [OD, OH, OW] = regionOutput(regions);
  const ones: Triple = [1, 1, 1];
  const zeros: Triple = [0, 0, 0];
  const window = regions.adaptive
    ? { kernel: ones, strides: ones, dilation: ones, padBefore: zeros, padAfter: zeros }
    : regions.window;
  const params = {
    size,
    D,
    H,
    W,
    C,
    OD,
    OH,
    OW,
    p,
    KD: window.kernel[0],
    KH: window.kernel[1],
    KW: window.kernel[2],
    stride_d: window.strides[0],
    stride_h: window.strides[1],
    stride_w: window.strides[2],
    dilation_d: window.dilation[0],
    dilation_h: window.dilation[1],
    dilation_w: window.dilation[2],
    pad_front: window.padBefore[0],
    pad_top: window.padBefore[1],
    pad_left: window.padBefore[2],
    pad_back: window.padAfter[0],
    pad_bottom: window.padAfter[1],
    pad_right: window.padAfter[2],
  };
  return { params, workgroups: flatGrid(size, 64) };
}

const adaptive = (regions: Regions) => ({ ADAPTIVE: regions.adaptive === true });
const outputs = (volume: VolumeShape, regions: Regions) => sizeOf(pooledVolume(volume, regions));

export function maxPlan(volume: VolumeShape, regions: Regions): KernelPlan {
  const rest = { constants: adaptive(regions), ...call(volume, regions, outputs(volume, regions)) };
  return { dispatches: [dispatch(maxPool, 'max_pool_3d', { bindings: { x: input(0), y: output(0) }, ...rest })] };
}

export function maxIndicesPlan(volume: VolumeShape, regions: Regions): KernelPlan {
  const rest = { constants: adaptive(regions), ...call(volume, regions, outputs(volume, regions)) };
  const bindings = { x: input(0), y: output(0), places: output(1) };
  return { dispatches: [dispatch(maxPool, 'max_pool_3d_indices', { bindings, ...rest })] };
}

export function maxGradPlan(volume: VolumeShape, regions: Regions): KernelPlan {
  const windows = outputs(volume, regions);
  const constants = adaptive(regions);
  return {
    scratch: [4 * windows],
    dispatches: [
      dispatch(maxPool, 'max_pool_3d_winners', {
        bindings: { x: input(1), winners: scratch(0) },
        constants,
        ...call(volume, regions, windows),
      }),
      dispatch(maxPool, 'max_pool_3d_grad', {
        bindings: { dy: input(0), found: scratch(0), dx: output(0) },
        constants,
        ...call(volume, regions, sizeOf(volume)),
      }),
    ],
  };
}

export function averagePlan(volume: VolumeShape, regions: Regions, count: PoolCount): KernelPlan {
  const constants = { ...adaptive(regions), COUNT: poolCounts[count] };
  const rest = { constants, ...call(volume, regions, outputs(volume, regions)) };
  return {
    dispatches: [dispatch(averagePool, 'average_pool_3d', { bindings: { x: input(0), y: output(0) }, ...rest })],
  };
}

export function averageGradPlan(volume: VolumeShape, regions: Regions, count: PoolCount): KernelPlan {
  const constants = { ...adaptive(regions), COUNT: poolCounts[count] };
  const rest = { constants, ...call(volume, regions, sizeOf(volume)) };
  const bindings = { dy: input(0), dx: output(0) };
  return { dispatches: [dispatch(averagePool, 'average_pool_3d_grad', { bindings, ...rest })] };
}

const exponent = (p: number) => (p === 1 || p === 2 ? p : 0);

export function lpPlan(volume: VolumeShape, regions: Regions, p: number): KernelPlan {
  const constants = { ...adaptive(regions), EXPONENT: exponent(p) };
  const rest = { constants, ...call(volume, regions, outputs(volume, regions), p) };
  return { dispatches: [dispatch(lpPool, 'lp_pool_3d', { bindings: { x: input(0), y: output(0) }, ...rest })] };
}

export function lpGradPlan(volume: VolumeShape, regions: Regions, p: number): KernelPlan {
  const constants = { ...adaptive(regions), EXPONENT: exponent(p) };
  const rest = { constants, ...call(volume, regions, sizeOf(volume), p) };
  const bindings = { dy: input(0), x: input(1), norm: input(2), dx: output(0) };
  return { dispatches: [dispatch(lpPool, 'lp_pool_3d_grad', { bindings, ...rest })] };
}
