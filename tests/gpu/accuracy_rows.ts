// What docs/accuracy.md tables: each function with its domain, the arguments it is measured at, and the bound it keeps.

import type { Op } from '../../src/graph/op.ts';
import { binaryOps, errorFunction } from '../../src/ops/binary.ts';
import { logicOps } from '../../src/ops/logic.ts';
import { rectifierOps } from '../../src/ops/rectifiers.ts';
import { roundingOps } from '../../src/ops/rounding.ts';
import { trigonometryOps } from '../../src/ops/trigonometry.ts';
import { unaryOps } from '../../src/ops/unary.ts';

/** Units in the last place, or absolute + relative·|y|. */
export type Bound = { readonly ulp: number } | { readonly absolute: number; readonly relative: number };

export interface Row {
  readonly op: Op;
  readonly attrs: Readonly<Record<string, number>>;
  /** The arguments that the bound holds for, as the table says it. */
  readonly domain: readonly [least: number, most: number];
  readonly bound: Bound;
  /** Arguments besides those that every function gets: where formulas change. */
  readonly extra?: readonly number[];
  /** The value in double precision where the op's own reference loses digits. */
  readonly exact?: (x: number) => number;
  /** Of two operands, how the second is drawn. */
  readonly second?: readonly number[];
}

export const largest = 3.4028234663852886e38;

const byName = new Map(
  [...unaryOps, ...binaryOps, ...trigonometryOps, ...roundingOps, ...logicOps, ...rectifierOps].map((op) => [
    op.name,
    op,
  ]),
);
const everywhere = [-largest, largest] as const;
const exactly: Bound = { ulp: 0 };

/** 1 − erf(x) for x ≥ 0 to the last digits of a double: the series near 0, else a continued fraction (Lentz's). */
export function complementaryError(x: number): number {
  if (x < 2) return 1 - errorFunction(x);
  let fraction = 0;
  for (let k = 200; k >= 1; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}
const normalCdf = (x: number): number =>
  x < 0 ? 0.5 * complementaryError(-x / Math.SQRT2) : 1 - 0.5 * complementaryError(x / Math.SQRT2);

function row(name: string, bound: Bound, options: Partial<Omit<Row, 'op' | 'bound'>> = {}): Row {
  const op = byName.get(name);
  if (!op) throw new Error(`no op '${name}'`);
  return { op, attrs: {}, domain: everywhere, ...options, bound };
}

const near = (absolute: number, relative: number): Bound => ({ absolute, relative });
const seconds = [0.1, -0.3, 1, 7.25, -1e4, 1e-20, 3e20, -2, 0.5, 8e37, -1.2e-38];

// Where the way of reduction changes, f32's neighbours of multiples of π/2, and those that come nearest to one of all:
// found by taking m·2^e·2/π for each of the 2^23 significands of each exponent, in whole numbers of 64 bits.
const angles = [
  0.7853981,
  0.7853982,
  9999.5,
  10000.001,
  12345.678,
  8388607.5,
  16777216,
  1e9,
  252.89820861816406,
  505.7964172363281,
  2238.384765625,
  4476.76953125,
  8953.5390625,
  21999384576,
  1522788990976,
  8.11762663906456e22,
  4.638183382783466e25,
  7.729178919452902e28,
  1.5458357838905804e29,
  4.3865578967101227e33,
  ...Array.from({ length: 6400 }, (_, n) => (n + 1) * (Math.PI / 2)),
];

export const rows: readonly Row[] = [
  row('neg', exactly),
  row('abs', exactly),
  row('sign', exactly),
  row('ceil', exactly, { extra: [0.5, -0.5, 8388607.5] }),
  row('floor', exactly, { extra: [0.5, -0.5, 8388607.5] }),
  row('trunc', exactly, { extra: [0.5, -0.5, 8388607.5] }),
  row('round', exactly, { extra: [0.5, -0.5, 1.5, 2.5, -2.5, 8388607.5, 0.49999997] }),
  row('relu', exactly),
  row('leaky_relu', { ulp: 1 }, { attrs: { negativeSlope: Math.fround(0.01) } }),
  row('clip', exactly, { attrs: { min: -2, max: 3 } }),
  row('hard_tanh', exactly, { attrs: { min: -1, max: 1 } }),
  row('thresholded_relu', exactly, { attrs: { theta: 1 } }),
  row('shrink', { ulp: 1 }, { attrs: { lambda: 0.5, bias: 0.5 } }),
  row('hard_sigmoid', near(2e-7, 0), { attrs: { alpha: Math.fround(1 / 6), beta: 0.5 } }),
  row('hard_swish', near(5e-7, 2e-7)),
  row('softsign', { ulp: 4 }),
  row('square', { ulp: 1 }),
  row('sqrt', { ulp: 2 }, { domain: [0, largest] }),
  row('rsqrt', { ulp: 3 }, { domain: [0, largest] }),
  row('reciprocal', { ulp: 2 }),
  row('exp', { ulp: 2 }, { extra: [88.72283, 88.722, 88.8, -87.33, -87.34, -103.9, -104, 0.34657, 0.34658] }),
  row('expm1', { ulp: 3 }, { extra: [0.49999, 0.50001, -0.49999, -0.50001, 88.72, -17, -18] }),
  row(
    'log',
    { ulp: 2 },
    { domain: [0, largest], extra: [0.70710677, 0.7071068, 1.4142135, 1.4142137, 0.99999994, 1.0000001] },
  ),
  row('log1p', { ulp: 3 }, { domain: [-1, largest], extra: [0.49999, 0.50001, -0.49999, -0.50001] }),
  row('sin', { ulp: 3 }, { extra: angles }),
  row('cos', { ulp: 3 }, { extra: angles }),
  row('tan', { ulp: 4 }, { extra: angles }),
  row('asin', { ulp: 3 }, { domain: [-1, 1], extra: [0.49999997, 0.50000006, 0.99999994] }),
  row('acos', { ulp: 3 }, { domain: [-1, 1], extra: [0.49999997, 0.50000006, 0.99999994, -0.99999994] }),
  row('atan', { ulp: 3 }, { extra: [0.41421354, 0.4142136, 2.4142134, 2.4142137] }),
  row('sinh', { ulp: 3 }, { extra: [0.99999, 1.00001, 88.72, 89.3, 89.415, 89.416] }),
  row('cosh', { ulp: 3 }, { extra: [88.72, 89.3, 89.415, 89.416] }),
  row('asinh', { ulp: 4 }, { extra: [0.49999997, 0.50000006, 1499.9, 1500.1] }),
  row('acosh', { ulp: 4 }, { domain: [1, largest], extra: [1.4999999, 1.5000001, 1500.9, 1501.1, 1.0000001] }),
  row('atanh', { ulp: 4 }, { domain: [-1, 1], extra: [0.99999994, 0.49999997, 0.50000006] }),
  row('tanh', { ulp: 4 }, { extra: [0.24999, 0.25001, 8.9, 9.1] }),
  row('sigmoid', { ulp: 4 }, { extra: [-87.3, -88, 16.6, 17] }),
  row('log_sigmoid', { ulp: 4 }, { extra: [-0.5, 0.5, 20, 88] }),
  row('softplus', { ulp: 4 }, { extra: [-0.5, 0.5, 20, -88] }),
  row('elu', { ulp: 4 }, { attrs: { alpha: 1 }, extra: [-0.49999, -0.50001] }),
  row('selu', { ulp: 4 }, { extra: [-0.49999, -0.50001] }),
  row('celu', { ulp: 4 }, { attrs: { alpha: 1 }, extra: [-0.49999, -0.50001] }),
  row('silu', near(1e-35, 4e-7), { extra: [-1.2784645, -87, -88] }),
  row('mish', near(1e-35, 6e-7), { extra: [-1.19, -87, 19.9, 20.1] }),
  row('gelu', near(1e-6, 1e-6), { extra: [-5, -10, 1.41421, 1.41422, -13], exact: (x) => x * normalCdf(x) }),
  row('gelu_tanh', near(1e-6, 1e-6), {
    extra: [-5, -10],
    exact: (x) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  }),
  row('erf', { ulp: 8 }, { extra: [0.99999, 1.00001, 3.9, 4] }),
  row('is_nan', exactly),
  row('is_inf', exactly, { attrs: { positive: 1, negative: 1 } }),
  row('logical_not', exactly),
  row('add', { ulp: 1 }, { second: seconds }),
  row('sub', { ulp: 1 }, { second: seconds }),
  row('mul', { ulp: 1 }, { second: seconds }),
  row('div', { ulp: 3 }, { second: seconds }),
  row('maximum', exactly, { second: seconds }),
  row('minimum', exactly, { second: seconds }),
  row('fmod', exactly, { second: seconds }),
  // Remainders below 2^-126 may be flushed on the way, so no divisor is as small.
  row('mod', { ulp: 1 }, { second: seconds.slice(0, -1) }),
  row('prelu', { ulp: 1 }, { second: seconds }),
  row('greater', exactly, { second: seconds }),
  row('equal', exactly, { second: seconds }),
  row('pow', near(0, 1e-5), {
    second: [0, 1, 2, 3, -1, 0.5, -0.5, 2.5, 10, -7.25, 0.01],
  }),
  row('sigmoid_cross_entropy', near(1e-7, 1e-6), { second: [0, 1, 0.5, 0.25] }),
];

/** Arguments within `domain`: zeros, denormals, every power of two, a fine grid near 0, extremes, and the row's own. */
export function argumentsOf({ domain: [least, most], extra = [] }: Row): Float64Array {
  const values = [0, -0, 1e-45, 1e-40, 1e-38, 88, 89, 1e4, 3e38, largest, 0.5, 1, 2, ...extra];
  for (let exponent = -149; exponent <= 127; exponent++) {
    for (let i = 0; i < 8; i++) values.push(2 ** exponent * (1 + (i + ((exponent * 0.618) % 1) * 0.9) / 8.3));
  }
  for (let i = 0; i < 3000; i++) values.push((i + 0.37) / 150, (i + 0.61) / 1e4);
  const [from, to] = [Math.max(least, -1e5), Math.min(most, 1e5)];
  for (let i = 0; i <= 2000; i++) values.push(from + ((to - from) * i) / 2000);
  const all = [...values, ...values.map((value) => -value)].map(Math.fround);
  return Float64Array.from(all.filter((value) => value >= least && value <= most && Number.isFinite(value)));
}
