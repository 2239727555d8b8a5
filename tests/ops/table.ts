// What the tests over the whole op registry share with the benchmark: seeded sample values and the bounds kernels must keep.

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
