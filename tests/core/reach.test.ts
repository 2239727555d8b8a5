// What is left of a shader for one of its entries.

import { expect, test } from 'vitest';
import { reachable } from '../../src/kernel/reach.ts';
import { specialize, type Dispatch } from '../../src/kernel/shader.ts';
import { ops } from '../../src/ops/index.ts';
import { loadModule, reach } from '../../tools/wgsl_source.ts';
import { allFeatures, callTypes } from '../ops/table.ts';

const code = `enable subgroups; // fn unused() {}
const SIZE: u32 = 4; const OTHER: u32 = 8;
/* struct Hidden {
} */
struct Pair { a: vec2f, b: f32 }
alias Two = array<Pair, SIZE>;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage> z: array<f32>;
var<workgroup> shared_values: Two;
const_assert LATE > 2;
const LATE = 3;

fn used(x: f32) -> f32 {
  if (x > 0.0) { return x; }
  return -x;
}
fn unused(x: f32) -> f32 { return z[0] * used(x); }
@compute @workgroup_size(SIZE)
fn main() { y[0] = used(shared_values[0].b); }
@compute @workgroup_size(OTHER)
fn second() { y[1] = unused(1.0); }
`;

test('what an entry reaches stays, on its lines', () => {
  expect(reachable(code, 'main').split('\n')).toEqual([
    'enable subgroups; ',
    'const SIZE: u32 = 4;',
    '',
    '',
    'struct Pair { a: vec2f, b: f32 }',
    'alias Two = array<Pair, SIZE>;',
    '@group(0) @binding(0) var<storage, read_write> y: array<f32>;',
    '',
    'var<workgroup> shared_values: Two;',
    'const_assert LATE > 2;',
    'const LATE = 3;',
    '',
    'fn used(x: f32) -> f32 {',
    '  if (x > 0.0) { return x; }',
    '  return -x;',
    '}',
    '',
    '@compute @workgroup_size(SIZE)',
    'fn main() { y[0] = used(shared_values[0].b); }',
    '',
    '',
    '',
  ]);
  expect(reachable(code, 'second')).toContain('fn unused(');
  expect(reachable(code, 'third')).toBe(code);
});

test('nothing is missing in any kernel', () => {
  const dispatches = new Map<string, Dispatch>();
  for (const op of Object.values(ops)) {
    for (const kernel of Object.values(op.kernels)) {
      for (const sample of op.samples) {
        const call = callTypes(op, sample);
        if (!(kernel.fits?.(call, allFeatures) ?? true)) continue;
        for (const dispatch of kernel.plan(call, allFeatures).dispatches) {
          const { shader, entry, hooks } = dispatch;
          const key = `${shader.file} ${entry} ${Object.keys(hooks).join(' ')}`;
          if (!dispatches.has(key)) dispatches.set(key, dispatch);
        }
      }
    }
  }
  expect(dispatches.size).toBeGreaterThan(200);
  for (const [key, dispatch] of dispatches) {
    const whole = specialize(dispatch).replaceAll(/^\s*\/\/\s*@import.*$/gm, '');
    const module = loadModule(
      key,
      () => whole,
      (name) => name,
    );
    const needed = [...reach(module, dispatch.entry)];
    const lines = reachable(whole, dispatch.entry).split('\n');
    const original = module.bare.split('\n');
    expect(lines.length).toBe(original.length);
    const rest = loadModule(
      key,
      () => lines.join('\n'),
      (name) => name,
    );
    expect(
      needed.filter((name) => !rest.declarations.has(name)),
      key,
    ).toEqual([]);
  }
});
