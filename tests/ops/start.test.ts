// Quick kernels that stand in for those that compile long: they must bind as these do. That they give the same bits is tested
// on the GPU (tests/gpu/early.test.ts).

import { expect, test } from 'vitest';
import type { Dispatch } from '../../src/kernel/shader.ts';
import { noEpilogue } from '../../src/ops/epilogue.ts';
import { ops } from '../../src/ops/index.ts';
import { matmulOp } from '../../src/ops/matmul.ts';
import { allFeatures, callTypes } from './table.ts';

/** Binding numbers with what is bound there and how, and where the params lie. */
function bound({ shader, entry, bindings }: Dispatch) {
  const found = shader.entries[entry]!;
  const buffers = Object.entries(found.bindings).map(([name, binding]) => ({ ...binding, ref: bindings[name] }));
  return { buffers: buffers.sort((a, b) => a.index - b.index), params: found.params };
}

test.each(['software', 'discrete'] as const)('on a %s adapter a stand-in binds as what it stands in for', (adapter) => {
  const target = { ...allFeatures, adapter };
  const kernels = new Set<string>();
  for (const op of Object.values(ops)) {
    for (const [name, kernel] of Object.entries(op.kernels)) {
      for (const sample of op.samples) {
        const call = callTypes(op, sample);
        if (!(kernel.fits?.(call, target) ?? true)) continue;
        for (const { start, ...own } of kernel.plan(call, target).dispatches) {
          if (!start) continue;
          kernels.add(`${op.name} ${name}`);
          expect(bound(start), `${op.name} ${name}`).toEqual(bound(own));
          expect(start.params).toEqual(own.params);
          expect(start.start).toBeUndefined();
          expect(own.shader.requires).toEqual(expect.arrayContaining([...start.shader.requires]));
        }
      }
    }
  }
  expect(kernels).toContain('matmul quad');
  expect(kernels).toContain('matmul tiled_32x32_4x4');
  expect(kernels).not.toContain('matmul naive');
});

test('a product too large for the plain kernel begins with the smaller quad, with the same slices', () => {
  const attrs = { transposeA: false, transposeB: false, ...noEpilogue };
  const call = callTypes(matmulOp, { inputs: [{ shape: [128, 784] }, { shape: [784, 128] }], attrs });
  const target = { ...allFeatures, adapter: 'software' } as const;
  const [own] = matmulOp.kernels.quad_32!.plan(call, target).dispatches;
  expect([own!.entry, own!.workgroups, own!.start!.entry, own!.start!.workgroups]).toEqual([
    'matmul_quad_32',
    [4, 1, 1],
    'matmul_quad',
    [16, 1, 1],
  ]);
  expect(bound(own!.start!)).toEqual(bound(own!));
  expect(own!.start!.params).toEqual(own!.params);
  expect(own!.start!.start).toBeUndefined();
});
