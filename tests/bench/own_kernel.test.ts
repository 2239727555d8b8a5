// A user's kernel: how many workgroups its comment asks for, and what is said where it does not fit the op.

import { describe, expect, test } from 'vitest';

import { shapedCase } from '../../demos/bench/core/cases.ts';
import { callTypes } from '../../demos/bench/core/check.ts';
import { evaluate, withOwnKernel } from '../../demos/bench/core/own_kernel.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { reflectShader } from '../../tools/wgsl_reflection.ts';

const numbers = { m: 100, n: 7, size: 65 };

describe('an expression', () => {
  test.each([
    ['1', 1],
    ['ceil(size / 64)', 2],
    ['m - 2 * n + 1', 87],
    ['(m - 2) * n', 686],
    ['max(floor(m / n), 15) / 5', 3],
    ['-3 + 4 - 1', 0],
    ['m / 2 / 5', 10],
  ])('%s is %d', (text, value) => {
    expect(evaluate('a.wgsl', text, numbers)).toBe(value);
  });

  test.each(['k', 'm +', 'm n', 'ceil m', 'min(m', '2 ^ 3', ''])('%s is refused by name', (text) => {
    expect(() => evaluate('a.wgsl', text, numbers)).toThrow(`a.wgsl: '${text}': '`);
  });
});

const source = (head: string, buffers: string) => `
${head}
struct Params { m: u32, n: u32, k: u32 }
@group(0) @binding(0) var<uniform> params: Params;
${buffers}
@compute @workgroup_size(8, 8)
fn mine(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n || id.y >= params.m) { return; }
  var sum = 0.0;
  for (var i = 0u; i < params.k; i++) { sum += a[id.y * params.k + i] * b[i * params.n + id.x]; }
  c[id.y * params.n + id.x] = sum;
}`;
const buffers = `@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;`;

function planned(code: string) {
  const { op, sample } = shapedCase('matmul', '33x17x65', null);
  const { shader } = reflectShader('mine.wgsl', { read: () => code });
  const extended = withOwnKernel(op, { name: 'mine.wgsl', shader });
  expect(Object.keys(extended.kernels)[0]).toBe('mine.wgsl');
  expect(extended.kernels['mine.wgsl']!.preferred!(callTypes(op, sample), baseTarget)).toBe(false);
  return extended.kernels['mine.wgsl']!.plan(callTypes(op, sample), baseTarget).dispatches[0]!;
}

describe('a kernel', () => {
  test("takes the op's buffers and params by their names", () => {
    const { bindings, params, workgroups } = planned(source('// @workgroups ceil(n / 8), ceil(m / 8)', buffers));
    expect(bindings).toEqual({
      a: { kind: 'input', index: 0 },
      b: { kind: 'input', index: 1 },
      c: { kind: 'output', index: 0 },
    });
    expect(params).toEqual({ m: 33, n: 65, k: 17 });
    expect(workgroups).toEqual([9, 5, 1]);
  });

  test('that does not fit the op is told what the op has', () => {
    expect(() => planned(source('', buffers))).toThrow("mine.wgsl: expected a comment such as '// @workgroups");
    expect(() => planned(source('// @workgroups m / 2', buffers))).toThrow(
      'gives 16.5, expected one to three positive',
    );
    const renamed = source('// @workgroups 1', buffers).replaceAll(/\ba\b/g, 'left');
    expect(() => planned(renamed)).toThrow("mine.wgsl: matmul has no binding 'left'");
    const two = `${source('', buffers)}\n@compute @workgroup_size(1) fn other() { c[0] = 1.0; }`;
    expect(() => planned(two)).toThrow('mine.wgsl: expected one @compute function, got mine, other');
  });
});
