// Shaders over halves as text, and the plans of ops over halves.

import { describe, expect, test } from 'vitest';
import { roundToHalf, toHalf } from '../../src/core/half.ts';
import { dispatch, input, output, type Dispatch, type Shader } from '../../src/kernel/shader.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { halfOp } from '../../src/ops/half_op.ts';
import { halfRows } from '../../src/ops/half_rows.ts';
import { withHalves } from '../../src/ops/half_storage.ts';
import { ops } from '../../src/ops/index.ts';
import { maxPool2dOp } from '../../src/ops/max_pool_2d.ts';
import { addOp } from '../../src/ops/binary.ts';
import { reflectShader } from '../../tools/wgsl_reflection.ts';

const source = `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(0) var<storage, read> x4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read_write> y4: array<vec4f, 8>;
@group(0) @binding(2) var<storage, read_write> added: array<vec4f>;
@group(0) @binding(3) var<storage, read> bits: array<u32>;
@group(0) @binding(4) var<storage, read> counted: array<f32>;
// x4[0] = nothing; in a comment
fn twice(x: f32) -> f32 { return x + x; }
@compute @workgroup_size(1) fn numbers() { y[u32(x[x4_at(1)])] = twice(x[2]) + select(x[3 * (1 + 1)], 0.0, x[1] == x[2]); }
@compute @workgroup_size(1) fn fours() { y4[3] = x4[u32(x4[0].x)] * vec4f(x4[1].wzy, 1.0); }
@compute @workgroup_size(1) fn adds() { added[0] += x4[0]; }
@compute @workgroup_size(1) fn words() { y[0] = f32(bits[0]); }
@compute @workgroup_size(1) fn count() { y[0] = f32(arrayLength(&counted)) + counted[0]; }
fn x4_at(i: u32) -> u32 { return i; }
`;
const shader = reflectShader('odd.wgsl', { read: () => source }).shader as Shader<
  Record<
    'numbers' | 'fours' | 'adds' | 'words' | 'count',
    { bindings: string; params: never; constants: never; hooks: never }
  >
>;
const call = (entry: 'numbers' | 'fours' | 'adds' | 'words' | 'count', names: string[]): Dispatch =>
  dispatch(shader, entry, {
    bindings: Object.fromEntries(names.map((name, i) => [name, i === 0 ? input(0) : output(0)])),
    workgroups: [1],
  });
/** The changed text of one line of the source. */
const line = (changed: Dispatch | null, word: string) =>
  changed?.shader.code.split('\n').find((text) => text.includes(word));

describe('a shader whose buffers hold halves', () => {
  test('loads and stores four at a time as two words', () => {
    const changed = withHalves(call('fours', ['x4', 'y4']), ['x4', 'y4'], false);
    expect(line(changed, 'fn fours')).toBe(
      '@compute @workgroup_size(1) fn fours() { y4[3] = to_half4(half4(x4[u32(half4(x4[0]).x)]) * vec4f(half4(x4[1]).wzy, 1.0)); }',
    );
    expect(line(changed, ' x4:')).toBe('@group(0) @binding(0) var<storage, read> x4: array<vec2u>;');
    expect(line(changed, ' y4:')).toBe('@group(0) @binding(1) var<storage, read_write> y4: array<vec2u, 8>;');
    expect(changed!.shader.code).not.toContain('comment');
    expect(changed!.shader.requires).toEqual([]);
  });

  test('loads one of a word, and cannot store one', () => {
    expect(line(withHalves(call('numbers', ['x', 'y']), ['x'], false), 'fn numbers')).toBe(
      '@compute @workgroup_size(1) fn numbers() { y[u32(half_in(x[(x4_at(1)) / 2], u32(x4_at(1))))] = twice(half_in(x[(2) / 2], u32(2)))' +
        ' + select(half_in(x[(3 * (1 + 1)) / 2], u32(3 * (1 + 1))), 0.0, half_in(x[(1) / 2], u32(1)) == half_in(x[(2) / 2], u32(2))); }',
    );
    expect(withHalves(call('numbers', ['x', 'y']), ['y'], false)).toBeNull();
  });

  test('has real f16 where the device does', () => {
    const changed = withHalves(call('numbers', ['x', 'y']), ['x', 'y'], true);
    expect(changed!.shader.code.startsWith('enable f16; ')).toBe(true);
    expect(changed!.shader.requires).toEqual(['shader-f16']);
    expect(line(changed, ' x:')).toBe('@group(0) @binding(0) var<storage, read> x: array<f16>;');
    expect(line(changed, 'fn numbers')).toBe(
      '@compute @workgroup_size(1) fn numbers() { y[u32(f32(x[x4_at(1)]))] = bitcast<vec2<f16>>(to_half2(vec2f(twice(f32(x[2]))' +
        ' + select(f32(x[3 * (1 + 1)]), 0.0, f32(x[1]) == f32(x[2])), 0.0))).x; }',
    );
  });

  test('buffers are found in hooks too', () => {
    const hooked = { ...call('fours', ['x4', 'y4']), hooks: { load4: 'x4[i + 1] + f(x4)' } };
    expect(withHalves(hooked, ['x4'], false)!.hooks).toEqual({ load4: 'half4(x4[i + 1]) + f(x4)' });
  });

  test.each([
    ['adds', 'added', 'adds to what it stored'],
    ['words', 'bits', 'holds words'],
    ['count', 'counted', 'asks for the length'],
  ] as const)('%s: a buffer stays as it is where the shader %3$s', (entry, name, _) => {
    for (const hasF16 of [false, true]) expect(withHalves(call(entry, [name, 'y']), [name], hasF16)).toBeNull();
  });
});

describe('an op over halves', () => {
  test('every row names an op, and inputs and outputs that it has', () => {
    for (const [name, { reads, writes, operands = [] }] of Object.entries(halfRows)) {
      const op = ops[name];
      expect(op, name).toBeDefined();
      const outputs = op!.samples.map(
        ({ inputs, attrs }) =>
          op!.infer(
            inputs.map(({ shape, dtype = 'f32' }) => ({ shape, dtype })),
            attrs,
          ).length,
      );
      expect(Math.max(-1, ...writes), name).toBeLessThan(Math.min(...outputs));
      expect(operands.filter((i) => !reads.includes(i))).toEqual([]);
      expect(op!.inPlace).toBeUndefined();
      expect(ops[`${name}_f16`]).toBe(halfOp(op!));
    }
  });

  const types = (shape: number[], out: number[]) => ({
    inputs: [{ shape, dtype: 'f16' as const }],
    outputs: [{ shape: out, dtype: 'f16' as const }],
  });

  test('works on f32 copies where a kernel stores single numbers', () => {
    const half = halfOp(maxPool2dOp);
    const { attrs } = maxPool2dOp.samples.find(({ inputs }) => inputs[0]!.shape[3]! % 4 !== 0)!;
    const shape = maxPool2dOp.samples.find((one) => one.attrs === attrs)!.inputs[0]!.shape as number[];
    const out = [...maxPool2dOp.infer([{ shape, dtype: 'f32' }], attrs)[0]!.shape];
    const full = { ...types(shape, out), attrs: { of: attrs, outputs: ['f16' as const] } };
    const packed = half.kernels['naive']!.plan(full, baseTarget);
    expect(packed.dispatches.map(({ entry }) => entry.replace('_vec4', ''))).toEqual(['max_pool_2d', 'cast_to_half']);
    expect(packed.scratch).toEqual([4 * out.reduce((a, b) => a * b)]);
    const native = half.kernels['naive']!.plan(full, { ...baseTarget, features: new Set(['shader-f16']) });
    expect(native.dispatches.map(({ entry }) => entry)).toEqual(['max_pool_2d']);
    expect(native.scratch).toEqual([]);
  });

  test('rounds what it stores, and computes in double what it stands for', () => {
    const half = halfOp(addOp);
    const y = new Uint16Array(2);
    half.cpu([toHalf([1, 2049]), Float32Array.of(2 ** -11, 3.25)], [y], {
      inputs: [
        { shape: [2], dtype: 'f16' },
        { shape: [2], dtype: 'f32' },
      ],
      outputs: [{ shape: [2], dtype: 'f16' }],
      attrs: { of: {}, outputs: ['f16'] },
    });
    // 1 + 2⁻¹¹ lies between two halves; 2,049 was 2,048 already.
    expect([...y]).toEqual([...toHalf([1, roundToHalf(2051.25)])]);
  });
});
