// Where along an axis the largest or smallest element is, and the gradient of max and min that follows from it.

import shader from '../../shaders/arg_reduce.wgsl';
import { checkOptions, ShapeError } from '../core/errors.ts';
import { equal, format, resolveAxis, sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, Op } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import {
  type AxisAttrs,
  axisSamples,
  inferAxis,
  type Reduction,
  reductionOf,
  type Segments,
  threadSegments,
  whole,
} from './reduction.ts';
import { reshape } from './reshape.ts';

/** `wgsl`: whether `candidate` beats `best`, strictly, so that the first of equals stays. */
function argKernels(wgsl: string): Record<string, Kernel<AxisAttrs>> {
  const hooks = { better: wgsl };
  const sizes = ({ inputs, attrs }: CallTypes<AxisAttrs>) => reductionOf(inputs[0]!.shape, attrs.axis);
  const params = ({ outer, reduced, inner }: Reduction, { segments, perSegment }: Segments) => {
    return { outer, reduced, inner, segments, per_segment: perSegment };
  };
  return {
    split: {
      preferred: (call) => {
        const { outer, reduced, inner } = sizes(call);
        return outer * inner < 8192 && reduced >= 1024;
      },
      plan: (call) => {
        const size = sizes(call);
        const pieces = threadSegments(size);
        const found = size.outer * pieces.segments * size.inner;
        return {
          dispatches: [
            dispatch(shader, 'arg_reduce_segments', {
              bindings: { x: input(0), found: scratch(0) },
              params: params(size, pieces),
              hooks,
              workgroups: flatGrid(found, 64),
            }),
            dispatch(shader, 'arg_reduce_merge', {
              bindings: { x: input(0), candidates: scratch(0), index: output(0) },
              params: params(size, pieces),
              hooks,
              workgroups: flatGrid(size.outer * size.inner, 64),
            }),
          ],
          scratch: [4 * found],
        };
      },
    },
    naive: {
      plan: (call) => {
        const size = sizes(call);
        return {
          dispatches: [
            dispatch(shader, 'arg_reduce', {
              bindings: { x: input(0), index: output(0) },
              params: params(size, whole(size.reduced)),
              hooks,
              workgroups: flatGrid(size.outer * size.inner, 64),
            }),
          ],
        };
      },
    },
  };
}

/** dx[o, r, i] = dy[o, i] where r is the winner, else 0. Input 0 is dy, input 1 the winners. */
const pickGradKernel: Kernel<AxisAttrs> = {
  plan: ({ outputs, attrs }) => {
    const size = reductionOf(outputs[0]!.shape, attrs.axis);
    return {
      dispatches: [
        dispatch(shader, 'pick_grad', {
          bindings: { dy: input(0), winner: input(1), dx: output(0) },
          params: { ...size, segments: 1, per_segment: size.reduced },
          workgroups: flatGrid(sizeOf(outputs[0]!.shape), 64),
        }),
      ],
    };
  },
};

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
    samples: axisSamples.flatMap(({ inputs, attrs }) => [
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
    [[4, 3], 0, 1] as const,
    [[4, 3], 1, 1] as const,
    [[], 0, 1] as const,
  ].map(([shape, axis, length]) => ({
    inputs: [{ shape }, { shape, dtype: 'i32', fill: { below: length } }],
    attrs: { axis, length },
  })),
};

export const argOps: readonly Op[] = [argmaxOp, argminOp, pickGradOp];

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
