// Makes a plan: schedule, fuse, choose kernels, assign memory.

import type { CallTypes, Kernel } from '../graph/op.ts';
import type { Call, Source, Tensor } from '../graph/tensor.ts';
import type { Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import { OptionError, suggestion } from '../core/errors.ts';
import { fuse } from './fuse.ts';
import { assignMemory } from './memory.ts';
import type { Place, Plan, PlanBytes, PlanStep, Storage } from './plan.ts';
import { schedule } from './schedule.ts';

export interface PlanOptions {
  /** What the device offers; null plans for the CPU's references, without kernels. */
  readonly target: Target | null;
  /** Ops by name -> the kernel that must be used where it fits; for benchmarks and tests. */
  readonly kernels?: Readonly<Record<string, string>>;
  /** Replace groups of ops by fused ones; default true. */
  readonly fuse?: boolean;
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
  const kept = Object.values(outputs);
  const scheduled = schedule(kept, effects);
  const roots = [...kept, ...effects];
  const fused = options.fuse === false ? scheduled : fuse(scheduled, roots);
  const calls = options.storage?.(fused, roots) ?? fused;

  const chosen = calls.map((call) => chooseKernel(call, options));
  const mostBytes = options.target?.limits.maxBufferSize;
  const memory = assignMemory(calls, kept, (index) => chosen[index]!.scratch, mostBytes);
  const labels = labelsOf([...calls.flatMap((call) => [...call.inputs, ...call.outputs]), ...kept, ...effects]);
  const steps = calls.flatMap((call, index): PlanStep[] => {
    const { name, dispatches } = chosen[index]!;
    const needed = dispatches.filter((_, i) => !call.op.packs || !memory.packedInPlace(call, i));
    if (call.op.view) return [];
    return [
      {
        call,
        types: typesOf(call),
        inputs: call.inputs.map(memory.place),
        outputs: call.outputs.map(memory.place),
        scratch: memory.scratch(index),
        kernel: name,
        dispatches: needed,
        label: call.outputs.map((output) => labels.get(output.source)).find((label) => label !== undefined) ?? '',
      },
    ];
  });
  const outputPlaces = mapValues(outputs, memory.place);
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

/** A label stands on a copy of the tensor that was labelled, so labels are found by what they are labels of. */
function labelsOf(tensors: readonly Tensor[]): Map<Source, string> {
  const labels = new Map<Source, string>();
  for (const { source, label } of tensors) if (label !== undefined) labels.set(source, label);
  return labels;
}

function typesOf(call: Call): CallTypes<unknown> {
  return { inputs: call.inputs, outputs: call.outputs, attrs: call.attrs };
}

interface Choice {
  name: string;
  dispatches: readonly Dispatch[];
  scratch: readonly number[];
}

function chooseKernel(call: Call, { target, kernels: forced }: PlanOptions): Choice {
  const { op } = call;
  if (op.view || target === null) return { name: op.view ? 'view' : 'reference', dispatches: [], scratch: [] };
  const types = typesOf(call);
  const fits = (kernel: Kernel<unknown>) => kernel.fits?.(types, target) ?? true;

  const wanted = forced && Object.hasOwn(forced, op.name) ? forced[op.name]! : null;
  if (wanted !== null && !Object.hasOwn(op.kernels, wanted)) {
    const known = Object.keys(op.kernels);
    throw new OptionError(
      `kernels: ${op.name} has no kernel '${wanted}'${suggestion(wanted, known)}; known: ${known.join(', ')}`,
    );
  }
  const candidates = Object.entries(op.kernels).filter(([, kernel]) => fits(kernel));
  const preferred = candidates.filter(([, kernel]) => kernel.preferred?.(types, target) ?? true);
  const [name, kernel] =
    candidates.find(([candidate]) => candidate === wanted) ?? preferred[0] ?? candidates.at(-1) ?? [];
  if (name === undefined || kernel === undefined) {
    throw new Error(`plan: no kernel of ${op.name} fits; the last one must fit everything`);
  }
  const { dispatches, scratch = [] } = kernel.plan(types, target);
  return { name, dispatches, scratch };
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
