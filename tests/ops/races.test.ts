// Every kernel that uses workgroup memory, run in lockstep by wgsl_reflect's race detector: no invocation may read or
// write what another writes without a barrier between. Its numbers are not judged here; the GPU tests do that.

import { describe, expect, test } from 'vitest';
import { detectRaces } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { BufferRef, Dispatch } from '../../src/kernel/shader.ts';
import { specialize } from '../../src/kernel/shader.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import { byteLength } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import type { CallTypes, Op, Sample } from '../../src/graph/op.ts';
import { ops } from '../../src/ops/index.ts';
import { callTypes, describeSample, sampleValues } from './table.ts';

const target: Target = { ...baseTarget, features: new Set(['subgroups']) };

/** One workgroup of the cheapest samples shows a race as well as many would; the interpreter is slow. */
const samplesPerKernel = 2;

function usesWorkgroupMemory({ shader, entry }: Dispatch): boolean {
  return (shader as { workgroupMemory?: readonly string[] }).workgroupMemory?.includes(entry) ?? shader.code.includes('var<workgroup>');
}

function raceTable() {
  const table: [string, Op, string, Sample<unknown>][] = [];
  for (const op of Object.values(ops)) {
    for (const [kernel, record] of Object.entries(op.kernels)) {
      const fitting = op.samples
        .map((sample) => ({ sample, call: callTypes(op, sample) }))
        .filter(({ call }) => record.fits?.(call, target) ?? true)
        .filter(({ call }) => record.plan(call, target).dispatches.some(usesWorkgroupMemory))
        .sort((a, b) => (op.cost?.(a.call).flops ?? 0) - (op.cost?.(b.call).flops ?? 0));
      for (const { sample } of fitting.slice(0, samplesPerKernel)) {
        table.push([`${op.name} ${kernel} ${describeSample(sample)}`, op, kernel, sample]);
      }
    }
  }
  return table;
}

describe('races', () => {
  const table = raceTable();
  test('some kernel uses workgroup memory', () => expect(table.length).toBeGreaterThan(0));

  test.each(table)('%s', { timeout: 60_000 }, (_, op, kernel, sample) => {
    const call = callTypes(op, sample);
    const { dispatches, scratch = [] } = op.kernels[kernel]!.plan(call, target);
    for (const dispatch of dispatches.filter(usesWorkgroupMemory)) {
      const { races, errors } = race(specialize(dispatch), dispatch, call, scratch, sample);
      expect(errors).toEqual([]);
      expect(races.map(({ message }) => message)).toEqual([]);
    }
  });

  test('a kernel without its barriers is caught', () => {
    const [, op, kernel, sample] = table[0]!;
    const call = callTypes(op, sample);
    const { dispatches, scratch = [] } = op.kernels[kernel]!.plan(call, target);
    const dispatch = dispatches.find(usesWorkgroupMemory)!;
    const broken = specialize(dispatch).replaceAll('workgroupBarrier();', '');
    expect(broken).not.toBe(specialize(dispatch));
    expect(race(broken, dispatch, call, scratch, sample).races.length).toBeGreaterThan(0);
  });
});

function race(
  code: string,
  dispatch: Dispatch,
  call: CallTypes<unknown>,
  scratch: readonly number[],
  sample: Sample<unknown>,
) {
  const entry = dispatch.shader.entries[dispatch.entry]!;
  const group: Record<string, ArrayBuffer | { uniform: ArrayBuffer }> = {};
  for (const [name, ref] of Object.entries(dispatch.bindings)) {
    group[entry.bindings[name]!.index] = memory(ref, call, scratch, sample);
  }
  if (entry.params) {
    const uniform = new ArrayBuffer(entry.params.size);
    const view = new DataView(uniform);
    for (const [name, { offset, type }] of Object.entries(entry.params.members)) {
      const value = dispatch.params[name]!;
      if (type === 'f32') view.setFloat32(offset, value, true);
      else view.setUint32(offset, value, true);
    }
    group[entry.params.index] = { uniform };
  }
  return detectRaces(code, dispatch.entry, [1, 1, 1], { 0: group });
}

function memory(ref: BufferRef, call: CallTypes<unknown>, scratch: readonly number[], sample: Sample<unknown>): ArrayBuffer {
  if (ref.kind === 'scratch') return new ArrayBuffer(scratch[ref.index]!);
  const type = (ref.kind === 'input' ? call.inputs : call.outputs)[ref.index]!;
  const bytes = new ArrayBuffer(byteLength(type.dtype, sizeOf(type.shape)));
  if (ref.kind === 'input') {
    const values = sampleValues(sample.inputs[ref.index]!, 3);
    if (values instanceof Float64Array) new Float32Array(bytes).set(values);
    else new Uint8Array(bytes).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return bytes;
}
