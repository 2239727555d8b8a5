// Finding a program's inputs and outputs by name, and refusing values that cannot be theirs.

import { dtypeOf, type TypedArray } from '../core/dtype.ts';
import { DeviceError, OptionError, suggestion } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { TensorType } from '../graph/tensor.ts';
import type { Device, DeviceTensor } from './device.ts';
import type { Place, Plan } from './plan.ts';

/** The place of input `name`, or an OptionError naming the nearest known input. */
export function inputPlace(plan: Plan, name: string): Place {
  if (Object.hasOwn(plan.inputs, name)) return plan.inputs[name]!;
  const known = Object.keys(plan.inputs);
  throw new OptionError(`run: no input '${name}'${suggestion(name, known)}; known: ${known.join(', ')}`);
}

export function outputPlace(plan: Plan, name: string): Place {
  if (Object.hasOwn(plan.outputs, name)) return plan.outputs[name]!;
  const known = Object.keys(plan.outputs);
  throw new OptionError(`read: no output '${name}'${suggestion(name, known)}; known: ${known.join(', ')}`);
}

/** Whether `values` has the dtype and the number of elements of `type`. */
export function fitsType(type: TensorType, values: TypedArray): boolean {
  // dtypeOf answers f32 for whatever else it is given, a Float64Array above all.
  const fits = type.dtype === 'f32' ? values instanceof Float32Array : dtypeOf(values) === type.dtype;
  return fits && values.length === sizeOf(type.shape);
}

/** Throws unless `fitsType`. */
export function checkValues(where: string, type: TensorType, values: TypedArray): void {
  if (fitsType(type, values)) return;
  const size = sizeOf(type.shape);
  const given = `${(values as TypedArray | undefined)?.constructor.name ?? 'nothing'} of ${values?.length ?? 0}`;
  throw new OptionError(`${where} is ${type.dtype} ${format(type.shape)}: expected ${size} values, got ${given}`);
}

/** Throws unless the device tensor lives on `device` and has the input's type. */
export function checkTensor(name: string, value: DeviceTensor, place: Place, device: Device): void {
  const expected: TensorType = place.type;
  if (value.device !== device) {
    throw new DeviceError(
      'stale',
      `run: input '${name}' lives on another device, or on this one before it was lost; upload it again`,
    );
  }
  if (value.dtype !== expected.dtype || sizeOf(value.shape) !== sizeOf(expected.shape)) {
    throw new OptionError(
      `run: input '${name}' is ${value.dtype} ${format(value.shape)}, expected ${expected.dtype} ${format(expected.shape)}`,
    );
  }
}
