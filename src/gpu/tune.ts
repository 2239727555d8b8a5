// Times the kernels that could do one call, each as a program of its own over the same inputs.

import { allocate, type TypedArray } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import { apply, inputTensor, type TensorType } from '../graph/tensor.ts';
import { makePlan } from '../plan/build.ts';
import type { DeviceTensor, Runner } from '../plan/device.ts';
import type { PlanStep } from '../plan/plan.ts';
import type { DeviceParts } from './parts.ts';

// Long enough that timestamps rounded to 100 µs and the clock's own steps are about 1 %.
const spanMilliseconds = 10;
const mostRepeats = 256;
const rounds = 4;
/** A kernel that is this many times slower at first sight is not timed again. */
const hopeless = 5;
/**
 * A kernel that does not think itself good for these shapes on this device may be a hundred times slower than one that
 * does, and a GPU that is busy for long counts as hung: such kernels are tried only where the others take no more than this.
 */
const daringMilliseconds = 20;

/** Microseconds by kernel, the least of several rounds in turns; without those that this device refuses. */
export async function timeKernels(
  { device, life, target }: DeviceParts,
  step: PlanStep,
  kernels: readonly string[],
): Promise<Record<string, number>> {
  const { call, types } = step;
  const { op, attrs } = call;
  const given: Record<string, DeviceTensor> = {};
  const timed = new Map<string, { runner: Runner; microseconds: number; repeats: number }>();
  const least = () => Math.min(...[...timed.values()].map(({ microseconds }) => microseconds));
  /** The device's end is no kernel's fault; anything else, a limit or a compiler's error, takes the kernel out. */
  const refused = (): void => life.check();

  async function tryKernels(names: readonly string[]): Promise<void> {
    const inputs = types.inputs.map(({ shape, dtype }, i) => inputTensor(`x${i}`, shape, dtype));
    const outputs = Object.fromEntries(apply(op, inputs, attrs).map((output, i) => [`y${i}`, output]));
    const runners = await Promise.all(
      names.map((name) => {
        const plan = makePlan(outputs, [], { target, kernels: { [op.name]: name }, fuse: false });
        return device.createRunner(plan).catch(refused);
      }),
    );
    for (const [i, runner] of runners.entries()) {
      if (!runner) continue;
      const entry = { runner, microseconds: Infinity, repeats: 1 };
      timed.set(names[i]!, entry);
      try {
        runner.run(given);
        await runner.flush();
        await measure(entry);
        await measure(entry);
      } catch {
        refused();
        timed.delete(names[i]!);
        runner.dispose();
      }
    }
  }

  try {
    for (const [i, type] of types.inputs.entries()) given[`x${i}`] = await device.upload(valuesFor(type), type);
    const good = kernels.filter((name) => op.kernels[name]!.preferred?.(types, target) ?? true);
    await tryKernels(good);
    if (least() <= 1000 * daringMilliseconds) await tryKernels(kernels.filter((name) => !good.includes(name)));
    const limit = hopeless * least();
    const hopeful = [...timed.values()].filter(({ microseconds }) => microseconds <= limit);
    for (let round = 0; round < rounds && hopeful.length > 1; round++)
      for (const entry of hopeful) await measure(entry);
    return Object.fromEntries([...timed].map(([name, { microseconds }]) => [name, microseconds]));
  } catch {
    refused();
    return {};
  } finally {
    for (const { runner } of timed.values()) runner.dispose();
    for (const tensor of Object.values(given)) tensor.dispose();
  }
}

/**
 * Times `repeats` steps: by timestamps where there are any, else by the host's clock, a submit and a read included, which all
 * kernels bear alike. Then makes `repeats` such that they fill the span, but at most eight times as many: a first time may be
 * far off, and much work in one submit may look like a hang.
 */
async function measure(entry: { runner: Runner; microseconds: number; repeats: number }): Promise<void> {
  const { runner, repeats } = entry;
  const begun = performance.now();
  const nanoseconds = await runner.replay!(repeats);
  const whole = performance.now() - begun;
  entry.microseconds = Math.min(entry.microseconds, (nanoseconds ?? whole * 1e6) / 1000 / repeats);
  const wanted = Math.floor((repeats * spanMilliseconds) / whole);
  entry.repeats = Math.max(1, Math.min(mostRepeats, 8 * repeats, wanted));
}

/** Numbers of both signs without zeros; whole numbers are 0, which every index may be. */
function valuesFor({ shape, dtype }: TensorType): TypedArray {
  const values = allocate(dtype, sizeOf(shape));
  if (dtype === 'f32') for (let i = 0; i < values.length; i++) values[i] = ((i * 0.618) % 1) - 0.5;
  return values;
}
