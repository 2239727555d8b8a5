// Softmax and its logarithm over the last axis, with their gradients.

import shader from '../../shaders/softmax.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, type Shape, sizeOf } from '../core/shape.ts';
import type { Accuracy, CallTypes, Kernel, Op, Sample, SampleInput } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { errorsOfRows, logShareError, shareError, smallest, sumError, u } from './row_bounds.ts';

export type NoAttrs = Readonly<Record<string, never>>;

/** A shape as rows of its last axis. */
export function rowsOf(shape: Shape): { rows: number; columns: number } {
  const columns = shape.at(-1)!;
  return { rows: sizeOf(shape) / columns, columns };
}

const divides = ({ inputs }: CallTypes<NoAttrs>) => inputs[0]!.shape.at(-1)! % 4 === 0;

function forwardKernels(logarithm: boolean): Record<string, Kernel<NoAttrs>> {
  const constants = { LOGARITHM: logarithm };
  const naive: Kernel<NoAttrs>['plan'] = ({ inputs }) => {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    const call = { params: { rows, columns }, constants, workgroups: flatGrid(rows, 64) };
    return { dispatches: [dispatch(shader, 'softmax_naive', { bindings: { x: input(0), y: output(0) }, ...call })] };
  };
  const vec4: Kernel<NoAttrs>['plan'] = ({ inputs }) => {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    const call = { params: { rows, columns: columns / 4 }, constants, workgroups: flatGrid(rows, 64) };
    return { dispatches: [dispatch(shader, 'softmax_vec4', { bindings: { x4: input(0), y4: output(0) }, ...call })] };
  };
  const rowwise: Kernel<NoAttrs>['plan'] = ({ inputs }) => {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    const call = { params: { rows, columns }, constants, workgroups: flatGrid(rows, 1) };
    return { dispatches: [dispatch(shader, 'softmax_rows', { bindings: { x: input(0), y: output(0) }, ...call })] };
  };
  return order(naive, vec4, rowwise);
}

function gradKernels(logarithm: boolean): Record<string, Kernel<NoAttrs>> {
  const constants = { LOGARITHM: logarithm };
  const bindings = { dy: input(0), result: input(1), dx: output(0) };
  const naive: Kernel<NoAttrs>['plan'] = ({ inputs }) => {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    const call = { bindings, params: { rows, columns }, constants, workgroups: flatGrid(rows, 64) };
    return { dispatches: [dispatch(shader, 'softmax_naive_grad', call)] };
  };
  const vec4: Kernel<NoAttrs>['plan'] = ({ inputs }) => {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    const vectors = { dy4: input(0), result4: input(1), dx4: output(0) };
    const call = {
      bindings: vectors,
      params: { rows, columns: columns / 4 },
      constants,
      workgroups: flatGrid(rows, 64),
    };
    return { dispatches: [dispatch(shader, 'softmax_vec4_grad', call)] };
  };
  const rowwise: Kernel<NoAttrs>['plan'] = ({ inputs }) => {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    const call = { bindings, params: { rows, columns }, constants, workgroups: flatGrid(rows, 1) };
    return { dispatches: [dispatch(shader, 'softmax_rows_grad', call)] };
  };
  return order(naive, vec4, rowwise);
}

function order(naive: Kernel<NoAttrs>['plan'], vec4: Kernel<NoAttrs>['plan'], rows: Kernel<NoAttrs>['plan']) {
  return {
    // A workgroup for each row pays where rows are long enough to share and barriers cheap, as on no software adapter.
    rows: {
      preferred: ({ inputs }: CallTypes<NoAttrs>, { adapter }: Target) =>
        adapter !== 'software' && rowsOf(inputs[0]!.shape).columns >= 64,
      plan: rows,
    },
    vec4: { fits: divides, plan: vec4 },
    naive: { plan: naive },
  };
}

function checkRows(name: string, x: TensorType): void {
  expectDType(name, 'x', x, 'f32');
  if (x.shape.length === 0) throw new ShapeError(`${name}: x is a scalar, expected at least one axis`);
}

/**
 * Scores of rows masked by -Infinity, fixed: the first, the first four, all but the middle one, all but the last, every second
 * one from the second, and all.
 */
export function maskedScores(columns: number): SampleInput {
  const masked = [
    (c: number) => c === 0,
    (c: number) => c < 4,
    (c: number) => c !== columns >> 1,
    (c: number) => c !== columns - 1,
    (c: number) => c % 2 === 1,
    () => true,
  ];
  const values = masked.flatMap((not) =>
    Array.from({ length: columns }, (_, c) => (not(c) ? -Infinity : ((7 * c) % 23) / 4 - 2)),
  );
  return { shape: [masked.length, columns], fill: { values } };
}

/** Widths of masked rows, for every kernel: with and without 4 as a divisor, shorter and longer than a workgroup. */
export const maskedColumns: readonly number[] = [9, 12, 129, 260];

const shapes: readonly Shape[] = [[3, 5], [1, 1], [4], [2, 3, 8], [67, 10], [2, 129], [1, 256], [2, 1000]];
const samples: readonly Sample<NoAttrs>[] = [
  ...shapes.map((shape) => ({ inputs: [{ shape }], attrs: {} })),
  ...maskedColumns.map((columns) => ({ inputs: [maskedScores(columns)], attrs: {}, kink: true as const })),
];
const gradSamples: readonly Sample<NoAttrs>[] = [
  ...shapes.map((shape) => ({ inputs: [{ shape }, { shape }], attrs: {} })),
  ...maskedColumns.map((columns) => {
    const scores = maskedScores(columns);
    return { inputs: [{ shape: scores.shape }, scores], attrs: {} };
  }),
];

function forwardOp(name: string, logarithm: boolean, gradOp: () => Op<NoAttrs>): Op<NoAttrs> {
  return {
    name,
    infer([x]) {
      checkRows(name, x!);
      return [{ shape: x!.shape, dtype: 'f32' }];
    },
    cpu([x], [y], { inputs }) {
      const { rows, columns } = rowsOf(inputs[0]!.shape);
      for (let n = 0; n < rows; n++) {
        // From the largest: beside numbers of 1e38 even a double loses log Σ.
        const { highest, sum } = sumExp(x!.subarray(n * columns, (n + 1) * columns));
        for (let i = n * columns; i < (n + 1) * columns; i++) {
          const below = x![i]! - highest;
          y![i] = logarithm ? below - Math.log(sum) : Math.exp(below) / sum;
        }
      }
    },
    kernels: forwardKernels(logarithm),
    grad: ({ dy: [dy], y: [y] }) => [dy ? applyOne(gradOp(), [dy, y!], {}) : null],
    cost({ inputs }) {
      const size = sizeOf(inputs[0]!.shape);
      return { flops: 10 * size, bytes: 8 * size, exponentials: size };
    },
    accuracy: {
      kind: 'derived',
      bounds: ([x], _, { inputs }) => [
        errorsOfRows(x!, rowsOf(inputs[0]!.shape).columns, logarithm ? logShareError : shareError),
      ],
    },
    samples,
  };
}

/** The largest x, and Σ e^(x − that). */
export function sumExp(x: ArrayLike<number>): { highest: number; sum: number } {
  let highest = x[0]!;
  for (let i = 1; i < x.length; i++) highest = Math.max(highest, x[i]!);
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.exp(x[i]! - highest);
  return { highest, sum };
}

/** Of y (dy − Σ dy y) or dy − e^y Σ dy: the sum's error, then e^y's with its rounding, and those of what is left. */
function gradBounds(logarithm: boolean): Accuracy<NoAttrs> {
  return {
    kind: 'derived',
    bounds([dy, y], _, { inputs }) {
      const { columns } = rowsOf(inputs[0]!.shape);
      const errors = new Float64Array(y!.length);
      for (let first = 0; first < y!.length; first += columns) {
        let terms = 0;
        for (let i = first; i < first + columns; i++) terms += Math.abs(logarithm ? dy![i]! : dy![i]! * y![i]!);
        for (let i = first; i < first + columns; i++) {
          const [d, r] = [Math.abs(dy![i]!), y![i]!];
          const power = Math.exp(r);
          const error = logarithm
            ? (power === 0 ? 0 : power * terms * (sumError(columns) + (8 + 4 * Math.abs(r)) * u)) + u * d
            : Math.abs(r) * (sumError(columns) * terms + 2 * u * (d + terms));
          errors[i] = error + smallest;
        }
      }
      return [errors];
    },
  };
}

function gradOp(name: string, logarithm: boolean): Op<NoAttrs> {
  return {
    name,
    infer([dy, y]) {
      checkRows(name, dy!);
      checkRows(name, y!);
      if (!equal(dy!.shape, y!.shape)) {
        throw new ShapeError(`${name}: dy is ${format(dy!.shape)}, expected y's shape ${format(y!.shape)}`);
      }
      return [{ shape: y!.shape, dtype: 'f32' }];
    },
    cpu([dy, y], [dx], { inputs }) {
      const { rows, columns } = rowsOf(inputs[0]!.shape);
      for (let n = 0; n < rows; n++) {
        let sum = 0;
        for (let i = n * columns; i < (n + 1) * columns; i++) sum += logarithm ? dy![i]! : dy![i]! * y![i]!;
        for (let i = n * columns; i < (n + 1) * columns; i++) {
          dx![i] = logarithm ? dy![i]! - Math.exp(y![i]!) * sum : y![i]! * (dy![i]! - sum);
        }
      }
    },
    kernels: gradKernels(logarithm),
    grad: null,
    cost({ inputs }) {
      const size = sizeOf(inputs[0]!.shape);
      return { flops: 5 * size, bytes: 12 * size, exponentials: logarithm ? size : 0 };
    },
    accuracy: gradBounds(logarithm),
    samples: gradSamples,
  };
}

export const softmaxGradOp = gradOp('softmax_grad', false);
export const logSoftmaxGradOp = gradOp('log_softmax_grad', true);
export const softmaxOp = forwardOp('softmax', false, () => softmaxGradOp);
export const logSoftmaxOp = forwardOp('log_softmax', true, () => logSoftmaxGradOp);

export const softmaxOps: readonly Op[] = [softmaxOp, logSoftmaxOp, softmaxGradOp, logSoftmaxGradOp];

/**
 * e^x / Σ e^x over the last axis, of an f32 tensor of rank 1 or more; else a ShapeError. Finite for every finite x. Where x is
 * -Infinity the result is 0, and NaN in a row that holds nothing else (as in PyTorch); a row masked altogether by a large
 * finite number instead, such as -1e9, becomes even.
 */
export const softmax = (x: Tensor): Tensor => applyOne(softmaxOp, [x], {});

/**
 * x − log Σ e^x over the last axis: the logarithm of softmax, exact where softmax itself would round to 0. -Infinity stays
 * so, and a row that holds nothing else becomes NaN.
 */
export const logSoftmax = (x: Tensor): Tensor => applyOne(logSoftmaxOp, [x], {});
