// What an optimizer keeps between steps: its moments on the device, its step count on the host.

import { sizeOf } from '../core/shape.ts';
import { variableTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import type { Parameters } from './parameters.ts';
import type { LossScaler, Precision } from './precision.ts';
import type { Schedule } from './schedules.ts';

/** An optimizer as data: how it updates whole arenas, and which scalars a step needs. */
export interface Optimizer {
  readonly name: string;
  readonly schedule: Schedule;
  /** One arena of the parameters' size for each. */
  readonly moments: readonly string[];
  /** What every element of a moment is at first; 0 for those not named. */
  readonly initialMoments?: Readonly<Record<string, number>>;
  /** Of decaying means whose corrections, 1 / (1 − βᵗ), are `scalars`' second and third number. */
  readonly betas?: readonly [number, number];
  /** Adds the update to the graph: in-place calls on the arenas, and the index of the first non-finite gradient. */
  update(arenas: {
    parameters: Tensor;
    gradients: Tensor;
    moments: readonly Tensor[];
    scalars: Tensor;
    firstBad: Tensor;
  }): { effects: Tensor[]; firstBad: Tensor };
  /** f32 [4] for step `step` (from 0), computed in double: learning rate, bias corrections, gradient scale. */
  scalars(step: number, learningRate: number): Float32Array;
}

export interface OptimizerState {
  readonly optimizer: Optimizer;
  /** Steps done so far; programs that share the state share the count. */
  step: number;
  /** Takes the schedule's place while it is a number. */
  learningRate: number | null;
  readonly moments: readonly Variable[];
  readonly firstBad: Variable;
  /** Where the loss is scaled; else null. */
  readonly scaler: LossScaler | null;
  /** All that it keeps on a device. */
  readonly variables: readonly Variable[];
  /** With a scaler, the scale and the number of steps skipped after the step too. */
  update(gradients: Tensor, scalars: Tensor): StateUpdate;
  scalars(): Float32Array;
}

export interface StateUpdate {
  readonly effects: readonly Tensor[];
  readonly firstBad: Tensor;
  readonly scale?: Tensor;
  readonly skipped?: Tensor;
}

/** What `firstBad` holds while every gradient has been finite. */
export const NO_BAD_INDEX = 0xffffffff;

/** The state of an optimizer that has done nothing yet, for programs to share; of the precision that they have. */
export function createState(
  optimizer: Optimizer,
  parameters: Parameters,
  precision: Precision | null = null,
): OptimizerState {
  const { arena } = parameters;
  const moments = optimizer.moments.map((name): Variable => ({
    name: `${optimizer.name}/${name}`,
    shape: arena.shape,
    dtype: 'f32',
    initial: () => new Float32Array(sizeOf(arena.shape)).fill(optimizer.initialMoments?.[name] ?? 0),
  }));
  const firstBad: Variable = {
    name: `${optimizer.name}/firstBad`,
    shape: [1],
    dtype: 'u32',
    initial: () => Uint32Array.of(NO_BAD_INDEX),
  };
  const scaler = precision?.scaler(optimizer) ?? null;
  return {
    optimizer,
    step: 0,
    learningRate: null,
    moments,
    firstBad,
    scaler,
    variables: [...moments, firstBad, ...(scaler?.variables ?? [])],
    update(gradients, scalars) {
      const given = { scalars, firstBad: variableTensor(firstBad) };
      const guarded = scaler?.guard(gradients, given.scalars, given.firstBad);
      const updated = optimizer.update({
        parameters: variableTensor(arena),
        gradients,
        moments: moments.map((moment) => variableTensor(moment)),
        ...given,
        ...(guarded ? { scalars: guarded.scalars, firstBad: guarded.firstBad } : {}),
      });
      if (!guarded) return updated;
      return { ...guarded, ...updated, effects: [...guarded.effects, ...updated.effects] };
    },
    scalars() {
      return optimizer.scalars(this.step, this.learningRate ?? optimizer.schedule(this.step));
    },
  };
}

export function isOptimizerState(value: Optimizer | OptimizerState): value is OptimizerState {
  return 'optimizer' in value;
}
