// Every call that the code panel writes for PyTorch and Keras, held to the signatures and rules that those libraries publish,
// since neither runs here: names and order of arguments, values they refuse, paddings, shapes.

import { spawnSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { drawn } from './framework_calls.ts';
import { checkKeras } from './keras_calls.ts';
import { checkPytorch } from './pytorch_calls.ts';

const called = (names: readonly (readonly string[])[]): string[] =>
  [...new Set(names.flat())].filter((name) => /^(F|keras)\./.test(name)).sort();

test('the 500 states that were drawn, and the presets, have every operation, rule of padding and mode, groups, dilation and output padding', () => {
  for (const key of ['op', 'pad', 'mode', 'bias', 'flip'] as const) {
    const values = new Set(drawn.map(({ state }) => state[key]));
    expect(values.size, key).toBe({ op: 4, pad: 5, mode: 4, bias: 2, flip: 2 }[key]);
  }
  for (const key of ['g', 'dy', 'sx', 'opy'] as const)
    expect(
      drawn.some(({ state }) => state[key] > 1),
      key,
    ).toBe(true);
});

test('programs for PyTorch call what there is, with arguments it takes, of shapes that give the result', () => {
  const functions = ['F.avg_pool2d', 'F.conv2d', 'F.conv_transpose2d', 'F.max_pool2d', 'F.pad'];
  expect(called(drawn.map(checkPytorch))).toEqual(functions);
});

test('programs for Keras call what there is, with arguments it takes, of shapes that give the result', () => {
  const functions = ['average_pool', 'conv', 'conv_transpose', 'max_pool'].map((name) => `keras.ops.${name}`);
  expect(called(drawn.map(checkKeras))).toEqual(functions);
});

const python = spawnSync('python3', ['-c', 'import ast'], { encoding: 'utf8' }).status === 0;

test.skipIf(!python)("Python's own parser reads all of them (skipped where there is no python3)", () => {
  const program = 'import ast, json, sys\nfor code in json.load(sys.stdin): ast.parse(code)\n';
  const codes = drawn.flatMap(({ pytorch, keras }) => [pytorch, keras]);
  const { status, stderr } = spawnSync('python3', ['-c', program], { input: JSON.stringify(codes), encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
