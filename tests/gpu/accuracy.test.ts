// The worst error of every elementwise function and of softmax over its whole domain, against double precision. With
// VITE_WRITE_ACCURACY the table is written to the file it names.

import { afterAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../../src/core/shape.ts';
import { applyOne, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { logSoftmax, softmax, sumExp } from '../../src/ops/softmax.ts';
import { logSumExp } from '../../src/ops/statistics.ts';
import { tan } from '../../src/ops/trigonometry.ts';
import { cos, sin } from '../../src/ops/unary.ts';
import { makePlan } from '../../src/plan/build.ts';
import { argumentsOf, largest, rows, type Bound, type Row } from './accuracy_rows.ts';
import { sharedDevice } from './device.ts';

interface Measured {
  readonly name: string;
  readonly domain: string;
  readonly ulp: number;
  readonly relative: number;
  readonly absolute: number;
  /** Arguments where the error in units in the last place is largest. */
  readonly at: string;
  readonly bound: Bound;
  readonly count: number;
}

const results: Measured[] = [];
const smallest = 2 ** -126;

/** Spacing of f32 at |y|; that of the smallest normal number below it, where results may be flushed to 0. */
const spacing = (y: number): number => 2 ** (Math.floor(Math.log2(Math.max(Math.abs(y), smallest))) - 23);

async function run(
  build: (x: readonly Tensor[]) => Tensor,
  inputs: readonly { shape: readonly number[]; values: Float64Array }[],
) {
  const device = await sharedDevice();
  const tensors = inputs.map(({ shape }, i) => inputTensor(`x${i}`, shape));
  const y = build(tensors);
  const runner = await device.createRunner(makePlan({ y }, [y], { target: device.target, fuse: false }));
  try {
    runner.run(Object.fromEntries(inputs.map(({ values }, i) => [`x${i}`, Float32Array.from(values)])));
    return await runner.read('y');
  } finally {
    runner.dispose();
  }
}

/** The worst of a list of results; `where` says what an index stands for. Returns what broke the bound, too. */
function measure(
  actual: ArrayLike<number>,
  candidates: readonly ArrayLike<number>[],
  bound: Bound,
  where: (i: number) => string,
) {
  let [ulp, relative, absolute, at] = [0, 0, 0, ''];
  const broken: string[] = [];
  for (let i = 0; i < actual.length; i++) {
    const got = actual[i]!;
    // A device may take a denormal argument as 0, so either argument's value will do.
    const errors = candidates.map((values) => errorOf(got, values[i]!));
    const wanted = errors.reduce((best, error, k) => (error < errors[best]! ? k : best), 0);
    const [want, error] = [candidates[wanted]![i]!, errors[wanted]!];
    const allowed = 'ulp' in bound ? bound.ulp * spacing(want) : bound.absolute + bound.relative * Math.abs(want);
    if (error !== 0 && (error === Infinity || !(error <= allowed)))
      broken.push(`${where(i)}: got ${got}, expected ${want}`);
    if (error === 0) continue;
    if (error / spacing(want) > ulp) [ulp, at] = [error / spacing(want), where(i)];
    if (Math.abs(want) >= smallest) relative = Math.max(relative, error / Math.abs(want));
    absolute = Math.max(absolute, error);
  }
  return { ulp, relative, absolute, at, broken };
}

/** 0 where both overflow with one sign, or where a result below the normal numbers was flushed to 0. */
function errorOf(got: number, want: number): number {
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Infinity;
  if (Math.abs(want) > largest) return Math.sign(got) === Math.sign(want) && Math.abs(got) >= largest ? 0 : Infinity;
  if (Math.abs(want) < smallest && (got === 0 || Math.abs(got - want) < smallest)) return 0;
  if (!Number.isFinite(got))
    return got === want || (Math.abs(want) === largest && Math.sign(got) === Math.sign(want)) ? 0 : Infinity;
  return Math.abs(got - want);
}

describe('elementwise', () => {
  test.each(rows.map((row) => [row.op.name, row] as const))('%s', async (name, row) => {
    const { op, attrs, bound, exact, second } = row;
    const x = argumentsOf(row);
    const size = x.length;
    const inputs = [{ shape: [size], values: x }];
    if (second) inputs.push({ shape: [second.length, 1], values: Float64Array.from(second, Math.fround) });
    const actual = await run((tensors) => applyOne(op, tensors, attrs), inputs);
    const flushed = (values: Float64Array) =>
      values.map((value) => (Math.abs(value) >= smallest ? value : Math.sign(value) < 0 ? -0 : 0));
    const reference = (arrays: readonly Float64Array[]) => {
      const types = inputs.map(({ shape }) => ({ shape, dtype: 'f32' as const }));
      const outputs = op.infer(types, attrs);
      const y = new Float64Array(sizeOf(outputs[0]!.shape));
      if (exact) for (let i = 0; i < size; i++) y[i] = exact(arrays[0]![i]!);
      else op.cpu(arrays, [y], { inputs: types, outputs, attrs });
      return y;
    };
    const arrays = inputs.map(({ values }) => values);
    const candidates = [reference(arrays), reference(arrays.map(flushed))];
    const where = (i: number) => (second ? `${x[i % size]}, ${second[Math.floor(i / size)]}` : `${x[i]}`);
    const { broken, ...worst } = measure(actual, candidates, bound, where);
    results.push({ name, domain: domainOf(row), bound, count: actual.length, ...worst });
    expect(broken.slice(0, 5), `${broken.length} of ${actual.length}`).toEqual([]);
  });
});

test('angles without a direction have no sine, cosine or tangent', async () => {
  const values = Float64Array.of(Infinity, -Infinity, NaN);
  for (const f of [sin, cos, tan])
    expect([...(await run(([x]) => f(x!), [{ shape: [3], values }]))]).toEqual([NaN, NaN, NaN]);
});

// Rows of 8: every pair of these beside others, rows of one value, and rows that are masked altogether.
const extremes = [1e-38, -1e-38, 0, 1, -1, 88, -88, 89, -89, 1e4, -1e4, largest, -largest, -1e9];
const softmaxRows = extremes.flatMap((a) =>
  extremes.map((b) => [
    a,
    b,
    ...[0.3, -0.7, 1.9, -2.4, 0.05, 0.6].map((v) => (Math.abs(a) > 1e3 ? a : v + Math.max(a, b) / 2)),
  ]),
);
const randomRows = Array.from({ length: 500 }, (_, n) =>
  Array.from({ length: 8 }, (_, i) => (((n * 8 + i) * 0.6180339887) % 1) * 2 * (n % 50) - (n % 50)),
);

const overRows: readonly [string, (x: Tensor) => Tensor, (row: Float64Array) => readonly number[], Bound][] = [
  [
    'softmax',
    softmax,
    (row) => {
      const { highest, sum } = sumExp(row);
      return [...row].map((value) => Math.exp(value - highest) / sum);
    },
    { absolute: 4e-7, relative: 1e-5 },
  ],
  [
    'log_softmax',
    logSoftmax,
    (row) => {
      const { highest, sum } = sumExp(row);
      return [...row].map((value) => value - highest - Math.log(sum));
    },
    { absolute: 5e-7, relative: 1e-6 },
  ],
  [
    'log_sum_exp',
    (x) => logSumExp(x, { axes: -1 }),
    (row) => {
      const { highest, sum } = sumExp(row);
      return [highest === -Infinity ? highest : highest + Math.log(sum)];
    },
    { absolute: 5e-7, relative: 2e-7 },
  ],
];

describe('of rows with extremes, masks and numbers up to ±50', () => {
  test.each(overRows)('%s', async (name, build, reference, bound) => {
    const same = [...extremes, -Infinity].map((value) => new Array<number>(8).fill(value));
    const all = [...softmaxRows, ...randomRows, ...same];
    const values = Float64Array.from(all.flat(), Math.fround);
    const actual = await run(([x]) => build(x!), [{ shape: [all.length, 8], values }]);
    const expected = all.flatMap((_, n) => reference(values.subarray(8 * n, 8 * n + 8)));
    const each = expected.length / all.length;
    const where = (i: number) => `[${all[Math.floor(i / each)]!.join(', ')}] at ${i % each}`;
    const { broken, ...worst } = measure(actual, [expected], bound, where);
    results.push({ name, domain: 'all', bound, count: actual.length, ...worst });
    expect(broken.slice(0, 5), `${broken.length} of ${actual.length}`).toEqual([]);
  });
});

function domainOf({ domain: [least, most] }: Row): string {
  const named = (value: number) => {
    if (Math.abs(value) === largest) return value > 0 ? 'MAX' : '−MAX';
    const power = Math.log2(Math.abs(value));
    return power < -100 && Number.isInteger(power) ? `2^${power}` : String(value).replace('-', '−');
  };
  return least === -largest && most === largest ? 'all' : `${named(least)} to ${named(most)}`;
}

function markdown(device: string): string {
  const figure = (value: number) => (value === 0 ? '0' : value.toPrecision(2));
  const boundText = (bound: Bound) =>
    'ulp' in bound
      ? bound.ulp === 0
        ? 'exact'
        : `${bound.ulp} ULP`
      : [bound.absolute && `${bound.absolute} absolute`, bound.relative && `${bound.relative} relative`]
          .filter(Boolean)
          .join(' + ');
  const line = (m: Measured) =>
    `| ${m.name} | ${m.domain} | ${figure(m.ulp)} | ${figure(m.relative)} | ${figure(m.absolute)} | ${m.at.length > 40 ? `${m.at.slice(0, 40)}…` : m.at} | ${boundText(m.bound)} |`;
  return `# Accuracy of elementwise functions and softmax

The worst errors of each kernel's results in f32 against double precision, over ${results.reduce((sum, { count }) => sum + count, 0).toLocaleString('en')} results: arguments are ±0, denormal
numbers, every power of two from 2^-149 to 2^127, grids near 0, the edges of overflow, and ±MAX = ±${largest.toPrecision(8)},
within the domain. ULP are units in the last place of the true result. Written by \`node tools/accuracy.mjs\` on ${device};
the same test fails wherever an error exceeds the bound in the last column.

Results below 2^-126 may be flushed to 0 and arguments below it taken as 0, as WGSL allows; results beyond MAX are
infinite.

| function | domain | ULP | relative | absolute | worst at | bound |
| --- | --- | --- | --- | --- | --- | --- |
${results.map(line).join('\n')}
`;
}

afterAll(async () => {
  const text = markdown((await sharedDevice()).description);
  const file = import.meta.env['VITE_WRITE_ACCURACY'] as string | undefined;
  if (!file) return;
  // Its types are only there beside one of three other browser providers.
  const { commands } = (await import('vitest/browser')) as unknown as {
    commands: { writeFile(path: string, text: string): Promise<void> };
  };
  await commands.writeFile(file, text);
});
