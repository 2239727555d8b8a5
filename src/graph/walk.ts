// Walking a graph from its results back to its sources.

import type { Call, Tensor } from './tensor.ts';

/** Every call that `roots` depend on, each after those it depends on. */
export function collectCalls(roots: readonly Tensor[]): Call[] {
  const found = new Set<Call>();
  const pending = [...roots];
  while (pending.length > 0) {
    const { source } = pending.pop()!;
    if (source.kind !== 'call' || found.has(source.call)) continue;
    found.add(source.call);
    pending.push(...source.call.inputs);
  }
  return [...found].sort((a, b) => a.outputs[0]!.id - b.outputs[0]!.id);
}

/** The elements of a graph that are not calls: inputs, variables and constants that `calls` and `roots` read. */
export function collectSources(calls: readonly Call[], roots: readonly Tensor[]): Tensor[] {
  const found = new Map<Tensor['source'], Tensor>();
  for (const tensor of [...roots, ...calls.flatMap((call) => call.inputs)]) {
    if (tensor.source.kind !== 'call' && !found.has(tensor.source)) found.set(tensor.source, tensor);
  }
  return [...found.values()];
}
