// Convolution in general, for what matmul over im2col does not do well: three axes, groups, depthwise. Each of the three
// ops is linear in both operands, and the gradients of each are the other two.

import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf, type Shape } from '../core/shape.ts';
import type { GradCall, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { activations } from './activations.ts';
import { sumTo } from './binary.ts';
import { checkGroups } from './conv_groups.ts';
import { convNdGradFilterKernels, convNdGradInputKernels, convNdKernels } from './conv_nd_kernels.ts';
import { convNdCases, epilogueOf } from './conv_nd_samples.ts';
import {
  convNdSizes,
  copiesOf,
  filterShape,
  outputShape,
  type ConvNdAttrs,
  type ConvNdGradFilterAttrs,
  type ConvNdGradInputAttrs,
  type ConvNdSizes,
} from './conv_nd_sizes.ts';
import { bytesMoved } from './copy.ts';
import { beforeActivation, productAccuracy } from './matmul.ts';
import { checkImageNd } from './window.ts';
import { eachTap } from './window_map.ts';

/** Calls `visit` with the flat indices in x, w and y of every product of a convolution. */
function eachProduct(s: ConvNdSizes, visit: (x: number, w: number, y: number) => void): void {
  const { image, window, oc, groupIn, groupOut } = s;
  eachTap(image, window, (pixel, position, tap) => {
    for (let o = 0; o < oc; o++) {
      const first = pixel * image[4] + Math.floor(o / groupOut) * groupIn;
      for (let c = 0; c < groupIn; c++) visit(first + c, (tap * groupIn + c) * oc + o, position * oc + o);
    }
  });
}

function activated(sums: Float64Array, { activation }: ConvNdAttrs): Float64Array {
  return activation ? sums.map(activations[activation].reference!) : sums;
}

/** Throws unless `found` is f32 of shape `expected`. */
function expectShape(where: string, name: string, found: TensorType, expected: Shape): void {
  expectDType(where, name, found, 'f32');
  if (!equal(found.shape, expected)) {
    throw new ShapeError(`${where}: ${name} is ${format(found.shape)}, expected ${format(expected)}`);
  }
}

function checkBias(where: string, bias: TensorType | undefined, length: number): void {
  if (bias) expectShape(where, 'bias', bias, [length]);
}

const flops = (s: ConvNdSizes) => 2 * s.positions * s.taps * s.groupIn * s.oc;

/**
 * y = activation(conv(x, w) + bias): x [N,…,C], w [K…,C/groups,OC], bias [OC] -> [N,O…,OC], for one to three spatial axes.
 * Outputs are dealt to the groups in order; output o sees the channels of its group only.
 */
export const convNdOp: Op<ConvNdAttrs> = {
  name: 'conv_nd',
  takesEpilogue: true,
  infer([x, w, bias], attrs) {
    const image = checkImageNd('conv_nd', x!, attrs.window);
    const oc = w!.shape.at(-1)!;
    checkGroups('conv_nd', image.at(-1)!, oc, attrs.groups);
    expectShape('conv_nd', 'w', w!, filterShape(image, oc, attrs));
    checkBias('conv_nd', bias, oc);
    return [{ shape: outputShape(image, oc, attrs), dtype: 'f32' }];
  },
  cpu([x, w, bias], [y], { inputs, attrs }) {
    const s = convNdSizes(inputs[0]!.shape, inputs[1]!.shape.at(-1)!, attrs);
    const sums = Float64Array.from(y!, (_, i) => (attrs.bias ? bias![i % s.oc]! : 0));
    eachProduct(s, (i, j, to) => {
      sums[to]! += x![i]! * w![j]!;
    });
    y!.set(activated(sums, attrs));
  },
  kernels: convNdKernels,
  grad({ dy, x: [x, w, bias], y, attrs, needs }) {
    const g = gradientOfSum(dy[0]!, y[0]!, attrs);
    return [
      needs[0] ? convNdGradInput(g, w!, { ...attrs, inputShape: x!.shape }) : null,
      needs[1] ? applyOne(convNdGradFilterOp, [x!, g], attrs) : null,
      ...biasGradient(g, bias, needs),
    ];
  },
  cost: (call) => ({
    flops: flops(convNdSizes(call.inputs[0]!.shape, call.inputs[1]!.shape.at(-1)!, call.attrs)),
    bytes: bytesMoved(call),
  }),
  accuracy: ({ attrs }) => productAccuracy(attrs, ({ inputs }) => sizeOf(inputs[1]!.shape.slice(0, -1)) + 1),
  samples: convNdCases().map((one, i): Sample<ConvNdAttrs> => {
    const { image, filter, window, groups } = one;
    const { bias, activation } = epilogueOf(one, i, sizeOf(filter.slice(0, -1)));
    const inputs = [{ shape: image }, { shape: filter }, ...(bias ? [{ shape: [filter.at(-1)!] }] : [])];
    return { inputs, attrs: { window, groups, bias, activation } };
  }),
};

/**
 * The gradient of conv_nd's x, which is also transposed convolution: dy [N,O…,OC], w [K…,C/groups,OC] -> inputShape
 * [N,…,C]; activation(… + bias [C]) in the latter case.
 */
export const convNdGradInputOp: Op<ConvNdGradInputAttrs> = {
  name: 'conv_nd_grad_input',
  takesEpilogue: true,
  infer([dy, w, bias], attrs) {
    const where = 'conv_nd_grad_input';
    const image = checkImageNd(where, { shape: attrs.inputShape, dtype: 'f32' }, attrs.window);
    const oc = w!.shape.at(-1)!;
    checkGroups(where, image.at(-1)!, oc, attrs.groups);
    expectShape(where, 'w', w!, filterShape(image, oc, attrs));
    expectShape(where, 'dy', dy!, outputShape(image, oc, attrs));
    checkBias(where, bias, image.at(-1)!);
    return [{ shape: image, dtype: 'f32' }];
  },
  cpu([dy, w, bias], [dx], { inputs, attrs }) {
    const s = convNdSizes(attrs.inputShape, inputs[0]!.shape.at(-1)!, attrs);
    const sums = Float64Array.from(dx!, (_, i) => (attrs.bias ? bias![i % s.image[4]]! : 0));
    eachProduct(s, (to, j, k) => {
      sums[to]! += dy![k]! * w![j]!;
    });
    dx!.set(activated(sums, attrs));
  },
  kernels: convNdGradInputKernels,
  grad({ dy: ddx, x: [dy, w, bias], y, attrs, needs }) {
    const g = gradientOfSum(ddx[0]!, y[0]!, attrs);
    return [
      needs[0] ? convNd(g, w!, attrs) : null,
      needs[1] ? applyOne(convNdGradFilterOp, [g, dy!], attrs) : null,
      ...biasGradient(g, bias, needs),
    ];
  },
  cost: (call) => ({
    flops: flops(convNdSizes(call.attrs.inputShape, call.inputs[0]!.shape.at(-1)!, call.attrs)),
    bytes: bytesMoved(call),
  }),
  accuracy: ({ attrs }) =>
    productAccuracy(attrs, ({ inputs, attrs: { inputShape } }) => {
      const s = convNdSizes(inputShape, inputs[0]!.shape.at(-1)!, attrs);
      return s.taps * s.groupOut * copiesOf(s) + 1; // every copy of a pixel in the padding adds its own terms
    }),
  samples: convNdCases().map((one, i): Sample<ConvNdGradInputAttrs> => {
    const { image, filter, window, groups } = one;
    const s = convNdSizes(image, filter.at(-1)!, { window, groups });
    const { bias, activation } = epilogueOf(one, i + 1, s.taps * s.groupOut);
    const dy = outputShape(image, filter.at(-1)!, { window, groups });
    const inputs = [{ shape: dy }, { shape: filter }, ...(bias ? [{ shape: [image.at(-1)!] }] : [])];
    return { inputs, attrs: { window, groups, bias, activation, inputShape: image } };
  }),
};

/** The gradient of conv_nd's w: x [N,…,C], dy [N,O…,OC] -> [K…,C/groups,OC]. */
export const convNdGradFilterOp: Op<ConvNdGradFilterAttrs> = {
  name: 'conv_nd_grad_filter',
  infer([x, dy], attrs) {
    const where = 'conv_nd_grad_filter';
    const image = checkImageNd(where, x!, attrs.window);
    const oc = dy!.shape.at(-1)!;
    checkGroups(where, image.at(-1)!, oc, attrs.groups);
    expectShape(where, 'dy', dy!, outputShape(image, oc, attrs));
    return [{ shape: filterShape(image, oc, attrs), dtype: 'f32' }];
  },
  cpu([x, dy], [dw], { inputs, attrs }) {
    const sums = new Float64Array(dw!.length);
    eachProduct(convNdSizes(inputs[0]!.shape, inputs[1]!.shape.at(-1)!, attrs), (i, to, k) => {
      sums[to]! += x![i]! * dy![k]!;
    });
    dw!.set(sums);
  },
  kernels: convNdGradFilterKernels,
  grad: ({ dy: ddw, x: [x, dy], attrs, needs }) => [
    needs[0] ? convNdGradInput(dy!, ddw[0]!, { ...attrs, inputShape: x!.shape }) : null,
    needs[1] ? convNd(x!, ddw[0]!, attrs) : null,
  ],
  cost: (call) => ({
    flops: flops(convNdSizes(call.inputs[0]!.shape, call.inputs[1]!.shape.at(-1)!, call.attrs)),
    bytes: bytesMoved(call),
  }),
  accuracy: { kind: 'sum', terms: ({ inputs }) => sizeOf(inputs[1]!.shape.slice(0, -1)) },
  samples: convNdCases().map(({ image, filter, window, groups }): Sample<ConvNdGradFilterAttrs> => ({
    inputs: [{ shape: image }, { shape: outputShape(image, filter.at(-1)!, { window, groups }) }],
    attrs: { window, groups },
  })),
};

export const convNdOps: readonly Op[] = [convNdOp, convNdGradInputOp, convNdGradFilterOp];

/** conv_nd without an epilogue. */
export function convNd(x: Tensor, w: Tensor, { window, groups }: ConvNdGradFilterAttrs): Tensor {
  return applyOne(convNdOp, [x, w], { window, groups, bias: false, activation: null });
}

/** conv_nd_grad_input without an epilogue. */
export function convNdGradInput(
  dy: Tensor,
  w: Tensor,
  { window, groups, inputShape }: Pick<ConvNdGradInputAttrs, 'window' | 'groups' | 'inputShape'>,
): Tensor {
  return applyOne(convNdGradInputOp, [dy, w], { window, groups, inputShape, bias: false, activation: null });
}

function gradientOfSum(dy: Tensor, y: Tensor, { activation }: ConvNdAttrs): Tensor {
  return activation ? beforeActivation(activation, dy, y) : dy;
}

function biasGradient(g: Tensor, bias: Tensor | undefined, needs: GradCall<ConvNdAttrs>['needs']): (Tensor | null)[] {
  return bias ? [needs[2] ? sumTo(g, bias.shape) : null] : [];
}
