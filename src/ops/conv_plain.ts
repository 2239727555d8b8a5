// The plain kernels of convolutions of every rank, one output a thread: the last choice for images of any shape.

import shader from '../../shaders/conv_nd.wgsl';
import type { KernelPlan } from '../graph/op.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import type { ConvNdSizes } from './conv_nd_sizes.ts';
import type { ConvProduct } from './conv_product.ts';
import { epilogue } from './epilogue.ts';
import { copiesAlong, copyHooks, sourceHooks } from './padding.ts';

function params({ image, window, oc, groups }: ConvNdSizes) {
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
  };
}

export function planPlain({ sizes, transposed, epilogue: attrs }: ConvProduct): KernelPlan {
  const { constants, hooks, bias, residual } = epilogue(attrs);
  const { positions, pixels, oc, image, window } = sizes;
  const shared = {
    params: params(sizes),
    constants,
    workgroups: flatGrid(transposed ? pixels * image[4] : positions * oc, 64),
  };
  const described = transposed
    ? dispatch(shader, 'conv_nd_grad_input', {
        ...shared,
        bindings: { dy: input(0), weights: input(1), bias, residual, dx: output(0) },
        hooks: { ...hooks, ...copyHooks[window.paddingMode] },
      })
    : dispatch(shader, 'conv_nd', {
        ...shared,
        bindings: { x: input(0), weights: input(1), bias, residual, y: output(0) },
        hooks: { ...hooks, ...sourceHooks[window.paddingMode] },
      });
  return { dispatches: [described] };
}

export function planPlainFilter(sizes: ConvNdSizes): KernelPlan {
  const described = dispatch(shader, 'conv_nd_grad_filter', {
    bindings: { x: input(0), dy: input(1), dw: output(0) },
    params: params(sizes),
    hooks: sourceHooks[sizes.window.paddingMode],
    workgroups: flatGrid(sizes.taps * sizes.groupIn * sizes.oc, 64),
  });
  return { dispatches: [described] };
}
