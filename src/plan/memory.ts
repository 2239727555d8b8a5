// Gives every tensor of a scheduled graph its memory: variables and packs in place, the rest in slots shared by lifetime.

import { bytesPerElement } from '../core/dtype.ts';
import type { Overlay } from '../graph/op.ts';
import type { Call, Source, Tensor, TensorType } from '../graph/tensor.ts';
import type { Place, Storage } from './plan.ts';
import { bytesOf, slotLifetimes } from './lifetimes.ts';
import { packIntervals, peakBytes, type Interval } from './packing.ts';
import { rootSource } from './schedule.ts';

export interface Memory {
  readonly storages: readonly Storage[];
  place(tensor: Tensor): Place;
  /** The scratch buffers of call `index`. */
  scratch(index: number): Place[];
  /** Inputs of a packing call that their producers write straight into the pack. */
  packedInPlace(call: Call, input: number): boolean;
  /** Outputs of call `index` that lie over its inputs. */
  overlaid(index: number): readonly Overlay[];
  readonly slotsLowerBound: number;
}

export interface MemoryOptions {
  /** Of call `index`. */
  scratchBytes(index: number): readonly number[];
  /** Outputs of call `index` that may lie over its inputs. */
  overlays(index: number): readonly Overlay[];
  /** Whether one buffer must not be read and written at once. */
  readonly apart: boolean;
  /** Whether call `index` reads what it wrote, in a dispatch that may not write it: its outputs must then be in different buffers. */
  readsOutputs(index: number): boolean;
  /** What a buffer can hold. */
  readonly mostBytes?: number | undefined;
}

export function assignMemory(
  calls: readonly Call[],
  kept: readonly Tensor[],
  { scratchBytes, overlays, apart, readsOutputs, mostBytes = Infinity }: MemoryOptions,
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

  const packed = packInPlace(calls, kept, readsOutputs);
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

  const lifetimes = slotLifetimes(calls, kept, { elsewhere: (source) => bases.has(source), scratchBytes, overlays });
  const packing = packIntervals(lifetimes.all, apart ? lifetimes.apart : new Map(), mostBytes);
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
    overlaid: lifetimes.overlaid,
    slotsLowerBound: peakBytes(lifetimes.all),
  };
}

const packIds = new WeakMap<Call, number>();
let nextPackId = 0;
function packKey(call: Call, input: number): string {
  if (!packIds.has(call)) packIds.set(call, nextPackId++);
  return `${packIds.get(call)}:${input}`;
}

/**
 * Which inputs of packing calls may be written into the pack by their producer: values that a call computes, that
 * nothing else reads (else a dispatch might read and write the pack at once), and only one of a call that reads its own results.
 */
function packInPlace(
  calls: readonly Call[],
  kept: readonly Tensor[],
  readsOutputs: MemoryOptions['readsOutputs'],
): Set<string> {
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
  const used = new Set<Call>();
  const indices = new Map(calls.map((call, index) => [call, index]));
  for (const call of calls) {
    if (!call.op.packs) continue;
    call.inputs.forEach((input, i) => {
      const root = rootSource(input);
      const producer = producers.get(root);
      if (!producer || readers.get(root) !== 1) return;
      if (producer.op.packs || (used.has(producer) && readsOutputs(indices.get(producer)!))) return;
      used.add(producer);
      chosen.add(packKey(call, i));
    });
  }
  return chosen;
}
