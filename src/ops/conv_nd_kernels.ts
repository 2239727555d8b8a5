// The kernels of the convolutions of any rank and any groups.

import type { CallTypes, Kernel } from '../graph/op.ts';
import { filterKernels } from './conv_filter_kernels.ts';
import {
  convNdSizes,
  type ConvNdAttrs,
  type ConvNdGradFilterAttrs,
  type ConvNdGradInputAttrs,
} from './conv_nd_sizes.ts';
import { planPlain, planPlainFilter } from './conv_plain.ts';
import type { ConvProduct } from './conv_product.ts';
import { productKernels } from './conv_product_kernels.ts';
import { depthwiseFilterKernels, depthwiseKernels } from './depthwise_kernels.ts';

const forward = ({ inputs, attrs }: CallTypes<ConvNdAttrs>): ConvProduct => ({
  sizes: convNdSizes(inputs[0]!.shape, inputs[1]!.shape.at(-1)!, attrs),
  transposed: false,
  epilogue: attrs,
});
const gradInput = ({ inputs, attrs }: CallTypes<ConvNdGradInputAttrs>): ConvProduct => ({
  sizes: convNdSizes(attrs.inputShape, inputs[0]!.shape.at(-1)!, attrs),
  transposed: true,
  epilogue: attrs,
});
const gradFilter = ({ inputs, attrs }: CallTypes<ConvNdGradFilterAttrs>) =>
  convNdSizes(inputs[0]!.shape, inputs[1]!.shape.at(-1)!, attrs);

export const convNdKernels: Record<string, Kernel<ConvNdAttrs>> = {
  ...depthwiseKernels(forward),
  ...productKernels(forward),
  naive: { plan: (call) => planPlain(forward(call)) },
};

export const convNdGradInputKernels: Record<string, Kernel<ConvNdGradInputAttrs>> = {
  ...depthwiseKernels(gradInput),
  ...productKernels(gradInput),
  naive: { plan: (call) => planPlain(gradInput(call)) },
};

export const convNdGradFilterKernels: Record<string, Kernel<ConvNdGradFilterAttrs>> = {
  ...depthwiseFilterKernels(gradFilter),
  ...filterKernels(gradFilter),
  naive: { plan: (call) => planPlainFilter(gradFilter(call)) },
};
