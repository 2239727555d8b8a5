// The convolution family: which shader entry runs which shapes, and how the filter's gradient is cut into slices.

import conv2dShader from '../../shaders/conv2d.wgsl';
import conv2dQuad from '../../shaders/conv2d_quad.wgsl';
import type { CallTypes, Kernel, KernelPlan } from '../graph/op.ts';
import { dispatch, input, output, scratch, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import {
  convSizes,
  type Conv2dAttrs,
  type Conv2dGradAttrs,
  type Conv2dGradInputAttrs,
  type ConvSizes,
} from './conv2d_sizes.ts';
import { epilogue } from './matmul_kernels.ts';
import { copiesAlong, copyHooks, copyHooks4, meetsZeros, sourceHooks, sourceHooks4 } from './padding.ts';
import type { Window2d } from './window.ts';

interface Slices {
  readonly slices: number;
  readonly lines_per_slice: number;
}

const WHOLE: Slices = { slices: 1, lines_per_slice: 0 };

function params(s: ConvSizes, window: Window2d, slices: Slices = WHOLE) {
  return {
    batch: s.n,
    height: s.h,
    width: s.w,
    channels: s.c,
    out_height: s.oh,
    out_width: s.ow,
    out_channels: s.oc,
    kernel_height: s.kh,
    kernel_width: s.kw,
    stride_height: window.strides[0],
    stride_width: window.strides[1],
    dilation_height: window.dilation[0],
    dilation_width: window.dilation[1],
    pad_top: window.padBefore[0],
    pad_left: window.padBefore[1],
    copies_height: copiesAlong(window, 0),
    copies_width: copiesAlong(window, 1),
    ...slices,
  };
}

const forwardSizes = ({ inputs, attrs }: CallTypes<Conv2dAttrs>) =>
  convSizes(inputs[0]!.shape, attrs.window, inputs[1]!.shape.at(-1)!);

/** dy's or the filter's last axis is OC in both gradients. */
const gradSizes = ({ inputs, attrs }: CallTypes<Conv2dGradAttrs>) =>
  convSizes(attrs.inputShape, attrs.window, inputs[1]!.shape.at(-1)!);

const subgroups = ({ features }: Target) => features.has('subgroups');
const foursIn = ({ c, oc }: ConvSizes) => c % 4 === 0 && oc % 4 === 0;
const foursOut = ({ oc }: ConvSizes) => oc % 4 === 0;

/** Quads compute 16 × 16 tiles, 16 quads to a workgroup; register blocks are 4 × 8, 64 to a workgroup. */
const quadGrid = (rows: number, columns: number) => flatGrid(Math.ceil(rows / 16) * Math.ceil(columns / 16), 16);
const blockGrid = (rows: number, columns: number) => flatGrid(Math.ceil(rows / 4) * Math.ceil(columns / 8), 64);

const rowsOf = (s: ConvSizes) => s.n * s.oh * s.ow;
const pixelsOf = (s: ConvSizes) => s.n * s.h * s.w;
const tapsOf = (s: ConvSizes) => s.kh * s.kw * s.c;

export const conv2dKernels: Record<string, Kernel<Conv2dAttrs>> = {
  quad: {
    fits: (call, target) => subgroups(target) && foursIn(forwardSizes(call)),
    plan(call) {
      const s = forwardSizes(call);
      const { constants, hooks4, bias } = epilogue(call.attrs);
      const described = dispatch(conv2dQuad, 'conv2d_quad', {
        bindings: { x4: input(0), weights4: input(1), bias4: bias, y4: output(0) },
        params: params(s, call.attrs.window),
        constants: { ...constants, PADDED: meetsZeros(call.attrs.window) },
        hooks: { ...hooks4, ...sourceHooks4[call.attrs.window.paddingMode] },
        workgroups: quadGrid(rowsOf(s), s.oc),
      });
      return { dispatches: [described] };
    },
  },
  quad_thin: {
    fits: (call, target) => subgroups(target) && foursOut(forwardSizes(call)),
    plan(call) {
      const s = forwardSizes(call);
      const { constants, hooks4, bias } = epilogue(call.attrs);
      const described = dispatch(conv2dQuad, 'conv2d_quad_thin', {
        bindings: { x: input(0), weights4: input(1), bias4: bias, y4: output(0) },
        params: params(s, call.attrs.window),
        constants,
        hooks: { ...hooks4, ...sourceHooks4[call.attrs.window.paddingMode] },
        workgroups: quadGrid(rowsOf(s), s.oc),
      });
      return { dispatches: [described] };
    },
  },
  register: {
    fits: (call) => foursIn(forwardSizes(call)),
    plan(call) {
      const s = forwardSizes(call);
      const { constants, hooks4, bias } = epilogue(call.attrs);
      const described = dispatch(conv2dShader, 'conv2d_register', {
        bindings: { x4: input(0), weights4: input(1), bias4: bias, y4: output(0) },
        params: params(s, call.attrs.window),
        constants: { ...constants, PADDED: meetsZeros(call.attrs.window) },
        hooks: { ...hooks4, ...sourceHooks4[call.attrs.window.paddingMode] },
        workgroups: blockGrid(rowsOf(s), s.oc),
      });
      return { dispatches: [described] };
    },
  },
  register_thin: {
    fits: (call) => foursOut(forwardSizes(call)),
    plan(call) {
      const s = forwardSizes(call);
      const { constants, hooks4, bias } = epilogue(call.attrs);
      const described = dispatch(conv2dShader, 'conv2d_register_thin', {
        bindings: { x: input(0), weights4: input(1), bias4: bias, y4: output(0) },
        params: params(s, call.attrs.window),
        constants,
        hooks: { ...hooks4, ...sourceHooks4[call.attrs.window.paddingMode] },
        workgroups: blockGrid(rowsOf(s), s.oc),
      });
      return { dispatches: [described] };
    },
  },
  naive: {
    plan(call) {
      const s = forwardSizes(call);
      const { constants, hooks, bias } = epilogue(call.attrs);
      const described = dispatch(conv2dShader, 'conv2d', {
        bindings: { x: input(0), weights: input(1), bias, y: output(0) },
        params: params(s, call.attrs.window),
        constants,
        hooks: { ...hooks, ...sourceHooks[call.attrs.window.paddingMode] },
        workgroups: flatGrid(rowsOf(s) * s.oc, 64),
      });
      return { dispatches: [described] };
    },
  },
};

export const conv2dGradInputKernels: Record<string, Kernel<Conv2dGradInputAttrs>> = {
  quad: {
    fits: (call, target) => subgroups(target) && foursIn(gradSizes(call)),
    plan(call) {
      const s = gradSizes(call);
      const { constants, hooks4, bias } = epilogue(call.attrs);
      const described = dispatch(conv2dQuad, 'conv2d_grad_input_quad', {
        bindings: { dy4: input(0), weights4: input(1), dx_bias4: bias, dx4: output(0) },
        params: params(s, call.attrs.window),
        constants,
        hooks: { ...hooks4, ...copyHooks4[call.attrs.window.paddingMode] },
        workgroups: quadGrid(pixelsOf(s), s.c),
      });
      return { dispatches: [described] };
    },
  },
  register: {
    fits: (call) => foursIn(gradSizes(call)),
    plan(call) {
      const s = gradSizes(call);
      const { constants, hooks4, bias } = epilogue(call.attrs);
      const described = dispatch(conv2dShader, 'conv2d_grad_input_register', {
        bindings: { dy4: input(0), weights4: input(1), dx_bias4: bias, dx4: output(0) },
        params: params(s, call.attrs.window),
        constants,
        hooks: { ...hooks4, ...copyHooks4[call.attrs.window.paddingMode] },
        workgroups: blockGrid(pixelsOf(s), s.c),
      });
      return { dispatches: [described] };
    },
  },
  naive: {
    plan(call) {
      const s = gradSizes(call);
      const { constants, hooks, bias } = epilogue(call.attrs);
      const described = dispatch(conv2dShader, 'conv2d_grad_input', {
        bindings: { dy: input(0), weights: input(1), dx_bias: bias, dx: output(0) },
        params: params(s, call.attrs.window),
        constants,
        hooks: { ...hooks, ...copyHooks[call.attrs.window.paddingMode] },
        workgroups: flatGrid(pixelsOf(s) * s.c, 64),
      });
      return { dispatches: [described] };
    },
  },
};

/**
 * dw has few numbers and each is a sum over every output position, so the output lines are cut into slices until
 * there is work for the whole device; a second pass adds the slices in order.
 */
function cut(s: ConvSizes, blocks: number, target: Target): Slices {
  const lines = s.n * s.oh;
  const wanted = target.adapter === 'software' ? 256 : 4096;
  const slices = Math.max(1, Math.min(Math.ceil(wanted / blocks), Math.floor(lines / 4)));
  const perSlice = Math.ceil(lines / slices);
  return { slices: Math.ceil(lines / perSlice), lines_per_slice: perSlice };
}

/** `blockSize` is the part of dw [KH·KW·C, OC] that one unit of work computes, `group` how many of them a workgroup does. */
function gradFilter(
  blockSize: { rows: number; columns: number; group: number },
  describe: (
    call: CallTypes<Conv2dGradAttrs>,
    parameters: ReturnType<typeof params>,
    dw: BufferRef,
    workgroups: [number, number, number],
  ) => Dispatch,
): (call: CallTypes<Conv2dGradAttrs>, target: Target) => KernelPlan {
  return (call, target) => {
    const s = gradSizes(call);
    const blocks = Math.ceil(tapsOf(s) / blockSize.rows) * Math.ceil(s.oc / blockSize.columns);
    const slices = cut(s, blocks, target);
    const parameters = params(s, call.attrs.window, slices);
    const workgroups = flatGrid(blocks * slices.slices, blockSize.group);
    if (slices.slices === 1) return { dispatches: [describe(call, parameters, output(0), workgroups)] };
    const size = tapsOf(s) * s.oc;
    const sum = dispatch(conv2dShader, 'conv2d_grad_filter_sum', {
      bindings: { partial: scratch(0), dw: output(0) },
      params: parameters,
      workgroups: flatGrid(size, 64),
    });
    return {
      dispatches: [describe(call, parameters, scratch(0), workgroups), sum],
      scratch: [4 * slices.slices * size],
    };
  };
}

export const conv2dGradFilterKernels: Record<string, Kernel<Conv2dGradAttrs>> = {
  quad: {
    fits: (call, target) => subgroups(target) && foursIn(gradSizes(call)),
    plan: gradFilter({ rows: 16, columns: 16, group: 16 }, ({ attrs }, parameters, dw, workgroups) =>
      dispatch(conv2dQuad, 'conv2d_grad_filter_quad', {
        bindings: { x4: input(0), dy4: input(1), dw4: dw },
        params: parameters,
        hooks: { ...sourceHooks[attrs.window.paddingMode], ...sourceHooks4[attrs.window.paddingMode] },
        workgroups,
      }),
    ),
  },
  quad_thin: {
    fits: (call, target) => subgroups(target) && foursOut(gradSizes(call)),
    plan: gradFilter({ rows: 16, columns: 16, group: 16 }, ({ attrs }, parameters, dw, workgroups) =>
      dispatch(conv2dQuad, 'conv2d_grad_filter_quad_thin', {
        bindings: { x: input(0), dy4: input(1), dw4: dw },
        params: parameters,
        hooks: sourceHooks4[attrs.window.paddingMode],
        workgroups,
      }),
    ),
  },
  register: {
    fits: (call) => foursIn(gradSizes(call)),
    plan: gradFilter({ rows: 4, columns: 8, group: 64 }, ({ attrs }, parameters, dw, workgroups) =>
      dispatch(conv2dShader, 'conv2d_grad_filter_register', {
        bindings: { x4: input(0), dy4: input(1), dw4: dw },
        params: parameters,
        hooks: { ...sourceHooks[attrs.window.paddingMode], ...sourceHooks4[attrs.window.paddingMode] },
        workgroups,
      }),
    ),
  },
  register_thin: {
    fits: (call) => foursOut(gradSizes(call)),
    plan: gradFilter({ rows: 4, columns: 8, group: 64 }, ({ attrs }, parameters, dw, workgroups) =>
      dispatch(conv2dShader, 'conv2d_grad_filter_register_thin', {
        bindings: { x: input(0), dy4: input(1), dw4: dw },
        params: parameters,
        hooks: sourceHooks4[attrs.window.paddingMode],
        workgroups,
      }),
    ),
  },
  naive: {
    plan: gradFilter({ rows: 1, columns: 1, group: 64 }, ({ attrs }, parameters, dw, workgroups) =>
      dispatch(conv2dShader, 'conv2d_grad_filter', {
        bindings: { x: input(0), dy: input(1), dw },
        params: parameters,
        hooks: sourceHooks[attrs.window.paddingMode],
        workgroups,
      }),
    ),
  },
};
