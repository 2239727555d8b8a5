// One kernel on one shape, bound and run once: its results for the check, and replays of it for the clock.

import type { TypedArray, Values } from '../../../src/core/dtype.ts';
import type { CallTypes, Op, Sample } from '../../../src/graph/op.ts';
import { apply, inputTensor, variableTensor, type Tensor, type Variable } from '../../../src/graph/tensor.ts';
import type { Target } from '../../../src/kernel/target.ts';
import { makePlan } from '../../../src/plan/build.ts';
import type { Device } from '../../../src/plan/device.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { fromDevice, inputType, toDevice } from './check.ts';
import type { Timed } from './sampling.ts';

export interface Prepared extends Timed {
  /** After the first run. */
  readonly outputs: readonly Values[];
  readonly dispatches: number;
  dispose(): void;
}

/** The kernels of `op` that can run the call here, in the op's order; of the CPU, its reference. */
export function kernelsFor<A>(op: Op<A>, call: CallTypes<A>, target: Target | null): string[] {
  if (target === null) return ['reference'];
  return Object.keys(op.kernels).filter((name) => op.kernels[name]!.fits?.(call, target) ?? true);
}

/** WebGPU's optional features that kernels may need. */
const optional = ['subgroups', 'shader-f16'] as const;

/** Kernels that the call could run by if the device had one more feature, and that feature. */
export function lackingKernels<A>(op: Op<A>, call: CallTypes<A>, target: Target | null): Map<string, string> {
  const lacking = new Map<string, string>();
  if (!target) return lacking;
  const fitting = kernelsFor(op, call, target);
  for (const feature of optional.filter((one) => !target.features.has(one))) {
    const richer = { ...target, features: new Set([...target.features, feature]) };
    for (const name of kernelsFor(op, call, richer)) if (!fitting.includes(name)) lacking.set(name, feature);
  }
  return lacking;
}

/** What a plan takes where no kernel is asked for. */
export function preferredKernel(op: Op, sample: Sample<unknown>, target: Target | null): string {
  return planOf(op, sample, target, null).plan.steps.find(({ call }) => call.op === op)!.kernel;
}

function planOf(
  op: Op,
  sample: Sample<unknown>,
  target: Target | null,
  kernel: string | null,
  x: readonly Values[] = [],
): { plan: Plan; variables: Variable[]; feeds: Record<string, TypedArray> } {
  const overwritten = new Set(Object.values(op.inPlace ?? {}));
  const variables: Variable[] = [];
  const feeds: Record<string, TypedArray> = {};
  const inputs = sample.inputs.map((input, i): Tensor => {
    const type = inputType(input);
    if (overwritten.has(i)) {
      const variable: Variable = { name: `x${i}`, ...type, initial: () => toDevice(x[i]!, type) };
      variables.push(variable);
      return variableTensor(variable);
    }
    if (x[i]) feeds[`x${i}`] = toDevice(x[i], type);
    return inputTensor(`x${i}`, type.shape, type.dtype);
  });
  const outputs = Object.fromEntries(apply(op, inputs, sample.attrs).map((y, i) => [`y${i}`, y]));
  const plan = makePlan(outputs, Object.values(outputs), {
    target,
    ...(kernel !== null && target ? { kernels: { [op.name]: kernel } } : {}),
    fuse: false,
  });
  return { plan, variables, feeds };
}

/** `emptyNs`: what to take off wall times. Inputs that the op never reads are left out of the plan, and so of the feeds. */
export async function prepareKernel(
  device: Device,
  op: Op,
  sample: Sample<unknown>,
  kernel: string,
  x: readonly Values[],
  emptyNs: number,
): Promise<Prepared> {
  const { plan, variables, feeds } = planOf(op, sample, device.target, kernel, x);
  const chosen = plan.steps.find((step) => step.call.op === op)?.kernel;
  if (chosen !== kernel) throw new Error(`${op.name}: asked for kernel '${kernel}', the plan took '${chosen}'`);
  const runner = await device.createRunner(plan);
  if (device.kind === 'webgpu' && !runner.replay)
    throw new Error('the device cannot replay a plan, so nothing can be timed');
  const timestamps = device.target?.features.has('timestamp-query') ?? false;
  const dispose = (): void => {
    runner.dispose();
    for (const variable of variables) device.releaseVariable(variable);
  };
  try {
    runner.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => Object.hasOwn(plan.inputs, name))));
    const outputs = [];
    for (const [name, { type }] of Object.entries(plan.outputs))
      outputs.push(fromDevice(await runner.read(name), type));
    return {
      outputs,
      dispatches: runner.stats().dispatches,
      async sample(repeats) {
        const began = performance.now();
        if (runner.replay) {
          const nanoseconds = await runner.replay(repeats);
          // None where the clock has not moved meanwhile.
          if (timestamps) return nanoseconds ?? 0;
        } else {
          for (let i = 0; i < repeats; i++) runner.run({});
        }
        return Math.max(0, (performance.now() - began) * 1e6 - emptyNs);
      },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
