// Rewrites a scheduled list of calls so that fewer dispatches write less memory; every tensor that is kept stays.

import type { Call, Source, Tensor } from '../graph/tensor.ts';
import { activations, type EpilogueActivation } from '../ops/activations.ts';
import { addOp } from '../ops/binary.ts';

/** `calls` with groups replaced by fused ones, and without calls that nothing needs. `roots` must stay computed. */
export function fuse(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const fused = removeUnused(calls.map(byRules(readersOf(calls, roots))), roots);
  return removeUnused(withEpilogues(fused, roots), roots);
}

/** How many calls read each value; kept values count one reader more, so that none is fused away. */
interface Readers {
  only(tensor: Tensor): Call | null;
}

function readersOf(calls: readonly Call[], roots: readonly Tensor[]): Readers {
  const readers = new Map<Source, (Call | 'root')[]>();
  const note = (tensor: Tensor, reader: Call | 'root') => {
    const list = readers.get(tensor.source);
    if (list) list.push(reader);
    else readers.set(tensor.source, [reader]);
  };
  for (const call of calls) for (const input of call.inputs) note(input, call);
  for (const root of roots) note(root, 'root');
  return {
    only(tensor) {
      const list = readers.get(tensor.source) ?? [];
      return list.length === 1 && list[0] !== 'root' ? list[0]! : null;
    },
  };
}

/** Replaces calls by the rules that stand with their ops: products over im2col by convolutions that never write it. */
function byRules(readers: Readers): (call: Call) => Call {
  return (call) => {
    const { source } = call.inputs[0] ?? {};
    if (source?.kind !== 'call') return call;
    const producer = source.call;
    const fused = producer.op.fuseInto?.(producer, call);
    if (fused) return fused;
    const alone = readers.only(call.inputs[0]!) === call;
    return (alone && call.op.fuseWith?.(call, producer)) || call;
  };
}

/** A matmul or convolution takes in the vector added to its rows and the activation after it. */
function withEpilogues(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const readers = readersOf(calls, roots);
  const replacement = new Map<Call, Call>();
  for (const call of calls) {
    if (!call.op.takesEpilogue) continue;
    const columns = call.outputs[0]!.shape.at(-1)!;
    let { inputs } = call;
    let { bias, activation } = call.attrs as { bias: boolean; activation: EpilogueActivation | null };
    let last = call;

    const sum = nextThroughViews(last, readers);
    if (!bias && activation === null && sum?.op === addOp) {
      const vector = addedVector(sum, last, columns);
      if (vector) {
        [inputs, bias, last] = [[...inputs, vector], true, sum];
      }
    }
    const next = nextThroughViews(last, readers);
    const name = next && activation === null ? epilogueName(next) : null;
    if (next && name) [activation, last] = [name, next];
    if (last !== call) {
      replacement.set(last, { op: call.op, attrs: { ...call.attrs, bias, activation }, inputs, outputs: last.outputs });
    }
  }
  return calls.map((call) => replacement.get(call) ?? call);
}

/** The only reader of a call's result, seen through reshapes that keep the last axis. */
function nextThroughViews(call: Call, readers: Readers): Call | null {
  const next = readers.only(call.outputs[0]!);
  if (!next?.op.view) return next;
  const kept = next.outputs[0]!.shape.at(-1) === call.outputs[0]!.shape.at(-1);
  return kept ? nextThroughViews(next, readers) : null;
}

/** The operand of `sum` that is a vector along the last axis, where the other one is `product`'s result. */
function addedVector(sum: Call, product: Call, columns: number): Tensor | null {
  const isVector = (tensor: Tensor) => tensor.shape.length === 1 && tensor.shape[0] === columns;
  const [a, b] = sum.inputs as [Tensor, Tensor];
  const fromProduct = (tensor: Tensor) => !isVector(tensor) && sameThroughViews(tensor, product.outputs[0]!);
  if (isVector(b) && fromProduct(a)) return b;
  if (isVector(a) && fromProduct(b)) return a;
  return null;
}

function sameThroughViews(tensor: Tensor, target: Tensor): boolean {
  if (tensor.source === target.source) return true;
  return tensor.source.kind === 'call' && tensor.source.call.op.view === true
    ? sameThroughViews(tensor.source.call.inputs[0]!, target)
    : false;
}

function epilogueName(call: Call): EpilogueActivation | null {
  const found = Object.entries(activations).find(([, { op, wgsl }]) => wgsl !== undefined && op === call.op);
  return found ? (found[0] as EpilogueActivation) : null;
}

/** Drops calls whose results are neither read nor kept. */
function removeUnused(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const needed = new Set<Source>(roots.map((root) => root.source));
  const used: Call[] = [];
  for (const call of [...calls].reverse()) {
    if (!call.outputs.some((output) => needed.has(output.source))) continue;
    used.push(call);
    for (const input of call.inputs) needed.add(input.source);
  }
  return used.reverse();
}
