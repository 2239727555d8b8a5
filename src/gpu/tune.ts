// Times the kernels that could do one call, each as a program of its own over the same inputs.

import { allocate, type TypedArray } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import { apply, inputTensor, type TensorType } from '../graph/tensor.ts';
import { makePlan } from '../plan/build.ts';
import type { DeviceTensor, Runner } from '../plan/device.ts';
import type { PlanStep } from '../plan/plan.ts';
import type { DeviceParts } from './parts.ts';

// Long enough that timestamps rounded to 100 µs and the clock's own steps are below 1 %.
const spanMicroseconds = 10_000;
const mostRepeats = 256;
const rounds = 3;
/** A kernel that is this many times slower at first sight is not timed again. */
const hopeless = 5;

/** Microseconds by kernel, the least of several rounds in turns; without those that this device refuses. */
export async function timeKernels(
  { device, life }: DeviceParts,
  step: PlanStep,
  kernels: readonly string[],
): Promise<Record<string, number>> {
  const { op, attrs } = step.call;
  const given: Record<string, DeviceTensor> = {};
  const runners = new Map<string, Runner>();
  const times: Record<string, number> = {};
  /** The device's end is no kernel's fault; anything else, a limit or a compiler's error, takes the kernel out. */
  const refused = (): void => life.check();
  try {
    for (const [i, type] of step.types.inputs.entries()) given[`x${i}`] = await device.upload(valuesFor(type), type);
    const inputs = step.types.inputs.map(({ shape, dtype }, i) => inputTensor(`x${i}`, shape, dtype));
    const outputs = Object.fromEntries(apply(op, inputs, attrs).map((output, i) => [`y${i}`, output]));
    await Promise.all(
      kernels.map(async (name) => {
        const plan = makePlan(outputs, [], { target: device.target, kernels: { [op.name]: name }, fuse: false });
        const runner = await device.createRunner(plan).catch(refused);
        if (runner) runners.set(name, runner);
      }),
    );
    for (const [name, runner] of runners) {
      try {
        runner.run(given);
        await runner.flush();
        times[name] = Math.min(await runner.time!(1), await runner.time!(1)) / 1000;
      } catch {
        refused();
      }
    }
    const least = Math.min(...Object.values(times));
    const hopeful = Object.keys(times).filter((name) => times[name]! <= hopeless * least);
    for (let round = 0; round < rounds && hopeful.length > 1; round++) {
      for (const name of hopeful) {
        const repeats = Math.min(mostRepeats, Math.max(1, Math.ceil(spanMicroseconds / Math.max(times[name]!, 1))));
        const time = (await runners.get(name)!.time!(repeats)) / 1000;
        times[name] = round === 0 ? time : Math.min(times[name]!, time);
      }
    }
    return times;
  } catch {
    refused();
    return {};
  } finally {
    for (const runner of runners.values()) runner.dispose();
    for (const tensor of Object.values(given)) tensor.dispose();
  }
}

/** Numbers of both signs without zeros; whole numbers are 0, which every index may be. */
function valuesFor({ shape, dtype }: TensorType): TypedArray {
  const values = allocate(dtype, sizeOf(shape));
  if (dtype === 'f32') for (let i = 0; i < values.length; i++) values[i] = ((i * 0.618) % 1) - 0.5;
  return values;
}
