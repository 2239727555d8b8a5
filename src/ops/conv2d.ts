// Convolution. For users it is matmul over im2col, so that courses can show each step and autodiff gives the gradients;
// the planner replaces the three products that arise by the implicit ops below, which never write the im2col matrix.

import { ShapeError } from '../core/errors.ts';
import { format } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { activations } from './activations.ts';
import { conv2dGradFilterKernels, conv2dGradInputKernels, conv2dKernels } from './conv2d_kernels.ts';
import { convSizes, type Conv2dAttrs, type Conv2dGradAttrs, type ConvSizes } from './conv2d_sizes.ts';
import { im2col } from './im2col.ts';
import { matmul, productAccuracy } from './matmul.ts';
import { reshape } from './reshape.ts';
import { window2d, type Window2d, type WindowOptions } from './window.ts';

/** Calls `visit` with the flat indices of x [N,H,W,·], position (n,oh,ow) and tap (kh,kw) of every pair that meets. */
function eachTap(s: ConvSizes, window: Window2d, visit: (pixel: number, position: number, tap: number) => void): void {
  for (let n = 0; n < s.n; n++) {
    for (let oh = 0; oh < s.oh; oh++) {
      for (let ow = 0; ow < s.ow; ow++) {
        for (let kh = 0; kh < s.kh; kh++) {
          const h = oh * window.strides[0] + kh * window.dilation[0] - window.padTop;
          if (h < 0 || h >= s.h) continue;
          for (let kw = 0; kw < s.kw; kw++) {
            const w = ow * window.strides[1] + kw * window.dilation[1] - window.padLeft;
            if (w < 0 || w >= s.w) continue;
            visit((n * s.h + h) * s.w + w, (n * s.oh + oh) * s.ow + ow, kh * s.kw + kw);
          }
        }
      }
    }
  }
}

function flops(s: ConvSizes): number {
  return 2 * s.n * s.oh * s.ow * s.oc * s.kh * s.kw * s.c;
}

function bytes(s: ConvSizes): number {
  return 4 * (s.n * s.h * s.w * s.c + s.kh * s.kw * s.c * s.oc + s.n * s.oh * s.ow * s.oc);
}

/** y = activation(im2col(x)·w + bias): x [N,H,W,C], w [KH·KW·C, OC], bias [OC] -> [N·OH·OW, OC]. */
export const conv2dOp: Op<Conv2dAttrs> = {
  name: 'conv2d',
  infer(inputs, { window }) {
    const [x, w] = inputs as [TensorType, TensorType];
    const [oh, ow] = window.output;
    return [{ shape: [x.shape[0]! * oh * ow, w.shape.at(-1)!], dtype: 'f32' }];
  },
  cpu([x, w, bias], [y], { inputs, attrs }) {
    const s = convSizes(inputs[0]!.shape, attrs.window, inputs[1]!.shape.at(-1)!);
    const sums = new Float64Array(y!.length);
    if (attrs.bias) for (let i = 0; i < sums.length; i++) sums[i] = bias![i % s.oc]!;
    eachTap(s, attrs.window, (pixel, position, tap) => {
      for (let c = 0; c < s.c; c++) {
        const value = x![pixel * s.c + c]!;
        for (let o = 0; o < s.oc; o++) sums[position * s.oc + o]! += value * w![(tap * s.c + c) * s.oc + o]!;
      }
    });
    const activate = attrs.activation ? activations[attrs.activation].reference! : (sum: number) => sum;
    for (let i = 0; i < sums.length; i++) y![i] = activate(sums[i]!);
  },
  kernels: conv2dKernels,
  grad: null, // made by the planner, after differentiation
  cost({ inputs, attrs }) {
    const s = convSizes(inputs[0]!.shape, attrs.window, inputs[1]!.shape.at(-1)!);
    return { flops: flops(s), bytes: bytes(s) };
  },
  accuracy: ({ attrs }) =>
    productAccuracy(attrs.activation, ({ inputs }) => inputs[1]!.shape.slice(0, -1).reduce((a, b) => a * b, 1) + 1),
  samples: geometries().flatMap(({ input, filter, window }, i): Sample<Conv2dAttrs>[] => {
    const bias = i % 2 === 1;
    const activation = ([null, 'relu', null, 'tanh', 'sigmoid'] as const)[i % 5]!;
    const inputs = [{ shape: input }, { shape: filter }];
    if (bias) inputs.push({ shape: [filter[1]!] });
    return [{ inputs, attrs: { window, bias, activation } }];
  }),
};

/** dx = col2im(dy·wᵀ): dy [N·OH·OW, OC], w [KH·KW·C, OC] -> [N,H,W,C]. */
export const conv2dGradInputOp: Op<Conv2dGradAttrs> = {
  name: 'conv2d_grad_input',
  infer: (_, { inputShape }) => [{ shape: [...inputShape], dtype: 'f32' }],
  cpu([dy, w], [dx], { inputs, attrs: { window, inputShape } }) {
    const s = convSizes(inputShape, window, inputs[1]!.shape.at(-1)!);
    const sums = new Float64Array(dx!.length);
    eachTap(s, window, (pixel, position, tap) => {
      for (let c = 0; c < s.c; c++) {
        let sum = 0;
        for (let o = 0; o < s.oc; o++) sum += dy![position * s.oc + o]! * w![(tap * s.c + c) * s.oc + o]!;
        sums[pixel * s.c + c]! += sum;
      }
    });
    for (let i = 0; i < sums.length; i++) dx![i] = sums[i]!;
  },
  kernels: conv2dGradInputKernels,
  grad: null, // made by the planner, after differentiation
  cost({ inputs, attrs: { window, inputShape } }) {
    const s = convSizes(inputShape, window, inputs[1]!.shape.at(-1)!);
    return { flops: flops(s), bytes: bytes(s) };
  },
  accuracy: {
    kind: 'sum',
    terms: ({ inputs, attrs }) => attrs.window.kernel[0] * attrs.window.kernel[1] * inputs[1]!.shape.at(-1)!,
  },
  samples: geometries().map(({ input, filter, window }) => ({
    inputs: [{ shape: [positions(input, window), filter[1]!] }, { shape: filter }],
    attrs: { window, inputShape: input },
  })),
};

/** dw = im2col(x)ᵀ·dy: x [N,H,W,C], dy [N·OH·OW, OC] -> [KH·KW·C, OC]. */
export const conv2dGradFilterOp: Op<Conv2dGradAttrs> = {
  name: 'conv2d_grad_filter',
  infer([, dy], { window, inputShape }) {
    return [{ shape: [window.kernel[0] * window.kernel[1] * inputShape[3], dy!.shape.at(-1)!], dtype: 'f32' }];
  },
  cpu([x, dy], [dw], { inputs, attrs: { window, inputShape } }) {
    const s = convSizes(inputShape, window, inputs[1]!.shape.at(-1)!);
    const sums = new Float64Array(dw!.length);
    eachTap(s, window, (pixel, position, tap) => {
      for (let c = 0; c < s.c; c++) {
        const value = x![pixel * s.c + c]!;
        for (let o = 0; o < s.oc; o++) sums[(tap * s.c + c) * s.oc + o]! += value * dy![position * s.oc + o]!;
      }
    });
    for (let i = 0; i < sums.length; i++) dw![i] = sums[i]!;
  },
  kernels: conv2dGradFilterKernels,
  grad: null, // made by the planner, after differentiation
  cost({ inputs, attrs: { window, inputShape } }) {
    const s = convSizes(inputShape, window, inputs[1]!.shape.at(-1)!);
    return { flops: flops(s), bytes: bytes(s) };
  },
  accuracy: { kind: 'sum', terms: ({ inputs }) => inputs[1]!.shape.slice(0, -1).reduce((a, b) => a * b, 1) },
  samples: geometries().map(({ input, filter, window }) => ({
    inputs: [{ shape: input }, { shape: [positions(input, window), filter[1]!] }],
    attrs: { window, inputShape: input },
  })),
};

export const convOps: readonly Op[] = [conv2dOp, conv2dGradInputOp, conv2dGradFilterOp];

export type Conv2dOptions = Omit<WindowOptions, 'kernelSize'>;

/**
 * 2-D convolution (cross-correlation, as in every deep-learning library): x [N,H,W,C] with filters w [KH,KW,C,OC]
 * gives [N,OH,OW,OC], y[n,i,j,o] = Σ x[n, i·s + kh·d − p, j·s + kw·d − p, c]·w[kh,kw,c,o].
 * Defaults: strides 1, padding 'valid', dilationRate 1 (Keras). ShapeError where channels differ or the window does
 * not fit.
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  expectDType('conv2d', 'x', x, 'f32');
  if (x.shape.length !== 4) throw new ShapeError(`conv2d: expected an input [N,H,W,C], got ${format(x.shape)}`);
  if (w.shape.length !== 4) throw new ShapeError(`conv2d: expected filters [KH,KW,C,OC], got ${format(w.shape)}`);
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const [kh, kw, filterChannels, filters] = w.shape as [number, number, number, number];
  if (channels !== filterChannels) {
    throw new ShapeError(
      `conv2d: the input ${format(x.shape)} has ${channels} channels, the filters ${format(w.shape)} expect ${filterChannels}`,
    );
  }
  const window = window2d('conv2d', [height, width], { ...options, kernelSize: [kh, kw] });
  const y = matmul(im2col(x, window), reshape(w, [kh * kw * channels, filters]));
  return reshape(y, [n, window.output[0], window.output[1], filters]);
}

function positions(input: readonly number[], window: Window2d): number {
  return input[0]! * window.output[0] * window.output[1];
}

interface Geometry {
  input: [number, number, number, number];
  filter: number[];
  window: Window2d;
}

/** Input, window and output channels covering every option, odd sizes, and the sizes vec4 and quad kernels need. */
function geometries(): Geometry[] {
  const cases: [input: [number, number, number, number], filters: number, options: WindowOptions][] = [
    [[1, 1, 1, 1], 1, { kernelSize: 1 }],
    [[2, 5, 7, 3], 5, { kernelSize: 3 }],
    [[1, 6, 6, 4], 8, { kernelSize: 3, padding: 'same' }],
    [[2, 7, 5, 1], 16, { kernelSize: 3 }],
    [[3, 9, 8, 8], 4, { kernelSize: [2, 3], strides: 2, padding: 'same' }],
    [[2, 9, 9, 4], 12, { kernelSize: 3, dilationRate: 2 }],
    [
      [1, 8, 11, 12],
      32,
      {
        kernelSize: 3,
        strides: [1, 2],
        padding: [
          [2, 0],
          [1, 3],
        ],
      },
    ],
    [[2, 10, 10, 16], 20, { kernelSize: 5, padding: 2, strides: 3 }],
    [[1, 7, 7, 4], 6, { kernelSize: 1, strides: 2 }],
    [[4, 12, 12, 16], 32, { kernelSize: 3 }],
    [
      [2, 6, 6, 6],
      4,
      {
        kernelSize: [1, 4],
        padding: [
          [1, 1],
          [0, 2],
        ],
      },
    ],
    [[1, 5, 5, 8], 16, { kernelSize: 2, strides: 3, padding: 1 }],
  ];
  return cases.map(([input, filters, options]) => {
    const window = window2d('sample', [input[1], input[2]], options);
    return { input, filter: [window.kernel[0] * window.kernel[1] * input[3], filters], window };
  });
}
