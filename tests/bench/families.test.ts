// What the page asks for: families on their shapes, in halves, by the kernels' names, and some rows again.

import { expect, test } from 'vitest';

import { familyCases, inHalves, workName } from '../../demos/bench/core/cases.ts';
import { callTypes } from '../../demos/bench/core/check.ts';
import { familyNames, familyOps, familyShapes } from '../../demos/bench/core/families.ts';
import { casesOf, runBench, type BenchRequest } from '../../demos/bench/core/run.ts';

const request: BenchRequest = {
  device: 'cpu',
  suites: ['shapes'],
  ops: null,
  shapes: [],
  attrs: null,
  families: [{ family: 'gemm', shapes: [] }],
  kernels: null,
  own: null,
  roofs: false,
  quick: true,
  repeat: 1,
  source: { version: '0', commit: null, dirty: false },
  command: '',
};

test('every family measures all its ops on its shapes, in f32 and, where any are kept so, in halves', () => {
  for (const size of ['quick', 'full'] as const) {
    for (const family of familyNames) {
      const cases = familyCases(family, familyShapes[size][family]);
      expect([...new Set(cases.map(({ op }) => op.name))].toSorted()).toEqual([...familyOps[family]].toSorted());
      for (const one of cases) {
        const half = inHalves(one);
        expect(half === null).toBe(one.op.name === 'adam' || /softmax|^(max|transpose|tanh)$/.test(one.op.name));
        if (half) expect(callTypes(half.op, half.sample).inputs.map(({ dtype }) => dtype)).toContain('f16');
      }
    }
  }
  expect(() => familyCases('gemm', ['64x64'])).toThrow("shape '64x64' has 2 lengths, and gemm takes 3");
  expect(() => familyCases('conv', ['4x8x8x3,q2'])).toThrow("'q2' is not known");
});

test('a request names families, shapes of its own, and single pieces of work', () => {
  expect(casesOf(request).map(workName)).toEqual(familyShapes.quick.gemm.map((shape) => `matmul ${shape}`));
  const families = [
    { family: 'softmax', shapes: ['3x5'] },
    { family: 'gemm', shapes: ['2x3x4', '5x6x7'] },
  ] as const;
  const works = casesOf({ ...request, families }).map(workName);
  expect(works).toEqual([...familyOps.softmax.map((op) => `${op} 3x5`), 'matmul 2x3x4', 'matmul 5x6x7']);
  expect(casesOf({ ...request, families, only: ['matmul 5x6x7'] }).map(workName)).toEqual(['matmul 5x6x7']);
  expect(casesOf({ ...request, families, dtype: 'f16' }).map(workName)).toEqual([
    'matmul_f16 2x3x4',
    'matmul_f16 5x6x7',
  ]);
});

test('of the steps too only the work that is asked for is done', async () => {
  const { rows } = await runBench(
    { ...request, suites: ['shapes', 'memory'], only: ['matmul 64x64x64'] },
    { emit: () => undefined },
  );
  expect(rows.map(({ work }) => work)).toEqual(['matmul 64x64x64']);
});
