// What the tests over the whole op registry share with the benchmark: seeded sample values and the bounds kernels must keep.

import type { Target } from '../../src/kernel/target.ts';

export {
  bounds,
  callTypes,
  describeSample,
  elementwiseBounds,
  firstMismatch,
  fromDevice,
  type Inexact,
  inputType,
  reference,
  sampleValues,
  toDevice,
  ulp,
} from '../../demos/bench/core/check.ts';
export { generator } from '../../demos/bench/core/statistics.ts';

/** A device that can run every kernel. */
export const allFeatures: Target = {
  adapter: 'discrete',
  features: new Set(['subgroups', 'shader-f16']),
  limits: {
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupStorageSize: 32768,
    maxStorageBufferBindingSize: 2 ** 30,
    maxBufferSize: 2 ** 30,
    maxStorageBuffersPerShaderStage: 10,
  },
};
