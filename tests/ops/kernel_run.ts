// A sample run by one of an op's kernels on the emulator.

import { byteLength, type Values, viewOf } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import type { Op, Sample } from '../../src/graph/op.ts';
import type { TensorType } from '../../src/graph/tensor.ts';
import { type BufferRef, type Dispatch, specialize } from '../../src/kernel/shader.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import { loadModule, reach } from '../../tools/wgsl_source.ts';
import { Emulator, type Grid, type Group } from './emulator.ts';
import { bounds, callTypes, firstMismatch, fromDevice, reference, sampleValues, toDevice } from './table.ts';

/** Subgroups, which the interpreter knows; f16, which it does not, is packed in words. */
export const target: Target = { ...baseTarget, features: new Set(['subgroups']) };

export interface KernelRun {
  readonly problems: readonly string[];
  readonly dispatches: number;
  readonly workgroups: number;
  /** Words read and written. */
  readonly accesses: number;
  /** The first result that differs from the reference, if any; undefined where results are not comparable. */
  readonly mismatch: string | null | undefined;
}

/** Only what the entry reaches: the interpreter's parser does not know all of WGSL, and needs none of the rest. */
export function reachable(code: string, entry: string): string {
  const key = `${entry} ${code}`;
  let found = texts.get(key);
  if (found !== undefined) return found;
  const own = code.replaceAll(/^\s*\/\/\s*@import.*$/gm, '');
  const module = loadModule(
    entry,
    () => own,
    (name) => name,
  );
  // In the order of the file: the interpreter computes a constant where it meets it.
  const declarations = [...reach(module, entry)].map((name) => module.declarations.get(name)!);
  found = declarations
    .sort((x, y) => x.start - y.start)
    .map(({ tokens, start }) => {
      const last = tokens.at(-1)!;
      const text = module.bare.slice(start, last.start + last.text.length);
      return text.replaceAll(/,(\s*\))/g, '$1'); // the parser refuses trailing commas in calls
    })
    .join('\n');
  texts.set(key, found);
  return found;
}
const texts = new Map<string, string>();
const emulators = new Map<string, Emulator>();

function emulator(code: string, entry: string): Emulator {
  const key = `${entry} ${code}`;
  let found = emulators.get(key);
  if (!found) emulators.set(key, (found = new Emulator(code, entry)));
  return found;
}

export function usesWorkgroupMemory({ shader, entry }: Dispatch): boolean {
  return reachable(shader.code, entry).includes('var<workgroup>');
}

/** The samples that `kernel` fits, and whether any of them makes it use workgroup memory. */
export function runnable(op: Op, kernel: string) {
  const record = op.kernels[kernel]!;
  const samples = op.samples.filter((sample) => record.fits?.(callTypes(op, sample), target) ?? true);
  const shares = samples.some((sample) =>
    record.plan(callTypes(op, sample), target).dispatches.some(usesWorkgroupMemory),
  );
  return { samples, shares };
}

/** The entries that the sample's dispatches run, each with its source as `runKernel` gives it to `change`. */
export function sourcesOf(op: Op, kernel: string, sample: Sample<unknown>): { entry: string; source: string }[] {
  const { dispatches } = op.kernels[kernel]!.plan(callTypes(op, sample), target);
  return dispatches.map((dispatch) => ({
    entry: dispatch.entry,
    source: reachable(specialize(dispatch), dispatch.entry),
  }));
}

/**
 * Runs the dispatches of `sample` by `kernel` one after the other: all their workgroups, or the first and the last, which
 * are the whole ones and those at the edges. `change` may rewrite a dispatch's source; `one` problem is enough to end.
 */
export function runKernel(
  op: Op,
  kernel: string,
  sample: Sample<unknown>,
  { all, change = (code) => code, one = false }: { all: boolean; change?: (code: string) => string; one?: boolean },
): KernelRun {
  const call = callTypes(op, sample);
  const { dispatches, scratch = [] } = op.kernels[kernel]!.plan(call, target);
  const x = sample.inputs.map((input, i) => sampleValues(input, 3 + i));
  const memory = ({ dtype, shape }: TensorType) => new ArrayBuffer(byteLength(dtype, sizeOf(shape)));
  const inputs = call.inputs.map((type, i) => {
    const buffer = memory(type);
    const values = toDevice(x[i]!, type);
    new Uint8Array(buffer).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return buffer;
  });
  const outputs = call.outputs.map((type, i) => {
    const overwritten = op.inPlace?.[i];
    return overwritten === undefined ? memory(type) : inputs[overwritten]!;
  });
  const buffers = { input: inputs, output: outputs, scratch: scratch.map((bytes) => new ArrayBuffer(bytes)) };
  const bufferOf = ({ kind, index }: BufferRef) => buffers[kind][index]!;

  const problems: string[] = [];
  let [workgroups, accesses, comparable] = [0, 0, true];
  for (const dispatch of dispatches) {
    const ids = all ? everyWorkgroup(dispatch.workgroups) : firstAndLast(dispatch.workgroups);
    const [gx, gy, gz] = dispatch.workgroups;
    const code = change(reachable(specialize(dispatch), dispatch.entry));
    // The interpreter's integers do not wrap at 32 bits, so rounding to halves (lib/half.wgsl) goes wrong in it; no address
    // depends on that, and the values are compared on the GPU.
    // Its vectors of whole numbers lose the last bits of large ones, which bits of an f32 are.
    const losesBits = code.includes('fn half_bits4') || (code.includes('vec4u') && code.includes('bitcast<u32>'));
    // Invocations run one after the other there, so a quad's swap gives each its own number back; no address depends on that either.
    const trades = code.includes('quadSwap');
    comparable &&= ids.length === gx * gy * gz && !losesBits && !trades;
    const findings = emulator(code, dispatch.entry).run(groupOf(dispatch, bufferOf), dispatch.workgroups, ids, one);
    problems.push(...findings.problems.map((problem) => `${dispatch.entry}: ${problem}`));
    workgroups += ids.length;
    accesses += findings.accesses;
    if (one && problems.length > 0) break;
  }
  const counts = { problems, dispatches: dispatches.length, workgroups, accesses };
  if (!comparable || (one && problems.length > 0)) return { ...counts, mismatch: undefined };
  const expected = reference(
    op,
    call,
    x.map((values) => values.slice()),
  );
  const allowed = bounds(op, call, x, expected);
  const mismatches = call.outputs.map((type, i) => {
    const values = fromDevice(viewOf(type.dtype, outputs[i]!, 0, sizeOf(type.shape)), type) as Values;
    return firstMismatch(values, expected[i]!, allowed[i]!);
  });
  return { ...counts, mismatch: mismatches.find((mismatch) => mismatch !== null) ?? null };
}

function groupOf(dispatch: Dispatch, bufferOf: (ref: BufferRef) => ArrayBuffer): Group {
  const entry = dispatch.shader.entries[dispatch.entry]!;
  const group: Record<number, Group[number]> = {};
  for (const [name, ref] of Object.entries(dispatch.bindings)) {
    group[entry.bindings[name]!.index] = { buffer: bufferOf(ref), uniform: false };
  }
  if (entry.params) {
    const buffer = new ArrayBuffer(entry.params.size);
    const view = new DataView(buffer);
    for (const [name, { offset, type }] of Object.entries(entry.params.members)) {
      const value = dispatch.params[name]!;
      if (type === 'f32') view.setFloat32(offset, value, true);
      else view.setUint32(offset, value, true);
    }
    group[entry.params.index] = { buffer, uniform: true };
  }
  return group;
}

function everyWorkgroup([x, y, z]: Grid): Grid[] {
  return Array.from({ length: x * y * z }, (_, i) => [i % x, Math.floor(i / x) % y, Math.floor(i / (x * y))] as const);
}

function firstAndLast(grid: Grid): Grid[] {
  const all = everyWorkgroup(grid);
  return all.length < 3 ? all : [all[0]!, all.at(-1)!];
}
