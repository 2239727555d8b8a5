import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import {
  attentionWeights,
  multiHeadAttention,
  type MultiHeadWeights,
  scaledDotProductAttention,
} from '../../src/ops/attention.ts';
import { sum } from '../../src/ops/functions.ts';
import { sinusoidalEncoding } from '../../src/ops/positional_encoding.ts';
import { generator } from './table.ts';

const f32 = (values: readonly number[], shape: readonly number[]) =>
  constantTensor(Float32Array.from(values), shape, 'f32');
const values = (tensor: Tensor) => [...evaluate([tensor])[0]!];

/** Values on a grid of 1/64, the same in f32. */
function drawn(shape: readonly number[], seed: number): { shape: readonly number[]; values: Float64Array } {
  const random = generator(seed);
  return { shape, values: Float64Array.from({ length: sizeOf(shape) }, () => Math.round(random() * 128 - 64) / 64) };
}
const constant = ({ shape, values: v }: ReturnType<typeof drawn>) => f32([...v], shape);

/** Attention of one head by its definition, one query after another. */
function byDefinition(
  [q, k, v]: readonly [Float64Array, Float64Array, Float64Array],
  [Q, K, D, E]: readonly [number, number, number, number],
  allowed: (i: number, j: number) => boolean,
  bias: (i: number, j: number) => number = () => 0,
  scale = 1 / Math.sqrt(D),
): number[] {
  const y: number[] = [];
  for (let i = 0; i < Q; i++) {
    const powers: number[] = [];
    for (let j = 0; j < K; j++) {
      let dot = 0;
      for (let d = 0; d < D; d++) dot += q[i * D + d]! * k[j * D + d]!;
      powers.push(allowed(i, j) ? Math.exp(dot * scale + bias(i, j)) : 0);
    }
    const total = powers.reduce((a, b) => a + b, 0);
    for (let e = 0; e < E; e++) {
      let sumOf = 0;
      powers.forEach((power, j) => (sumOf += power * v[j * E + e]!));
      y.push(total === 0 ? 0 : sumOf / total);
    }
  }
  return y;
}

/** The largest |actual − expected|; NaN where one is NaN, infinite where the lengths differ. */
function distance(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Infinity;
  return Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)));
}

describe('scaledDotProductAttention', () => {
  const [Q, K, D, E] = [3, 5, 4, 2] as const;
  const [q, k, v] = [drawn([Q, D], 1), drawn([K, D], 2), drawn([K, E], 3)];
  const attend = (options: Parameters<typeof scaledDotProductAttention>[3]) =>
    values(scaledDotProductAttention(constant(q), constant(k), constant(v), options));
  const expected = (...rest: [(i: number, j: number) => boolean, ((i: number, j: number) => number)?, number?]) =>
    byDefinition([q.values, k.values, v.values], [Q, K, D, E], ...rest);

  test('is its definition', () =>
    expect(
      distance(
        attend({}),
        expected(() => true),
      ),
    ).toBeLessThan(1e-7));
  test('with another scale', () =>
    expect(
      distance(
        attend({ scale: 1 }),
        expected(() => true, undefined, 1),
      ),
    ).toBeLessThan(1e-7));
  test('causal, from the top left', () =>
    expect(
      distance(
        attend({ causal: true }),
        expected((i, j) => j <= i),
      ),
    ).toBeLessThan(1e-7));

  test('with a mask of 0 and 1, broadcast', () => {
    const keep = [1, 0, 1, 1, 0];
    expect(
      distance(
        attend({ mask: f32(keep, [K]) }),
        expected((_, j) => keep[j] === 1),
      ),
    ).toBeLessThan(1e-7);
    expect(
      distance(
        attend({ mask: f32(keep, [1, K]), causal: true }),
        expected((i, j) => keep[j] === 1 && j <= i),
      ),
    ).toBeLessThan(1e-7);
  });

  test('with a bias, which forbids from -1e9 down', () => {
    const added = [0.5, -1, 0, -1e9, 2];
    const bias = f32(added, [K]);
    expect(
      distance(
        attend({ bias }),
        expected(
          (_, j) => j !== 3,
          (_, j) => added[j]!,
        ),
      ),
    ).toBeLessThan(1e-7);
    const mask = f32([1, 0, 1], [Q, 1]);
    expect(
      distance(
        attend({ bias, mask }),
        expected(
          (i, j) => i !== 1 && j !== 3,
          (_, j) => added[j]!,
        ),
      ),
    ).toBeLessThan(1e-7);
  });

  test('a query that may look at nothing gets 0, and finite gradients', () => {
    const mask = f32([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [Q, K]);
    const y = attend({ mask });
    expect(y.slice(E, 2 * E)).toEqual([0, 0]);
    expect(
      distance(
        y,
        expected((i) => i !== 1),
      ),
    ).toBeLessThan(1e-7);
    const [a, b, c] = [inputTensor('q', [Q, D]), inputTensor('k', [K, D]), inputTensor('v', [K, E])];
    const feeds = new Map([
      [a, q.values],
      [b, k.values],
      [c, v.values],
    ]);
    const all = evaluate(gradients(sum(scaledDotProductAttention(a, b, c, { mask })), [a, b, c]), feeds);
    for (const gradient of all) expect([...gradient].every(Number.isFinite)).toBe(true);
    expect([...all[0]!].slice(D, 2 * D)).toEqual([0, 0, 0, 0]);
    expect(values(attentionWeights(constant(q), constant(k), { mask: f32([0], []) }))).toEqual(
      new Array(Q * K).fill(0),
    );
  });

  test('large scores do not overflow', () => {
    const big = f32([300, -300, 300], [3, 1]);
    const weights = values(attentionWeights(big, big, { scale: 1 }));
    expect(distance(weights.slice(0, 3), [0.5, 0, 0.5])).toBeLessThan(1e-7);
  });

  test('gradients, of biases too', () => {
    const at = { q: drawn([2, 3, 4], 5), k: drawn([2, 5, 4], 6), v: drawn([2, 5, 2], 7), bias: drawn([3, 5], 8) };
    const mask = f32([1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1], [3, 5]);
    const f = ({ q: a, k: b, v: c, bias }: Record<string, Tensor>) =>
      scaledDotProductAttention(a!, b!, c!, { bias: bias!, causal: true });
    expect(gradcheck(f, at)).toMatchObject({ passed: true });
    const g = ({ q: a, k: b, v: c, bias }: Record<string, Tensor>) =>
      scaledDotProductAttention(a!, b!, c!, { bias: bias!, mask });
    expect(gradcheck(g, at)).toMatchObject({ passed: true });
  });

  test('dropout drops weights and scales the rest', () => {
    const random = constantTensor(Uint32Array.of(7, 3, 0, 0), [4], 'u32');
    const [rows, columns] = [40, 50];
    const identity = f32(
      Array.from({ length: columns * columns }, (_, i) => Number(i % (columns + 1) === 0)),
      [columns, columns],
    );
    const zeros = (n: number) => f32(new Array(n * 2).fill(0), [n, 2]);
    const y = scaledDotProductAttention(zeros(rows), zeros(columns), identity, {
      dropout: { rate: 0.25, random, stream: 5 },
    });
    const kept = values(y);
    const dropped = kept.filter((value) => value === 0).length / kept.length;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.04);
    const rest = kept.filter((value) => value !== 0);
    expect(distance(rest, new Array<number>(rest.length).fill(1 / 50 / 0.75))).toBeLessThan(1e-7);
  });

  test('messages', () => {
    const t = (...shape: number[]) => inputTensor('t', shape);
    expect(() => scaledDotProductAttention(t(2, 3, 4), t(2, 5, 6), t(2, 5, 6))).toThrow(
      'attention: q is [2,3,4] and k [2,5,6], expected the same axes but for the lengths',
    );
    expect(() => scaledDotProductAttention(t(3, 4), t(5, 4), t(6, 4))).toThrow('attention: v is [6,4] and k [5,4]');
    expect(() => attentionWeights(t(4), t(4))).toThrow('attention: q is [4], expected [..., length, D]');
    expect(() => attentionWeights(t(3, 4), t(5, 4), { mask: t(4, 5) })).toThrow('do not broadcast');
    expect(() => attentionWeights(t(3, 4), t(5, 4), { scale: Infinity })).toThrow('scale is Infinity');
    // @ts-expect-error an unknown option
    expect(() => attentionWeights(t(3, 4), t(5, 4), { isCausal: true })).toThrow("did you mean 'causal'?");
  });
});

describe('multiHeadAttention', () => {
  const [N, Q, K, width, heads, D, E, out] = [2, 3, 4, 5, 2, 3, 2, 6] as const;
  const parts = {
    query: drawn([N, Q, width], 11),
    value: drawn([N, K, width], 12),
    key: drawn([N, K, width], 13),
    wq: drawn([width, heads, D], 14),
    bq: drawn([heads, D], 15),
    wk: drawn([width, heads, D], 16),
    bk: drawn([heads, D], 17),
    wv: drawn([width, heads, E], 18),
    bv: drawn([heads, E], 19),
    wo: drawn([heads, E, out], 20),
    bo: drawn([out], 21),
  };
  const weights = (t: Record<keyof typeof parts, Tensor>): MultiHeadWeights => ({
    query: { kernel: t.wq, bias: t.bq },
    key: { kernel: t.wk, bias: t.bk },
    value: { kernel: t.wv, bias: t.bv },
    output: { kernel: t.wo, bias: t.bo },
  });
  type Parts = Record<keyof typeof parts, Tensor>;

  /** x [T, width] of example n through head h of a projection. */
  const project = (x: Float64Array, T: number, n: number, w: Float64Array, b: Float64Array, size: number, h: number) =>
    Float64Array.from({ length: T * size }, (_, at) => {
      const [t, s] = [Math.floor(at / size), at % size];
      let total = b[h * size + s]!;
      for (let c = 0; c < width; c++) total += x[(n * T + t) * width + c]! * w[(c * heads + h) * size + s]!;
      return total;
    });

  test('is its definition, head by head', () => {
    const t = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, constant(part)])) as Parts;
    const mask = f32([1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0], [N, Q, K]);
    const { query, value, key } = t;
    const y = multiHeadAttention({ query, value, key }, weights(t), { mask });
    expect(y.shape).toEqual([N, Q, out]);
    const expected: number[] = [];
    const p = parts;
    for (let n = 0; n < N; n++) {
      const attended = Array.from({ length: heads }, (_, h) =>
        byDefinition(
          [
            project(p.query.values, Q, n, p.wq.values, p.bq.values, D, h),
            project(p.key.values, K, n, p.wk.values, p.bk.values, D, h),
            project(p.value.values, K, n, p.wv.values, p.bv.values, E, h),
          ],
          [Q, K, D, E],
          (i, j) => values(mask)[(n * Q + i) * K + j] === 1,
        ),
      );
      for (let i = 0; i < Q; i++) {
        for (let o = 0; o < out; o++) {
          let total = p.bo.values[o]!;
          attended.forEach((head, h) => {
            for (let e = 0; e < E; e++) total += head[i * E + e]! * p.wo.values[(h * E + e) * out + o]!;
          });
          expected.push(total);
        }
      }
    }
    expect(distance(values(y), expected)).toBeLessThan(1e-6);
  });

  test('gradients of everything', () => {
    const f = (t: Record<string, Tensor>) => {
      const { query, value, key } = t as Parts;
      return multiHeadAttention({ query, value, key }, weights(t as Parts), { causal: true });
    };
    expect(gradcheck(f, parts)).toMatchObject({ passed: true });
  });

  test('value and key are the query, and the key the value, unless given', () => {
    const t = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, constant(part)])) as Parts;
    const x = t.query;
    const same = multiHeadAttention({ query: x, value: x, key: x }, weights(t));
    expect(values(multiHeadAttention({ query: x }, weights(t)))).toEqual(values(same));
    const v = t.value;
    const full = multiHeadAttention({ query: x, value: v, key: v }, weights(t));
    expect(values(multiHeadAttention({ query: x, value: v }, weights(t)))).toEqual(values(full));
    expect(() => multiHeadAttention({ query: inputTensor('x', [2, 3, 4]) }, weights(t))).toThrow(
      'multiHeadAttention: query is [2,3,4] and its kernel [5,2,3], expected [N, length, in] and [in, heads, size]',
    );
  });
});

test('sinusoidalEncoding', () => {
  const table = sinusoidalEncoding(5, 6);
  const at = (p: number, c: number) => values(table)[p * 6 + c]!;
  expect(table.shape).toEqual([5, 6]);
  expect([at(0, 0), at(0, 1), at(0, 5)]).toEqual([0, 1, 1]);
  expect(at(3, 0)).toBeCloseTo(Math.sin(3), 6);
  expect(at(3, 3)).toBeCloseTo(Math.cos(3 / 10000 ** (2 / 6)), 6);
  expect(at(4, 4)).toBeCloseTo(Math.sin(4 / 10000 ** (4 / 6)), 6);
  expect(values(sinusoidalEncoding(2, 3, { maxWavelength: 100 }))[5]).toBeCloseTo(Math.sin(1 / 100 ** (2 / 3)), 6);
  expect(() => sinusoidalEncoding(0, 3)).toThrow('length is 0, expected a positive integer');
});
