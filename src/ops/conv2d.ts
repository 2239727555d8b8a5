// The implicit 2-D convolution. For users a convolution is matmul over im2col (convolution.ts), so that courses can show
// each step and autodiff gives the gradients; the planner replaces the three products that arise by the ops below, which
// never write the im2col matrix.

import type { Op, Sample } from '../graph/op.ts';
import type { TensorType } from '../graph/tensor.ts';
import type { EpilogueActivation } from './activations.ts';
import { conv2dGradFilterKernels, conv2dGradInputKernels, conv2dKernels } from './conv2d_kernels.ts';
import {
  convSizes,
  type Conv2dAttrs,
  type Conv2dGradAttrs,
  type Conv2dGradInputAttrs,
  type ConvSizes,
} from './conv2d_sizes.ts';
import { checkEpilogue, type EpilogueAttrs, epilogueSamples, finish, noEpilogue, productAccuracy } from './epilogue.ts';
import { copiesAlong } from './padding.ts';
import { window2d, windowVolume, type ImageShape, type Window2d, type WindowOptions } from './window.ts';
import { eachTap } from './window_map.ts';
import { convolutionWindows, windowsWithSlopes, withSlopes } from './window_samples.ts';

/** Calls `visit` with the flat indices of x [N,H,W,·], position (n,oh,ow) and tap (kh,kw) of every pair that meets. */
function eachPair(s: ConvSizes, window: Window2d, visit: (pixel: number, position: number, tap: number) => void): void {
  eachTap([s.n, 1, s.h, s.w, s.c], windowVolume(window), visit);
}

function flops(s: ConvSizes): number {
  return 2 * s.n * s.oh * s.ow * s.oc * s.kh * s.kw * s.c;
}

function bytes(s: ConvSizes): number {
  return 4 * (s.n * s.h * s.w * s.c + s.kh * s.kw * s.c * s.oc + s.n * s.oh * s.ow * s.oc);
}

/**
 * y = activation(im2col(x)·w + bias + residual), or with a slope im2col(x)·w times it at the residual: x [N,H,W,C],
 * w [KH·KW·C, OC], bias [OC], residual as y -> [N·OH·OW, OC].
 */
export const conv2dOp: Op<Conv2dAttrs> = {
  name: 'conv2d',
  takesEpilogue: true,
  infer(inputs, attrs) {
    const [x, w] = inputs as [TensorType, TensorType];
    const [oh, ow] = attrs.window.output;
    const shape = [x.shape[0]! * oh * ow, w.shape.at(-1)!];
    checkEpilogue('conv2d', inputs, attrs, shape);
    return [{ shape, dtype: 'f32' }];
  },
  cpu(all, [y], call) {
    const [x, w] = all;
    const { inputs, attrs } = call;
    const s = convSizes(inputs[0]!.shape, attrs.window, inputs[1]!.shape.at(-1)!);
    const sums = new Float64Array(y!.length);
    eachPair(s, attrs.window, (pixel, position, tap) => {
      for (let c = 0; c < s.c; c++) {
        const value = x![pixel * s.c + c]!;
        for (let o = 0; o < s.oc; o++) sums[position * s.oc + o]! += value * w![(tap * s.c + c) * s.oc + o]!;
      }
    });
    finish(sums, all, y!, call);
  },
  kernels: conv2dKernels,
  grad: null, // made by the planner, after differentiation
  cost({ inputs, attrs }) {
    const s = convSizes(inputs[0]!.shape, attrs.window, inputs[1]!.shape.at(-1)!);
    return { flops: flops(s), bytes: bytes(s) };
  },
  accuracy: ({ attrs }) =>
    productAccuracy(attrs, ({ inputs }) => inputs[1]!.shape.slice(0, -1).reduce((a, b) => a * b, 1) + 2),
  samples: withSlopes(geometries(), windowsWithSlopes).map((one, i): Sample<Conv2dAttrs> => {
    const { input, filter, window } = one;
    const attrs = { window, ...epilogueOf(one, i, [null, 'relu', null, 'tanh', 'sigmoid']) };
    const added = epilogueSamples(attrs, [positions(input, window), filter[1]!]);
    return { inputs: [{ shape: input }, { shape: filter }, ...added], attrs };
  }),
};

/**
 * dx = activation(col2im(dy·wᵀ) + bias + residual), or with a slope col2im(dy·wᵀ) times it at the residual: dy [N·OH·OW, OC],
 * w [KH·KW·C, OC], bias [C], residual as dx -> [N,H,W,C]. A gradient has neither bias nor activation; a transposed convolution,
 * which is this product too, may have both.
 */
export const conv2dGradInputOp: Op<Conv2dGradInputAttrs> = {
  name: 'conv2d_grad_input',
  takesEpilogue: true,
  infer(inputs, attrs) {
    checkEpilogue('conv2d_grad_input', inputs, attrs, attrs.inputShape);
    return [{ shape: [...attrs.inputShape], dtype: 'f32' }];
  },
  cpu(all, [dx], call) {
    const [dy, w] = all;
    const { window, inputShape } = call.attrs;
    const s = convSizes(inputShape, window, call.inputs[1]!.shape.at(-1)!);
    const sums = new Float64Array(dx!.length);
    eachPair(s, window, (pixel, position, tap) => {
      for (let c = 0; c < s.c; c++) {
        let sum = 0;
        for (let o = 0; o < s.oc; o++) sum += dy![position * s.oc + o]! * w![(tap * s.c + c) * s.oc + o]!;
        sums[pixel * s.c + c]! += sum;
      }
    });
    finish(sums, all, dx!, call);
  },
  kernels: conv2dGradInputKernels,
  grad: null, // made by the planner, after differentiation
  cost({ inputs, attrs: { window, inputShape } }) {
    const s = convSizes(inputShape, window, inputs[1]!.shape.at(-1)!);
    return { flops: flops(s), bytes: bytes(s) };
  },
  accuracy: ({ attrs }) =>
    productAccuracy(attrs, ({ inputs, attrs: { window } }) => {
      // Every copy of a pixel in the padding adds its own terms.
      const copies = copiesAlong(window, 0) * copiesAlong(window, 1);
      return copies * window.kernel[0] * window.kernel[1] * inputs[1]!.shape.at(-1)! + 2;
    }),
  samples: withSlopes(geometries(), windowsWithSlopes).map((one, i): Sample<Conv2dGradInputAttrs> => {
    const { input, filter, window } = one;
    // tanh on short sums only: its bound says nothing of the error that a long sum brings along
    const copies = copiesAlong(window, 0) * copiesAlong(window, 1);
    const terms = copies * window.kernel[0] * window.kernel[1] * filter[1]!;
    const attrs = { window, inputShape: input, ...epilogueOf(one, i, [null, 'relu', terms > 64 ? 'relu' : 'tanh']) };
    const inputs = [{ shape: [positions(input, window), filter[1]!] }, { shape: filter }];
    return { inputs: [...inputs, ...epilogueSamples(attrs, input)], attrs };
  }),
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
    eachPair(s, window, (pixel, position, tap) => {
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

function positions(input: readonly number[], window: Window2d): number {
  return input[0]! * window.output[0] * window.output[1];
}

interface Geometry {
  input: ImageShape;
  filter: number[];
  window: Window2d;
  /** Where the case says it. */
  epilogue?: { bias: boolean; activation: EpilogueActivation | null };
  slope?: EpilogueActivation | null;
}

function epilogueOf(
  { epilogue, slope = null }: Geometry,
  i: number,
  inTurn: readonly (EpilogueActivation | null)[],
): EpilogueAttrs {
  if (slope) return { ...noEpilogue, residual: true, slope };
  const { bias, activation } = epilogue ?? { bias: i % 4 === 1, activation: inTurn[i % inTurn.length]! };
  return { bias, residual: Math.floor(i / 3) % 2 === 1, slope, activation };
}

/** Input, window and output channels covering every option, odd sizes, and the sizes vec4 and quad kernels need. */
function geometries(): Geometry[] {
  const cases: [input: ImageShape, filters: number, options: WindowOptions][] = [
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
    // What stands in the padding: each mode through the kernels of one, three and many channels.
    [[2, 5, 6, 3], 5, { kernelSize: 3, padding: 2, paddingMode: 'reflect' }],
    [[1, 6, 5, 8], 12, { kernelSize: [3, 4], padding: 'same', paddingMode: 'reflect', strides: 2 }],
    [[1, 4, 7, 1], 8, { kernelSize: 5, padding: 3, paddingMode: 'reflect', dilationRate: [1, 2] }],
    [[2, 3, 4, 3], 2, { kernelSize: 3, padding: 3, paddingMode: 'circular' }],
    [
      [2, 5, 4, 4],
      8,
      {
        kernelSize: 3,
        padding: [
          [4, 0],
          [1, 3],
        ],
        paddingMode: 'circular',
      },
    ],
    [[1, 1, 5, 2], 3, { kernelSize: 3, padding: 4, paddingMode: 'replicate' }],
    [
      [2, 6, 5, 4],
      4,
      {
        kernelSize: 3,
        padding: [
          [1, 2],
          [3, 0],
        ],
        paddingMode: 'replicate',
        strides: [2, 1],
      },
    ],
    [[1, 4, 4, 1], 16, { kernelSize: 4, padding: 'same', paddingMode: 'replicate' }],
    [
      [1, 1, 9, 4],
      8,
      {
        kernelSize: [1, 3],
        padding: [
          [0, 0],
          [4, 0],
        ],
        dilationRate: 2,
        paddingMode: 'circular',
      },
    ],
  ];
  const geometry = (input: ImageShape, filters: number, options: WindowOptions): Geometry => {
    const window = window2d('sample', [input[1], input[2]], options);
    return { input, filter: [window.kernel[0] * window.kernel[1] * input[3], filters], window };
  };
  return [
    ...cases.map(([input, filters, options]) => geometry(input, filters, options)),
    ...convolutionWindows.map(([input, filters, options, bias, activation]): Geometry => ({
      ...geometry(input, filters, options),
      epilogue: { bias, activation },
    })),
  ];
}
