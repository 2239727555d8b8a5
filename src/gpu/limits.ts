// What a plan asks of a device, checked in plain Node terms before WebGPU is called: it would only answer with zeros.

import { byteLength } from '../core/dtype.ts';
import { DeviceError } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { TensorType } from '../graph/tensor.ts';
import type { BufferRef, Dispatch, Entry } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import type { Place, Plan, PlanStep } from '../plan/plan.ts';
import { bufferTooLarge } from './buffers.ts';

/** Throws a DeviceError for the first thing in `plan` that this device cannot do. */
export function checkPlan(plan: Plan, target: Target): void {
  const { limits } = target;
  plan.storages.forEach((storage, index) => {
    if (storage.bytes > limits.maxBufferSize) {
      throw bufferTooLarge(storageName(plan, index), storage.bytes, limits.maxBufferSize);
    }
  });
  for (const step of plan.steps) for (const dispatch of step.dispatches) checkDispatch(plan, step, dispatch, target);
}

function checkDispatch(plan: Plan, step: PlanStep, dispatch: Dispatch, target: Target): void {
  const { limits } = target;
  const where = stepName(step);
  const entry = entryOf(dispatch);
  for (const feature of dispatch.shader.requires) {
    if (!target.features.has(feature)) {
      throw new DeviceError(
        'limit',
        `${where}: kernel '${step.kernel}' needs the feature '${feature}', which this device lacks`,
        { feature },
      );
    }
  }
  for (const groups of [...dispatch.workgroups, ...(dispatch.start?.workgroups ?? [])]) {
    // WebGPU truncates 1.7 to 1 without a word.
    if (!Number.isInteger(groups) || groups < 0) {
      throw new DeviceError(
        'validation',
        `${where}: workgroups must be whole numbers, got ${format(dispatch.workgroups)}`,
      );
    }
    if (groups > limits.maxComputeWorkgroupsPerDimension) {
      throw new DeviceError(
        'limit',
        `${where}: ${groups} workgroups in one dimension, and this device's maxComputeWorkgroupsPerDimension is ${limits.maxComputeWorkgroupsPerDimension}; use a smaller batch`,
        {
          limit: 'maxComputeWorkgroupsPerDimension',
          needed: groups,
          given: limits.maxComputeWorkgroupsPerDimension,
        },
      );
    }
  }
  const names = Object.keys(entry.bindings);
  if (names.length > limits.maxStorageBuffersPerShaderStage) {
    throw new DeviceError(
      'limit',
      `${where}: kernel '${step.kernel}' binds ${names.length} storage buffers, and this device's maxStorageBuffersPerShaderStage is ${limits.maxStorageBuffersPerShaderStage}`,
      {
        limit: 'maxStorageBuffersPerShaderStage',
        needed: names.length,
        given: limits.maxStorageBuffersPerShaderStage,
      },
    );
  }
  const bound: { place: Place; access: string }[] = [];
  for (const [name, binding] of Object.entries(entry.bindings)) {
    const ref = dispatch.bindings[name];
    if (!ref)
      throw new DeviceError('validation', `${where}: ${dispatch.shader.file} binds '${name}', the dispatch does not`);
    const place = placeOf(step, ref);
    if (place.offset % 256 !== 0) {
      throw new DeviceError('validation', `${where}: '${name}' lies at byte ${place.offset}, not a multiple of 256`);
    }
    if (place.bytes > limits.maxStorageBufferBindingSize) {
      throw new DeviceError(
        'limit',
        `${where}: '${name}' ${format(place.type.shape)} takes ${place.bytes} bytes, and this device's maxStorageBufferBindingSize is ${limits.maxStorageBufferBindingSize}; use a smaller batch`,
        {
          limit: 'maxStorageBufferBindingSize',
          needed: place.bytes,
          given: limits.maxStorageBufferBindingSize,
        },
      );
    }
    // WebGPU: the bindings of a dispatch all read a buffer ("usage scope"), or all may write it, at ranges that lie apart.
    const { access } = binding;
    const clash = bound.some((other) => {
      if (other.place.storage !== place.storage || (access === 'read' && other.access === 'read')) return false;
      const apart = place.offset >= end(other.place) || other.place.offset >= end(place);
      return !apart || access === 'read' || other.access === 'read';
    });
    if (clash) {
      throw new DeviceError(
        'validation',
        `${where}: '${name}' is written and bound twice: both lie in ${storageName(plan, place.storage)}`,
      );
    }
    bound.push({ place, access });
  }
}

const end = ({ offset, bytes }: Place): number => offset + bytes;

/** What reflection found of a dispatch's entry; of a hook's new body it knows nothing, so what is left out there is not used. */
export function entryOf(dispatch: Dispatch): Entry {
  const { shader, entry, hooks, bindings } = dispatch;
  if (Object.hasOwn(shader.entries, entry)) {
    const found = shader.entries[entry]!;
    if (Object.keys(hooks).length === 0) return found;
    const used = Object.entries(found.bindings).filter(([name]) => Object.hasOwn(bindings, name));
    return { bindings: Object.fromEntries(used), params: found.params };
  }
  throw new DeviceError('shader', `${shader.file}: no entry '${entry}'`);
}

export function placeOf(step: PlanStep, ref: BufferRef): Place {
  const places = ref.kind === 'input' ? step.inputs : ref.kind === 'output' ? step.outputs : step.scratch;
  const place = places[ref.index];
  if (!place) throw new DeviceError('validation', `${stepName(step)}: no ${ref.kind} ${ref.index}`);
  return place;
}

export function stepName({ call, label }: PlanStep): string {
  return label === '' ? call.op.name : `${call.op.name} (${label})`;
}

/** What a person calls a storage: a name, or for shared memory its largest tensor. */
export function storageName(plan: Plan, index: number): string {
  const storage = plan.storages[index]!;
  if (storage.kind === 'input') return `input '${storage.name}' ${format(storage.type.shape)}`;
  if (storage.kind === 'variable') return `variable '${storage.variable.name}' ${format(storage.variable.shape)}`;
  let largest = '';
  let bytes = -1;
  for (const step of plan.steps) {
    for (const place of [...step.outputs, ...step.scratch]) {
      if (place.storage !== index || place.bytes <= bytes) continue;
      bytes = place.bytes;
      largest = `, the memory of ${stepName(step)} ${format(place.type.shape)}`;
    }
  }
  return `${storage.kind} ${index}${largest}`;
}

/** Throws unless one binding can hold a tensor of `type`. */
export function checkBindable(where: string, type: TensorType, target: Target): void {
  const bytes = byteLength(type.dtype, sizeOf(type.shape));
  const { maxBufferSize, maxStorageBufferBindingSize } = target.limits;
  if (bytes > maxBufferSize) throw bufferTooLarge(where, bytes, maxBufferSize);
  if (bytes <= maxStorageBufferBindingSize) return;
  throw new DeviceError(
    'limit',
    `${where} takes ${bytes} bytes, and this device's maxStorageBufferBindingSize is ${maxStorageBufferBindingSize}; give it in parts`,
    { limit: 'maxStorageBufferBindingSize', needed: bytes, given: maxStorageBufferBindingSize },
  );
}
