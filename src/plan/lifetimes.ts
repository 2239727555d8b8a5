// When each value that lives in a slot is first written and last read, and what must not share a buffer with it.

import { byteLength } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import type { Overlay } from '../graph/op.ts';
import type { Call, Source, Tensor, TensorType } from '../graph/tensor.ts';
import type { Apart, Interval } from './packing.ts';
import { rootSource } from './schedule.ts';

export interface Lifetimes {
  readonly all: readonly Interval[];
  readonly ofSource: ReadonlyMap<Source, Interval>;
  /** Of the scratch buffers of each call, by its index. */
  readonly ofScratch: ReadonlyMap<number, readonly Interval[]>;
  readonly apart: Apart;
  /** The outputs of call `index` that share an input's interval. */
  overlaid(index: number): readonly Overlay[];
}

interface LifetimeOptions {
  /** Whether a value has memory that is no slot. */
  elsewhere(source: Source): boolean;
  scratchBytes(index: number): readonly number[];
  overlays(index: number): readonly Overlay[];
}

interface Lifetime extends Interval {
  last: number;
}

/** WebGPU binds storage at multiples of 256 bytes. */
const alignment = 256;
const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;

export function bytesOf(type: TensorType): number {
  return byteLength(type.dtype, sizeOf(type.shape));
}

/** Times are indices of calls; values that are kept live one longer than the last call. */
export function slotLifetimes(
  calls: readonly Call[],
  kept: readonly Tensor[],
  { elsewhere, scratchBytes, overlays }: LifetimeOptions,
): Lifetimes {
  const ofSource = new Map<Source, Lifetime>();
  const ofScratch = new Map<number, Lifetime[]>();
  const open = (bytes: number, index: number): Lifetime => ({ bytes: align(bytes), first: index, last: index });
  const living = (tensors: readonly Tensor[]) => tensors.flatMap((tensor) => ofSource.get(rootSource(tensor)) ?? []);
  calls.forEach((call, index) => {
    for (const output of call.outputs) {
      const source = rootSource(output);
      if (source === output.source && !elsewhere(source)) ofSource.set(source, open(bytesOf(output), index));
    }
    const scratch = scratchBytes(index).map((bytes) => open(bytes, index));
    ofScratch.set(index, scratch);
    for (const lifetime of living([...call.inputs, ...call.outputs])) lifetime.last = index;
  });
  for (const lifetime of living(kept)) lifetime.last = calls.length;

  const overlaid = new Map<number, Overlay[]>();
  calls.forEach((call, index) => {
    const done: Overlay[] = [];
    for (const one of overlays(index)) {
      const { source } = call.outputs[one.output]!;
      const [under, over] = [living([call.inputs[one.input]!])[0], ofSource.get(source)];
      if (!under || !over || under.last !== index || under.bytes !== over.bytes || over.first !== index) continue;
      // Read in another way too, it must stay until all of it is read.
      const ways = call.inputs.filter((input) => ofSource.get(rootSource(input)) === under).length;
      if (ways > 1 || done.some(({ input, output }) => input === one.input || output === one.output)) continue;
      under.last = over.last;
      ofSource.set(source, under);
      done.push(one);
    }
    if (done.length > 0) overlaid.set(index, done);
  });

  const all = [...new Set([...ofSource.values(), ...[...ofScratch.values()].flat()])];
  return {
    all,
    ofSource,
    ofScratch,
    apart: apartIn(calls, all, living, (index) => ofScratch.get(index)!),
    overlaid: (index) => overlaid.get(index) ?? [],
  };
}

/** What one call must find in different buffers: all that it writes apart from each other and from all that it reads. */
function apartIn(
  calls: readonly Call[],
  all: readonly Interval[],
  living: (tensors: readonly Tensor[]) => Interval[],
  scratchOf: (index: number) => readonly Interval[],
): Apart {
  const apart = new Map(all.map((interval) => [interval, new Set<Interval>()]));
  calls.forEach((call, index) => {
    if (call.op.view) return;
    // One dispatch of a call may write a scratch buffer and another read it.
    const written = [...living(call.outputs), ...scratchOf(index)];
    for (const a of written) {
      for (const b of [...living(call.inputs), ...written]) {
        if (a === b) continue;
        apart.get(a)!.add(b);
        apart.get(b)!.add(a);
      }
    }
  });
  return apart;
}
