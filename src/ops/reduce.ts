// Sums, means and extremes over axes; and broadcasting, which is the gradient of a sum.

import { checkOptions, ShapeError } from '../core/errors.ts';
import { broadcast, equal, format, resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { argmaxOp, argminOp, pickGradOp } from './arg_reduce.ts';
import { type BroadcastAttrs, broadcastKernels } from './broadcast_kernels.ts';
import { checkLayout, indicesOf } from './broadcasting.ts';
import { reduceKernels, type ReduceRow } from './reduce_kernels.ts';
import { type AxisAttrs, axisSamples, inferAxis, reductionOf } from './reduction.ts';
import { reshape } from './reshape.ts';

export { argmax, argmin, type ArgOptions } from './arg_reduce.ts';

export interface ReduceOptions {
  /** One axis or several, from the end where negative; all where absent. */
  readonly axes?: number | readonly number[];
  /** Keep reduced axes with length 1; default false. */
  readonly keepDims?: boolean;
}

interface Reducer extends ReduceRow {
  readonly name: string;
  /** Of the reduced elements, in order. */
  reference(next: () => number, count: number): number;
  readonly grad: NonNullable<Op<AxisAttrs>['grad']>;
  readonly accuracy: Op<AxisAttrs>['accuracy'];
  readonly samples?: Op<AxisAttrs>['samples'];
}

function reduceOp(row: Reducer): Op<AxisAttrs> {
  return {
    name: row.name,
    infer([x], { axis }) {
      expectDType(row.name, 'x', x!, 'f32');
      return [{ shape: inferAxis(row.name, x!.shape, axis), dtype: 'f32' }];
    },
    cpu([x], [y], { inputs, attrs }) {
      const { reduced, inner } = reductionOf(inputs[0]!.shape, attrs.axis);
      for (let at = 0; at < y!.length; at++) {
        let from = Math.floor(at / inner) * reduced * inner + (at % inner) - inner;
        y![at] = row.reference(() => x![(from += inner)]!, reduced);
      }
    },
    kernels: reduceKernels(row),
    grad: row.grad,
    cost: ({ inputs, outputs }) => {
      const size = sizeOf(inputs[0]!.shape);
      return { flops: size, bytes: 4 * (size + sizeOf(outputs[0]!.shape)) };
    },
    accuracy: row.accuracy,
    samples: [...axisSamples, ...(row.samples ?? [])],
  };
}

const terms = ({ inputs, attrs }: CallTypes<AxisAttrs>) => inputs[0]!.shape[attrs.axis]!;

/** Rows of -Infinity, of Infinity, of both, and of either beside numbers, along and across memory, for every kernel. */
const infinite: readonly Sample<AxisAttrs>[] = [7, 8, 260].flatMap((length) => {
  const rows = [
    () => -Infinity,
    () => Infinity,
    (i: number) => (i % 2 === 0 ? -Infinity : Infinity),
    (i: number) => (i === length - 1 ? -3 : -Infinity),
    (i: number) => (i === 0 ? 3 : Infinity),
  ];
  const along = rows.flatMap((row) => Array.from({ length }, (_, i) => row(i)));
  const across = Array.from({ length }, (_, i) => rows.map((row) => row(i))).flat();
  return [
    { inputs: [{ shape: [rows.length, length], fill: { values: along } }], attrs: { axis: 1 }, kink: true as const },
    { inputs: [{ shape: [length, rows.length], fill: { values: across } }], attrs: { axis: 0 }, kink: true as const },
  ];
});

/** dy put back where x's axis was, at every place of it. */
function spread(dy: Tensor, x: Tensor, axis: number, scale: number): Tensor {
  const kept = x.shape.map((length, i) => (i === axis ? 1 : length));
  return scaledBroadcast(reshape(dy, kept), x.shape, scale);
}

function extremeGrad(argOp: Op<AxisAttrs>): Reducer['grad'] {
  return ({ dy: [dy], x: [x], attrs: { axis } }) => {
    if (!dy) return [null];
    const winner = applyOne(argOp, [x!], { axis });
    return [applyOne(pickGradOp, [dy, winner], { axis, length: x!.shape[axis]! })];
  };
}

export const sumOp = reduceOp({
  name: 'sum',
  wgsl: 'a + b',
  identity: 0,
  scale: () => 1,
  reference(next, count) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += next();
    return sum;
  },
  grad: ({ dy: [dy], x: [x], attrs: { axis } }) => [dy ? spread(dy, x!, axis, 1) : null],
  accuracy: { kind: 'sum', terms },
});
export const meanOp = reduceOp({
  name: 'mean',
  wgsl: 'a + b',
  identity: 0,
  scale: (reduced) => 1 / reduced,
  reference(next, count) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += next();
    return sum / count;
  },
  grad: ({ dy: [dy], x: [x], attrs: { axis } }) => [dy ? spread(dy, x!, axis, 1 / x!.shape[axis]!) : null],
  accuracy: { kind: 'sum', terms },
});
export const maxOp = reduceOp({
  name: 'max',
  wgsl: 'max(a, b)',
  identity: -Infinity,
  scale: () => 1,
  reference(next, count) {
    let best = next();
    for (let i = 1; i < count; i++) best = Math.max(best, next());
    return best;
  },
  grad: extremeGrad(argmaxOp),
  accuracy: { kind: 'exact' },
  samples: infinite,
});
export const minOp = reduceOp({
  name: 'min',
  wgsl: 'min(a, b)',
  identity: Infinity,
  scale: () => 1,
  reference(next, count) {
    let best = next();
    for (let i = 1; i < count; i++) best = Math.min(best, next());
    return best;
  },
  grad: extremeGrad(argminOp),
  accuracy: { kind: 'exact' },
  samples: infinite,
});

export const broadcastToOp: Op<BroadcastAttrs> = {
  name: 'broadcast_to',
  elementwise: {
    numbers: ({ scale }) => (scale === 1 ? [] : [scale]),
    wgsl: ([x], [scale]) => (scale === undefined ? x! : `${x} * ${scale}`),
  },
  infer([x], { shape }) {
    expectDType('broadcast_to', 'x', x!, 'f32');
    const common = broadcast('broadcast_to', x!.shape, shape);
    if (!equal(common, shape)) {
      throw new ShapeError(
        `broadcast_to: ${format(x!.shape)} does not broadcast to ${format(shape)} but to ${format(common)}`,
      );
    }
    checkLayout('broadcast_to', shape, [x!.shape]);
    return [{ shape, dtype: 'f32' }];
  },
  cpu([x], [y], { inputs, attrs }) {
    const from = indicesOf(attrs.shape, inputs[0]!.shape);
    for (let i = 0; i < y!.length; i++) y![i] = x![from(i)]! * attrs.scale;
  },
  kernels: broadcastKernels,
  grad: ({ dy: [dy], x: [x], attrs: { scale } }) => {
    if (!dy) return [null];
    const sums = sumTo(dy, x!.shape);
    return [scaledBroadcast(sums, sums.shape, scale)];
  },
  cost: ({ inputs, outputs }) => ({ flops: 0, bytes: 4 * (sizeOf(inputs[0]!.shape) + sizeOf(outputs[0]!.shape)) }),
  accuracy: { kind: 'ulp', ulp: 1 },
  samples: [
    { inputs: [{ shape: [] }], attrs: { shape: [3, 8], scale: 0.1 } },
    { inputs: [{ shape: [1] }], attrs: { shape: [67], scale: 1 } },
    { inputs: [{ shape: [12] }], attrs: { shape: [7, 12], scale: 1 } },
    { inputs: [{ shape: [5] }], attrs: { shape: [2, 3, 5], scale: 1 } },
    { inputs: [{ shape: [1, 5] }], attrs: { shape: [3, 5], scale: 2 } },
    { inputs: [{ shape: [6, 1] }], attrs: { shape: [6, 11], scale: 1 / 3 } },
    { inputs: [{ shape: [2, 1, 1, 4] }], attrs: { shape: [2, 3, 5, 4], scale: 1 } },
    { inputs: [{ shape: [2, 1, 3, 1, 2, 1] }], attrs: { shape: [2, 2, 3, 2, 2, 3], scale: 1 } },
    { inputs: [{ shape: [9, 8] }], attrs: { shape: [9, 8], scale: -2 } },
    { inputs: [{ shape: [4, 4, 2] }], attrs: { shape: [4, 4, 2], scale: 1 } },
    { inputs: [{ shape: [] }], attrs: { shape: [2, 2, 2], scale: 1 } },
  ],
};

export const reduceOps: readonly Op[] = [sumOp, meanOp, maxOp, minOp, broadcastToOp];

/**
 * Neighbouring axes are reduced as one, and each group of them by one call, the last first: means of means and maxima
 * of maxima are the whole's.
 */
export function over(op: Op<AxisAttrs>, x: Tensor, options: ReduceOptions): Tensor {
  checkOptions(op.name, options, ['axes', 'keepDims']);
  const { axes, keepDims = false } = options;
  return reduceAxes(op, x, axes ?? x.shape.map((_, i) => i), keepDims);
}

function reduceAxes(op: Op<AxisAttrs>, x: Tensor, axes: number | readonly number[], keepDims: boolean): Tensor {
  const given = typeof axes === 'number' ? [axes] : axes;
  const reduced = new Set(given.map((axis) => resolveAxis(op.name, axis, x.shape.length)));
  if (reduced.size < given.length) throw new ShapeError(`${op.name}: axes ${format(given)} name one axis twice`);
  const groups: { length: number; reduced: boolean }[] = [];
  x.shape.forEach((length, axis) => {
    if (length === 1) return;
    const last = groups.at(-1);
    if (last?.reduced === reduced.has(axis)) last.length *= length;
    else groups.push({ length, reduced: reduced.has(axis) });
  });
  expectDType(op.name, 'x', x, 'f32');
  let y = reshape(
    x,
    groups.map(({ length }) => length),
  );
  for (let axis = groups.length - 1; axis >= 0; axis--) {
    if (groups[axis]!.reduced) y = applyOne(op, [y], { axis });
  }
  const shape = x.shape.flatMap((length, axis) => (reduced.has(axis) ? (keepDims ? [1] : []) : [length]));
  return reshape(y, shape);
}

// These take f32 tensors of any shape; an axis that does not exist or is named twice is a ShapeError, an unknown
// option an OptionError.

/** Σ x over `axes`. */
export const sum = (x: Tensor, options: ReduceOptions = {}): Tensor => over(sumOp, x, options);
/** The mean of x over `axes`. */
export const mean = (x: Tensor, options: ReduceOptions = {}): Tensor => over(meanOp, x, options);
/** The largest element over `axes`. Among equals the first takes the whole gradient (PyTorch's amax divides it). */
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => over(maxOp, x, options);
/** The smallest element over `axes`; among equals the first takes the whole gradient. */
export const min = (x: Tensor, options: ReduceOptions = {}): Tensor => over(minOp, x, options);

/** x repeated to `shape` by NumPy's rule; a ShapeError where it does not broadcast to it. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return equal(x.shape, shape) ? x : scaledBroadcast(x, shape, 1);
}

function scaledBroadcast(x: Tensor, shape: Shape, scale: number): Tensor {
  if (equal(x.shape, shape) && scale === 1) return x;
  return applyOne(broadcastToOp, [x], { shape: [...shape], scale });
}

/** x summed over the axes along which `shape` would broadcast to it: the gradient of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (equal(x.shape, shape)) return x;
  const skipped = x.shape.length - shape.length;
  const axes = x.shape.flatMap((length, axis) =>
    axis < skipped || (shape[axis - skipped] === 1 && length > 1) ? [axis] : [],
  );
  if (skipped < 0 || !equal(broadcast('sum_to', x.shape, shape), x.shape)) {
    throw new ShapeError(`sum_to: ${format(shape)} does not broadcast to ${format(x.shape)}`);
  }
  return reshape(reduceAxes(sumOp, x, axes, false), shape);
}
