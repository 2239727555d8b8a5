// Gives every tensor of a scheduled graph its memory: variables and packs in place, the rest in slots shared by lifetime.

import { byteLength, bytesPerElement } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import type { Call, Source, Tensor, TensorType } from '../graph/tensor.ts';
import type { Place, Storage } from './plan.ts';
import { packIntervals, peakBytes, type Interval } from './packing.ts';
import { rootSource } from './schedule.ts';

export interface Memory {
  readonly storages: readonly Storage[];
  place(tensor: Tensor): Place;
  /** The scratch buffers of call `index`. */
  scratch(index: number): Place[];
  /** Inputs of a packing call that their producers write straight into the pack. */
  packedInPlace(call: Call, input: number): boolean;
  readonly slotsLowerBound: number;
}

/** WebGPU binds storage at multiples of 256 bytes. */
const alignment = 256;
const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;

export function assignMemory(
  calls: readonly Call[],
  kept: readonly Tensor[],
  scratchBytes: (index: number) => readonly number[],
  mostBytes = Infinity,
): Memory {
  const storages: Storage[] = [];
  const bases = new Map<Source, { storage: number; offset: number }>();
  const storageOf = new Map<unknown, number>();

  const addStorage = (key: unknown, storage: Storage): number => {
    let index = storageOf.get(key);
    if (index === undefined) {
      index = storages.push(storage) - 1;
      storageOf.set(key, index);
    }
    return index;
  };

  /** The storage of a source that no call produces. */
  const externalBase = (source: Exclude<Source, { kind: 'call' }>, type: TensorType) => {
    switch (source.kind) {
      case 'input': {
        const storage: Storage = { kind: 'input', name: source.name, type, bytes: bytesOf(type) };
        return { storage: addStorage(source, storage), offset: 0 };
      }
      case 'constant': {
        const storage: Storage = { kind: 'constant', values: source.values, bytes: bytesOf(type) };
        return { storage: addStorage(source, storage), offset: 0 };
      }
      case 'variable': {
        const { variable } = source;
        const storage: Storage = { kind: 'variable', variable, bytes: bytesOf(variable) };
        return { storage: addStorage(variable, storage), offset: source.offset * bytesPerElement[variable.dtype] };
      }
    }
  };

  const packed = packInPlace(calls, kept);
  for (const call of calls) {
    if (!call.op.packs) continue;
    const source = call.outputs[0]!.source;
    const storage = addStorage(source, { kind: 'pack', bytes: bytesOf(call.outputs[0]!) });
    bases.set(source, { storage, offset: 0 });
    const offsets = call.op.packs(call.attrs);
    call.inputs.forEach((input, i) => {
      if (packed.has(packKey(call, i))) bases.set(rootSource(input), { storage, offset: offsets[i]! * 4 });
    });
  }

  const lifetimes = slotLifetimes(calls, kept, bases, scratchBytes);
  const packing = packIntervals(lifetimes.all, lifetimes.apart, mostBytes);
  const firstSlot = storages.length;
  for (const bytes of packing.buffers) storages.push({ kind: 'slot', bytes });
  const slotOf = (interval: Interval) => {
    const { buffer, offset } = packing.placeOf.get(interval)!;
    return { storage: firstSlot + buffer, offset };
  };

  return {
    storages,
    place(tensor) {
      const source = rootSource(tensor);
      const interval = lifetimes.ofSource.get(source);
      const base = interval
        ? slotOf(interval)
        : (bases.get(source) ?? externalBase(source as Exclude<Source, { kind: 'call' }>, tensor));
      return { ...base, bytes: bytesOf(tensor), type: { shape: tensor.shape, dtype: tensor.dtype } };
    },
    scratch: (index) =>
      (lifetimes.ofScratch.get(index) ?? []).map((interval) => ({
        ...slotOf(interval),
        bytes: interval.bytes,
        type: { shape: [interval.bytes / 4], dtype: 'f32' },
      })),
    packedInPlace: (call, input) => packed.has(packKey(call, input)),
    slotsLowerBound: peakBytes(lifetimes.all),
  };
}

function bytesOf(type: TensorType): number {
  return byteLength(type.dtype, sizeOf(type.shape));
}

interface Lifetime extends Interval {
  last: number;
}

/** When each value that lives in a slot is first written and last read, as call indices; and what a call must find apart. */
function slotLifetimes(
  calls: readonly Call[],
  kept: readonly Tensor[],
  elsewhere: ReadonlyMap<Source, unknown>,
  scratchBytes: (index: number) => readonly number[],
) {
  const ofSource = new Map<Source, Lifetime>();
  const ofScratch = new Map<number, Lifetime[]>();
  const all: Lifetime[] = [];
  const apart = new Map<Interval, Set<Interval>>();
  const open = (bytes: number, index: number): Lifetime => {
    const lifetime = { bytes: align(bytes), first: index, last: index };
    all.push(lifetime);
    apart.set(lifetime, new Set());
    return lifetime;
  };
  const keepApart = (a: Lifetime, b: Lifetime) => {
    if (a === b) return;
    apart.get(a)!.add(b);
    apart.get(b)!.add(a);
  };
  calls.forEach((call, index) => {
    for (const output of call.outputs) {
      const source = rootSource(output);
      if (source === output.source && !elsewhere.has(source)) ofSource.set(source, open(bytesOf(output), index));
    }
    const scratch = scratchBytes(index).map((bytes) => open(bytes, index));
    ofScratch.set(index, scratch);
    const living = (tensors: readonly Tensor[]) => tensors.flatMap((tensor) => ofSource.get(rootSource(tensor)) ?? []);
    const [read, written] = [living(call.inputs), living(call.outputs)];
    for (const lifetime of [...read, ...written]) lifetime.last = index;
    if (call.op.view) return;
    // One dispatch of a call may write a scratch buffer and another read it, so each of them is apart from all else.
    for (const output of written) for (const other of [...read, ...written]) keepApart(output, other);
    for (const own of scratch) for (const other of [...read, ...written, ...scratch]) keepApart(own, other);
  });
  for (const tensor of kept) {
    const lifetime = ofSource.get(rootSource(tensor));
    if (lifetime) lifetime.last = calls.length;
  }
  return { ofSource, ofScratch, all, apart };
}

const packIds = new WeakMap<Call, number>();
let nextPackId = 0;
function packKey(call: Call, input: number): string {
  if (!packIds.has(call)) packIds.set(call, nextPackId++);
  return `${packIds.get(call)}:${input}`;
}

/**
 * Which inputs of packing calls may be written into the pack by their producer: values that a call computes, that
 * nothing else reads (else a dispatch might read and write the pack at once), and at most one per producing call.
 */
function packInPlace(calls: readonly Call[], kept: readonly Tensor[]): Set<string> {
  const readers = new Map<Source, number>();
  const count = (tensor: Tensor) => {
    const root = rootSource(tensor);
    readers.set(root, (readers.get(root) ?? 0) + 1);
  };
  for (const call of calls) if (!call.op.view) call.inputs.forEach(count);
  kept.forEach(count);

  const chosen = new Set<string>();
  // A fused call gives what several calls of the graph gave, so sources are looked up in the plan.
  const producers = new Map<Source, Call>();
  for (const call of calls) for (const { source } of call.outputs) producers.set(source, call);
  const producersUsed = new Set<Call>();
  for (const call of calls) {
    if (!call.op.packs) continue;
    call.inputs.forEach((input, i) => {
      const root = rootSource(input);
      const producer = producers.get(root);
      if (!producer || readers.get(root) !== 1) return;
      if (producer.op.packs || producersUsed.has(producer)) return;
      producersUsed.add(producer);
      chosen.add(packKey(call, i));
    });
  }
  return chosen;
}
