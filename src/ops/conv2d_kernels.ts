// The kernels of the two-dimensional convolutions: those of convolutions of any rank, with one group.

import type { CallTypes, Kernel } from '../graph/op.ts';
import type { Conv2dAttrs, Conv2dGradAttrs, Conv2dGradInputAttrs } from './conv2d_sizes.ts';
import { filterKernels } from './conv_filter_kernels.ts';
import { convNdSizes } from './conv_nd_sizes.ts';
import { planPlain, planPlainFilter } from './conv_plain.ts';
import type { ConvProduct } from './conv_product.ts';
import { productKernels, thinKernels } from './conv_product_kernels.ts';

const forward = ({ inputs, attrs }: CallTypes<Conv2dAttrs>): ConvProduct => ({
  sizes: convNdSizes(inputs[0]!.shape, inputs[1]!.shape.at(-1)!, { window: attrs.window, groups: 1 }),
  transposed: false,
  epilogue: attrs,
});
const gradInput = ({ inputs, attrs }: CallTypes<Conv2dGradInputAttrs>): ConvProduct => ({
  sizes: convNdSizes(attrs.inputShape, inputs[1]!.shape.at(-1)!, { window: attrs.window, groups: 1 }),
  transposed: true,
  epilogue: attrs,
});
const gradFilter = ({ inputs, attrs }: CallTypes<Conv2dGradAttrs>) =>
  convNdSizes(attrs.inputShape, inputs[1]!.shape.at(-1)!, { window: attrs.window, groups: 1 });

export const conv2dKernels: Record<string, Kernel<Conv2dAttrs>> = {
  ...thinKernels(forward),
  ...productKernels(forward),
  naive: { plan: (call) => planPlain(forward(call)) },
};

export const conv2dGradInputKernels: Record<string, Kernel<Conv2dGradInputAttrs>> = {
  ...productKernels(gradInput),
  naive: { plan: (call) => planPlain(gradInput(call)) },
};

export const conv2dGradFilterKernels: Record<string, Kernel<Conv2dGradAttrs>> = {
  ...filterKernels(gradFilter),
  naive: { plan: (call) => planPlainFilter(gradFilter(call)) },
};
