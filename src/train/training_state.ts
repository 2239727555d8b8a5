// What a training is beside the weights: the optimizer's moments and step, so that it can go on where it was saved.

import { DataError } from '../core/errors.ts';
import { joinArena, splitArena } from '../nn/parameters.ts';
import type { LossScaleState } from '../nn/precision.ts';
import { createBatches } from './batches.ts';
import type { Cursor } from './cursor.ts';
import { compiledOf, networkOf, type Core, type HostTensor, type UsedKernels } from './core.ts';

export interface TrainingState {
  readonly optimizer: string;
  /** Updates done. */
  readonly step: number;
  /** Batches run, where they are not as many. */
  readonly batches?: number;
  /** Whole epochs done since compile: the next one's shuffle follows from it and the seed. */
  readonly epochs: number;
  readonly seed: number;
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** By moment ('m', 'v', 'velocity'), then by weight. */
  readonly moments: ReadonlyMap<string, ReadonlyMap<string, HostTensor>>;
  /** So that on the same device training goes on with the same order of sums. */
  readonly kernels?: UsedKernels | undefined;
  /** In mixed precision. */
  readonly lossScale?: LossScaleState;
  /** What took the schedule's place, where something did. */
  readonly learningRate?: number;
  /** Other numbers that were set while it ran: see `Model.setScalars`. */
  readonly scalars?: Readonly<Record<string, number>>;
  /** Where in its data the training was; null or left out where it never began. */
  readonly cursor?: Cursor | null;
}

export async function readTraining(core: Core): Promise<TrainingState | null> {
  if (!core.compiled) return core.savedTraining;
  const { state, seed } = compiledOf(core, 'getTraining');
  const { parameters } = networkOf(core, 'getTraining');
  const moments = new Map<string, ReadonlyMap<string, HostTensor>>();
  for (const [i, name] of state.names.entries()) {
    moments.set(name, splitArena(parameters, await core.device!.readVariable(state.moments[i]!)));
  }
  const { step, learningRate } = state;
  const lossScale = await readLossScale(core);
  const cursor = core.cursor ? await core.cursor() : core.savedCursor;
  const { epochs, history, batches } = core;
  const scalars = state.numbers.changed();
  return {
    optimizer: state.optimizer.name,
    step,
    ...(state.batches === step ? {} : { batches: state.batches }),
    epochs,
    seed,
    history,
    moments,
    kernels: batches?.kernels(),
    ...(lossScale ? { lossScale } : {}),
    ...(learningRate === null ? {} : { learningRate }),
    ...(Object.keys(scalars).length > 0 ? { scalars } : {}),
    ...(cursor ? { cursor } : {}),
  };
}

/** Null where the loss is not scaled. */
export async function readLossScale(core: Core): Promise<LossScaleState | null> {
  const scaler = core.compiled?.state.scaler;
  if (!scaler) return null;
  const device = core.device!;
  return scaler.read(await Promise.all(scaler.variables.map((variable) => device.readVariable(variable))));
}

/** Takes up `saved` where the optimizer is the same one; otherwise keeps it for a `compile` with that one. */
export function restoreTraining(core: Core, saved: TrainingState): void {
  const { parameters } = networkOf(core, 'setTraining');
  core.savedTraining = saved;
  core.history = Object.fromEntries(Object.entries(saved.history).map(([key, values]) => [key, [...values]]));
  const { compiled, device } = core;
  if (!compiled || !device || compiled.state.optimizer.name !== saved.optimizer) return;
  const { state } = compiled;
  state.numbers.restore('setTraining', saved.scalars ?? {});
  const arenas = state.names.map((name, i) => {
    const values = saved.moments.get(name);
    if (values) return joinArena(parameters, values);
    if (name === 'accumulated') return state.moments[i]!.initial(); // of another number of batches; `resume` refuses it
    throw new DataError(
      `setTraining: the optimizer '${saved.optimizer}' needs the moment '${name}', which was not saved`,
    );
  });
  arenas.forEach((values, i) => device.writeVariable(state.moments[i]!, values));
  const { scaler } = state;
  if (scaler) {
    // What was trained in f32 has applied all its steps, and begins with the scale that was asked for.
    const initial = scaler.read(scaler.variables.map((variable) => variable.initial()));
    const written = scaler.write(saved.lossScale ?? { ...initial, appliedSteps: saved.step });
    written.forEach((values, i) => device.writeVariable(scaler.variables[i]!, values));
  }
  if (saved.kernels) {
    core.savedKernels = saved.kernels;
    // A training that is running keeps its programs.
    if (!core.fitting) {
      core.batches?.dispose();
      core.batches = createBatches(device, networkOf(core, 'setTraining'), compiled, compiled.seed, saved.kernels);
    }
  }
  state.step = saved.step;
  state.batches = saved.batches ?? saved.step;
  state.learningRate = saved.learningRate ?? null;
  core.savedCursor = saved.cursor ?? null;
  core.epochs = saved.epochs;
  core.savedTraining = null;
}
