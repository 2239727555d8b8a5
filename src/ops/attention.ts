// Attention, composed of matrix products and a masked softmax.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, type Shape, sizeOf } from '../core/shape.ts';
import { expectDType, type Tensor } from '../graph/tensor.ts';
import { add, mul } from './binary.ts';
import { dropout } from './dropout.ts';
import { maskedSoftmax } from './masked_softmax.ts';
import { matmul } from './matmul.ts';
import { reshape } from './reshape.ts';
import { transpose } from './transpose.ts';

export interface AttentionOptions {
  /** f32, broadcast to [..., Q, K]: 0 where a query must not look at a key, as comparisons give it. */
  readonly mask?: Tensor;
  /** f32, broadcast to [..., Q, K], added to the scores; −1e9 and below forbid altogether. May be trained. */
  readonly bias?: Tensor;
  /** Query q looks at keys 0 to q only; false unless given. */
  readonly causal?: boolean;
  /** What q·k is multiplied by; 1/√D unless given (Vaswani et al. 2017). */
  readonly scale?: number;
  /** Drops weights of the softmax while training, as `dropout` does; not at all unless given. */
  readonly dropout?: { readonly rate: number; readonly random: Tensor; readonly stream?: number };
}

const known = ['mask', 'bias', 'causal', 'scale', 'dropout'];

/**
 * softmax(q·kᵀ·scale + bias) over the keys that are allowed: q f32 [..., Q, D], k f32 [..., K, D] with the same leading
 * axes -> [..., Q, K]. Rows sum to 1; a query that may look at nothing has zeros, not NaN. ShapeError: shapes that do
 * not fit. OptionError: an unknown option or a scale that is not finite.
 */
export function attentionWeights(q: Tensor, k: Tensor, options: AttentionOptions = {}): Tensor {
  checkOptions('attention', options, known);
  for (const [name, tensor] of Object.entries({ q, k })) {
    expectDType('attention', name, tensor, 'f32');
    if (tensor.shape.length < 2) {
      throw new ShapeError(`attention: ${name} is ${format(tensor.shape)}, expected [..., length, D]`);
    }
  }
  const size = q.shape.at(-1)!;
  if (!equal(q.shape.slice(0, -2), k.shape.slice(0, -2)) || k.shape.at(-1) !== size) {
    throw new ShapeError(
      `attention: q is ${format(q.shape)} and k ${format(k.shape)}, expected the same axes but for the lengths`,
    );
  }
  const { mask, bias, causal = false, scale = 1 / Math.sqrt(size) } = options;
  if (!Number.isFinite(scale)) throw new OptionError(`attention: scale is ${scale}, expected a finite number`);
  // The queries are scaled, not the scores, of which there are more.
  const scores = matmul(scale === 1 ? q : mul(q, scale), k, { transposeB: true });
  if (mask && bias) return maskedSoftmax(add(scores, bias), causal, 'keep', mask);
  return maskedSoftmax(scores, causal, bias ? 'add' : 'keep', mask ?? bias);
}

/**
 * Σ over keys of softmax(q·kᵀ·scale)·v (Vaswani et al. 2017): q f32 [..., Q, D], k [..., K, D], v [..., K, E] with the same
 * leading axes -> [..., Q, E]. Where a query may look at nothing the result is 0. ShapeError: shapes that do not fit.
 * OptionError: an unknown option, or a value out of range.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  expectDType('attention', 'v', v, 'f32');
  if (!equal(v.shape.slice(0, -1), k.shape.slice(0, -1)) || v.shape.length < 2) {
    throw new ShapeError(
      `attention: v is ${format(v.shape)} and k ${format(k.shape)}, expected the same axes but for the last`,
    );
  }
  const weights = attentionWeights(q, k, options);
  const { dropout: drop } = options;
  const kept = drop && drop.rate > 0 ? dropout(weights, drop.rate, drop.random, drop.stream) : weights;
  return matmul(kept, v);
}

export interface Projection {
  /** [in, heads, size] for queries, keys and values; [heads, size, out] for the output (Keras). */
  readonly kernel: Tensor;
  /** [heads, size]; [out] for the output. */
  readonly bias?: Tensor;
}

export interface MultiHeadWeights {
  readonly query: Projection;
  readonly key: Projection;
  readonly value: Projection;
  readonly output: Projection;
}

export interface MultiHeadInputs {
  /** [N, Q, in]. */
  readonly query: Tensor;
  /** [N, K, in]; `query` unless given: self-attention. */
  readonly value?: Tensor;
  /** [N, K, in]; `value` unless given (Keras). */
  readonly key?: Tensor;
}

/**
 * Each head attends in a space of its own, and their results are joined and projected: query [N, Q, in], value and key
 * [N, K, in] -> [N, Q, out]. A mask or bias is [N, Q, K] or [N, heads, Q, K], or broadcasts to one of them.
 * ShapeError: shapes that do not fit. OptionError: as in `scaledDotProductAttention`.
 */
export function multiHeadAttention(
  { query, value = query, key = value }: MultiHeadInputs,
  weights: MultiHeadWeights,
  options: AttentionOptions = {},
): Tensor {
  const q = split('query', query, weights.query);
  const k = split('key', key, weights.key);
  const v = split('value', value, weights.value);
  const { mask, bias } = options;
  const attended = scaledDotProductAttention(q, k, v, {
    ...options,
    ...(mask ? { mask: forHeads(mask) } : {}),
    ...(bias ? { bias: forHeads(bias) } : {}),
  });
  const [N, heads, length, size] = attended.shape as [number, number, number, number];
  const { kernel, bias: added } = weights.output;
  if (kernel.shape.length !== 3 || kernel.shape[0] !== heads || kernel.shape[1] !== size) {
    throw new ShapeError(
      `multiHeadAttention: the output kernel is ${format(kernel.shape)}, expected [${heads}, ${size}, out]`,
    );
  }
  const joined = reshape(transpose(attended, [0, 2, 1, 3]), [N, length, heads * size]);
  const y = matmul(joined, reshape(kernel, [heads * size, kernel.shape[2]!]));
  return added ? add(y, added) : y;
}

/** x [N, T, in] projected and taken apart: [N, heads, T, size]. */
function split(name: string, x: Tensor, { kernel, bias }: Projection): Tensor {
  const [N, length, width] = x.shape as [number, number, number];
  if (x.shape.length !== 3 || kernel.shape.length !== 3 || kernel.shape[0] !== width) {
    throw new ShapeError(
      `multiHeadAttention: ${name} is ${format(x.shape)} and its kernel ${format(kernel.shape)}, expected [N, length, in] and [in, heads, size]`,
    );
  }
  const [, heads, size] = kernel.shape as [number, number, number];
  const y = matmul(x, reshape(kernel, [width, heads * size]));
  const shifted = bias ? add(y, reshape(bias, [sizeOf(bias.shape)])) : y;
  return transpose(reshape(shifted, [N, length, heads, size]), [0, 2, 1, 3]);
}

/** [N, Q, K] as [N, 1, Q, K]; others broadcast as they are. */
function forHeads(mask: Tensor): Tensor {
  const [N, ...rest] = mask.shape;
  const shape: Shape = mask.shape.length === 3 ? [N!, 1, ...rest] : mask.shape;
  return reshape(mask, shape);
}
