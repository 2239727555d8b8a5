// The p-norm of each region of a volume; p = 2 is the root of the sum of squares.

import { sizeOf } from '../core/shape.ts';
import type { Fill, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type TensorType } from '../graph/tensor.ts';
import { checkPool3dGradient, type LpPool3dAttrs, pool3dCases, pool3dCost } from './pool_3d.ts';
import { lpGradPlan, lpPlan } from './pool_3d_kernels.ts';
import { checkRegions, eachRegionElement, mostRegions, pooledVolume } from './pool_regions.ts';
import type { VolumeShape } from './window.ts';

const volumeAt = (type: TensorType) => type.shape as VolumeShape;
// Of both signs, and far enough from 0, where the 1-norm has a kink.
const fill: Fill = { values: [1.5, -0.25, 0.75, -2, 0.5, -1.25, 0.125, -0.625, 1.75, -0.875, 0.375] };
// With regions of zeros, which give no gradient.
const norms: Fill = { values: [1.25, 0, 0.75, 2, 0.5, 0, 3.5] };
const cases = pool3dCases.map(
  ([shape, regions, p], i) => [shape, { regions, p: p ?? [2, 1, 3, 2, 2.5][i % 5]! }] as const,
);

export const lpPool3dOp: Op<LpPool3dAttrs> = {
  name: 'lp_pool_3d',
  infer([x], { regions }) {
    return [{ shape: pooledVolume(checkRegions('lpPool', x!, regions), regions), dtype: 'f32' }];
  },
  cpu([x], [y], { inputs, attrs: { regions, p } }) {
    const sums = new Float64Array(y!.length);
    eachRegionElement(volumeAt(inputs[0]!), regions, (to, from) => (sums[to]! += Math.abs(x![from]!) ** p));
    sums.forEach((sum, i) => (y![i] = sum ** (1 / p)));
  },
  kernels: { naive: { plan: ({ inputs, attrs }) => lpPlan(volumeAt(inputs[0]!), attrs.regions, attrs.p) } },
  grad: ({ dy, x, y, attrs }) => [applyOne(lpPool3dGradOp, [dy[0]!, x[0]!, y[0]!], attrs)],
  cost: (call) => pool3dCost(volumeAt(call.inputs[0]!), call),
  // Sums of positive numbers keep their digits; powers lose some (WGSL's pow is exp2(p·log2 x)).
  accuracy: ({ attrs: { p } }) => ({ kind: 'mixed', absolute: 1e-30, relative: p === 1 || p === 2 ? 2e-6 : 2e-5 }),
  samples: cases.map(([shape, attrs]): Sample<LpPool3dAttrs> => ({ inputs: [{ shape, fill }], attrs })),
};

/** dy, x, y -> dx = sign(x)·Σ dy·(|x| / y)^(p−1) over the regions of x; nothing comes from a region of zeros (PyTorch). */
export const lpPool3dGradOp: Op<LpPool3dAttrs> = {
  name: 'lp_pool_3d_grad',
  infer([dy, x, y], { regions }) {
    const volume = checkRegions('lpPool gradient', x!, regions);
    expectDType('lpPool gradient', 'y', y!, 'f32');
    checkPool3dGradient('lpPool gradient', y!, volume, regions);
    return checkPool3dGradient('lpPool gradient', dy!, volume, regions);
  },
  cpu([dy, x, y], [dx], { inputs, attrs: { regions, p } }) {
    const sums = new Float64Array(sizeOf(inputs[1]!.shape));
    eachRegionElement(volumeAt(inputs[1]!), regions, (from, to) => {
      if (y![from]! === 0) return;
      sums[to]! += dy![from]! * Math.sign(x![to]!) * (Math.abs(x![to]!) / y![from]!) ** (p - 1);
    });
    dx!.set(sums);
  },
  kernels: { naive: { plan: ({ inputs, attrs }) => lpGradPlan(volumeAt(inputs[1]!), attrs.regions, attrs.p) } },
  grad: null, // a second derivative, which nothing asks for
  cost: (call) => pool3dCost(volumeAt(call.inputs[1]!), call),
  // K terms of |dy| < 6 times a power of |x| / y, which is at most (2 / 0.5)^2 in the samples.
  accuracy: ({ inputs, attrs: { regions, p } }) => ({
    kind: 'mixed',
    absolute: mostRegions(volumeAt(inputs[1]!), regions) * 6 * (p === 1 || p === 2 ? 2e-6 : 2e-5),
    relative: p === 1 || p === 2 ? 2e-6 : 2e-5,
  }),
  samples: cases.map(([shape, attrs]): Sample<LpPool3dAttrs> => {
    const pooled = pooledVolume(shape, attrs.regions);
    return { inputs: [{ shape: pooled }, { shape, fill }, { shape: pooled, fill: norms }], attrs };
  }),
};

export const lpPool3dOps = [lpPool3dOp, lpPool3dGradOp] as const;
