// The order of a plan's calls: creation order, except that a call that overwrites memory waits for its other readers.

import { sizeOf } from '../core/shape.ts';
import type { Call, Source, Tensor, Variable } from '../graph/tensor.ts';
import { collectCalls } from '../graph/walk.ts';

/** Every call that `roots` and `effects` need, in an order that respects data and overwriting. */
export function schedule(roots: readonly Tensor[], effects: readonly Tensor[]): Call[] {
  const calls = collectCalls([...roots, ...effects]);
  const before = new Map<Call, Call[]>(calls.map((call) => [call, producers(call)]));
  for (const writer of calls) {
    const parts = overwrittenParts(writer);
    if (parts.length === 0) continue;
    const later = dependents(writer, calls);
    for (const overwritten of parts) {
      for (const reader of calls) {
        if (!later.has(reader) && readsPart(reader.inputs, overwritten)) before.get(writer)!.push(reader);
      }
    }
  }
  const ordered: Call[] = [];
  const state = new Map<Call, 'open' | 'done'>();
  const visit = (call: Call) => {
    if (state.get(call) === 'done') return;
    if (state.get(call) === 'open') throw new Error(`plan: ${call.op.name} overwrites a value that is read after it`);
    state.set(call, 'open');
    before.get(call)!.forEach(visit);
    state.set(call, 'done');
    ordered.push(call);
  };
  calls.forEach(visit);
  return ordered;
}

function producers(call: Call): Call[] {
  return call.inputs.flatMap(({ source }) => (source.kind === 'call' ? [source.call] : []));
}

/** Elements `first` to `end`, not included, of a variable: several parts of one may be overwritten in any order. */
export interface Part {
  readonly variable: Variable;
  readonly first: number;
  readonly end: number;
}

function partOf(tensor: Tensor): Part | null {
  const root = rootSource(tensor);
  if (root.kind !== 'variable') return null;
  return { variable: root.variable, first: root.offset, end: root.offset + sizeOf(tensor.shape) };
}

/** The parts of variables that `call` overwrites. */
export function overwrittenParts(call: Call): Part[] {
  return Object.values(call.op.inPlace ?? {}).flatMap((input) => partOf(call.inputs[input]!) ?? []);
}

/** Whether one of `inputs` stands on any element of the part. */
export function readsPart(inputs: readonly Tensor[], { variable, first, end }: Part): boolean {
  return inputs.some((input) => {
    const part = partOf(input);
    return part !== null && part.variable === variable && part.first < end && first < part.end;
  });
}

/** `call` and those of `calls`, each after its producers, that need its results: found in one pass, as graphs are long. */
function dependents(call: Call, calls: readonly Call[]): Set<Call> {
  const found = new Set([call]);
  for (const other of calls) {
    if (producers(other).some((producer) => found.has(producer))) found.add(other);
  }
  return found;
}

/** The source whose memory a tensor is: reshapes and in-place outputs lead back to what they stand on. */
export function rootSource(tensor: Tensor): Source {
  const { source } = tensor;
  if (source.kind !== 'call') return source;
  const { op, inputs } = source.call;
  if (op.view) return rootSource(inputs[0]!);
  const overwritten = op.inPlace?.[source.output];
  return overwritten === undefined ? source : rootSource(inputs[overwritten]!);
}
