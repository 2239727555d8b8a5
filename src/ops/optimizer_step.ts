// What the optimizer steps share: arenas that hold every parameter of a model, so that a step is one dispatch.

import { OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Accuracy, Fill, Op, Sample, SampleInput } from '../graph/op.ts';
import { expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import type { Dispatch } from '../kernel/shader.ts';

/** What every optimizer step reads and writes beside its moments. */
export interface OptimizerArenas {
  /** f32 [T]; overwritten. */
  readonly params: Tensor;
  /** f32 [T]. */
  readonly grads: Tensor;
  /**
   * f32 [4]: learning rate, 1 / (1 − beta1ᵗ), 1 / (1 − beta2ᵗ), and a factor for the gradients, where 0 skips the step:
   * nothing changes, and no gradient is reported. From the host, in double precision, because beta^t in f32 is wrong by
   * 7e-4 at t = 19,400.
   */
  readonly scalars: Tensor;
  /** u32 [1], 0xffffffff at first: the lowest index whose gradient was NaN or infinite. Overwritten. */
  readonly firstBad: Tensor;
}

/** Checks arenas (all f32 [T]), scalars and firstBad, and gives the outputs' types: params, moments, firstBad. */
export function inferStep(where: string, inputs: readonly TensorType[], names: readonly string[]): TensorType[] {
  const [params] = inputs;
  names.forEach((name, i) => {
    expectDType(where, name, inputs[i]!, 'f32');
    if (inputs[i]!.shape.length !== 1 || !equal(inputs[i]!.shape, params!.shape)) {
      const expected = i === 0 ? 'one dimension' : format(params!.shape);
      throw new ShapeError(`${where}: ${name} is ${format(inputs[i]!.shape)}, expected ${expected}`);
    }
  });
  const [scalars, firstBad] = inputs.slice(names.length) as [TensorType, TensorType];
  expectDType(where, 'scalars', scalars, 'f32');
  expectDType(where, 'firstBad', firstBad, 'u32');
  if (!equal(scalars.shape, [4])) throw new ShapeError(`${where}: scalars is ${format(scalars.shape)}, expected [4]`);
  if (!equal(firstBad.shape, [1]))
    throw new ShapeError(`${where}: firstBad is ${format(firstBad.shape)}, expected [1]`);
  const arena: TensorType = { shape: params!.shape, dtype: 'f32' };
  return [arena, ...names.slice(2).map(() => arena), { shape: [1], dtype: 'u32' }];
}

/** Where epsilon stands: √(x + epsilon_inside) + epsilon_outside. */
export function epsilons({ epsilon, epsilonInsideRoot }: { epsilon: number; epsilonInsideRoot: boolean }) {
  return { epsilon_inside: epsilonInsideRoot ? epsilon : 0, epsilon_outside: epsilonInsideRoot ? 0 : epsilon };
}

/** The two kernels of a step: by groups of four elements where T allows, otherwise one by one. */
export function stepKernels<A>(
  vec4: (attrs: A, groups: number) => Dispatch,
  naive: (attrs: A, size: number) => Dispatch,
): Op<A>['kernels'] {
  return {
    vec4: {
      fits: ({ inputs }) => sizeOf(inputs[0]!.shape) % 4 === 0,
      plan: ({ inputs, attrs }) => ({ dispatches: [vec4(attrs, sizeOf(inputs[0]!.shape) / 4)] }),
    },
    naive: { plan: ({ inputs, attrs }) => ({ dispatches: [naive(attrs, sizeOf(inputs[0]!.shape))] }) },
  };
}

// Parameters: 2 ULP and 1e-5·|dp|, with |dp| of about 0.1 where the learning rate is 0.01. Moments: sums of at most three
// products, whose magnitudes add to at most 16 in standard normal samples, hence 16u where they cancel.
export const accuracy = { kind: 'mixed', absolute: 1e-6, relative: 2 ** -22 } as const satisfies Accuracy<never>;

/** Throws an OptionError unless least ≤ value < below and value is finite in f32. */
export function checkNumber(where: string, name: string, value: number, least: number, below = Infinity): void {
  if (value >= least && value < below && Number.isFinite(Math.fround(value))) return;
  const range = below === Infinity ? `a finite number of at least ${least}` : `at least ${least} and below ${below}`;
  throw new OptionError(`${where}: ${name} is ${value}, expected ${range}`);
}

/** Gradients whose elements from `first` on are not all finite. */
export function withBad(first: number): (size: number) => SampleInput {
  return (size) => {
    const values = Array.from({ length: size }, (_, i) => (i % 7) / 4 - 0.8);
    values[first] = NaN;
    if (first + 1 < size) values[first + 1] = -Infinity;
    if (first + 5 < size) values[first + 5] = Infinity;
    return { shape: [size], fill: { values } };
  };
}

/** A step over `size` elements with a moment for each of `moments`, which say how its values are drawn. */
export function step<A>(
  size: number,
  moments: readonly Fill[],
  attrs: A,
  grads: (size: number) => SampleInput = normal,
  firstBad = 0xffffffff,
  gradientScale = 0.5,
): Sample<A> {
  return {
    inputs: [
      normal(size),
      grads(size),
      ...moments.map((fill) => ({ shape: [size], fill })),
      { shape: [4], fill: { values: [0.01, 1.25, 1.5, gradientScale] } },
      { shape: [1], dtype: 'u32', fill: { values: [firstBad] } },
    ],
    attrs,
  };
}

/** Steps that change nothing, over sizes for each kernel. */
export function skipped<A>(moments: readonly Fill[], attrs: A): Sample<A>[] {
  return [9, 16].map((size) => step(size, moments, attrs, withBad(2), 0xffffffff, 0));
}

function normal(size: number): SampleInput {
  return { shape: [size] };
}
