// Makes a plan: schedule, fuse, choose kernels, assign memory.

import type { CallTypes, Kernel } from '../graph/op.ts';
import type { Call, Source, Tensor } from '../graph/tensor.ts';
import type { Dispatch } from '../kernel/shader.ts';
import { chooseKernel, type ChooseOptions, type KernelChoice } from './choose.ts';
import { fuse } from './fuse.ts';
import { groupElementwise } from './group.ts';
import { assignMemory } from './memory.ts';
import type { Place, Plan, PlanBytes, PlanStep, Storage } from './plan.ts';
import { recompute, type Recomputation } from './recompute.ts';
import { schedule } from './schedule.ts';
import { simplify, storeSmallConstants } from './simplify.ts';

export interface PlanOptions extends ChooseOptions {
  /** Compute once what is said twice, and replace groups of ops by fused ones; default true. */
  readonly fuse?: boolean | undefined;
  /** Which values are computed again for the backward pass instead of kept. */
  readonly recompute?: Recomputation | undefined;
  /** Changes how values are stored, as mixed precision does. `roots`: results, and what changes variables. */
  readonly storage?: ((calls: readonly Call[], roots: readonly Tensor[]) => Call[]) | undefined;
}

/**
 * A plan that computes `outputs` and performs `effects` (tensors of calls that overwrite variables).
 */
export function makePlan(
  outputs: Readonly<Record<string, Tensor>>,
  effects: readonly Tensor[],
  options: PlanOptions,
): Plan {
  const { calls, now } = arrange(outputs, effects, options);
  const kept = Object.values(outputs).map(now);

  const chosen = calls.map((call) => chooseKernel(call, options));
  const memory = assignMemory(calls, kept, {
    scratchBytes: (index) => chosen[index]!.scratch,
    overlays: (index) => kernelOf(calls[index]!, chosen[index]!)?.overlays?.(calls[index]!) ?? [],
    apart: options.target !== null,
    readsOutputs: (index) => chosen[index]!.dispatches.some(readsOutput),
    mostBytes: options.target?.limits.maxBufferSize,
  });
  const labels = labelsOf([
    ...calls.flatMap((call) => [...call.inputs, ...call.outputs]),
    ...kept,
    ...effects.map(now),
  ]);
  const steps = calls.flatMap((call, index): PlanStep[] => {
    const { name, reason } = chosen[index]!;
    const overlaid = memory.overlaid(index);
    const { dispatches } =
      overlaid.length > 0 ? kernelOf(call, chosen[index]!)!.plan(call, options.target!, overlaid) : chosen[index]!;
    const needed = dispatches.filter((_, i) => !call.op.packs || !memory.packedInPlace(call, i));
    if (call.op.view) return [];
    return [
      {
        call,
        types: typesOf(call),
        inputs: call.inputs.map(memory.place),
        outputs: call.outputs.map(memory.place),
        scratch: memory.scratch(index),
        overlaid,
        kernel: name,
        reason,
        dispatches: needed,
        label: call.outputs.map((output) => labels.get(output.source)).find((label) => label !== undefined) ?? '',
      },
    ];
  });
  const outputPlaces = mapValues(outputs, (tensor) => memory.place(now(tensor)));
  const inputs: Record<string, Place> = {};
  for (const tensor of calls.flatMap((call) => call.inputs).concat(kept)) {
    const { source } = tensor;
    if (source.kind === 'input') inputs[source.name] ??= memory.place(tensor);
  }
  return {
    steps,
    storages: memory.storages,
    inputs,
    outputs: outputPlaces,
    bytes: countBytes(memory.storages, memory.slotsLowerBound),
  };
}

function readsOutput({ shader, entry, bindings }: Dispatch): boolean {
  return Object.entries(bindings).some(
    ([name, { kind }]) => kind === 'output' && shader.entries[entry]!.bindings[name]!.access === 'read',
  );
}

/** Null for references and views. */
function kernelOf({ op }: Call, { name }: KernelChoice): Kernel<unknown> | null {
  return Object.hasOwn(op.kernels, name) ? op.kernels[name]! : null;
}

/** What will run, and what stands in it for a tensor of the graph. */
interface Arranged {
  readonly calls: readonly Call[];
  now(tensor: Tensor): Tensor;
}

function arrange(
  outputs: Readonly<Record<string, Tensor>>,
  effects: readonly Tensor[],
  { target, fuse: improve = true, storage, recompute: asked }: PlanOptions,
): Arranged {
  const wanted = [...Object.values(outputs), ...effects];
  const scheduled = { calls: schedule(Object.values(outputs), effects), now: (tensor: Tensor) => tensor };
  const repeating = asked ? recompute(scheduled.calls, wanted, asked) : { ...scheduled, repeated: new Map() };
  const simpler = improve ? simplify(repeating.calls, repeating.repeated) : { ...scheduled, calls: repeating.calls };
  const { calls } = simpler;
  const now = (tensor: Tensor) => simpler.now(repeating.now(tensor));
  const roots = wanted.map(now);
  const fused = improve ? fuse(calls, roots, target) : calls;
  const stored = storage?.(fused, roots) ?? fused;
  if (!improve) return { calls: stored, now };
  // References are run one by one, for which a group of elementwise calls is no gain.
  const grouped = target ? groupElementwise(stored, roots, target) : stored;
  return { calls: storeSmallConstants(grouped, roots), now };
}

/** A label stands on a copy of the tensor that was labelled, so labels are found by what they are labels of. */
function labelsOf(tensors: readonly Tensor[]): Map<Source, string> {
  const labels = new Map<Source, string>();
  for (const { source, label } of tensors) if (label !== undefined) labels.set(source, label);
  return labels;
}

function typesOf(call: Call): CallTypes<unknown> {
  return { inputs: call.inputs, outputs: call.outputs, attrs: call.attrs };
}

function countBytes(storages: readonly Storage[], slotsLowerBound: number): PlanBytes {
  const sum = (kind: Storage['kind']) =>
    storages.reduce((total, storage) => total + (storage.kind === kind ? storage.bytes : 0), 0);
  const bytes = {
    inputs: sum('input'),
    variables: sum('variable'),
    constants: sum('constant'),
    packs: sum('pack'),
    slots: sum('slot'),
  };
  const total = bytes.inputs + bytes.variables + bytes.constants + bytes.packs + bytes.slots;
  return { ...bytes, slotsLowerBound, total };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, f: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
