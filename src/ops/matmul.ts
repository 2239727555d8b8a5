// Matrix product, batched, in the four transpose cases, with an optional bias, residual or slope, and activation in the epilogue.

import { ShapeError } from '../core/errors.ts';
import { broadcast, equal, format, sizeOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { activations } from './activations.ts';
import { broadcastTo, sumTo } from './binary.ts';
import {
  addedGradients,
  checkEpilogue,
  epilogueInputs,
  epilogueSamples,
  gradientOfSum,
  multiplyBySlope,
  noEpilogue,
  productAccuracy,
} from './epilogue.ts';
import { matmulKernels } from './matmul_kernels.ts';
import { matmulSizes, type MatmulAttrs } from './matmul_sizes.ts';
import { withSums } from './matmul_with_sums.ts';
import { reshape } from './reshape.ts';

export const matmulOp: Op<MatmulAttrs> = {
  name: 'matmul',
  takesEpilogue: true,

  infer(inputs, attrs) {
    const [a, b] = inputs as [TensorType, TensorType];
    expectDType('matmul', 'a', a, 'f32');
    expectDType('matmul', 'b', b, 'f32');
    if (a.shape.length < 2 || b.shape.length < 2) {
      throw new ShapeError(
        `matmul: expected two matrices or batches of them, got ${format(a.shape)} and ${format(b.shape)}`,
      );
    }
    const innerA = attrs.transposeA ? a.shape.at(-2)! : a.shape.at(-1)!;
    const innerB = attrs.transposeB ? b.shape.at(-1)! : b.shape.at(-2)!;
    if (innerA !== innerB) {
      throw new ShapeError(
        `matmul: the inner sizes differ: ${format(a.shape)}${attrs.transposeA ? 'ᵀ' : ''} has ${innerA}, ` +
          `${format(b.shape)}${attrs.transposeB ? 'ᵀ' : ''} has ${innerB}`,
      );
    }
    const batchA = a.shape.slice(0, -2);
    const batchB = b.shape.slice(0, -2);
    if (batchA.length > 0 && batchB.length > 0 && !equal(batchA, batchB)) {
      throw new ShapeError(`matmul: the batches differ: ${format(a.shape)} and ${format(b.shape)}`);
    }
    const { m, n } = matmulSizes([a, b], attrs);
    const shape = [...(batchA.length > 0 ? batchA : batchB), m, n];
    checkEpilogue('matmul', inputs, attrs, shape);
    return [{ shape, dtype: 'f32' }];
  },

  cpu(x, [c], { inputs, outputs, attrs }) {
    const [a, b] = x;
    const { bias, residual: joined } = epilogueInputs(x, attrs);
    const residual = attrs.slope ? undefined : joined;
    const { batch, m, n, k, batchStrideA, batchStrideB } = matmulSizes(inputs, attrs);
    const { transposeA, transposeB, activation } = attrs;
    const activate = activation ? activations[activation].reference! : null;
    const [rowA, stepA] = transposeA ? [1, m] : [k, 1];
    const [stepB, columnB] = transposeB ? [1, k] : [n, 1];
    const row = new Float64Array(n);
    for (let s = 0; s < batch; s++) {
      for (let i = 0; i < m; i++) {
        row.fill(0);
        for (let p = 0; p < k; p++) {
          const value = a![s * batchStrideA + i * rowA + p * stepA]!;
          const from = s * batchStrideB + p * stepB;
          for (let j = 0; j < n; j++) row[j]! += value * b![from + j * columnB]!;
        }
        for (let j = 0; j < n; j++) {
          const at = (s * m + i) * n + j;
          const sum = row[j]! + (bias?.[j] ?? 0) + (residual?.[at] ?? 0);
          c![at] = activate ? activate(sum) : sum;
        }
      }
    }
    if (attrs.slope) multiplyBySlope(attrs.slope, c!, joined!, outputs[0]!);
  },

  kernels: matmulKernels,
  // A weight gradient, and the bias's beside it.
  fuseBeside: (call, other, target) => target && withSums(call, other, target),

  grad({ dy, x, y, attrs, needs }) {
    const [a, b] = x;
    const { transposeA, transposeB } = attrs;
    const dc = gradientOfSum('matmul', dy[0]!, y[0]!, attrs);
    const da = () => (transposeA ? product(b!, dc, transposeB, true) : product(dc, b!, false, !transposeB));
    const db = () => (transposeB ? product(dc, a!, true, transposeA) : product(a!, dc, !transposeA, false));
    return [
      needs[0] ? sumTo(da(), a!.shape) : null,
      needs[1] ? sumTo(db(), b!.shape) : null,
      ...addedGradients(dc, x, attrs, needs),
    ];
  },

  cost({ inputs, attrs }) {
    const { batch, m, n, k } = matmulSizes(inputs, attrs);
    const elements = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), batch * m * n);
    return { flops: 2 * batch * m * n * k, bytes: 4 * elements };
  },

  accuracy: ({ attrs }) => productAccuracy(attrs, ({ inputs, attrs: a }) => matmulSizes(inputs, a).k + 2),

  samples: [
    ...transposeCases([1, 1, 1]),
    ...transposeCases([5, 9, 7]),
    ...transposeCases([33, 17, 65]),
    ...transposeCases([64, 64, 64]),
    ...transposeCases([68, 36, 100]),
    ...transposeCases([128, 12, 260]),
    // batches: both, only A, only B
    sample([3, 5, 7], [3, 7, 4]),
    sample([2, 3, 8, 16], [2, 3, 16, 8]),
    sample([3, 7, 5], [7, 4], { transposeA: true }),
    sample([6, 8], [3, 12, 8], { transposeB: true }),
    // tall and skinny products of dense layers and their weight gradients
    sample([1, 784], [784, 10]),
    sample([37, 784], [784, 128]),
    sample([200, 33], [200, 10], { transposeA: true }),
    // epilogues
    sample([5, 9], [9, 7], { bias: true }),
    sample([33, 16], [16, 20], { bias: true, activation: 'relu' }),
    sample([64, 32], [32, 64], { activation: 'relu' }),
    sample([9, 20], [20, 12], { bias: true, activation: 'sigmoid' }),
    sample([17, 8], [8, 3], { bias: true, activation: 'tanh' }),
    sample([18, 12], [12, 24], { residual: true }),
    sample([2, 5, 9], [2, 9, 7], { residual: true, bias: true, activation: 'relu' }),
    sample([21, 8], [8, 20], { residual: true, bias: true, activation: 'tanh' }),
    sample([300, 8], [300, 12], { transposeA: true, residual: true, activation: 'relu' }),
    sample([3, 4, 4], [8, 4], {
      transposeA: true,
      transposeB: true,
      bias: true,
      residual: true,
      activation: 'sigmoid',
    }),
    sample([2, 4, 3], [2, 5, 4], { transposeA: true, transposeB: true, residual: true, activation: 'tanh' }),
    sample([4, 5], [2, 4, 4], { transposeA: true, bias: true, residual: true, activation: 'relu' }),
    sample([3, 3, 4], [4, 4], { transposeB: true, bias: true, activation: 'relu' }),
    sample([4, 4], [2, 4, 4], { transposeA: true, activation: 'sigmoid' }),
    sample([4, 3], [2, 4, 4], { transposeA: true, activation: 'tanh' }),
    sample([2, 3, 4], [5, 4], { transposeB: true, activation: 'tanh' }),
    sample([2, 3, 4], [2, 4, 4], { transposeB: true, bias: true, activation: 'sigmoid' }),
    sample([8, 44], [44, 100], { residual: true, activation: 'relu' }),
    sample([1030, 8], [1030, 12], { transposeA: true, residual: true, activation: 'relu' }),
    // with the slope of an activation: the gradient of a dense layer's input
    ...(['relu', 'sigmoid', 'tanh'] as const).flatMap((slope) => [
      sample([12, 8], [20, 8], { transposeB: true, residual: true, slope }),
      sample([2, 5, 7], [2, 7, 3], { residual: true, slope }),
      sample([3, 8, 4], [8, 12], { transposeA: true, residual: true, slope }),
      sample([4, 4], [2, 8, 4], { transposeA: true, transposeB: true, residual: true, slope }),
    ]),
    sample([1030, 8], [1030, 12], { transposeA: true, residual: true, slope: 'relu' }),
  ],
};

/** Batch-aware product without the folding that `matmul` does for users. */
function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return applyOne(matmulOp, [a, b], { transposeA, transposeB, ...noEpilogue });
}

/**
 * a·b over the last two axes: `[…, M, K]` by `[…, K, N]` gives `[…, M, N]`. Batches broadcast by NumPy's rule; where both
 * have axes and these differ, what repeats is copied. `transposeA` and `transposeB` (false by default) read an operand transposed without copying it.
 * ShapeError where the inner sizes or the batches differ.
 */
export function matmul(a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  if (a.shape.length > 2 && b.shape.length === 2 && !transposeA) {
    const rows = sizeOf(a.shape.slice(0, -1));
    const flat = product(reshape(a, [rows, a.shape.at(-1)!]), b, false, transposeB);
    return reshape(flat, [...a.shape.slice(0, -1), flat.shape[1]!]);
  }
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  if (batchA.length > 0 && batchB.length > 0 && !equal(batchA, batchB)) {
    const batch = broadcast('matmul', batchA, batchB);
    const repeated = (x: Tensor) => broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
    return product(repeated(a), repeated(b), transposeA, transposeB);
  }
  return product(a, b, transposeA, transposeB);
}

function sample(a: readonly number[], b: readonly number[], attrs: Partial<MatmulAttrs> = {}): Sample<MatmulAttrs> {
  const full: MatmulAttrs = { transposeA: false, transposeB: false, ...noEpilogue, ...attrs };
  const factors = [{ shape: a }, { shape: b }];
  const { batch, m, n } = matmulSizes(
    factors.map(({ shape }) => ({ shape, dtype: 'f32' })),
    full,
  );
  const result = a.length > 2 || b.length > 2 ? [batch, m, n] : [m, n];
  const inputs = [...factors, ...epilogueSamples(full, result)];
  return { inputs, attrs: full, ...(full.slope ? { kink: true } : {}) };
}

function transposeCases([m, k, n]: readonly [number, number, number]): Sample<MatmulAttrs>[] {
  return [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) =>
      sample(transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n], { transposeA, transposeB }),
    ),
  );
}
