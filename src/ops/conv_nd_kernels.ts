// The kernels of general convolution: which entry runs which shapes, and the slices of the filter's gradient.

import shader from '../../shaders/conv_nd.wgsl';
import type { CallTypes, Kernel, KernelPlan } from '../graph/op.ts';
import { dispatch, input, output, scratch, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import {
  convNdSizes,
  type ConvNdAttrs,
  type ConvNdGradFilterAttrs,
  type ConvNdGradInputAttrs,
  type ConvNdSizes,
} from './conv_nd_sizes.ts';
import { epilogue } from './matmul_kernels.ts';
import { copiesAlong, copyHooks, copyHooks4, sourceHooks, sourceHooks4 } from './padding.ts';

interface Slices {
  readonly slices: number;
  readonly lines_per_slice: number;
}
const WHOLE: Slices = { slices: 1, lines_per_slice: 0 };

function params({ image, window, oc, groups }: ConvNdSizes, slices: Slices = WHOLE) {
  const [batch, depth, height, width, channels] = image;
  const { kernel, strides, dilation, padBefore, output: out } = window;
  return {
    batch,
    depth,
    height,
    width,
    channels,
    out_depth: out[0],
    out_height: out[1],
    out_width: out[2],
    out_channels: oc,
    kernel_depth: kernel[0],
    kernel_height: kernel[1],
    kernel_width: kernel[2],
    stride_depth: strides[0],
    stride_height: strides[1],
    stride_width: strides[2],
    dilation_depth: dilation[0],
    dilation_height: dilation[1],
    dilation_width: dilation[2],
    pad_front: padBefore[0],
    pad_top: padBefore[1],
    pad_left: padBefore[2],
    groups,
    copies_depth: copiesAlong(window, 0),
    copies_height: copiesAlong(window, 1),
    copies_width: copiesAlong(window, 2),
    ...slices,
  };
}

const forward = ({ inputs, attrs }: CallTypes<ConvNdAttrs>) =>
  convNdSizes(inputs[0]!.shape, inputs[1]!.shape.at(-1)!, attrs);
const gradInput = ({ inputs, attrs }: CallTypes<ConvNdGradInputAttrs>) =>
  convNdSizes(attrs.inputShape, inputs[0]!.shape.at(-1)!, attrs);
const gradFilter = ({ inputs, attrs }: CallTypes<ConvNdGradFilterAttrs>) =>
  convNdSizes(inputs[0]!.shape, inputs[1]!.shape.at(-1)!, attrs);

const isDepthwise = ({ groupIn, groupOut, groups }: ConvNdSizes) => groupIn === 1 && groupOut === 1 && groups % 4 === 0;
const inFours = ({ groupIn, groupOut }: ConvNdSizes) => groupIn % 4 === 0 && groupOut % 4 === 0;

/** Threads for 4 × 4 blocks of a matrix. */
const blocks = (rows: number, columns: number) => flatGrid((Math.ceil(rows / 4) * columns) / 4, 64);

function forwardBlock(entry: 'conv_nd_block' | 'conv_nd_depthwise') {
  return (call: CallTypes<ConvNdAttrs>): KernelPlan => {
    const s = forward(call);
    const { constants, hooks4, bias } = epilogue(call.attrs);
    const described = dispatch(shader, entry, {
      bindings: { x4: input(0), weights4: input(1), bias4: bias, y4: output(0) },
      params: params(s),
      constants,
      hooks: { ...hooks4, ...sourceHooks4[s.window.paddingMode] },
      workgroups: blocks(s.positions, s.oc),
    });
    return { dispatches: [described] };
  };
}

export const convNdKernels: Record<string, Kernel<ConvNdAttrs>> = {
  depthwise: { fits: (call) => isDepthwise(forward(call)), plan: forwardBlock('conv_nd_depthwise') },
  block: { fits: (call) => inFours(forward(call)), plan: forwardBlock('conv_nd_block') },
  naive: {
    plan(call) {
      const s = forward(call);
      const { constants, hooks, bias } = epilogue(call.attrs);
      const described = dispatch(shader, 'conv_nd', {
        bindings: { x: input(0), weights: input(1), bias, y: output(0) },
        params: params(s),
        constants,
        hooks: { ...hooks, ...sourceHooks[s.window.paddingMode] },
        workgroups: flatGrid(s.positions * s.oc, 64),
      });
      return { dispatches: [described] };
    },
  },
};

function gradInputBlock(entry: 'conv_nd_grad_input_block' | 'conv_nd_grad_input_depthwise') {
  return (call: CallTypes<ConvNdGradInputAttrs>): KernelPlan => {
    const s = gradInput(call);
    const { constants, hooks4, bias } = epilogue(call.attrs);
    const described = dispatch(shader, entry, {
      bindings: { dy4: input(0), weights4: input(1), dx_bias4: bias, dx4: output(0) },
      params: params(s),
      constants,
      hooks: { ...hooks4, ...copyHooks4[s.window.paddingMode] },
      workgroups: blocks(s.pixels, s.image[4]),
    });
    return { dispatches: [described] };
  };
}

export const convNdGradInputKernels: Record<string, Kernel<ConvNdGradInputAttrs>> = {
  depthwise: { fits: (call) => isDepthwise(gradInput(call)), plan: gradInputBlock('conv_nd_grad_input_depthwise') },
  block: { fits: (call) => inFours(gradInput(call)), plan: gradInputBlock('conv_nd_grad_input_block') },
  naive: {
    plan(call) {
      const s = gradInput(call);
      const { constants, hooks, bias } = epilogue(call.attrs);
      const described = dispatch(shader, 'conv_nd_grad_input', {
        bindings: { dy: input(0), weights: input(1), dx_bias: bias, dx: output(0) },
        params: params(s),
        constants,
        hooks: { ...hooks, ...copyHooks[s.window.paddingMode] },
        workgroups: flatGrid(s.pixels * s.image[4], 64),
      });
      return { dispatches: [described] };
    },
  },
};

/** As conv2d's: few weights, each a sum over every position, so the output lines are cut until the device has work. */
function cut({ image, window }: ConvNdSizes, threads: number, target: Target): Slices {
  const lines = image[0] * window.output[0] * window.output[1];
  const wanted = target.adapter === 'software' ? 256 : 4096;
  const slices = Math.max(1, Math.min(Math.ceil(wanted / threads), Math.floor(lines / 4)));
  const perSlice = Math.ceil(lines / slices);
  return { slices: Math.ceil(lines / perSlice), lines_per_slice: perSlice };
}

/** `threadsFor` one slice; `describe` the first pass, which writes its slices to `dw`. */
function gradFilterPlan(
  threadsFor: (s: ConvNdSizes) => number,
  describe: (
    s: ConvNdSizes,
    parameters: ReturnType<typeof params>,
    dw: BufferRef,
    workgroups: [number, number, number],
  ) => Dispatch,
): (call: CallTypes<ConvNdGradFilterAttrs>, target: Target) => KernelPlan {
  return (call, target) => {
    const s = gradFilter(call);
    const threads = threadsFor(s);
    const slices = cut(s, threads, target);
    const parameters = params(s, slices);
    const workgroups = flatGrid(threads * slices.slices, 64);
    if (slices.slices === 1) return { dispatches: [describe(s, parameters, output(0), workgroups)] };
    const size = s.taps * s.groupIn * s.oc;
    const sum = dispatch(shader, 'conv_nd_grad_filter_sum', {
      bindings: { partial: scratch(0), dw: output(0) },
      params: parameters,
      workgroups: flatGrid(size, 64),
    });
    return {
      dispatches: [describe(s, parameters, scratch(0), workgroups), sum],
      scratch: [4 * slices.slices * size],
    };
  };
}

function gradFilterBlock(entry: 'conv_nd_grad_filter_block' | 'conv_nd_grad_filter_depthwise') {
  return (s: ConvNdSizes, parameters: ReturnType<typeof params>, dw: BufferRef, workgroups: [number, number, number]) =>
    dispatch(shader, entry, {
      bindings: { x4: input(0), dy4: input(1), dw4: dw },
      params: parameters,
      hooks: sourceHooks4[s.window.paddingMode],
      workgroups,
    });
}

export const convNdGradFilterKernels: Record<string, Kernel<ConvNdGradFilterAttrs>> = {
  depthwise: {
    fits: (call) => isDepthwise(gradFilter(call)),
    plan: gradFilterPlan(({ taps, oc }) => (taps * oc) / 4, gradFilterBlock('conv_nd_grad_filter_depthwise')),
  },
  block: {
    fits: (call) => inFours(gradFilter(call)),
    plan: gradFilterPlan(
      ({ taps, groupIn, oc }) => (taps * groupIn * oc) / 16,
      gradFilterBlock('conv_nd_grad_filter_block'),
    ),
  },
  naive: {
    plan: gradFilterPlan(
      ({ taps, groupIn, oc }) => taps * groupIn * oc,
      (s, parameters, dw, workgroups) =>
        dispatch(shader, 'conv_nd_grad_filter', {
          bindings: { x: input(0), dy: input(1), dw },
          params: parameters,
          hooks: sourceHooks[s.window.paddingMode],
          workgroups,
        }),
    ),
  },
};
