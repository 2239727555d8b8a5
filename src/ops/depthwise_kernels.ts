// The kernels of convolutions in which every filter sees one channel: of such a convolution, its input's and its filters'
// gradients.

import shader from '../../shaders/conv_nd_depthwise.wgsl';
import filterShader from '../../shaders/conv_filter_depthwise.wgsl';
import type { CallTypes, Kernel } from '../graph/op.ts';
import { dispatch } from '../kernel/shader.ts';
import { planOfFilter, filterFours, filterSingles } from './conv_filter_kernels.ts';
import type { ConvNdSizes } from './conv_nd_sizes.ts';
import type { ConvProduct } from './conv_product.ts';
import { fours, planOfProduct, singles } from './conv_product_kernels.ts';

const isDepthwise = ({ groupIn, groups }: ConvNdSizes): boolean => groupIn === 1 && groups > 1;
/** More filters than these make it a product like others. */
const fewFilters = ({ groupOut }: ConvNdSizes): boolean => groupOut <= 8;
/** One filter a channel, and channels in fours. */
const isPlain = ({ groupIn, groupOut, groups }: ConvNdSizes): boolean =>
  groupIn === 1 && groupOut === 1 && groups % 4 === 0;

export function depthwiseKernels<A>(productOf: (call: CallTypes<A>) => ConvProduct): Record<string, Kernel<A>> {
  /** Four channels of the result at four positions, 64 such blocks to a workgroup. */
  const blocks = (rows: number, { sizes, transposed }: ConvProduct): [number, number] => [
    Math.ceil(rows / 4) * Math.ceil((transposed ? sizes.image[4] : sizes.oc) / 4),
    64,
  ];
  return {
    depthwise: {
      fits: (call) => isPlain(productOf(call).sizes),
      plan: (call) =>
        planOfProduct(productOf(call), blocks, (told) => dispatch(shader, 'conv_nd_depthwise', fours(told))),
    },
    depthwise_scalar: {
      fits: (call) => isDepthwise(productOf(call).sizes) && !isPlain(productOf(call).sizes),
      preferred: (call) => fewFilters(productOf(call).sizes),
      plan: (call) =>
        planOfProduct(productOf(call), blocks, (told) => dispatch(shader, 'conv_nd_depthwise_scalar', singles(told))),
    },
  };
}

export function depthwiseFilterKernels<A>(sizesOf: (call: CallTypes<A>) => ConvNdSizes): Record<string, Kernel<A>> {
  /** Four filters under one tap, 64 to a workgroup. */
  const units = ({ taps, oc }: ConvNdSizes): number => taps * Math.ceil(oc / 4);
  return {
    depthwise: {
      fits: (call) => isPlain(sizesOf(call)),
      plan: (call, target) =>
        planOfFilter(sizesOf(call), target, { units, group: 64 }, (told) =>
          dispatch(filterShader, 'conv_filter_depthwise', filterFours(told)),
        ),
    },
    depthwise_scalar: {
      fits: (call) => isDepthwise(sizesOf(call)) && !isPlain(sizesOf(call)),
      preferred: (call) => fewFilters(sizesOf(call)),
      plan: (call, target) =>
        planOfFilter(sizesOf(call), target, { units, group: 64 }, (told) =>
          dispatch(filterShader, 'conv_filter_depthwise_scalar', filterSingles(told)),
        ),
    },
  };
}
