// ONNX's attention and rotary embedding.

import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import type { Adapter, Given } from './case.ts';
import { constant } from './shapes.ts';

/** [N, L, heads·D] -> [N, heads, L, D] where it is not so already. */
function byHead(x: Tensor, heads: number): Tensor {
  if (x.shape.length === 4) return x;
  const [n, length, size] = x.shape as [number, number, number];
  return ops.transpose(ops.reshape(x, [n, length, heads, size / heads]), [0, 2, 1, 3]);
}

/** 1 where query q of example n may look at key k: by causality with an offset, and by the number of real keys. */
function allowed(given: Given, n: number, queries: number, keys: number): Tensor | null {
  const causal = given.number('is_causal', 0) === 1;
  const past = given.has(4) ? given.shape(4)[2]! : 0;
  const real = given.has(6) ? given.numbers(6) : null;
  if (!real && !(causal && past > 0)) return null;
  const values: number[] = [];
  for (let e = 0; e < n; e++) {
    const offset = real ? real[e]! - queries : past;
    for (let q = 0; q < queries; q++) {
      for (let k = 0; k < keys; k++) values.push(Number((!causal || k <= q + offset) && (!real || k < real[e]!)));
    }
  }
  return constant(values, [n, 1, queries, keys]);
}

function attention(given: Given) {
  const q = byHead(given.x(0), given.number('q_num_heads', 1));
  const concatenated = (now: Tensor, past: number) => (given.has(past) ? ops.concat([given.x(past), now], 2) : now);
  const presentKey = concatenated(byHead(given.x(1), given.number('kv_num_heads', 1)), 4);
  const presentValue = concatenated(byHead(given.x(2), given.number('kv_num_heads', 1)), 5);
  const [n, heads, queries, size] = q.shape as [number, number, number, number];
  const keys = presentKey.shape[2]!;
  const group = heads / presentKey.shape[1]!;
  const k = group === 1 ? presentKey : ops.repeat(presentKey, group, 1);
  const v = group === 1 ? presentValue : ops.repeat(presentValue, group, 1);

  let mask = allowed(given, n, queries, keys);
  const causal = given.number('is_causal', 0) === 1 && !mask;
  let bias: Tensor | undefined;
  if (given.has(3)) {
    const truths = given.inputs[3]!.dtype === 'bool';
    const raw = given.x(3);
    // A mask for fewer keys forbids the rest.
    const missing = keys - raw.shape.at(-1)!;
    const paddings = raw.shape.map((_, i): [number, number] => [0, i === raw.shape.length - 1 ? missing : 0]);
    const wide = missing > 0 ? ops.pad(raw, paddings, { paddingMode: 'constant', value: truths ? 0 : -1e9 }) : raw;
    if (truths) mask = mask ? ops.mul(mask, wide) : wide;
    else bias = wide;
  }
  const scale = given.number('scale', 1 / Math.sqrt(size));
  const softcap = given.number('softcap', 0);
  const options = { causal, ...(mask && { mask }), ...(bias && { bias }) };
  const product = ops.mul(ops.matmul(q, k, { transposeB: true }), scale);
  const capped = softcap > 0 ? ops.mul(ops.tanh(ops.div(product, softcap)), softcap) : product;
  // There is no cap among the options: capped scores go in as queries, with the identity as keys.
  const eye = () => {
    const one = constant(
      Array.from({ length: keys * keys }, (_, i) => Number(i % (keys + 1) === 0)),
      [1, 1, keys, keys],
    );
    return ops.broadcastTo(one, [n, heads, keys, keys]);
  };
  const weights =
    softcap > 0
      ? ops.attentionWeights(capped, eye(), { ...options, scale: 1 })
      : ops.attentionWeights(q, k, { ...options, scale });
  let y = ops.matmul(weights, v);
  if (given.shape(0).length === 3) {
    y = ops.reshape(ops.transpose(y, [0, 2, 1, 3]), [n, queries, heads * v.shape[3]!]);
  }
  const inner = () => {
    switch (given.number('qk_matmul_output_mode', 0)) {
      case 0:
        return product;
      case 1:
        return capped;
      case 2: {
        const added = bias ? ops.add(capped, bias) : capped;
        if (!mask && !causal) return added;
        const offset =
          mask ??
          constant(
            Array.from({ length: queries * keys }, (_, i) => Number(i % keys <= Math.floor(i / keys))),
            [queries, keys],
          );
        return ops.where(offset, added, constant([-Infinity], []));
      }
      default:
        return weights;
    }
  };
  return [y, presentKey, presentValue, inner()];
}

export const attentions: Readonly<Record<string, Adapter>> = {
  Attention: attention,
  RotaryEmbedding(given) {
    const rows = given.shape(0).length === 3;
    const heads = given.number('num_heads', 0);
    const x = rows ? byHead(given.x(0), heads) : given.x(0);
    const size = x.shape[3]!;
    const turned = given.number('rotary_embedding_dim', 0) || size;
    const table = (input: number) =>
      ops.expandDims(given.has(3) ? ops.gather(given.x(input), given.whole(3)) : given.x(input), 1);
    const [cos, sin] = [table(1), table(2)];
    const [head, rest] = turned < size ? ops.split(x, [turned, size - turned], 3) : [x, null];
    const interleaved = given.number('interleaved', 0) === 1;
    const steps = (start: number) =>
      interleaved
        ? ops.slice(head!, { axes: [3], starts: [start], steps: [2] })
        : ops.slice(head!, { axes: [3], starts: [(start * turned) / 2], sizes: [turned / 2] });
    const [a, b] = [steps(0), steps(1)];
    const real = ops.sub(ops.mul(a, cos), ops.mul(b, sin));
    const imaginary = ops.add(ops.mul(a, sin), ops.mul(b, cos));
    const joined = interleaved
      ? ops.reshape(ops.stack([real, imaginary], 4), head!.shape)
      : ops.concat([real, imaginary], 3);
    const y = rest ? ops.concat([joined, rest], 3) : joined;
    if (!rows) return [y];
    return [ops.reshape(ops.transpose(y, [0, 2, 1, 3]), given.shape(0))];
  },
};
