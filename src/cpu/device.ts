// The CPU device: replays a plan slot by slot exactly as the GPU does, with references in place of kernels.

import { byteLength, dtypeOf, setValues, type TypedArray, viewOf } from '../core/dtype.ts';
import { DeviceError, StateError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Variable } from '../graph/tensor.ts';
import {
  isDeviceTensor,
  type Device,
  type DeviceTensor,
  type Runner,
  type RunnerOptions,
  type TrackedRow,
} from '../plan/device.ts';
import { checkTensor, checkValues, inputPlace, outputPlace } from '../plan/places.ts';
import type { Place, Plan } from '../plan/plan.ts';

interface CpuTensor extends DeviceTensor {
  readonly memory: ArrayBufferLike;
}

/** A device that needs nothing but JavaScript. Same API as the GPU's; f32 storage, double precision inside each op. */
export function createCpuDevice(): Device {
  const variables = new Map<Variable, ArrayBufferLike>();
  let buffersCreated = 0;
  let liveBuffers = 0;
  let liveBytes = 0;
  let disposed = false;
  let end: (error: Error) => void;
  const lost = new Promise<Error>((resolve) => (end = resolve));

  const allocate = (bytes: number): ArrayBuffer => {
    buffersCreated++;
    liveBuffers++;
    liveBytes += bytes;
    return new ArrayBuffer(bytes);
  };
  const release = (memory: ArrayBufferLike) => {
    liveBuffers--;
    liveBytes -= memory.byteLength;
  };
  const alive = () => {
    if (disposed) throw new DeviceError('destroyed', 'this CPU device was disposed of');
  };
  const memoryOf = (variable: Variable): ArrayBufferLike => {
    let memory = variables.get(variable);
    if (!memory) {
      memory = allocate(byteLength(variable.dtype, sizeOf(variable.shape)));
      setValues(viewOf(variable.dtype, memory, 0, sizeOf(variable.shape)), variable.initial());
      variables.set(variable, memory);
    }
    return memory;
  };
  const wholeOf = (variable: Variable) => viewOf(variable.dtype, memoryOf(variable), 0, sizeOf(variable.shape));

  const device: Device = {
    kind: 'cpu',
    description: 'CPU',
    target: null,
    lost,
    runnerBytes: (plan) => plan.storages.reduce((sum, { bytes }) => sum + bytes, 0),
    async createRunner(plan, options = {}) {
      alive();
      return createRunner(device, plan, options, { allocate, release, memoryOf, alive });
    },
    async upload(values, type) {
      alive();
      checkValues('upload: the tensor', type, values);
      const memory = allocate(byteLength(type.dtype, sizeOf(type.shape)));
      const view = viewOf(type.dtype, memory, 0, sizeOf(type.shape));
      setValues(view, values);
      const write = (given: TypedArray) => {
        alive();
        checkValues('write: the tensor', type, given);
        setValues(view, given);
      };
      const tensor: CpuTensor = { ...type, device, memory, write, dispose: () => release(memory) };
      return tensor;
    },
    async readVariable(variable) {
      alive();
      return wholeOf(variable).slice();
    },
    writeVariable(variable, values) {
      alive();
      checkValues(`variable '${variable.name}'`, variable, values);
      setValues(wholeOf(variable), values);
    },
    releaseVariable(variable) {
      const memory = variables.get(variable);
      if (memory) release(memory);
      variables.delete(variable);
    },
    tuned: null,
    async tune() {
      alive();
      return new Map();
    },
    stats: () => ({ buffersCreated, liveBuffers, liveBytes, pipelinesCreated: 0 }),
    dispose() {
      disposed = true;
      variables.clear();
      end(new DeviceError('destroyed', 'this CPU device was disposed of'));
    },
  };
  return device;
}

interface Memory {
  allocate(bytes: number): ArrayBuffer;
  release(memory: ArrayBufferLike): void;
  memoryOf(variable: Variable): ArrayBufferLike;
  alive(): void;
}

function createRunner(device: Device, plan: Plan, options: RunnerOptions, memory: Memory): Runner {
  const own: ArrayBuffer[] = [];
  const allocate = (bytes: number) => {
    const buffer = memory.allocate(bytes);
    own.push(buffer);
    return buffer;
  };
  /** Null: an input that was given nothing yet. Tensors take its place, so its own memory is made only for arrays. */
  const storages = plan.storages.map((storage): ArrayBufferLike | null => {
    if (storage.kind === 'variable') return memory.memoryOf(storage.variable);
    if (storage.kind === 'input') return null;
    const bytes = allocate(storage.bytes);
    if (storage.kind === 'constant')
      setValues(viewOf(dtypeOf(storage.values), bytes, 0, storage.values.length), storage.values);
    return bytes;
  });
  const ownInputs = new Map<number, ArrayBuffer>();
  const arrayAt = (place: Place) =>
    viewOf(place.type.dtype, storages[place.storage]!, place.offset, sizeOf(place.type.shape));

  const ownInput = (storage: number) => {
    let bytes = ownInputs.get(storage);
    if (!bytes) ownInputs.set(storage, (bytes = allocate(plan.storages[storage]!.bytes)));
    return bytes;
  };
  const give = (place: Place, given: ArrayBufferLike) => {
    if (storages[place.storage] === given) return;
    storages[place.storage] = given;
    views = null;
  };
  let views: ReturnType<typeof bindViews>[] | null = null;
  function bindViews(step: Plan['steps'][number]) {
    return { step, x: step.inputs.map(arrayAt), y: step.outputs.map(arrayAt) };
  }
  /** References read inputs after they began to write outputs, so those that lie under outputs are copied. */
  function inputsOf({ step, x }: ReturnType<typeof bindViews>): readonly ReturnType<typeof arrayAt>[] {
    if (step.overlaid.length === 0) return x;
    return x.map((values, i) => (step.overlaid.some(({ input }) => input === i) ? values.slice() : values));
  }

  const { track, onRows } = options;
  let rows: TrackedRow[] = [];
  let deliveredAt = -Infinity;
  let runs = 0;
  let disposed = false;
  const alive = () => {
    memory.alive();
    if (disposed) throw new StateError('this program was disposed of');
  };

  const deliver = () => {
    const delivered = rows;
    rows = [];
    deliveredAt = performance.now();
    if (delivered.length > 0) onRows?.(delivered);
  };

  return {
    run(inputs) {
      alive();
      for (const [name, value] of Object.entries(inputs)) {
        const place = inputPlace(plan, name);
        if (isDeviceTensor(value)) checkTensor(name, value, place, device);
        else checkValues(`run: input '${name}'`, place.type, value);
      }
      for (const [name, value] of Object.entries(inputs)) {
        const place = inputPlace(plan, name);
        if (isDeviceTensor(value)) give(place, (value as CpuTensor).memory);
        else {
          give(place, ownInput(place.storage));
          setValues(arrayAt(place), value);
        }
      }
      for (const [name, { storage }] of Object.entries(plan.inputs)) {
        if (!storages[storage]) throw new StateError(`run: input '${name}' was never given a value`);
      }
      views ??= plan.steps.map(bindViews);
      for (const one of views) one.step.call.op.cpu(inputsOf(one), one.y, one.step.types);
      if (track) {
        rows.push({
          run: runs,
          values: Object.fromEntries(track.outputs.map((name) => [name, arrayAt(plan.outputs[name]!)[0]!])),
        });
      }
      runs++;
      if (track && (rows.length >= track.every || performance.now() - deliveredAt >= (track.apart ?? Infinity)))
        deliver();
    },
    ready: () => null,
    async flush() {
      alive();
      deliver();
    },
    async read(output) {
      alive();
      const place = outputPlace(plan, output);
      if (runs === 0) throw new StateError(`read: '${output}' has no value before the first run`);
      return arrayAt(place).slice();
    },
    stats: () => ({ runs, submits: runs, dispatches: plan.steps.length, mapCalls: 0 }),
    dispose() {
      if (disposed) return;
      disposed = true;
      own.forEach(memory.release);
    },
  };
}
