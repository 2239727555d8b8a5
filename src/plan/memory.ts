// Gives every tensor of a scheduled graph its memory: variables and packs in place, the rest in slots shared by lifetime.

import { byteLength } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import type { Call, Source, Tensor, TensorType } from '../graph/tensor.ts';
import type { Place, Storage } from './plan.ts';
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

interface Interval {
  readonly bytes: number;
  readonly first: number;
  last: number;
  slot: number;
}

/** WebGPU binds storage at multiples of 256 bytes. */
const alignment = 256;
const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;

export function assignMemory(
  calls: readonly Call[],
  kept: readonly Tensor[],
  scratchBytes: (index: number) => readonly number[],
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
        return { storage: addStorage(variable, storage), offset: source.offset * 4 };
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
  const slotBytes = packIntoSlots(lifetimes.all);
  const firstSlot = storages.length;
  for (const bytes of slotBytes) storages.push({ kind: 'slot', bytes });

  return {
    storages,
    place(tensor) {
      const source = rootSource(tensor);
      const interval = lifetimes.ofSource.get(source);
      const base = interval
        ? { storage: firstSlot + interval.slot, offset: 0 }
        : (bases.get(source) ?? externalBase(source as Exclude<Source, { kind: 'call' }>, tensor));
      return { ...base, bytes: bytesOf(tensor), type: { shape: tensor.shape, dtype: tensor.dtype } };
    },
    scratch: (index) =>
      (lifetimes.ofScratch.get(index) ?? []).map(({ slot, bytes }) => ({
        storage: firstSlot + slot,
        offset: 0,
        bytes,
        type: { shape: [bytes / 4], dtype: 'f32' },
      })),
    packedInPlace: (call, input) => packed.has(packKey(call, input)),
    slotsLowerBound: liveBytesPeak(lifetimes.all, calls.length),
  };
}

function bytesOf(type: TensorType): number {
  return byteLength(type.dtype, sizeOf(type.shape));
}

/** When each value that lives in a slot is first written and last read, as call indices. */
function slotLifetimes(
  calls: readonly Call[],
  kept: readonly Tensor[],
  elsewhere: ReadonlyMap<Source, unknown>,
  scratchBytes: (index: number) => readonly number[],
) {
  const ofSource = new Map<Source, Interval>();
  const ofScratch = new Map<number, Interval[]>();
  const all: Interval[] = [];
  const open = (bytes: number, index: number): Interval => {
    const interval = { bytes: align(bytes), first: index, last: index, slot: -1 };
    all.push(interval);
    return interval;
  };
  calls.forEach((call, index) => {
    for (const output of call.outputs) {
      const source = rootSource(output);
      if (source === output.source && !elsewhere.has(source)) ofSource.set(source, open(bytesOf(output), index));
    }
    ofScratch.set(
      index,
      scratchBytes(index).map((bytes) => open(bytes, index)),
    );
    for (const tensor of [...call.inputs, ...call.outputs]) {
      const interval = ofSource.get(rootSource(tensor));
      if (interval) interval.last = index;
    }
  });
  for (const tensor of kept) {
    const interval = ofSource.get(rootSource(tensor));
    if (interval) interval.last = calls.length;
  }
  return { ofSource, ofScratch, all };
}

/**
 * Greedy by size: the largest first, each into the slot where it wastes least among those free for its whole life.
 * Every slot is a buffer of its own, because WebGPU refuses one buffer as both read and written in a dispatch.
 */
function packIntoSlots(intervals: readonly Interval[]): number[] {
  const slots: { bytes: number; taken: Interval[] }[] = [];
  const bySize = [...intervals].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const interval of bySize) {
    let index = -1;
    slots.forEach((slot, i) => {
      const free = slot.taken.every((other) => other.last < interval.first || interval.last < other.first);
      if (free && (index < 0 || slot.bytes < slots[index]!.bytes)) index = i;
    });
    if (index < 0) index = slots.push({ bytes: interval.bytes, taken: [] }) - 1;
    slots[index]!.taken.push(interval);
    interval.slot = index;
  }
  return slots.map((slot) => slot.bytes);
}

function liveBytesPeak(intervals: readonly Interval[], steps: number): number {
  const change = new Float64Array(steps + 2);
  for (const { bytes, first, last } of intervals) {
    change[first]! += bytes;
    change[last + 1]! -= bytes;
  }
  let live = 0;
  let peak = 0;
  for (const delta of change) peak = Math.max(peak, (live += delta));
  return peak;
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
  const producersUsed = new Set<Call>();
  for (const call of calls) {
    if (!call.op.packs) continue;
    call.inputs.forEach((input, i) => {
      const root = rootSource(input);
      if (root.kind !== 'call' || readers.get(root) !== 1) return;
      if (root.call.op.packs || producersUsed.has(root.call)) return;
      producersUsed.add(root.call);
      chosen.add(packKey(call, i));
    });
  }
  return chosen;
}
