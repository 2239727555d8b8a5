// Activation recomputation: what only the backward pass wants of a segment of the forward pass is computed again there,
// and not kept in between (Chen et al. 2016, arXiv:1604.06174).

import { OptionError } from '../core/errors.ts';
import { apply, type Call, type Source, type Tensor } from '../graph/tensor.ts';
import { bytesOf, slotLifetimes } from './lifetimes.ts';
import { peakBytes } from './packing.ts';
import { overwrittenParts, readsPart } from './schedule.ts';

/** Calls by the number of their first result: those of at least `first` and below `end`. */
export interface Span {
  readonly first: number;
  readonly end: number;
}

export interface Recomputation {
  /** The forward pass. */
  readonly forward: Span;
  /** The parts of it that are computed again; 'even': found so that the peak is least, about √n of them for n layers. */
  readonly segments: readonly Span[] | 'even';
}

export interface Recomputed {
  readonly calls: readonly Call[];
  /** Calls that repeat others on purpose, with the number of their segment: not to be taken for the same. */
  readonly repeated: ReadonlyMap<Call, number>;
  now(tensor: Tensor): Tensor;
}

/**
 * Values that only the backward pass reads, of calls in one segment, come from copies of these calls, placed before the
 * first of their readers. Random ops draw the same bits again, being functions of a counter. What overwrites memory is
 * never repeated, nor what reads memory that is overwritten before the copy would run.
 */
export function recompute(
  calls: readonly Call[],
  kept: readonly Tensor[],
  { forward, segments }: Recomputation,
): Recomputed {
  if (segments !== 'even') {
    segments.forEach(({ first, end }, i) => {
      const inside = first >= forward.first && end <= forward.end && first <= end;
      if (inside && segments.every((other, j) => j >= i || other.end <= first || end <= other.first)) return;
      throw new OptionError('recompute: segments lie within the forward pass and apart from each other');
    });
    return repeat(calls, kept, forward, segments);
  }
  const candidates = evenSegments(calls, forward);
  let best = repeat(calls, kept, forward, []);
  let least = peakOf(best, kept);
  for (const spans of candidates) {
    const made = repeat(calls, kept, forward, spans);
    const peak = peakOf(made, kept);
    if (peak < least) [best, least] = [made, peak];
  }
  return best;
}

const within = (call: Call, { first, end }: Span): boolean => call.outputs[0]!.id >= first && call.outputs[0]!.id < end;

function peakOf({ calls, now }: Recomputed, kept: readonly Tensor[]): number {
  const none = { elsewhere: () => false, scratchBytes: () => [], overlays: () => [] };
  return peakBytes(slotLifetimes(calls, kept.map(now), none).all);
}

function repeat(calls: readonly Call[], kept: readonly Tensor[], forward: Span, segments: readonly Span[]): Recomputed {
  const segmentOf = new Map<Call, number>();
  for (const call of calls) {
    const index = segments.findIndex((span) => within(call, span));
    if (index >= 0 && within(call, forward)) segmentOf.set(call, index);
  }
  const producers = new Map<Source, Call>();
  for (const call of calls) for (const { source } of call.outputs) producers.set(source, call);

  // What the forward pass or the caller reads outside of the segment is there anyway.
  const held = new Set<Source>(kept.map(({ source }) => source));
  for (const call of calls) {
    if (!within(call, forward)) continue;
    for (const { source } of call.inputs) {
      const producer = producers.get(source);
      if (producer && segmentOf.get(producer) !== segmentOf.get(call)) held.add(source);
    }
  }
  // A view of what is held is held: it costs nothing.
  for (const call of calls) {
    if (call.op.view && held.has(call.inputs[0]!.source)) held.add(call.outputs[0]!.source);
  }

  const overwriting = calls.map((call) => overwrittenParts(call));
  const overwrittenBetween = (first: number, last: number, call: Call) =>
    overwriting.slice(first, last).some((parts) => parts.some((part) => readsPart(call.inputs, part)));
  const position = new Map(calls.map((call, index) => [call, index]));
  const replaced = new Map<Source, Tensor>();
  const copies = new Map<Source, Tensor>();
  const repeated = new Map<Call, number>();
  const made: Call[] = [];

  const now = (tensor: Tensor): Tensor => {
    const other = replaced.get(tensor.source);
    return other ? { ...other, label: tensor.label ?? other.label } : tensor;
  };

  /** A tensor as the backward pass reads it at position `at`: from a copy where it is not held. */
  function again(tensor: Tensor, at: number): Tensor {
    const { source } = tensor;
    const producer = producers.get(source);
    const segment = producer ? segmentOf.get(producer) : undefined;
    if (!producer || segment === undefined || held.has(source)) return now(tensor);
    const copied = copies.get(source);
    if (copied) return copied;
    if (producer.op.inPlace || overwrittenBetween(position.get(producer)!, at, producer)) return tensor;
    const outputs = apply(
      producer.op,
      producer.inputs.map((input) => again(input, at)),
      producer.attrs,
    );
    const copy = (outputs[0]!.source as { call: Call }).call;
    repeated.set(copy, segment);
    made.push(copy);
    producer.outputs.forEach((output, i) => copies.set(output.source, outputs[i]!));
    return copies.get(source)!;
  }

  calls.forEach((call, at) => {
    if (within(call, forward)) return void made.push(call);
    const inputs = call.inputs.map((tensor) => again(tensor, at));
    if (inputs.every(({ source }, i) => source === call.inputs[i]!.source)) return void made.push(call);
    const outputs = apply(call.op, inputs, call.attrs);
    made.push((outputs[0]!.source as { call: Call }).call);
    call.outputs.forEach((output, i) => replaced.set(output.source, outputs[i]!));
  });
  return { calls: made, repeated, now };
}

/**
 * Ways to cut the forward pass into 2, 3, … segments in which about as much is saved for the backward pass, each where
 * least is alive. The last segment is never among them: its backward pass begins at once.
 */
function evenSegments(calls: readonly Call[], forward: Span): Span[][] {
  const order = calls.filter((call) => within(call, forward));
  const places = new Map(order.map((call, index) => [call.outputs[0]!.id, index]));
  const placeOf = ({ source }: Tensor) =>
    source.kind === 'call' ? (places.get(source.call.outputs[0]!.id) ?? -1) : -1;

  /** Bytes that the forward pass carries over the gap behind each call, and bytes that the backward pass reads of it. */
  const carried = new Float64Array(order.length + 1);
  const saved = new Float64Array(order.length);
  const last = new Map<Tensor['source'], { tensor: Tensor; at: number }>();
  for (const call of calls) {
    const at = within(call, forward) ? places.get(call.outputs[0]!.id)! : null;
    for (const tensor of call.inputs) {
      const from = placeOf(tensor);
      if (from < 0) continue;
      if (at === null) saved[from] = Math.max(saved[from]!, bytesOf(tensor));
      else last.set(tensor.source, { tensor, at });
    }
  }
  for (const { tensor, at } of last.values()) {
    for (let i = placeOf(tensor); i < at; i++) carried[i]! += bytesOf(tensor);
  }
  const sums = [0];
  for (const bytes of saved) sums.push(sums.at(-1)! + bytes);
  const total = sums.at(-1)!;
  const layers = saved.filter((bytes) => bytes > 0).length;

  const ways: Span[][] = [];
  for (let count = 2; count <= Math.min(layers, 2 * Math.ceil(Math.sqrt(layers)) + 2); count++) {
    const cuts: number[] = [];
    for (let k = 1; k < count; k++) {
      const [low, high] = [(total * (k - 0.5)) / count, (total * (k + 0.5)) / count];
      let best = -1;
      for (let i = (cuts.at(-1) ?? -1) + 1; i < order.length - 1; i++) {
        if (sums[i + 1]! < low || sums[i + 1]! > high) continue;
        const distance = (at: number) => Math.abs(sums[at + 1]! - (total * k) / count);
        if (
          best < 0 ||
          carried[i]! < carried[best]! ||
          (carried[i] === carried[best] && distance(i) < distance(best))
        ) {
          best = i;
        }
      }
      if (best >= 0) cuts.push(best);
    }
    let first = forward.first;
    ways.push(
      cuts.map((cut) => {
        const span = { first, end: order[cut]!.outputs.at(-1)!.id + 1 };
        first = span.end;
        return span;
      }),
    );
  }
  return ways;
}
