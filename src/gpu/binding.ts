// A plan's memory and bind groups on one device, made once. Only a different input tensor makes groups anew.

import { DeviceError, StateError } from '../core/errors.ts';
import type { Variable } from '../graph/tensor.ts';
import type { Dispatch, Entry, ParamsMember } from '../kernel/shader.ts';
import { alikeButParams, dispatchesNow } from '../plan/live.ts';
import type { Plan, PlanStep } from '../plan/plan.ts';
import { tensorUsage, usage, type Allocation } from './buffers.ts';
import { createInputTable, type InputTable } from './input_table.ts';
import { entryOf, placeOf, stepName, storageName } from './limits.ts';
import type { DeviceParts } from './parts.ts';
import { paramsBytes } from './pipelines.ts';

/** One dispatch with the step it is part of. */
export interface Launch {
  readonly step: PlanStep;
  readonly dispatch: Dispatch;
  readonly entry: Entry;
}

export interface Binding {
  readonly launches: readonly Launch[];
  /** The small inputs' rows; null where there are none. */
  readonly table: InputTable | null;
  /** One bind group for each launch, with the small inputs of `row`. Every input must have a value. */
  groups(row: number): readonly GPUBindGroup[];
  /** Every launch's uniform; also what an empty read can be made of. */
  readonly params: GPUBuffer;
  /** Writes the uniforms of attributes that may change as these are now. */
  refresh(): void;
  /** Rejects when the device could not hold the plan's memory. */
  readonly checked: Promise<unknown>;
  /** The storage's buffer, or a StateError for an input that was given no value yet. */
  bufferOf(storage: number): GPUBuffer;
  /** Whether `bufferOf` would find one. */
  isBound(storage: number): boolean;
  /** Makes an input storage stand for `buffer`. */
  attach(storage: number, buffer: GPUBuffer): void;
  /** The plan's own buffer of an input storage, made when first wanted: a resident data set needs none. */
  ownInput(storage: number): Allocation & { readonly fresh: boolean };
  /** With `undo`, variables that nobody else used are freed too. */
  dispose(undo: boolean): void;
}

export function bind(parts: DeviceParts, plan: Plan): Binding {
  const { life, buffers, pipelines, variables, target } = parts;
  const own: GPUBuffer[] = [];
  const held: Variable[] = [];
  const checks: Promise<void>[] = [];
  const bound: (GPUBuffer | undefined)[] = [];
  const ownInputs = new Map<number, Allocation>();
  let disposed = false;

  const launches = plan.steps.flatMap((step) =>
    step.dispatches.map((dispatch): Launch => ({ step, dispatch, entry: entryOf(dispatch) })),
  );
  /** By row; launches that use no small input have the same group in all of them. */
  const groups: { made: (GPUBindGroup | undefined)[]; missing: Set<number> }[] = [];
  const users = usersOf(launches);
  const { offsets, bytes: paramsAll } = paramsOffsets(launches.map(({ entry }) => entry));

  function make(label: string, bytes: number, use: number): GPUBuffer {
    const { buffer, checked } = buffers.allocate(label, bytes, use);
    own.push(buffer);
    checks.push(checked);
    return buffer;
  }

  function dispose(undo: boolean): void {
    if (disposed) return;
    disposed = true;
    own.forEach(buffers.free);
    if (table) buffers.free(table.buffer);
    for (const { buffer } of ownInputs.values()) buffers.free(buffer);
    for (const variable of held) variables.drop(variable, undo);
  }

  function makeStorage(index: number): GPUBuffer | undefined {
    const storage = plan.storages[index]!;
    if (storage.kind === 'input') return undefined;
    if (storage.kind === 'variable') {
      const { buffer, checked } = variables.hold(storage.variable);
      held.push(storage.variable);
      checks.push(checked);
      return buffer;
    }
    const buffer = make(storageName(plan, index), storage.bytes, tensorUsage);
    if (storage.kind === 'constant') buffers.write(buffer, 0, storage.values);
    return buffer;
  }

  function makeParams(): GPUBuffer {
    const values = new Uint8Array(Math.max(paramsAll, 4));
    launches.forEach((launch, i) => writeParams(launch, new DataView(values.buffer, offsets[i]!)));
    const buffer = make('params', values.byteLength, usage.uniform | usage.copySource | usage.copyTarget);
    buffers.write(buffer, 0, values);
    return buffer;
  }

  function rewrite(): void {
    const now = new Map<PlanStep, readonly Dispatch[] | null>();
    for (const [index, launch] of launches.entries()) {
      const { step, dispatch } = launch;
      if (!now.has(step)) now.set(step, dispatchesNow(step, target));
      const changed = now.get(step)?.[step.dispatches.indexOf(dispatch)];
      if (!changed) continue;
      if (!alikeButParams(changed, dispatch)) {
        throw new DeviceError('validation', `${stepName(step)}: its kernel cannot take up a number that has changed`);
      }
      const values = new Uint8Array(paramsBytes(launch.entry));
      writeParams({ ...launch, dispatch: changed }, new DataView(values.buffer));
      buffers.write(params, offsets[index]!, values);
    }
  }

  const inTable = (storage: number) => table !== null && table.has(storage) && bound[storage] === table.buffer;

  function makeGroup(index: number, row: number): GPUBindGroup {
    const { step, dispatch, entry } = launches[index]!;
    const entries: GPUBindGroupEntry[] = Object.entries(entry.bindings).map(([name, { index: binding }]) => {
      const { storage, offset, bytes } = placeOf(step, dispatch.bindings[name]!);
      const size = Math.max(4, Math.ceil(bytes / 4) * 4);
      const start = inTable(storage) ? table!.offset(storage, row) : 0;
      return { binding, resource: { buffer: bound[storage]!, offset: start + offset, size } };
    });
    if (entry.params) {
      const resource = { buffer: params, offset: offsets[index]!, size: paramsBytes(entry) };
      entries.push({ binding: entry.params.index, resource });
    }
    return life.gpu.createBindGroup({ label: stepName(step), layout: pipelines.layout(entry), entries });
  }

  /** Makes the groups of `row` that are missing, but for those of inputs that have no value yet. */
  function refresh(row: number): readonly (GPUBindGroup | undefined)[] {
    const { made, missing } = (groups[row] ??= { made: [], missing: new Set(launches.keys()) });
    for (const index of missing) {
      const { step, dispatch } = launches[index]!;
      const used = Object.values(dispatch.bindings).map((ref) => placeOf(step, ref).storage);
      if (used.some((storage) => !bound[storage])) continue;
      const shared = row > 0 && !used.some(inTable);
      made[index] = shared ? refresh(0)[index] : makeGroup(index, row);
      missing.delete(index);
    }
    return made;
  }

  function attach(storage: number, buffer: GPUBuffer): void {
    if (bound[storage] === buffer) return;
    bound[storage] = buffer;
    for (const { missing } of groups) for (const index of users.get(storage) ?? []) missing.add(index);
  }

  let params: GPUBuffer;
  let table: InputTable | null = null;
  try {
    table = createInputTable(buffers, plan);
    if (table) checks.push(table.checked);
    for (const index of plan.storages.keys()) bound[index] = makeStorage(index);
    params = makeParams();
    const { checked } = life.scoped('binding the plan', () => refresh(0));
    checks.push(checked);
  } catch (error) {
    dispose(true);
    throw error;
  }

  return {
    launches,
    table,
    groups(row) {
      const known = groups[row];
      return (known?.missing.size === 0 ? known.made : refresh(row)) as readonly GPUBindGroup[];
    },
    params,
    refresh: rewrite,
    checked: Promise.all(checks),
    bufferOf(storage) {
      const buffer = bound[storage];
      if (!buffer) throw new StateError(`${storageName(plan, storage)} was given no value yet`);
      return buffer;
    },
    isBound: (storage) => bound[storage] !== undefined,
    attach,
    ownInput(storage) {
      const kept = ownInputs.get(storage);
      if (kept) return { ...kept, fresh: false };
      const made = buffers.allocate(storageName(plan, storage), plan.storages[storage]!.bytes, tensorUsage);
      made.checked.catch(() => {
        // Freed already; a later run may try again.
        if (bound[storage] === made.buffer) bound[storage] = undefined;
        ownInputs.delete(storage);
      });
      ownInputs.set(storage, made);
      return { ...made, fresh: true };
    },
    dispose,
  };
}

/** Where each entry's params stand in the one buffer that holds them all, and that buffer's bytes. */
export function paramsOffsets(entries: readonly Entry[]): {
  readonly offsets: readonly number[];
  readonly bytes: number;
} {
  const offsets: number[] = [];
  let bytes = 0;
  for (const entry of entries) {
    offsets.push(bytes);
    bytes += Math.ceil(paramsBytes(entry) / 256) * 256; // minUniformBufferOffsetAlignment's default
  }
  return { offsets, bytes };
}

/** Launches by the storages they bind. */
function usersOf(launches: readonly Launch[]): Map<number, number[]> {
  const users = new Map<number, number[]>();
  launches.forEach(({ step, dispatch }, index) => {
    for (const ref of Object.values(dispatch.bindings)) {
      const { storage } = placeOf(step, ref);
      const list = users.get(storage);
      if (list) list.push(index);
      else users.set(storage, [index]);
    }
  });
  return users;
}

/** Writes a dispatch's params by name, so neither side depends on the order of the WGSL struct's members. */
function writeParams({ step, dispatch, entry }: Launch, view: DataView): void {
  const members = entry.params?.members ?? {};
  const given = Object.keys(dispatch.params);
  const wrong =
    given.find((name) => !Object.hasOwn(members, name)) ?? Object.keys(members).find((name) => !given.includes(name));
  if (wrong !== undefined) {
    const problem = given.includes(wrong) ? 'is not in the shader' : 'is missing';
    throw new DeviceError('validation', `${stepName(step)}: ${dispatch.shader.file}: params.${wrong} ${problem}`);
  }
  for (const [name, member] of Object.entries(members)) {
    const value = dispatch.params[name]!;
    if (!writeMember(view, member, value)) {
      throw new DeviceError('validation', `${stepName(step)}: params.${name} is ${member.type}, got ${value}`);
    }
  }
}

function writeMember(view: DataView, { offset, type }: ParamsMember, value: number): boolean {
  switch (type) {
    case 'f32':
      view.setFloat32(offset, value, true);
      return typeof value === 'number';
    case 'i32':
      view.setInt32(offset, value, true);
      return Number.isInteger(value) && Math.abs(value) <= 2 ** 31;
    case 'u32':
      view.setUint32(offset, value, true);
      return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
  }
}
