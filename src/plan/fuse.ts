// Rewrites a scheduled list of calls so that fewer dispatches write less memory; every tensor that is kept stays.

import type { Call, Source, Tensor } from '../graph/tensor.ts';
import { activations, type EpilogueActivation } from '../ops/activations.ts';
import { addOp } from '../ops/binary.ts';
import { type EpilogueAttrs, slopes } from '../ops/epilogue.ts';
import { equal } from '../core/shape.ts';
import type { Target } from '../kernel/target.ts';
import { overwrittenParts, readsPart } from './schedule.ts';

/**
 * `calls` with groups replaced by fused ones, and without calls that nothing needs. `roots` must stay computed. `target` is
 * null where references will run.
 */
export function fuse(calls: readonly Call[], roots: readonly Tensor[], target: Target | null): Call[] {
  const ruled = removeUnused(calls.map(byRules(readersOf(calls, roots))), roots);
  return removeUnused(withEpilogues(besideEachOther(ruled, target), roots), roots);
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
    const earlier = call.op.fuseOver?.(call);
    if (earlier) return earlier;
    const { source } = call.inputs[0] ?? {};
    if (source?.kind !== 'call') return call;
    const producer = source.call;
    const fused = producer.op.fuseInto?.(producer, call);
    if (fused) return fused;
    const alone = readers.only(call.inputs[0]!) === call;
    return (alone && call.op.fuseWith?.(call, producer)) || call;
  };
}

/**
 * Two calls that read one tensor become one by the rule of either, at the earlier one's place. What the later one needs
 * besides is computed before, unless it depends on the earlier one or overwrites something.
 */
function besideEachOther(calls: readonly Call[], target: Target | null): Call[] {
  let list = [...calls];
  for (const call of calls) {
    if (!call.op.fuseBeside) continue;
    const own = list.indexOf(call);
    if (own < 0) continue;
    for (const [index, other] of list.entries()) {
      const both = index === own ? null : call.op.fuseBeside(call, other, target);
      const [first, later] = index < own ? [index, own] : [own, index];
      const needed = both && neededFor(list[later]!, list.slice(first, later));
      if (!both || !needed) continue;
      const gone = [call, other, ...needed];
      list = [...list.slice(0, first), ...needed, both, ...list.slice(first).filter((one) => !gone.includes(one))];
      break;
    }
  }
  return list;
}

/** Those of `between`, after its first, that `call` needs; null where it needs the first, or one that overwrites. */
function neededFor(call: Call, between: readonly Call[]): Call[] | null {
  const sources = new Set(call.inputs.map(({ source }) => source));
  const needed: Call[] = [];
  for (const one of between.toReversed()) {
    if (!one.outputs.some(({ source }) => sources.has(source))) continue;
    if (one === between[0] || one.op.inPlace) return null;
    needed.push(one);
    for (const { source } of one.inputs) sources.add(source);
  }
  return needed.reverse();
}

/**
 * A matmul or convolution takes in the vector added to its rows, the tensor added to its result and the activation after
 * them, or alone the gradient of an activation. The fused call stands where the last of these stood, so that all its inputs are there. Where two products meet
 * in a sum, the later one takes it in: it moves least, and the earlier one's result is an input like any other.
 */
function withEpilogues(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const readers = readersOf(calls, roots);
  const overwrittenBetween = overwritesIn(calls);
  const replacement = new Map<Call, Call>();
  const taken = new Set<Call>();
  for (const call of calls.toReversed()) {
    if (!call.op.takesEpilogue) continue;
    let [fused, last] = [call, call];
    while (!isWhole(fused.attrs as EpilogueAttrs)) {
      const next = nextThroughViews(fused, readers);
      if (!next || taken.has(next) || overwrittenBetween(last, next, fused.inputs)) break;
      const longer = takenIn(fused, next);
      if (!longer) break;
      taken.add(next);
      [fused, last] = [longer, next];
    }
    if (last !== call) replacement.set(last, fused);
  }
  return calls.map((call) => replacement.get(call) ?? call);
}

/** Whether nothing more may follow. */
const isWhole = ({ activation, slope }: EpilogueAttrs): boolean => activation !== null || Boolean(slope);

/** `product` with the work of `next`, which reads its result, in the epilogue; null where that cannot be. */
function takenIn(product: Call, next: Call): Call | null {
  const attrs = product.attrs as EpilogueAttrs;
  const { op, inputs } = product;
  const { outputs } = next;
  const activation = epilogueName(next);
  if (activation) return { op, attrs: { ...attrs, activation }, inputs, outputs };
  const slope = !attrs.bias && !attrs.residual ? slopeName(next) : null;
  if (slope) {
    const saved = slopeOperand(next, product);
    return saved && { op, attrs: { ...attrs, residual: true, slope }, inputs: [...inputs, saved], outputs };
  }
  if (next.op !== addOp) return null;
  const vector = attrs.bias ? null : addedVector(next, product);
  // The bias stands before the residual.
  if (vector) return { op, attrs: { ...attrs, bias: true }, inputs: inputs.toSpliced(2, 0, vector), outputs };
  const addend = attrs.residual ? null : addedTensor(next, product);
  return addend && { op, attrs: { ...attrs, residual: true }, inputs: [...inputs, addend], outputs };
}

/** Whether a call between two others overwrites what `inputs` stand on: read at the later one, they would differ. */
function overwritesIn(calls: readonly Call[]): (first: Call, last: Call, inputs: readonly Tensor[]) => boolean {
  const position = new Map(calls.map((call, index) => [call, index]));
  const overwriting = calls.flatMap((call, index) => {
    const parts = overwrittenParts(call);
    return parts.length > 0 ? [{ index, parts }] : [];
  });
  return (first, last, inputs) => {
    const [from, to] = [position.get(first)!, position.get(last)!];
    return overwriting.some(
      ({ index, parts }) => from < index && index < to && parts.some((part) => readsPart(inputs, part)),
    );
  };
}

/** The only reader of a call's result, seen through reshapes that keep the last axis. */
function nextThroughViews(call: Call, readers: Readers): Call | null {
  const next = readers.only(call.outputs[0]!);
  if (!next?.op.view) return next;
  const kept = next.outputs[0]!.shape.at(-1) === call.outputs[0]!.shape.at(-1);
  return kept ? nextThroughViews(next, readers) : null;
}

/** The operand of `sum` that is a vector along the last axis, where the other one is `product`'s result. */
function addedVector(sum: Call, product: Call): Tensor | null {
  const columns = product.outputs[0]!.shape.at(-1);
  const isVector = (tensor: Tensor) => tensor.shape.length === 1 && tensor.shape[0] === columns;
  const [a, b] = sum.inputs as [Tensor, Tensor];
  const fromProduct = (tensor: Tensor) => !isVector(tensor) && sameThroughViews(tensor, product.outputs[0]!);
  if (isVector(b) && fromProduct(a)) return b;
  if (isVector(a) && fromProduct(b)) return a;
  return null;
}

/** What the activation gave whose gradient `next` takes of `product`'s result, element by element. */
function slopeOperand(next: Call, product: Call): Tensor | null {
  const [dy, y] = next.inputs as [Tensor, Tensor];
  return equal(dy.shape, y.shape) && sameThroughViews(dy, product.outputs[0]!) ? y : null;
}

/** The operand of `sum` that is added element by element to `product`'s result, where neither repeats. */
function addedTensor(sum: Call, product: Call): Tensor | null {
  const { shape } = sum.outputs[0]!;
  const [a, b] = sum.inputs as [Tensor, Tensor];
  if (!equal(a.shape, shape) || !equal(b.shape, shape)) return null;
  return sameThroughViews(a, product.outputs[0]!) ? b : a;
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

function slopeName(call: Call): EpilogueActivation | null {
  return (Object.keys(slopes) as EpilogueActivation[]).find((name) => slopes[name] === call.op) ?? null;
}

/** Drops calls whose results are neither read nor kept. */
export function removeUnused(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const needed = new Set<Source>(roots.map((root) => root.source));
  const used: Call[] = [];
  for (const call of [...calls].reverse()) {
    if (!call.outputs.some((output) => needed.has(output.source))) continue;
    used.push(call);
    for (const input of call.inputs) needed.add(input.source);
  }
  return used.reverse();
}
