// A user's kernel: how many workgroups its comment asks for, and what is said where it does not fit the op.

import { describe, expect, test } from 'vitest';

import { shapedCase } from '../../demos/bench/core/cases.ts';
import { callTypes } from '../../demos/bench/core/check.ts';
import { evaluate, withOwnKernel } from '../../demos/bench/core/own_kernel.ts';
import { placed } from '../../demos/bench/core/own_place.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { reflectShader } from '../../tools/wgsl_reflection.ts';
import { importMark } from '../../tools/wgsl_source.ts';

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

  const comment = '// @workgroups 1';
  test.each([
    ['no comment', source('', buffers), "9:4: expected a comment such as '// @workgroups ceil(size / 64)'"],
    ['half a workgroup', source('// @workgroups m / 2', buffers), '2:4: @workgroups m / 2 gives 16.5, expected one to'],
    ['too many', source('// @workgroups m * 2000', buffers), '2:4: @workgroups m * 2000 gives 66000, expected one to'],
    ['another size', source('// @workgroups q', buffers), "2:4: 'q': 'q' is not understood; known: m, "],
    ['another name', source(comment, buffers).replaceAll(/\ba\b/g, 'left'), "5:42: matmul has no binding 'left'"],
    ['another number', source(comment, buffers).replaceAll(/\bk\b/g, 'depth'), "3:33: matmul has no param 'depth'"],
    [
      'an operand to write',
      source(comment, buffers.replace('read> a', 'read_write> a')),
      "5:48: matmul only reads 'a': expected var<storage, read>, got var<storage, read_write>",
    ],
    [
      'a result to read',
      source(comment, buffers.replace('read_write> c', 'read> c')),
      "7:42: matmul writes 'c': expected var<storage, read_write>, got var<storage, read>",
    ],
    [
      'two functions',
      `${source('', buffers)}\n@compute @workgroup_size(1) fn other() { c[0] = 1.0; }`,
      '15:32: expected one @compute function, got mine, other',
    ],
  ])('that does not fit the op is told so, with line and column: %s', (_, code, said) => {
    expect(() => planned(code)).toThrow(`mine.wgsl:${said}`);
  });

  test('whose import is wrong is told the line of the import', () => {
    const code = `a\nb\n${importMark}lib/x.wgsl\nfirst\nsecond wrong`;
    expect(placed({ file: 'mine.wgsl', code }, code.indexOf('wrong'), 'no')).toBe(
      'lib/x.wgsl:2:8: no\n  2 | second wrong\n    |        ^',
    );
    expect(placed({ file: 'mine.wgsl', code }, code.indexOf('b'), 'no')).toBe('mine.wgsl:2:1: no\n  2 | b\n    | ^');
  });
});
