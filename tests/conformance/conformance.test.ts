// ONNX's own node tests through the reference: github.com/onnx/onnx, as plain JSON beside the repository.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { evaluate } from '../../src/cpu/oracle.ts';
import type { Case } from './case.ts';
import { runCase, table, unexpected, type Outcome } from './run.ts';

const folder = process.env['RETROGRAD_CONFORMANCE'] ?? join(import.meta.dirname, '../../../shared/conformance/onnx');

const files = existsSync(folder)
  ? readdirSync(folder).filter((file) => file.endsWith('.json.gz') && file !== 'index.json.gz')
  : [];
const outcomes = new Map<Case, Outcome>();

test.each(files)('%s', async (file) => {
  const { cases } = JSON.parse(gunzipSync(readFileSync(join(folder, file))).toString()) as { cases: Case[] };
  expect(cases.length).toBeGreaterThan(0);
  const failures: string[] = [];
  for (const one of cases) {
    const outcome = await runCase(one, evaluate);
    outcomes.set(one, outcome);
    if (outcome.kind === 'failed') failures.push(`${one.name}: ${outcome.why}`);
  }
  expect(failures).toEqual([]);
});

test('result', ({ skip }) => {
  skip(files.length === 0, `ONNX's node tests are not at ${folder}`);
  console.log(table(outcomes));
  expect(unexpected(outcomes)).toEqual([]);
});
