// Quick kernels that stand in for those that compile long: they must bind as these do. That they give the same bits is tested
// on the GPU (tests/gpu/early.test.ts).

import { expect, test } from 'vitest';
import type { Dispatch } from '../../src/kernel/shader.ts';
import { ops } from '../../src/ops/index.ts';
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
          expect(start.shader.requires).toEqual([]);
        }
      }
    }
  }
  expect(kernels).toContain('matmul quad');
  expect(kernels).toContain('matmul tiled_32x32_4x4');
  expect(kernels).not.toContain('matmul naive');
});
