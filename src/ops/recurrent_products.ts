// Recurrent steps whose product the matmul family makes: three dispatches a step instead of one, which pays where the
// product is large.

import type { CallTypes, KernelPlan } from '../graph/op.ts';
import type { BufferRef, Dispatch } from '../kernel/shader.ts';
import { scratch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { noEpilogue } from './epilogue.ts';
import { matmulKernels } from './matmul_kernels.ts';
import type { MatmulAttrs } from './matmul_sizes.ts';
import { oneStep, stepCall, stepIn, stepOut, type RecurrentSizes, type Walk } from './recurrent_steps.ts';

/** c [m, n] = a [m, k]·b by the kernel that a matmul of its own would get; its scratch buffers begin at `firstScratch`. */
function product(
  call: CallTypes<MatmulAttrs>,
  refs: { a: BufferRef; b: BufferRef; c: BufferRef; firstScratch: number },
  target: Target,
): KernelPlan {
  const fitting = Object.values(matmulKernels).filter((kernel) => kernel.fits?.(call, target) ?? true);
  const kernel = fitting.find((one) => one.preferred?.(call, target) ?? true) ?? fitting.at(-1)!;
  const { dispatches, scratch: bytes = [] } = kernel.plan(call, target);
  const place = ({ kind, index }: BufferRef): BufferRef => {
    if (kind === 'scratch') return scratch(refs.firstScratch + index);
    return kind === 'output' ? refs.c : index === 0 ? refs.a : refs.b;
  };
  const placed = (one: Dispatch): Dispatch => ({
    ...one,
    bindings: Object.fromEntries(Object.entries(one.bindings).map(([name, ref]) => [name, place(ref)])),
    start: one.start && placed(one.start),
  });
  return { dispatches: dispatches.map(placed), scratch: bytes };
}

function matmulCall(
  N: number,
  [rows, columns]: readonly [number, number],
  transposeB: boolean,
): CallTypes<MatmulAttrs> {
  const [k, n] = transposeB ? [columns, rows] : [rows, columns];
  const type = (shape: readonly number[]) => ({ shape, dtype: 'f32' as const });
  return {
    inputs: [type([N, k]), type([rows, columns])],
    outputs: [type([N, n])],
    attrs: { transposeA: false, transposeB, ...noEpilogue },
  };
}

/** The product of each step, which `cell` finds in scratch(1) as [N, width]. */
export function forwardSteps(
  walk: Walk,
  sizes: RecurrentSizes,
  refs: { kernel: BufferRef; initial: BufferRef; states: BufferRef },
  target: Target,
  cell: (s: number) => Dispatch,
): { dispatches: Dispatch[]; scratch: number[] } {
  const { N, T, U, width } = sizes;
  const call = matmulCall(N, [U, width], false);
  const bytes = [4 * N * U, 4 * N * width];
  const dispatches: Dispatch[] = [];
  for (let s = 0; s < T; s++) {
    if (s > 0) dispatches.push(oneStep({ ...sizes, width: U }, stepOut(walk, T, s - 1), refs.states, scratch(0)));
    const a = s === 0 ? refs.initial : scratch(0);
    const made = product(call, { a, b: refs.kernel, c: scratch(1), firstScratch: 2 }, target);
    dispatches.push(...made.dispatches, cell(s));
    if (s === 0) bytes.push(...(made.scratch ?? []));
  }
  return { dispatches, scratch: bytes };
}

/** What reaches each step from the one after it, which `cell` finds in scratch(1) as [N, U]; the last step first. */
export function backwardSteps(
  walk: Walk,
  sizes: RecurrentSizes,
  refs: { kernel: BufferRef; slopes: BufferRef },
  target: Target,
  cell: (s: number) => Dispatch,
): { dispatches: Dispatch[]; scratch: number[] } {
  const { N, T, U, width } = sizes;
  const call = matmulCall(N, [U, width], true);
  const bytes = [4 * N * width, 4 * N * U];
  const dispatches: Dispatch[] = [cell(T - 1)];
  for (let s = T - 2; s >= 0; s--) {
    const made = product(call, { a: scratch(0), b: refs.kernel, c: scratch(1), firstScratch: 2 }, target);
    const after = oneStep({ ...sizes, U: width }, stepIn(walk, T, s + 1), refs.slopes, scratch(0));
    dispatches.push(after, ...made.dispatches, cell(s));
    if (s === T - 2) bytes.push(...(made.scratch ?? []));
  }
  return { dispatches, scratch: bytes };
}

/** Params and workgroups of a cell's dispatch: a thread does four units of a row. */
export function cellCall(walk: Walk, sizes: RecurrentSizes, s: number) {
  const { params } = stepCall(walk, sizes, s, 4);
  const size = (sizes.N * sizes.U) / 4;
  return { params: { ...params, size }, workgroups: flatGrid(size, 64) };
}

/**
 * Where products of their own pay: on a software adapter from about 2¹⁷ multiply-adds a step on, 2.5 times as fast from
 * 2²¹ on. Elsewhere a step's dispatches cost more than its work for longer; that bound is an estimate.
 */
export function prefersProducts({ N, U, width }: RecurrentSizes, { adapter }: Target): boolean {
  return adapter === 'software' ? N >= 8 && N * U * width >= 2 ** 17 : N >= 64 && U >= 256;
}
