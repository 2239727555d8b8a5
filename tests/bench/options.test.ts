// The command line of `npm run bench`, and the shapes that can be typed on it.

import { describe, expect, test } from 'vitest';

import { shapeCases, shapedCase, workName } from '../../demos/bench/core/cases.ts';
import { callTypes } from '../../demos/bench/core/check.ts';
import { quickSuites } from '../../demos/bench/core/result.ts';
import { casesOf, type BenchRequest } from '../../demos/bench/core/run.ts';
import { fields, requestOf } from '../../demos/bench/state.ts';
import { defaults } from '../../demos/shared/state.ts';
import { parseOptions } from '../../tools/bench/options.ts';

describe('options', () => {
  test('say what is wrong and name the nearest', () => {
    expect(() => parseOptions(['--kernals', 'a'])).toThrow("unknown option '--kernals', did you mean '--kernels'?");
    expect(() => parseOptions(['--kernel', 'a.wgsl'])).toThrow('--kernel needs exactly one --op');
    expect(() => parseOptions(['--suite', 'shape'])).toThrow("--suite is 'shape', did you mean 'shapes'?");
    expect(() => parseOptions(['--shape', '1x1x1'])).toThrow('--shape needs exactly one --op');
    expect(() => parseOptions(['--op', 'matmul', '--attrs', '{}'])).toThrow('--attrs needs --shape');
    expect(() => parseOptions(['--repeat', '0'])).toThrow("--repeat is '0', expected an integer from 1 to 100");
    expect(() => parseOptions(['--json'])).toThrow('--json needs a value');
    expect(() => parseOptions(['--quick', '--quick'])).toThrow('--quick is given twice');
    expect(() => parseOptions(['--quick=1'])).toThrow('--quick takes no value');
    expect(() => parseOptions(['matmul'])).toThrow("unexpected argument 'matmul'");
  });

  test('of a comparison are two files, and nothing that measures', () => {
    expect(parseOptions(['--compare', 'a.json', 'b.json'])).toMatchObject({
      compare: ['a.json', 'b.json'],
      confirmed: false,
    });
    expect(parseOptions(['--across-kinds', '--compare', 'a.json', 'b.json'])).toMatchObject({ confirmed: true });
    expect(() => parseOptions(['--compare', 'a.json'])).toThrow('--compare needs two files');
    expect(() => parseOptions(['--compare', 'a.json', '--quick'])).toThrow('--compare needs two files');
    expect(() => parseOptions(['--compare', 'a.json', 'b.json', '--quick'])).toThrow('measures nothing, and --quick');
    expect(() => parseOptions(['--across-kinds'])).toThrow('--across-kinds needs --compare');
  });

  test('of the quick suite ask for what the page asks first', () => {
    const { suites, quick, ...rest } = parseOptions(['--suite', 'quick']);
    const asked = { device: 'webgpu', source: { version: '', commit: null, dirty: false }, command: '' } as const;
    const page = requestOf(defaults(fields), asked);
    expect([suites, quick, rest.ops, rest.roofs]).toEqual([page.suites, page.quick, page.ops, page.roofs]);
    const terminal = { ...page, ...rest, suites: quickSuites, quick, own: null, families: undefined };
    const { families: _, ...request } = terminal;
    const names = (of: BenchRequest): string[] => casesOf(of).map(workName);
    expect(names(request)).toEqual(names(page));
    expect(() => parseOptions(['--suite', 'quick', '--suite', 'steps'])).toThrow('--suite quick goes alone');
  });

  test('give what was asked for', () => {
    const given = ['--op', 'matmul', '--shape', '2x3x4', '--shape=5x6x7', '--kernels', 'quad,naive', '--json', '-'];
    expect(parseOptions(given)).toMatchObject({
      ops: ['matmul'],
      shapes: ['2x3x4', '5x6x7'],
      kernels: ['quad', 'naive'],
      json: '-',
      device: 'webgpu',
      repeat: 1,
    });
  });
});

describe('shapes', () => {
  const output = (name: string, shape: string, attrs: Record<string, unknown> | null = null) => {
    const { op, sample } = shapedCase(name, shape, attrs);
    return callTypes(op, sample).outputs.map((type) => type.shape);
  };

  test('of a matrix product are M, K and N', () => {
    expect(output('matmul', '5x9x7')).toEqual([[5, 7]]);
    expect(output('matmul', '9x5,9x7', { transposeA: true })).toEqual([[5, 7]]);
  });

  test('of a convolution and its gradients are an image and words', () => {
    expect(output('conv2d', '2x28x28x32,k3,f64,same')).toEqual([[2 * 28 * 28, 64]]);
    expect(output('conv2d', '2x9x9x4,k3,s2,f8')).toEqual([[2 * 4 * 4, 8]]);
    expect(output('conv2d_grad_input', '2x28x28x32,k3,f64,same')).toEqual([[2, 28, 28, 32]]);
    expect(output('conv2d_grad_filter', '2x28x28x32,k3,f64,same')).toEqual([[9 * 32, 64]]);
    expect(output('max_pool_2d_grad', '2x8x8x4')).toEqual([[2, 8, 8, 4]]);
  });

  test('of any op are those of its inputs', () => {
    expect(output('add', '4x5,4x5')).toEqual([[4, 5]]);
    expect(() => output('add', '4x5')).toThrow("--shape '4x5' has 1 shapes, and add takes 2");
    expect(() => output('softmax', '4xa')).toThrow("shape '4xa': expected lengths joined by x");
    expect(() => output('matmul', '4x5,6x7')).toThrow('the inner sizes differ');
    expect(() => output('conv2d', '2x8x8x4,k3,q7')).toThrow("'q7' is not known");
    expect(() => shapedCase('matmull', '1x1x1', null)).toThrow("no op 'matmull', did you mean 'matmul'?");
  });

  test.each([true, false])('of the suite fit their ops (quick: %s)', (quick) => {
    const cases = shapeCases(quick);
    for (const { op, sample } of cases) expect(callTypes(op, sample).outputs.length).toBeGreaterThan(0);
    expect(new Set(cases.map(({ op }) => op.name)).size).toBeGreaterThan(15);
  });
});
