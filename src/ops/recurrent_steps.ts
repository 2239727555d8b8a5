// What the ops of recurrent networks share: the order of steps, masks, loops and dispatches. A layer's whole sequence is
// one call whose kernels dispatch once or twice a step and read each step where it stands.

import shader from '../../shaders/recurrent.wgsl';
import { ShapeError } from '../core/errors.ts';
import type { Values } from '../core/dtype.ts';
import { equal, format, type Shape } from '../core/shape.ts';
import type { Accuracy, Fill, SampleInput } from '../graph/op.ts';
import { expectDType, type TensorType } from '../graph/tensor.ts';
import { dispatch, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

/** How a call walks through time. */
export interface Walk {
  /** Steps are taken from the last one of x to the first. */
  readonly backwards: boolean;
  /** With `backwards`: results stand where their step of x stands, not in the order taken. */
  readonly aligned: boolean;
  /** What the call's last input says of missing steps: an example's length, or for each step whether it is there. */
  readonly masking: 'lengths' | 'mask' | null;
}

/** Of a batch: N examples of T steps, U units, `width` = gates·U numbers a step. */
export interface RecurrentSizes {
  readonly N: number;
  readonly T: number;
  readonly U: number;
  readonly width: number;
}

/** Where step s (counted as taken) stands in x. */
export const stepIn = ({ backwards }: Walk, T: number, s: number): number => (backwards ? T - 1 - s : s);

/** Where it stands in the results. */
export const stepOut = ({ backwards, aligned }: Walk, T: number, s: number): number =>
  backwards && aligned ? T - 1 - s : s;

/** Whether example n has step t of x. A length below 0 is 0, one above T is T. */
export function isValid({ masking }: Walk, T: number, mask: Values | undefined, n: number, t: number): boolean {
  if (masking === null) return true;
  return masking === 'lengths' ? t < mask![n]! : mask![n * T + t] !== 0;
}

/** Throws unless `mask` is what `walk.masking` says, for N examples of T steps. */
export function checkMask(where: string, walk: Walk, mask: TensorType | undefined, N: number, T: number): void {
  if (walk.masking === null) return;
  const shape = walk.masking === 'lengths' ? [N] : [N, T];
  expectShape(where, walk.masking, mask!, shape, ...(walk.masking === 'lengths' ? ['i32' as const] : masks));
}

const masks = ['i32', 'u32', 'f32'] as const;

/** Throws unless `value` has the shape, and the dtype: f32 unless others are given. */
export function expectShape(
  where: string,
  name: string,
  value: TensorType,
  shape: Shape,
  ...dtypes: TensorType['dtype'][]
): void {
  expectDType(where, name, value, ...(dtypes.length === 0 ? (['f32'] as const) : dtypes));
  if (!equal(value.shape, shape)) {
    throw new ShapeError(`${where}: ${name} is ${format(value.shape)}, expected ${format(shape)}`);
  }
}

/** The sizes of projected input x [N, T, gates·U] and recurrent kernel [U, gates·U]; ShapeError where they disagree. */
export function recurrentSizes(where: string, x: TensorType, kernel: TensorType, gates: number): RecurrentSizes {
  expectDType(where, 'x', x, 'f32');
  expectDType(where, 'recurrentKernel', kernel, 'f32');
  const [U = 0, width] = kernel.shape;
  if (kernel.shape.length !== 2 || width !== gates * U) {
    throw new ShapeError(
      `${where}: recurrentKernel is ${format(kernel.shape)}, expected ${gates === 1 ? '[units,units]' : `[units,${gates}·units]`}`,
    );
  }
  if (x.shape.length !== 3 || x.shape[2] !== width) {
    throw new ShapeError(`${where}: the projected input is ${format(x.shape)}, expected [N,T,${width}]`);
  }
  return { N: x.shape[0]!, T: x.shape[1]!, U, width };
}

// --- the CPU's loops

/** sums[j] += Σ_k state[at + k]·kernel[k, j] for j of [first, first + count). */
export function addRecurrent(
  sums: Float64Array,
  state: Values,
  at: number,
  kernel: Values,
  { U, width }: RecurrentSizes,
  [first, count]: readonly [number, number] = [0, width],
): void {
  for (let k = 0; k < U; k++) {
    const h = state[at + k]!;
    for (let j = first; j < first + count; j++) sums[j]! += h * kernel[k * width + j]!;
  }
}

/** Σ_j slopes[at + j]·kernel[u, j] for j of [first, first + count): what reaches unit u of the state before. */
export function backThrough(
  slopes: Values,
  at: number,
  kernel: Values,
  u: number,
  width: number,
  [first, count]: readonly [number, number] = [0, width],
): number {
  let sum = 0;
  for (let j = first; j < first + count; j++) sum += slopes[at + j]! * kernel[u * width + j]!;
  return sum;
}

export const sigmoidOf = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Element k of the state [N, T, U] that step s begins with. */
export function stateBefore(walk: Walk, { T, U }: RecurrentSizes, states: Values, initial: Values, s: number) {
  const t = s === 0 ? 0 : stepOut(walk, T, s - 1);
  return s === 0
    ? (n: number) => ({ values: initial, at: n * U })
    : (n: number) => ({ values: states, at: (n * T + t) * U });
}

// --- dispatches

/** Constants of a dispatch at step s. */
export function stepConstants(s: number, T: number) {
  return { FIRST: s === 0, LAST: s === T - 1 };
}

/** `MASKING` of a call whose mask, if any, is `mask`. */
export function maskingConstant({ masking }: Walk, mask: TensorType | undefined): number {
  if (masking === null) return 0;
  if (masking === 'lengths') return 1;
  return mask!.dtype === 'f32' ? 3 : 2;
}

/** Params and workgroups of a dispatch at step s: a thread an element, or two rows and four units where lanes is 4. */
export function stepCall(
  walk: Walk,
  { N, T, U, width }: RecurrentSizes,
  s: number,
  lanes: 1 | 4,
  [first, count]: readonly [number, number] = [0, width],
) {
  const size = lanes === 4 ? Math.ceil(N / 2) * (U / 4) : N * U;
  return {
    params: {
      size,
      N,
      T,
      U: U / lanes,
      width: width / lanes,
      t_in: stepIn(walk, T, s),
      t_out: stepOut(walk, T, s),
      t_before: stepOut(walk, T, Math.max(s - 1, 0)),
      t_after: stepIn(walk, T, Math.min(s + 1, T - 1)),
      first: first / lanes,
      count: count / lanes,
    },
    workgroups: flatGrid(size, 64),
  };
}

/** y [N, U] = columns from `first` of step t of values [N, T, width]. */
export function oneStep(sizes: RecurrentSizes, t: number, values: BufferRef, y: BufferRef, first = 0): Dispatch {
  const inOrder: Walk = { backwards: false, aligned: false, masking: null };
  return dispatch(shader, 'one_step', {
    bindings: { x: values, y },
    ...stepCall(inOrder, sizes, t, 1, [first, sizes.U]),
  });
}

/** y [N, U] = columns from `first` of the last step taken in values [N, T, width]. */
export function lastState(walk: Walk, sizes: RecurrentSizes, values: BufferRef, y: BufferRef, first = 0): Dispatch {
  return oneStep(sizes, stepOut(walk, sizes.T, sizes.T - 1), values, y, first);
}

/** carry [N, U] += what reaches the state before the first step through its recurrent product. */
export function addInitialGradient(
  walk: Walk,
  sizes: RecurrentSizes,
  refs: { kernel: BufferRef; slopes: BufferRef; carry: BufferRef },
  columns?: readonly [number, number],
): Dispatch {
  const call = stepCall(walk, sizes, 0, 1, columns);
  return dispatch(shader, 'grad_initial', {
    bindings: refs,
    params: { ...call.params, t_after: call.params.t_in },
    workgroups: call.workgroups,
  });
}

// --- samples

/** Forwards, backwards, backwards and aligned, each with the given maskings. */
export function walks(maskings: readonly Walk['masking'][]): Walk[] {
  return maskings.flatMap((masking) =>
    [
      { backwards: false, aligned: false },
      { backwards: true, aligned: false },
      { backwards: true, aligned: true },
    ].map((order) => ({ ...order, masking })),
  );
}

/**
 * Lengths of 0, 1, some and all steps, or where T is odd some outside; or masks with holes, at the beginning too, of the
 * type number `type`.
 */
export function maskInput({ masking }: Walk, N: number, T: number, type: number): SampleInput {
  if (masking === 'lengths') {
    return {
      shape: [N],
      dtype: 'i32',
      fill: {
        values: Array.from({ length: N }, (_, n) => (T % 2 === 0 ? [T, 1, 0, T - 1] : [T + 3, 1, -2, T - 1])[n % 4]!),
      },
    };
  }
  const values = Array.from({ length: N * T }, (_, i) => ((((i * 7) % 5) + Math.floor(i / T)) % 3 === 0 ? 0 : 1));
  return { shape: [N, T], dtype: masks[type % 3]!, fill: { values } };
}

/** A recurrent kernel small enough that errors do not grow from step to step: its rows' norms are below 1. */
export function kernelInput(U: number, width: number): SampleInput {
  const scale = 1 / Math.sqrt(U);
  return {
    shape: [U, width],
    fill: { values: Array.from({ length: U * width }, (_, i) => Math.fround(scale * Math.sin(12.9898 * (i + 1)))) },
  };
}

/** Each step adds errors of a few units in the last place of sums of U + 1 terms, which later steps pass on. */
export function recurrentAccuracy({ T, U }: RecurrentSizes): Accuracy<unknown> {
  return { kind: 'mixed', absolute: 2 * T * (4 + Math.sqrt(U)) * 2 ** -24, relative: 2e-6 };
}

/** `size` values as gates and cells may be: within (0, 1), and no two alike. */
export function gateFill(size: number): Fill {
  return { values: Array.from({ length: size }, (_, i) => Math.fround(0.5 + 0.45 * Math.sin(7.13 * (i + 1)))) };
}
