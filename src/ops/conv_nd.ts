// Convolution in general, for what matmul over im2col does not do well: three axes, groups, depthwise. Each of the three
// ops is linear in both operands, and the gradients of each are the other two.

import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf, type Shape } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { checkGroups } from './conv_groups.ts';
import { convNdGradFilterKernels, convNdGradInputKernels, convNdKernels } from './conv_nd_kernels.ts';
import { convNdCases, epilogueOf, casesWithSlopes } from './conv_nd_samples.ts';
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
import {
  addedGradients,
  checkEpilogue,
  epilogueSamples,
  finish,
  gradientOfSum,
  noEpilogue,
  productAccuracy,
} from './epilogue.ts';
import { checkImageNd } from './window.ts';
import { eachTap } from './window_map.ts';
import { withSlopes } from './window_samples.ts';

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

/** Throws unless `found` is f32 of shape `expected`. */
function expectShape(where: string, name: string, found: TensorType, expected: Shape): void {
  expectDType(where, name, found, 'f32');
  if (!equal(found.shape, expected)) {
    throw new ShapeError(`${where}: ${name} is ${format(found.shape)}, expected ${format(expected)}`);
  }
}

const flops = (s: ConvNdSizes) => 2 * s.positions * s.taps * s.groupIn * s.oc;

/**
 * y = activation(conv(x, w) + bias + residual), or with a slope conv(x, w) times it at the residual: x [N,…,C],
 * w [K…,C/groups,OC], bias [OC], residual as y -> [N,O…,OC], for one to three spatial axes. Outputs are dealt to the groups in
 * order; output o sees the channels of its group only.
 */
export const convNdOp: Op<ConvNdAttrs> = {
  name: 'conv_nd',
  takesEpilogue: true,
  infer(inputs, attrs) {
    const [x, w] = inputs;
    const image = checkImageNd('conv_nd', x!, attrs.window);
    const oc = w!.shape.at(-1)!;
    checkGroups('conv_nd', image.at(-1)!, oc, attrs.groups);
    expectShape('conv_nd', 'w', w!, filterShape(image, oc, attrs));
    const shape = outputShape(image, oc, attrs);
    checkEpilogue('conv_nd', inputs, attrs, shape);
    return [{ shape, dtype: 'f32' }];
  },
  cpu(all, [y], call) {
    const [x, w] = all;
    const { inputs, attrs } = call;
    const sums = new Float64Array(y!.length);
    eachProduct(convNdSizes(inputs[0]!.shape, inputs[1]!.shape.at(-1)!, attrs), (i, j, to) => {
      sums[to]! += x![i]! * w![j]!;
    });
    finish(sums, all, y!, call);
  },
  kernels: convNdKernels,
  grad({ dy, x: inputs, y, attrs, needs }) {
    const [x, w] = inputs;
    const g = gradientOfSum('conv_nd', dy[0]!, y[0]!, attrs);
    return [
      needs[0] ? convNdGradInput(g, w!, { ...attrs, inputShape: x!.shape }) : null,
      needs[1] ? applyOne(convNdGradFilterOp, [x!, g], attrs) : null,
      ...addedGradients(g, inputs, attrs, needs),
    ];
  },
  cost: (call) => ({
    flops: flops(convNdSizes(call.inputs[0]!.shape, call.inputs[1]!.shape.at(-1)!, call.attrs)),
    bytes: bytesMoved(call),
  }),
  accuracy: ({ attrs }) => productAccuracy(attrs, ({ inputs }) => sizeOf(inputs[1]!.shape.slice(0, -1)) + 2),
  samples: withSlopes(convNdCases(), casesWithSlopes).map((one, i): Sample<ConvNdAttrs> => {
    const { image, filter, window, groups } = one;
    const attrs = { window, groups, ...epilogueOf(one, i, sizeOf(filter.slice(0, -1))) };
    const added = epilogueSamples(attrs, outputShape(image, filter.at(-1)!, attrs));
    return { inputs: [{ shape: image }, { shape: filter }, ...added], attrs, ...(attrs.slope ? { kink: true } : {}) };
  }),
};

/**
 * The gradient of conv_nd's x, which is also transposed convolution: dy [N,O…,OC], w [K…,C/groups,OC], bias [C], residual as
 * the result -> inputShape [N,…,C], with the epilogue of conv_nd.
 */
export const convNdGradInputOp: Op<ConvNdGradInputAttrs> = {
  name: 'conv_nd_grad_input',
  takesEpilogue: true,
  infer(inputs, attrs) {
    const [dy, w] = inputs;
    const where = 'conv_nd_grad_input';
    const image = checkImageNd(where, { shape: attrs.inputShape, dtype: 'f32' }, attrs.window);
    const oc = w!.shape.at(-1)!;
    checkGroups(where, image.at(-1)!, oc, attrs.groups);
    expectShape(where, 'w', w!, filterShape(image, oc, attrs));
    expectShape(where, 'dy', dy!, outputShape(image, oc, attrs));
    checkEpilogue(where, inputs, attrs, image);
    return [{ shape: image, dtype: 'f32' }];
  },
  cpu(all, [dx], call) {
    const [dy, w] = all;
    const { inputs, attrs } = call;
    const sums = new Float64Array(dx!.length);
    eachProduct(convNdSizes(attrs.inputShape, inputs[0]!.shape.at(-1)!, attrs), (to, j, k) => {
      sums[to]! += dy![k]! * w![j]!;
    });
    finish(sums, all, dx!, call);
  },
  kernels: convNdGradInputKernels,
  grad({ dy: ddx, x: inputs, y, attrs, needs }) {
    const [dy, w] = inputs;
    const g = gradientOfSum('conv_nd_grad_input', ddx[0]!, y[0]!, attrs);
    return [
      needs[0] ? convNd(g, w!, attrs) : null,
      needs[1] ? applyOne(convNdGradFilterOp, [g, dy!], attrs) : null,
      ...addedGradients(g, inputs, attrs, needs),
    ];
  },
  cost: (call) => ({
    flops: flops(convNdSizes(call.attrs.inputShape, call.inputs[0]!.shape.at(-1)!, call.attrs)),
    bytes: bytesMoved(call),
  }),
  accuracy: ({ attrs }) =>
    productAccuracy(attrs, ({ inputs, attrs: { inputShape } }) => {
      const s = convNdSizes(inputShape, inputs[0]!.shape.at(-1)!, attrs);
      return s.taps * s.groupOut * copiesOf(s) + 2; // every copy of a pixel in the padding adds its own terms
    }),
  samples: withSlopes(convNdCases(), casesWithSlopes).map((one, i): Sample<ConvNdGradInputAttrs> => {
    const { image, filter, window, groups } = one;
    const s = convNdSizes(image, filter.at(-1)!, { window, groups });
    const attrs = { window, groups, inputShape: image, ...epilogueOf(one, i + 1, s.taps * s.groupOut) };
    const inputs = [{ shape: outputShape(image, filter.at(-1)!, attrs) }, { shape: filter }];
    inputs.push(...epilogueSamples(attrs, image));
    return { inputs, attrs, ...(attrs.slope ? { kink: true } : {}) };
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
  return applyOne(convNdOp, [x, w], { window, groups, ...noEpilogue });
}

/** conv_nd_grad_input without an epilogue. */
export function convNdGradInput(
  dy: Tensor,
  w: Tensor,
  { window, groups, inputShape }: Pick<ConvNdGradInputAttrs, 'window' | 'groups' | 'inputShape'>,
): Tensor {
  return applyOne(convNdGradInputOp, [dy, w], { window, groups, inputShape, ...noEpilogue });
}
