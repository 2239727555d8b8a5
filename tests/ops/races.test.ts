// Every kernel that uses workgroup memory, run in lockstep by wgsl_reflect's race detector: no invocation may read or
// write what another writes without a barrier between. Its numbers are not judged here; the GPU tests do that.
// The interpreter keeps a function's result by the call, not by the invocation: so no index into workgroup memory may come
// from a function.

import { describe, expect, test } from 'vitest';
import { detectRaces } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { BufferRef, Dispatch } from '../../src/kernel/shader.ts';
import { specialize } from '../../src/kernel/shader.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import { byteLength } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import type { CallTypes, Op, Sample } from '../../src/graph/op.ts';
import { ops } from '../../src/ops/index.ts';
import { loadModule, reach } from '../../tools/wgsl_source.ts';
import { callTypes, describeSample, sampleValues, toDevice } from './table.ts';

const target: Target = { ...baseTarget, features: new Set(['subgroups']) };

/**
 * One workgroup shows a race as well as many would, and the interpreter is slow: the cheapest sample, and the largest
 * within this bound, where loops go round more than once and a missing second barrier shows.
 */
const mostFlops = 100_000;

/** Only what the entry reaches: the interpreter's parser does not know all of WGSL, and needs none of the rest. */
function reachable(code: string, entry: string): { code: string; usesWorkgroupMemory: boolean } {
  const own = code.replaceAll(/^\s*\/\/\s*@import.*$/gm, '');
  const module = loadModule(
    entry,
    () => own,
    (name) => name,
  );
  // In the order of the file: the interpreter computes a constant where it meets it.
  const declarations = [...reach(module, entry)].map((name) => module.declarations.get(name)!);
  const inOrder = declarations.sort((x, y) => x.start - y.start);
  const parts = inOrder.map(({ tokens, start }) => {
    const last = tokens.at(-1)!;
    const text = module.bare.slice(start, last.start + last.text.length);
    return text.replaceAll(/,(\s*\))/g, '$1'); // the parser refuses trailing commas in calls
  });
  return { code: parts.join('\n'), usesWorkgroupMemory: parts.some((part) => part.includes('var<workgroup>')) };
}

function usesWorkgroupMemory(dispatch: Dispatch): boolean {
  return reachable(dispatch.shader.code, dispatch.entry).usesWorkgroupMemory;
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
      const longest = fitting.findLast(({ call }) => (op.cost?.(call).flops ?? 0) <= mostFlops);
      for (const { sample } of new Set([...fitting.slice(0, 1), ...(longest ? [longest] : [])])) {
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

  test('removing either barrier of the tiled product is caught', () => {
    const [, op, kernel, sample] = table.findLast(([name]) => name.startsWith('matmul tiled_32x32_4x4'))!;
    const call = callTypes(op, sample);
    const { dispatches, scratch = [] } = op.kernels[kernel]!.plan(call, target);
    const dispatch = dispatches.find(usesWorkgroupMemory)!;
    const pieces = reachable(specialize(dispatch), dispatch.entry).code.split('workgroupBarrier();');
    expect(pieces).toHaveLength(3);
    for (const removed of [0, 1]) {
      const broken = pieces.reduce(
        (code, piece, i) => `${code}${i - 1 === removed ? '' : 'workgroupBarrier();'}${piece}`,
      );
      expect(race(broken, dispatch, call, scratch, sample).races.length, `without barrier ${removed}`).toBeGreaterThan(
        0,
      );
    }
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
  return detectRaces(reachable(code, dispatch.entry).code, dispatch.entry, [1, 1, 1], { 0: group });
}

function memory(
  ref: BufferRef,
  call: CallTypes<unknown>,
  scratch: readonly number[],
  sample: Sample<unknown>,
): ArrayBuffer {
  if (ref.kind === 'scratch') return new ArrayBuffer(scratch[ref.index]!);
  const type = (ref.kind === 'input' ? call.inputs : call.outputs)[ref.index]!;
  const bytes = new ArrayBuffer(byteLength(type.dtype, sizeOf(type.shape)));
  if (ref.kind === 'input') {
    const values = toDevice(sampleValues(sample.inputs[ref.index]!, 3), type);
    new Uint8Array(bytes).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return bytes;
}
