// How a product is run: one pass, or where few outputs have long sums, a pass over slices of them and one that adds up.

import matmulShader from '../../shaders/matmul.wgsl';
import type { CallTypes, KernelPlan } from '../graph/op.ts';
import { dispatch, input, output, scratch, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { epilogue, noEpilogue, type Epilogue } from './epilogue.ts';
import { matmulSizes, type MatmulAttrs, type MatmulSizes } from './matmul_sizes.ts';

export type MatmulCall = CallTypes<MatmulAttrs>;

/** What one unit of work computes: a workgroup's tile, a quad's, or a thread's block. */
export interface Unit {
  readonly rows: number;
  readonly columns: number;
  readonly threads: number;
  /** Units in a workgroup, of `units` in all. */
  group(units: number, target: Target): number;
}

export interface Slices {
  readonly slices: number;
  readonly k_per_slice: number;
}

export const whole = ({ k }: MatmulSizes): Slices => ({ slices: 1, k_per_slice: Math.ceil(k / 4) * 4 });

/** Threads that occupy a device: tens of thousands on a card, a few quads on a software adapter. */
const enoughThreads = { discrete: 32768, integrated: 4096, unknown: 8192, software: 32 };

/**
 * Few outputs and a long sum leave a device idle, so the sum is cut until there are enough threads. Each slice must be
 * long enough to be worth the second pass, which costs a dispatch.
 */
function cut(sizes: MatmulSizes, threads: number, target: Target): Slices {
  const { k } = sizes;
  const slices = Math.min(Math.floor(enoughThreads[target.adapter] / threads), Math.floor(k / 128));
  if (slices <= 1 || k < 512) return whole(sizes);
  const perSlice = Math.ceil(k / slices / 4) * 4;
  return { slices: Math.ceil(k / perSlice), k_per_slice: perSlice };
}

/** The params every entry shares. */
export function params({ m, n, k, batch, batchStrideA, batchStrideB }: MatmulSizes, slices: Slices) {
  return { m, n, k, batch, a_batch_stride: batchStrideA, b_batch_stride: batchStrideB, ...slices };
}

/** What the reader of four numbers at a time needs of the shapes. */
export function readsInFours({ inputs, attrs }: MatmulCall): boolean {
  const { m, n, k } = matmulSizes(inputs, attrs);
  const { transposeA, transposeB } = attrs;
  return n % 4 === 0 && (!transposeA || m % 4 === 0) && (k % 4 === 0 || (transposeA && !transposeB));
}

/** What the pass that multiplies is told, of all the sums or of one slice each; `bindings4` read four numbers at a time. */
export interface FirstPass {
  readonly call: {
    readonly params: ReturnType<typeof params>;
    readonly workgroups: readonly [number, number, number];
  };
  readonly constants: Epilogue['constants'] & Readonly<Record<'A_TRANSPOSED' | 'B_TRANSPOSED' | 'K_IN_FOURS', boolean>>;
  readonly hooks: Epilogue['hooks'];
  readonly hooks4: Epilogue['hooks4'];
  readonly bindings: Readonly<Record<'a' | 'b' | 'bias' | 'residual' | 'c', BufferRef>>;
  readonly bindings4: Readonly<Record<'a4' | 'b4' | 'bias4' | 'residual4' | 'c4', BufferRef>>;
  /** Units to a workgroup. */
  readonly group: number;
}

/** Multiply-adds that the plain kernel does in the time in which a larger one compiles. */
const quickly = { discrete: 2 ** 34, integrated: 2 ** 30, unknown: 2 ** 30, software: 2 ** 22 };

/** A kernel's entry, by what one unit of its work computes. */
interface Entry {
  readonly unit: Unit;
  describe(pass: FirstPass): Dispatch;
}

/**
 * A kernel from its entry. With several slices a second pass adds them up and has the epilogue. Every kernel of the family
 * adds the terms of a slice one after another to one number, so any may stand in for any other until it is compiled: the
 * plain one where it is quick, else `smaller`, if there is one.
 */
export function plan(
  unit: Unit,
  describe: (pass: FirstPass) => Dispatch,
  smaller?: Entry,
): (call: MatmulCall, target: Target) => KernelPlan {
  return ({ inputs, attrs }, target) => {
    const sizes = matmulSizes(inputs, attrs);
    const { m, n, batch } = sizes;
    const unitsOf = ({ rows, columns }: Unit) => batch * Math.ceil(m / rows) * Math.ceil(n / columns);
    const slices = cut(sizes, unitsOf(unit) * unit.threads, target);
    const single = slices.slices === 1;
    // The epilogue belongs to the last pass only.
    const first = epilogue(single ? attrs : noEpilogue);
    const [a, b, c] = [input(0), input(1), single ? output(0) : scratch(0)];
    const { bias, residual, hooks } = first;
    const bindings = { a, b, bias, residual, c };
    const given = params(sizes, slices);
    const constants = { ...first.constants, A_TRANSPOSED: attrs.transposeA, B_TRANSPOSED: attrs.transposeB };
    const inUnits = (entry: Entry): Dispatch => {
      const units = unitsOf(entry.unit);
      const group = entry.unit.group(units * slices.slices, target);
      const [x, y] = flatGrid(units, group);
      return entry.describe({
        call: { params: given, workgroups: [x, y, slices.slices] },
        constants: { ...constants, K_IN_FOURS: sizes.k % 4 === 0 },
        hooks,
        hooks4: first.hooks4,
        bindings,
        bindings4: { a4: a, b4: b, bias4: bias, residual4: residual, c4: c },
        group,
      });
    };
    const own = inUnits({ unit, describe });
    const [startX, startY] = flatGrid(batch * m * n, 64);
    const workgroups: [number, number, number] = [startX, startY, slices.slices];
    const plain = dispatch(matmulShader, 'matmul_naive', { bindings, params: given, constants, hooks, workgroups });
    const quick = batch * m * n * sizes.k <= quickly[target.adapter] && own.entry !== plain.entry;
    const start = quick ? plain : smaller && inUnits(smaller);
    const product = start ? { ...own, start } : own;
    if (single) return { dispatches: [product] };
    const last = epilogue(attrs);
    const sum = dispatch(matmulShader, 'matmul_sum_slices', {
      bindings: { partial: scratch(0), bias: last.bias, residual: last.residual, c: output(0) },
      params: params(sizes, slices),
      constants: last.constants,
      hooks: last.hooks,
      workgroups: flatGrid(batch * m * n, 64),
    });
    return { dispatches: [product, sum], scratch: [4 * batch * slices.slices * m * n] };
  };
}
