// The order of a plan's calls: creation order, except that a call that overwrites memory waits for its other readers.

import type { Call, Source, Tensor } from '../graph/tensor.ts';
import { collectCalls } from '../graph/walk.ts';

/** Every call that `roots` and `effects` need, in an order that respects data and overwriting. */
export function schedule(roots: readonly Tensor[], effects: readonly Tensor[]): Call[] {
  const calls = collectCalls([...roots, ...effects]);
  const before = new Map<Call, Call[]>(calls.map((call) => [call, producers(call)]));
  for (const writer of calls) {
    for (const overwritten of overwrittenVariables(writer)) {
      for (const reader of calls) {
        if (reader !== writer && readsVariable(reader, overwritten) && !dependsOn(reader, writer)) {
          before.get(writer)!.push(reader);
        }
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

function overwrittenVariables(call: Call): Set<unknown> {
  const variables = new Set<unknown>();
  for (const input of Object.values(call.op.inPlace ?? {})) {
    const root = rootSource(call.inputs[input]!);
    if (root.kind === 'variable') variables.add(root.variable);
  }
  return variables;
}

function readsVariable(call: Call, variable: unknown): boolean {
  return call.inputs.some((input) => {
    const root = rootSource(input);
    return root.kind === 'variable' && root.variable === variable;
  });
}

function dependsOn(call: Call, on: Call): boolean {
  return collectCalls(call.outputs).includes(on);
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
