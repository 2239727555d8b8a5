// The gradients of a dense layer's weights and of its bias in one pass: the bias's is as if a row of ones stood below aᵀ
// (cuBLASLt's BGRADB epilogue). For products so small that a dispatch costs more than what it computes.

import matmulShader from '../../shaders/matmul.wgsl';
import { ShapeError } from '../core/errors.ts';
import { format } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { expectDType, type Call, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { noEpilogue } from './epilogue.ts';
import { params, whole } from './matmul_passes.ts';
import { matmulSizes, type MatmulAttrs } from './matmul_sizes.ts';
import { sumOp } from './reduce.ts';
import { reductionOf, type AxisAttrs } from './reduction.ts';

/** The product that it does beside the sums. */
const product: MatmulAttrs = { transposeA: true, transposeB: false, ...noEpilogue };
type NoAttrs = Record<never, never>;
const sizesOf = ({ inputs }: Pick<CallTypes<NoAttrs>, 'inputs'>) => matmulSizes(inputs, product);

/** a [K, M], b [K, N] -> aᵀ·b [M, N] and the sums of b's columns [N]. */
export const matmulWithSumsOp: Op<NoAttrs> = {
  name: 'matmul_with_sums',
  infer(inputs) {
    const [a, b] = inputs as [Tensor, Tensor];
    expectDType('matmul_with_sums', 'a', a, 'f32');
    expectDType('matmul_with_sums', 'b', b, 'f32');
    if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[0] !== b.shape[0]) {
      throw new ShapeError(
        `matmul_with_sums: got ${format(a.shape)} and ${format(b.shape)}, expected two matrices of as many rows`,
      );
    }
    const { m, n } = sizesOf({ inputs });
    return [[m, n], [n]].map((shape) => ({ shape, dtype: 'f32' }));
  },
  cpu([a, b], [c, sums], { inputs }) {
    const { m, n, k } = sizesOf({ inputs });
    const row = new Float64Array(n);
    for (let i = 0; i <= m; i++) {
      row.fill(0);
      for (let p = 0; p < k; p++) {
        const value = i < m ? a![p * m + i]! : 1;
        for (let j = 0; j < n; j++) row[j]! += value * b![p * n + j]!;
      }
      if (i < m) c!.set(row, i * n);
      else sums!.set(row);
    }
  },
  kernels: {
    naive: {
      plan(call) {
        const sizes = sizesOf(call);
        const one = dispatch(matmulShader, 'matmul_with_sums', {
          bindings: { a: input(0), b: input(1), c: output(0), sums: output(1) },
          params: params(sizes, whole(sizes)),
          workgroups: flatGrid((sizes.m + 1) * sizes.n, 64),
        });
        return { dispatches: [one] };
      },
    },
  },
  grad: null, // made by the planner, after differentiation
  cost: (call) => {
    const { m, n, k } = sizesOf(call);
    return { flops: (2 * m + 1) * n * k, bytes: bytesMoved(call) };
  },
  accuracy: { kind: 'sum', terms: (call) => sizesOf(call).k },
  samples: (
    [
      [1, 1, 1],
      [32, 2, 16],
      [32, 16, 1],
      [9, 5, 7],
      [65, 33, 17],
      [1, 3, 5],
      [130, 1, 10],
      [300, 12, 20],
    ] as const
  ).map(([k, m, n]): Sample<NoAttrs> => ({ inputs: [{ shape: [k, m] }, { shape: [k, n] }], attrs: {} })),
};

/**
 * Multiply-adds that the plain kernel does in less time than a dispatch takes to start: some 5 µs on a card and on an
 * integrated GPU, of which it reaches a twentieth of the speed; 30 µs on a software adapter.
 */
const quick: Readonly<Record<Target['adapter'], number>> = {
  discrete: 2 ** 20,
  integrated: 2 ** 17,
  unknown: 2 ** 17,
  software: 2 ** 14,
};
/** Longer sums are worth being cut into slices. */
const longest = 512;

/** The call that gives a weight gradient's product and the sum over the rows of its second factor; null where it does not pay. */
export function withSums(call: Call<MatmulAttrs>, other: Call, target: Target): Call | null {
  const { attrs, inputs } = call;
  if (
    other.op !== sumOp ||
    (Object.keys(product) as (keyof MatmulAttrs)[]).some((key) => attrs[key] !== product[key])
  ) {
    return null;
  }
  const [a, b] = inputs as [Tensor, Tensor];
  const summed = other.inputs[0]!;
  if (a.shape.length !== 2 || b.shape.length !== 2 || unviewed(summed) !== unviewed(b)) return null;
  const { m, n, k } = matmulSizes(inputs, attrs);
  const { outer, reduced, inner } = reductionOf(summed.shape, (other.attrs as AxisAttrs).axis);
  if (outer !== 1 || reduced !== k || inner !== n || k >= longest || m * n * k >= quick[target.adapter]) return null;
  return { op: matmulWithSumsOp, attrs: {}, inputs: [a, b], outputs: [...call.outputs, ...other.outputs] };
}

/** What a tensor's numbers are the numbers of. */
function unviewed({ source }: Tensor): Tensor['source'] {
  return source.kind === 'call' && source.call.op.view ? unviewed(source.call.inputs[0]!) : source;
}
