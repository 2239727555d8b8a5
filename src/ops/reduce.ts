// Sums, means, extremes and their places over axes; and broadcasting, which is the gradient of a sum.

import broadcastShader from '../../shaders/broadcast_to.wgsl';
import { checkOptions, ShapeError } from '../core/errors.ts';
import { broadcast, equal, format, resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { checkLayout, indicesOf, layoutOf, periodOf, rankConstant } from './broadcasting.ts';
import {
  argKernels,
  type AxisAttrs,
  pickGradKernel,
  reduceKernels,
  type ReduceRow,
  reductionOf,
} from './reduce_kernels.ts';
import { reshape } from './reshape.ts';

export interface ReduceOptions {
  /** One axis or several, from the end where negative; all where absent. */
  readonly axes?: number | readonly number[];
  /** Keep reduced axes with length 1; default false. */
  readonly keepDims?: boolean;
}

const without = (shape: Shape, axis: number): Shape => shape.filter((_, i) => i !== axis);

const samples: readonly Sample<AxisAttrs>[] = [
  { inputs: [{ shape: [3, 5] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [3, 5] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [1] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [4, 7, 3] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [2, 9, 12] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [67, 129] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [3, 256] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [700, 3] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [2, 1027, 8] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [20000] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [2, 16387] }], attrs: { axis: 1 } },
];

function inferAxis(name: string, shape: Shape, axis: number): Shape {
  return without(shape, resolveAxis(name, axis, shape.length));
}

interface Reducer extends ReduceRow {
  readonly name: string;
  /** Of the reduced elements, in order. */
  reference(next: () => number, count: number): number;
  readonly grad: NonNullable<Op<AxisAttrs>['grad']>;
  readonly accuracy: Op<AxisAttrs>['accuracy'];
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
    samples,
  };
}

const terms = ({ inputs, attrs }: CallTypes<AxisAttrs>) => inputs[0]!.shape[attrs.axis]!;
const largest = 3.4028234663852886e38;

/** dy put back where x's axis was, at every place of it. */
function spread(dy: Tensor, x: Tensor, axis: number, scale: number): Tensor {
  const kept = x.shape.map((length, i) => (i === axis ? 1 : length));
  return scaledBroadcast(reshape(dy, kept), x.shape, scale);
}

function extremeGrad(argOp: () => Op<AxisAttrs>): Reducer['grad'] {
  return ({ dy: [dy], x: [x], attrs: { axis } }) => {
    if (!dy) return [null];
    const winner = applyOne(argOp(), [x!], { axis });
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
  identity: -largest,
  scale: () => 1,
  reference(next, count) {
    let best = next();
    for (let i = 1; i < count; i++) best = Math.max(best, next());
    return best;
  },
  grad: extremeGrad(() => argmaxOp),
  accuracy: { kind: 'exact' },
});
export const minOp = reduceOp({
  name: 'min',
  wgsl: 'min(a, b)',
  identity: largest,
  scale: () => 1,
  reference(next, count) {
    let best = next();
    for (let i = 1; i < count; i++) best = Math.min(best, next());
    return best;
  },
  grad: extremeGrad(() => argminOp),
  accuracy: { kind: 'exact' },
});

function argOp(name: string, wgsl: string, better: (candidate: number, best: number) => boolean): Op<AxisAttrs> {
  return {
    name,
    infer([x], { axis }) {
      expectDType(name, 'x', x!, 'f32');
      return [{ shape: inferAxis(name, x!.shape, axis), dtype: 'i32' }];
    },
    cpu([x], [y], { inputs, attrs }) {
      const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, attrs.axis);
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          const at = (r: number) => x![(o * reduced + r) * inner + i]!;
          let best = 0;
          for (let r = 1; r < reduced; r++) if (better(at(r), at(best))) best = r;
          y![o * inner + i] = best;
        }
      }
    },
    kernels: argKernels(wgsl),
    grad: null,
    cost: ({ inputs, outputs }) => {
      const size = sizeOf(inputs[0]!.shape);
      return { flops: size, bytes: 4 * (size + sizeOf(outputs[0]!.shape)) };
    },
    accuracy: { kind: 'exact' },
    samples: samples.flatMap(({ inputs, attrs }) => [
      { inputs, attrs },
      { inputs: [{ ...inputs[0]!, fill: 'ties' as const }], attrs },
    ]),
  };
}

export const argmaxOp = argOp('argmax', 'candidate > best', (candidate, best) => candidate > best);
export const argminOp = argOp('argmin', 'candidate < best', (candidate, best) => candidate < best);

/** dx[.., r, ..] = dy where r is the winner, else 0: the gradient of max and min. */
export const pickGradOp: Op<AxisAttrs & { readonly length: number }> = {
  name: 'pick_grad',
  infer([dy, winner], { axis, length }) {
    expectDType('pick_grad', 'dy', dy!, 'f32');
    expectDType('pick_grad', 'winner', winner!, 'i32');
    if (!equal(dy!.shape, winner!.shape)) {
      throw new ShapeError(`pick_grad: dy is ${format(dy!.shape)}, winner ${format(winner!.shape)}, expected the same`);
    }
    return [{ shape: [...dy!.shape.slice(0, axis), length, ...dy!.shape.slice(axis)], dtype: 'f32' }];
  },
  cpu([dy, winner], [dx], { outputs, attrs }) {
    const { reduced, inner } = reductionOf(outputs[0]!.shape, attrs.axis);
    dx!.fill(0);
    for (let at = 0; at < dy!.length; at++) {
      dx![(Math.floor(at / inner) * reduced + winner![at]!) * inner + (at % inner)] = dy![at]!;
    }
  },
  kernels: { naive: pickGradKernel },
  grad: null,
  cost: ({ inputs, outputs }) => ({ flops: 0, bytes: 4 * (sizeOf(outputs[0]!.shape) + 2 * sizeOf(inputs[0]!.shape)) }),
  accuracy: { kind: 'exact' },
  samples: [
    [[3], 0, 5] as const,
    [[3], 1, 5] as const,
    [[], 0, 7] as const,
    [[2, 3], 1, 65] as const,
    [[4, 8], 2, 1] as const,
  ].map(([shape, axis, length]) => ({
    inputs: [{ shape }, { shape, dtype: 'i32', fill: { below: length } }],
    attrs: { axis, length },
  })),
};

export interface BroadcastAttrs {
  readonly shape: Shape;
  readonly scale: number;
}

export const broadcastToOp: Op<BroadcastAttrs> = {
  name: 'broadcast_to',
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
  kernels: {
    vec4: {
      fits: ({ inputs, attrs }) => {
        const period = periodOf(attrs.shape, inputs[0]!.shape);
        return period !== null && period % 4 === 0;
      },
      plan: ({ inputs, attrs: { shape, scale } }) => {
        const size = sizeOf(shape) / 4;
        const period = periodOf(shape, inputs[0]!.shape)! / 4;
        const call = { bindings: { x4: input(0), y4: output(0) }, params: { size, scale, period } };
        return {
          dispatches: [dispatch(broadcastShader, 'broadcast_to_vec4', { ...call, workgroups: flatGrid(size, 64) })],
        };
      },
    },
    scalar: {
      fits: ({ inputs, attrs }) => sizeOf(inputs[0]!.shape) === 1 && sizeOf(attrs.shape) % 4 === 0,
      plan: ({ attrs: { shape, scale } }) => {
        const size = sizeOf(shape) / 4;
        const call = { bindings: { x: input(0), y4: output(0) }, params: { size, scale, period: 0 } };
        return {
          dispatches: [dispatch(broadcastShader, 'broadcast_to_scalar', { ...call, workgroups: flatGrid(size, 64) })],
        };
      },
    },
    naive: {
      plan: ({ inputs, attrs: { shape, scale } }) => {
        const size = sizeOf(shape);
        const { lengths, strides } = layoutOf(shape, [inputs[0]!.shape]);
        const steps = strides[0]!;
        const params = {
          size,
          scale,
          length_0: lengths[0] ?? 1,
          length_1: lengths[1] ?? 1,
          length_2: lengths[2] ?? 1,
          length_3: lengths[3] ?? 1,
          length_4: lengths[4] ?? 1,
          stride_0: steps[0] ?? 0,
          stride_1: steps[1] ?? 0,
          stride_2: steps[2] ?? 0,
          stride_3: steps[3] ?? 0,
          stride_4: steps[4] ?? 0,
          stride_5: steps[5] ?? 0,
        };
        const constants = { RANK: rankConstant(lengths.length) };
        const call = { bindings: { x: input(0), y: output(0) }, params, constants, workgroups: flatGrid(size, 64) };
        return { dispatches: [dispatch(broadcastShader, 'broadcast_to', call)] };
      },
    },
  },
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
    { inputs: [{ shape: [6, 1] }], attrs: { shape: [6, 11], scale: 1 / 3 } },
    { inputs: [{ shape: [2, 1, 1, 4] }], attrs: { shape: [2, 3, 5, 4], scale: 1 } },
    { inputs: [{ shape: [2, 1, 3, 1, 2, 1] }], attrs: { shape: [2, 2, 3, 2, 2, 3], scale: 1 } },
    { inputs: [{ shape: [9, 8] }], attrs: { shape: [9, 8], scale: -2 } },
  ],
};

export const reduceOps: readonly Op[] = [sumOp, meanOp, maxOp, minOp, argmaxOp, argminOp, pickGradOp, broadcastToOp];

/**
 * Neighbouring axes are reduced as one, and each group of them by one call, the last first: means of means and maxima
 * of maxima are the whole's.
 */
function over(op: Op<AxisAttrs>, x: Tensor, options: ReduceOptions): Tensor {
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

export interface ArgOptions {
  /** From the end where negative; default -1. */
  readonly axis?: number;
  /** Keep the axis with length 1; default false. */
  readonly keepDims?: boolean;
}

function arg(op: Op<AxisAttrs>, x: Tensor, options: ArgOptions): Tensor {
  checkOptions(op.name, options, ['axis', 'keepDims']);
  const { axis = -1, keepDims = false } = options;
  const resolved = resolveAxis(op.name, axis, x.shape.length);
  const y = applyOne(op, [x], { axis: resolved });
  return keepDims
    ? reshape(
        y,
        x.shape.map((length, i) => (i === resolved ? 1 : length)),
      )
    : y;
}

/** Where along `axis` the largest element is, as i32; the first of equals. No gradient. */
export const argmax = (x: Tensor, options: ArgOptions = {}): Tensor => arg(argmaxOp, x, options);
/** Where along `axis` the smallest element is, as i32; the first of equals. No gradient. */
export const argmin = (x: Tensor, options: ArgOptions = {}): Tensor => arg(argminOp, x, options);

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
