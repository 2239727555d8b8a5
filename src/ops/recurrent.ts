// The two ops of recurrent networks that do not depend on the cell: the state each step begins with, and masked results.

import shader from '../../shaders/recurrent.wgsl';
import { ShapeError } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { matmul } from './matmul.ts';
import {
  checkMask,
  expectShape,
  isValid,
  maskingConstant,
  maskInput,
  stateBefore,
  stepCall,
  stepIn,
  stepOut,
  walks,
  type Walk,
} from './recurrent_steps.ts';
import { reshape } from './reshape.ts';

/** states [N, T, U], initial [N, U] -> y [N, T, U]: for each step of x the state that it begins with. */
export const previousStatesOp: Op<Walk> = {
  name: 'previous_states',
  infer([states, initial]) {
    const [N, T, U] = sequenceShape('previous_states', states!);
    expectShape('previous_states', 'initial', initial!, [N, U]);
    return [{ shape: [N, T, U], dtype: 'f32' }];
  },
  cpu([states, initial], [y], { inputs, attrs }) {
    const [N, T, U] = inputs[0]!.shape as [number, number, number];
    for (let s = 0; s < T; s++) {
      const before = stateBefore(attrs, { N, T, U, width: U }, states!, initial!, s);
      for (let n = 0; n < N; n++) {
        const { values, at } = before(n);
        for (let u = 0; u < U; u++) y![(n * T + stepIn(attrs, T, s)) * U + u] = values[at + u]!;
      }
    }
  },
  kernels: {
    naive: {
      plan({ inputs, attrs }) {
        const [N, T, U] = inputs[0]!.shape as [number, number, number];
        const { params } = stepCall(attrs, { N, T, U, width: U }, 0, 1);
        return {
          dispatches: [
            dispatch(shader, 'previous_states', {
              bindings: { x: input(0), initial: input(1), y: output(0) },
              params: { ...params, size: N * T * U },
              constants: { BACKWARDS: attrs.backwards, ALIGNED: attrs.aligned },
              workgroups: flatGrid(N * T * U, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // stands in backward graphs only
  cost: (types) => ({ flops: 0, bytes: bytesMoved(types) }),
  accuracy: { kind: 'exact' },
  samples: walks([null, 'lengths', 'mask']).flatMap((attrs) =>
    [
      [1, 1, 1],
      [2, 5, 3],
      [3, 4, 8],
      [1, 5, 14],
    ].map(([N, T, U]): Sample<Walk> => ({
      inputs: [{ shape: [N!, T!, U!] }, { shape: [N!, U!] }],
      attrs,
    })),
  ),
};

export interface MaskStepsAttrs extends Walk {
  /** Steps of the mask; x may hold the last few of those taken only. */
  readonly steps: number;
  /** Keep what comes after a valid step too, where a layer repeats its result (Keras). */
  readonly seen: boolean;
}

/** x [N, S, U] and a mask -> y [N, S, U]: x where the step is valid (`seen`: or comes after one that is), else 0. */
export const maskStepsOp: Op<MaskStepsAttrs> = {
  name: 'mask_steps',
  infer([x, mask], attrs) {
    const [N, S, U] = sequenceShape('mask_steps', x!);
    if (S > attrs.steps) throw new ShapeError(`mask_steps: x has ${S} steps, expected at most ${attrs.steps}`);
    checkMask('mask_steps', attrs, mask, N, attrs.steps);
    return [{ shape: [N, S, U], dtype: 'f32' }];
  },
  cpu([x, mask], [y], { inputs, attrs }) {
    const [N, S, U] = inputs[0]!.shape as [number, number, number];
    const T = attrs.steps;
    for (let n = 0; n < N; n++) {
      let seen = false;
      for (let s = 0; s < T; s++) {
        const valid = isValid(attrs, T, mask, n, stepIn(attrs, T, s));
        seen ||= valid;
        const o = stepOut(attrs, T, s) - (T - S);
        if (o < 0 || o >= S) continue;
        for (let u = 0; u < U; u++) {
          const i = (n * S + o) * U + u;
          y![i] = (attrs.seen ? seen : valid) ? x![i]! : 0;
        }
      }
    }
  },
  kernels: {
    naive: {
      plan({ inputs, attrs }) {
        const [N, S, U] = inputs[0]!.shape as [number, number, number];
        const { params } = stepCall(attrs, { N, T: attrs.steps, U, width: U }, 0, 1);
        return {
          dispatches: [
            dispatch(shader, 'mask_steps', {
              bindings: { x: input(0), mask: input(1), y: output(0) },
              params: { ...params, size: N * S * U, count: S },
              constants: {
                BACKWARDS: attrs.backwards,
                ALIGNED: attrs.aligned,
                SEEN: attrs.seen,
                MASKING: maskingConstant(attrs, inputs[1]),
              },
              workgroups: flatGrid(N * S * U, 64),
            }),
          ],
        };
      },
    },
  },
  grad: ({ dy, x, attrs }) => [dy[0] ? applyOne(maskStepsOp, [dy[0], x[1]!], attrs) : null, null],
  cost: (types) => ({ flops: 0, bytes: bytesMoved(types) }),
  accuracy: { kind: 'exact' },
  samples: walks(['lengths', 'mask']).flatMap((walk, i) =>
    [true, false].flatMap((seen, k) =>
      (
        [
          [5, 5, 5, 3],
          [1, 1, 6, 2],
          [4, 3, 4, 4],
        ] as const
      ).map(([N, S, steps, U], j): Sample<MaskStepsAttrs> => ({
        inputs: [{ shape: [N, S, U] }, maskInput(walk, N, steps, i + j + k)],
        attrs: { ...walk, steps, seen },
      })),
    ),
  ),
};

function sequenceShape(where: string, x: TensorType): [number, number, number] {
  expectDType(where, 'x', x, 'f32');
  if (x.shape.length !== 3) throw new ShapeError(`${where}: x is ${format(x.shape)}, expected [N,T,U]`);
  return x.shape as unknown as [number, number, number];
}

/** previous [N,T,U], slopes [N,T,width] -> Σ over examples and steps of previousᵀ·slopes: a recurrent kernel's gradient. */
export function stepProduct(previous: Tensor, slopes: Tensor): Tensor {
  const rows = sizeOf(previous.shape.slice(0, 2));
  const flat = (value: Tensor) => reshape(value, [rows, value.shape[2]!]);
  return matmul(flat(previous), flat(slopes), { transposeA: true });
}

export const recurrentOps = [previousStatesOp, maskStepsOp] as const;
