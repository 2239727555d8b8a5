// A plan bound to a WebGPU device: everything is made here once; a step writes inputs and re-encodes the list.

import { viewOf, type TypedArray } from '../core/dtype.ts';
import { OptionError, StateError } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { Runner, RunnerOptions } from '../plan/device.ts';
import { outputPlace } from '../plan/places.ts';
import type { Plan } from '../plan/plan.ts';
import { bind } from './binding.ts';
import { compileLaunches, type Kernels } from './early.ts';
import { createInputs, type InputValues } from './inputs.ts';
import { swallow } from './life.ts';
import { checkPlan } from './limits.ts';
import type { DeviceParts } from './parts.ts';
import { createReader } from './reader.ts';
import { reservedStaging } from './predict.ts';
import { createReplayer } from './replay.ts';
import { createRows, type TrackedScalar } from './rows.ts';
import { timeLaunches } from './timer.ts';

// Staging buffers for results are kept up to this many bytes a runner; larger reads make and free their own.
const keptStaging = 64 * 2 ** 20;

export async function createRunner(parts: DeviceParts, plan: Plan, options: RunnerOptions = {}): Promise<Runner> {
  const { life, buffers, queue, pipelines } = parts;
  life.check();
  checkPlan(plan, parts.target);
  const scalars = trackedScalars(plan, options.track);

  const troubles: Error[] = [];
  const binding = bind(parts, plan);
  const { launches, table, bufferOf } = binding;
  const reader = createReader(life, buffers, queue, keptStaging);
  const replayer = createReplayer(parts, binding.params);
  const { track: pace = { every: 1 } } = options;
  const report = (error: Error): void => void troubles.push(error);
  const onRows = options.onRows ?? (() => {});
  let rows: ReturnType<typeof createRows> | null = null;

  let disposed = false;
  function release(undo: boolean): void {
    disposed = true;
    rows?.dispose();
    reader.dispose();
    replayer.dispose();
    binding.dispose(undo);
  }

  let kernels: Kernels;
  try {
    swallow(binding.checked);
    if (scalars.length > 0) {
      rows = createRows(life, buffers, queue, scalars, pace, onRows, report);
      swallow(rows.checked);
    }
    [kernels] = await Promise.all([
      compileLaunches(pipelines, launches, options.early ?? false, options.onProgress),
      binding.checked,
      rows?.checked,
      reader.reserve(reservedStaging),
    ]);
    life.check();
  } catch (error) {
    release(true);
    throw error;
  }

  let runs = 0;
  let submits = 0;
  // The first step's submit is checked: one bad call in a command buffer drops all of it without a word.
  let verifying: Promise<void> | null = null;
  const inputs = createInputs(parts, plan, binding);

  function beforeSubmit(): void {
    table?.upload();
    submits++;
  }

  /** The bind groups of the next step. */
  function nextGroups(): readonly GPUBindGroup[] {
    if (table?.full()) queue.flush();
    return binding.groups(table?.next() ?? 0);
  }

  function step(): void {
    const groups = nextGroups();
    const compiled = kernels.now();
    const encoder = queue.encoder();
    // One pass for all dispatches: WebGPU orders them itself, and a pass of its own costs each some microseconds.
    const pass = encoder.beginComputePass();
    let pipeline: GPUComputePipeline | undefined;
    for (let i = 0; i < compiled.length; i++) {
      const { pipeline: own, x, y, z } = compiled[i]!;
      if (own !== pipeline) pass.setPipeline((pipeline = own));
      pass.setBindGroup(0, groups[i]!);
      pass.dispatchWorkgroups(x, y, z);
    }
    pass.end();
    rows?.copy(encoder, bufferOf);
    queue.added(beforeSubmit);
  }

  function check(): void {
    life.check();
    if (disposed) throw new StateError('the program was disposed of');
  }

  /** Throws what went wrong since it was last asked. */
  function rethrow(): void {
    check();
    const trouble = troubles.shift() ?? life.takeTrouble();
    if (trouble) throw trouble;
  }

  function verify(checks: readonly Promise<void>[]): void {
    const all: Promise<void> = Promise.all([verifying, ...checks]).then(
      () => {
        if (verifying === all) verifying = null;
      },
      (error: Error) => {
        report(error);
        if (verifying === all) verifying = null;
      },
    );
    verifying = all;
  }

  function run(values: InputValues): void {
    check();
    if (rows?.full()) throw new StateError('run: all reads are on their way; await ready() first');
    const checks = inputs.give(values);
    if (runs === 0) {
      queue.flush();
      const { checked } = life.scoped('the first step', () => {
        step();
        queue.flush();
      });
      verify([...checks, checked]);
      if (options.early) void compileRest();
    } else {
      step();
      for (const checked of checks) checked.catch(report);
    }
    runs++;
    rows?.advance();
  }

  /** Not before the first step is done, which it would delay. */
  async function compileRest(): Promise<void> {
    try {
      await life.wait(life.gpu.queue.onSubmittedWorkDone(), 'waiting for the first step');
      if (!disposed) await kernels.whole();
    } catch (error) {
      if (!disposed) report(error as Error);
    }
  }

  /** How to launch a dispatch with the last inputs, outside the queue, each by its own kernel. */
  async function untracked(): Promise<(pass: GPUComputePassEncoder, index: number) => void> {
    rethrow();
    await Promise.all([kernels.whole(), ...inputs.give({})]);
    queue.flush();
    const groups = nextGroups();
    table?.upload();
    return (pass, index) => {
      const { pipeline, x, y, z } = kernels.now()[index]!;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, groups[index]!);
      pass.dispatchWorkgroups(x, y, z);
    };
  }

  async function settled(): Promise<void> {
    await verifying;
    while (!disposed && rows?.full()) await rows.room();
    while (!disposed && queue.full()) await queue.room();
    rethrow();
  }

  function ready(): Promise<void> | null {
    try {
      rethrow();
    } catch (error) {
      const rejected = Promise.reject(error as Error);
      swallow(rejected);
      return rejected;
    }
    if (!verifying && !rows?.full() && !queue.full()) return null;
    const room = settled();
    swallow(room);
    return room;
  }

  async function read(name: string): Promise<TypedArray> {
    rethrow();
    const place = outputPlace(plan, name);
    if (runs === 0) throw new StateError(`read: '${name}' has no value before the first run`);
    const { storage, offset, type } = place;
    const bytes = Math.ceil(place.bytes / 4) * 4;
    const values = await reader.read(bufferOf(storage), offset, bytes, `reading output '${name}'`);
    await verifying;
    rethrow();
    return viewOf(type.dtype, values, 0, sizeOf(type.shape));
  }

  return {
    run,
    refresh: binding.refresh,
    ready,
    read,
    async flush() {
      check();
      await verifying;
      // A lost device looks like one that has finished (WebGPU, "Errors & Debugging"): only a read is evidence of work.
      if (rows) await rows.flush();
      else await reader.read(binding.params, 0, 4, 'waiting for submitted steps');
      rethrow();
    },
    async profile() {
      const launch = await untracked();
      return timeLaunches(parts, launches, launch);
    },
    async replay(times) {
      const launch = await untracked();
      return replayer.replay((pass) => {
        for (let i = 0; i < times; i++) launches.forEach((_, index) => launch(pass, index));
      });
    },
    stats: () => ({
      runs,
      submits,
      dispatches: launches.length,
      mapCalls: rows?.mapCalls() ?? 0,
    }),
    dispose() {
      if (!disposed) release(false);
    },
  };
}

function trackedScalars(plan: Plan, track: RunnerOptions['track']): TrackedScalar[] {
  if (!track) return [];
  if (!Number.isInteger(track.every) || track.every < 1) {
    throw new OptionError(`track: every must be a whole number of at least 1, got ${track.every}`);
  }
  return track.outputs.map((name) => {
    const { type, storage, offset } = outputPlace(plan, name);
    if (sizeOf(type.shape) !== 1 || type.dtype === 'u8' || type.dtype === 'f16') {
      throw new OptionError(
        `track: '${name}' is ${type.dtype} ${format(type.shape)}; only single f32, i32 or u32 values can be tracked`,
      );
    }
    return { name, dtype: type.dtype, storage, offset };
  });
}
