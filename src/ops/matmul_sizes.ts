// The attributes of a matrix product and the sizes its loops and kernels need.

import { sizeOf } from '../core/shape.ts';
import type { TensorType } from '../graph/tensor.ts';
import type { EpilogueAttrs } from './epilogue.ts';

export interface MatmulAttrs extends EpilogueAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** What the loops need: C[b] = A[b]·B[b] with M×K by K×N matrices; a batch stride of 0 means one matrix for all. */
export interface MatmulSizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batchStrideA: number;
  readonly batchStrideB: number;
}

export function matmulSizes(inputs: readonly TensorType[], attrs: MatmulAttrs): MatmulSizes {
  const a = inputs[0]!.shape;
  const b = inputs[1]!.shape;
  const [aRows, aColumns] = [a.at(-2)!, a.at(-1)!];
  const [bRows, bColumns] = [b.at(-2)!, b.at(-1)!];
  const [m, k] = attrs.transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const n = attrs.transposeB ? bRows : bColumns;
  const batch = Math.max(sizeOf(a.slice(0, -2)), sizeOf(b.slice(0, -2)));
  return { batch, m, n, k, batchStrideA: a.length > 2 ? m * k : 0, batchStrideB: b.length > 2 ? k * n : 0 };
}
