// ONNX's own node tests on the GPU, each case as a program of its own.

import { expect, test } from 'vitest';
import type { TypedArray, Values } from '../../src/core/dtype.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { makePlan } from '../../src/plan/build.ts';
import type { Case } from '../conformance/case.ts';
import { runCase, table, toDevice, unexpected, type Outcome } from '../conformance/run.ts';
import { sharedDevice } from './device.ts';

async function read<T>(file: string): Promise<T | null> {
  const response = await fetch(`/__conformance/${file}`);
  if (!response.ok) return null;
  const unpacked = response.body!.pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(unpacked).json()) as T;
}

async function evaluate(tensors: readonly Tensor[], feeds: ReadonlyMap<Tensor, Values>): Promise<TypedArray[]> {
  const device = await sharedDevice();
  const outputs = Object.fromEntries(tensors.map((tensor, i) => [`y${i}`, tensor]));
  const plan = makePlan(outputs, [...tensors], { target: device.target });
  const runner = await device.createRunner(plan);
  try {
    const given = [...feeds].filter(([{ source }]) => source.kind === 'input' && source.name in plan.inputs);
    runner.run(Object.fromEntries(given.map(([{ label }, values]) => [label!, toDevice(values)])));
    const values: TypedArray[] = [];
    for (const i of tensors.keys()) values.push(await runner.read(`y${i}`));
    return values;
  } finally {
    runner.dispose();
  }
}

const index = await read<{ counts: { op: string }[] }>('index.json.gz');
const outcomes = new Map<Case, Outcome>();

test.each((index?.counts ?? []).map(({ op }) => op))('%s', { timeout: 120_000 }, async (op) => {
  const { cases } = (await read<{ cases: Case[] }>(`${op}.json.gz`))!;
  const failures: string[] = [];
  for (const one of cases) {
    const outcome = await runCase(one, evaluate);
    outcomes.set(one, outcome);
    if (outcome.kind === 'failed') failures.push(`${one.name}: ${outcome.why}`);
  }
  expect(failures).toEqual([]);
});

test('result', ({ skip }) => {
  skip(!index, "ONNX's node tests are not beside the repository");
  console.log(table(outcomes));
  expect(unexpected(outcomes)).toEqual([]);
});
