// A step's inputs: small arrays go to the table, others to the plan's own buffers, and tensors already on the device are
// bound in their place.

import type { TypedArray } from '../core/dtype.ts';
import { StateError } from '../core/errors.ts';
import { isDeviceTensor, type DeviceTensor } from '../plan/device.ts';
import { checkTensor, checkValues, inputPlace } from '../plan/places.ts';
import type { Plan } from '../plan/plan.ts';
import type { Binding } from './binding.ts';
import type { DeviceParts } from './parts.ts';

export type InputValues = Readonly<Record<string, TypedArray | DeviceTensor>>;

export interface Inputs {
  /**
   * Checks all of `values` before it writes any of them, then makes every input's buffer current. Returns the checks
   * of buffers made meanwhile.
   */
  give(values: InputValues): Promise<void>[];
}

export function createInputs({ device, buffers, tensors }: DeviceParts, plan: Plan, binding: Binding): Inputs {
  const names = Object.keys(plan.inputs);
  const { table } = binding;
  /** The tensors bound at present: they may be disposed of between two steps. */
  const given = new Map<string, DeviceTensor>();

  function check(name: string, value: TypedArray | DeviceTensor): void {
    const place = inputPlace(plan, name);
    if (!isDeviceTensor(value)) return checkValues(`run: input '${name}'`, place.type, value);
    // With a lost device's buffer the call itself would end the browser tab (Chromium 156, after a GPU process crash).
    checkTensor(name, value, place, device);
    if (!tensors.has(value)) throw new StateError(`run: input '${name}': the tensor was disposed of`);
  }

  return {
    give(values) {
      const entries = Object.entries(values);
      for (const [name, value] of entries) check(name, value);
      for (const [name, tensor] of given) if (!Object.hasOwn(values, name)) check(name, tensor);

      const checks: Promise<void>[] = [];
      for (const [name, value] of entries) {
        const { storage, offset } = plan.inputs[name]!;
        if (isDeviceTensor(value)) {
          given.set(name, value);
          binding.attach(storage, tensors.get(value)!);
          continue;
        }
        given.delete(name);
        if (table?.has(storage)) {
          table.set(storage, value);
          binding.attach(storage, table.buffer);
          continue;
        }
        const own = binding.ownInput(storage);
        if (own.fresh) checks.push(own.checked);
        binding.attach(storage, own.buffer);
        buffers.write(own.buffer, offset, value);
      }
      for (const name of names) binding.bufferOf(plan.inputs[name]!.storage);
      return checks;
    },
  };
}
