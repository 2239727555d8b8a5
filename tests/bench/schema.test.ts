// The published schema: real results are valid, it lists exactly what the types have, and what is not so is named.

import { expect, test } from 'vitest';

import schemaFile from '../../demos/bench/bench.schema.json';
import type { Row } from '../../demos/bench/core/result.ts';
import { suiteNames } from '../../demos/bench/core/result.ts';
import { runBench, type BenchRequest } from '../../demos/bench/core/run.ts';
import { validate, type Schema } from '../../demos/bench/core/schema.ts';

const schema = schemaFile as unknown as Schema;

const request: BenchRequest = {
  device: 'cpu',
  suites: ['steps', 'memory', 'transfers'], // of no effect beside an op
  ops: null,
  shapes: [],
  attrs: null,
  kernels: null,
  own: null,
  roofs: true,
  quick: true,
  repeat: 1,
  source: { version: '0', commit: null, dirty: true },
  command: 'a test',
};

test('a run on the CPU gives a valid result, and JSON keeps it', { timeout: 120_000 }, async () => {
  const asked: BenchRequest = { ...request, ops: ['matmul'], shapes: ['4x4,4x4'] };
  const result = await runBench(asked, { emit: () => undefined });
  expect(validate(result, schema)).toEqual([]);
  expect(validate(JSON.parse(JSON.stringify(result)), schema)).toEqual([]);
  expect(result.rows.map(({ variant, check }) => `${variant} ${check.state}`)).toEqual(['reference ok']);
  expect(result.rows[0]!.samplesNs.length).toBe(result.rows[0]!.summary!.n);
});

test('rows have the members of the schema, each of them required', () => {
  const row: Row = {
    suite: 'shapes',
    work: '',
    subject: '',
    variant: '',
    preferred: true,
    shape: '',
    dtype: 'f32',
    flops: 0,
    bytes: 0,
    samplesNs: [1],
    repeats: 1,
    summary: { n: 1, median: 1, p10: 1, p90: 1 },
    compileMs: null,
    gflops: null,
    gigabytesPerSecond: 1,
    roof: { bound: 'copy', share: 0.5 },
    check: { state: 'ok', maxAbsolute: 0, maxRelative: 0, worst: 0, message: '' },
    counts: { dispatches: 1 },
    parts: [{ op: '', label: '', kernel: '', entry: '', nanoseconds: 1 }],
    flags: ['disturbed'],
    skipped: '',
  };
  const rule = schema.$defs!['row']!;
  expect(Object.keys(rule.properties!).sort()).toEqual(Object.keys(row).sort());
  expect([...rule.required!].sort()).toEqual(Object.keys(row).sort());
  expect(rule.properties!['suite']!.enum).toEqual(suiteNames);
  expect(validate(row, rule, schema)).toEqual([]);
  for (const name of Object.keys(row)) {
    const { [name as keyof Row]: _, ...rest } = row;
    expect(validate(rest, rule, schema)).toEqual([`${name}: is missing`]);
  }
  expect(validate({ ...row, speed: 1 }, rule, schema)).toEqual(['speed: is not known']);
  expect(validate({ ...row, repeats: 1.5 }, rule, schema)).toEqual(['repeats: expected integer, got 1.5']);
  expect(validate({ ...row, samplesNs: [1, NaN] }, rule, schema)[0]).toContain('samplesNs[1]: expected number');
  expect(validate({ ...row, samplesNs: [-1] }, rule, schema)).toEqual(['samplesNs[0]: expected at least 0, got -1']);
  expect(validate({ ...row, flags: ['fast'] }, rule, schema)[0]).toContain('flags[0]: expected "disturbed" or');
  expect(validate({ ...row, summary: { n: 1 } }, rule, schema)).toContain('summary.median: is missing');
});

test('a rule that is not understood is refused, not ignored', () => {
  expect(() => validate(1, { maximum: 3 } as Schema)).toThrow("schema: 'maximum' is not understood");
  expect(() => validate(1, { $ref: '#/$defs/nothing' })).toThrow('nothing is at #/$defs/nothing');
});
