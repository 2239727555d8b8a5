// A step's inputs: small arrays go to the table, others to the plan's own buffers, and tensors already on the device are
// bound in their place.

import { setValues, type TypedArray } from '../core/dtype.ts';
import { StateError } from '../core/errors.ts';
import { isDeviceTensor, type DeviceTensor } from '../plan/device.ts';
import { checkTensor, checkValues, fitsType, inputPlace } from '../plan/places.ts';
import type { Place, Plan } from '../plan/plan.ts';
import type { Binding } from './binding.ts';
import type { DeviceParts } from './parts.ts';

export type InputValues = Readonly<Record<string, TypedArray | DeviceTensor>>;

export interface Inputs {
  /**
   * Checks all of `values` before it writes any of them, then makes every input's buffer current. Returns the checks
   * of buffers made meanwhile.
   */
  give(values: InputValues): readonly Promise<void>[];
}

/** What an input has at present. */
interface Slot {
  readonly name: string;
  readonly place: Place;
  /** The tensor that is bound: it may be disposed of between two steps. */
  tensor: DeviceTensor | null;
  /** Its numbers in the table, while they are bound. */
  row: TypedArray | null;
}

const none: readonly Promise<void>[] = [];

export function createInputs(parts: DeviceParts, plan: Plan, binding: Binding): Inputs {
  const { device, buffers, tensors, disposals } = parts;
  const slots = Object.entries(plan.inputs).map(([name, place]): Slot => ({ name, place, tensor: null, row: null }));
  const byName = new Map(slots.map((slot) => [slot.name, slot]));
  const { table } = binding;
  /** Of the device's tensors, when all that are bound were last seen to be there. */
  let disposed = 0;

  function check(name: string, value: TypedArray | DeviceTensor): void {
    const slot = byName.get(name);
    const place = slot?.place ?? inputPlace(plan, name);
    if (value !== slot?.tensor) {
      if (fitsType(place.type, value as TypedArray)) return;
      if (!isDeviceTensor(value)) return checkValues(`run: input '${name}'`, place.type, value);
      // With a lost device's buffer the call itself would end the browser tab (Chromium 156, after a GPU process crash).
      checkTensor(name, value, place, device);
    }
    if (!tensors.has(value)) throw new StateError(`run: input '${name}': the tensor was disposed of`);
  }

  /** Makes `value` the input's; returns the check of a buffer made for it. */
  function put(slot: Slot, value: TypedArray | DeviceTensor): Promise<void> | null {
    if (value === slot.tensor) return null;
    const { storage, offset } = slot.place;
    slot.tensor = null;
    slot.row = null;
    if (isDeviceTensor(value)) {
      slot.tensor = value;
      binding.attach(storage, tensors.get(value)!);
      return null;
    }
    if (table?.has(storage)) {
      slot.row = table.values(storage);
      // Never through `value.buffer`, where it can be helped: a small array gets one only when it is asked for.
      setValues(slot.row, value);
      binding.attach(storage, table.buffer);
      return null;
    }
    const own = binding.ownInput(storage);
    binding.attach(storage, own.buffer);
    buffers.write(own.buffer, offset, value);
    return own.fresh ? own.checked : null;
  }

  /**
   * Whether `values` are those of the step before, but for numbers that have a place in the table: then all is bound already.
   * One loop that calls next to nothing, for a step finds the processor's caches cold, where each function costs a microsecond.
   */
  function boundAlready(values: InputValues): boolean {
    const sure = disposals() === disposed;
    let found = 0;
    for (const { name, place, tensor, row } of slots) {
      const value = values[name];
      if (tensor && !sure && !tensors.has(tensor)) return false;
      if (value === undefined) {
        if (!tensor && !row && !binding.isBound(place.storage)) return false;
        continue;
      }
      found++;
      if (tensor && value === tensor) continue;
      if (!row || value.constructor !== row.constructor || (value as TypedArray).length !== row.length) return false;
    }
    disposed = disposals();
    return found === Object.keys(values).length;
  }

  return {
    give(values) {
      if (boundAlready(values)) {
        for (const { name, row } of slots) if (row && values[name]) row.set(values[name] as TypedArray);
        return none;
      }
      const names = Object.keys(values);
      for (const name of names) check(name, values[name]!);
      for (const { name, tensor } of slots) if (tensor && values[name] === undefined) check(name, tensor);

      let checks = none;
      for (const name of names) {
        const checked = put(byName.get(name)!, values[name]!);
        if (checked) checks = [...checks, checked];
      }
      for (const { place } of slots) binding.bufferOf(place.storage);
      return checks;
    },
  };
}
