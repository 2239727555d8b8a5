// What an optimizer keeps between steps: its moments on the device, its step count on the host.

import { ABOVE_ZERO } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import { fieldsOf, type Scalar } from '../graph/live.ts';
import { variableTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import { sumGradients } from '../ops/gradient_sum.ts';
import { maxNormStep } from '../ops/max_norm.ts';
import { clipped, type Clipping } from './gradient_options.ts';
import { type LiveNumbers, liveNumbers, type NumberSpec } from './numbers.ts';
import type { Parameters } from './parameters.ts';
import type { LossScaler, Precision } from './precision.ts';
import type { Schedule } from './schedules.ts';

/** An optimizer as data: how it updates whole arenas, and which scalars a step needs. */
export interface Optimizer {
  readonly name: string;
  readonly schedule: Schedule;
  /** What the function of its name was given: how a worker makes it anew. */
  readonly options?: object;
  /** One arena of the parameters' size for each. */
  readonly moments: readonly string[];
  /** What every element of a moment is at first; 0 for those not named. */
  readonly initialMoments?: Readonly<Record<string, number>>;
  /** What of it may change while training runs, by option; none unless given. */
  readonly numbers?: Readonly<Record<string, NumberSpec>>;
  /** Those of `numbers` that are of decaying means whose corrections, 1 / (1 − βᵗ), are `scalars`' second and third number. */
  readonly betas?: readonly [string, string];
  /** What is done to gradients first. */
  readonly clipping?: Clipping;
  /** Batches that make one update; 1 unless given. */
  readonly accumulation?: number;
  /**
   * Adds the update to the graph: in-place calls on the arenas, that of the parameters first, and the index of the first
   * non-finite gradient.
   */
  update(arenas: {
    parameters: Tensor;
    gradients: Tensor;
    moments: readonly Tensor[];
    scalars: Tensor;
    firstBad: Tensor;
    /** Its numbers, to be given to ops as fields that stay live: see `attrsOf`. */
    numbers: Readonly<Record<string, number>>;
  }): { effects: Tensor[]; firstBad: Tensor };
  /**
   * f32 [4] for step `step` (from 0), computed in double: learning rate, bias corrections, gradient scale. `numbers` as they
   * are at present; as they were at first unless given.
   */
  scalars(step: number, learningRate: number, numbers?: Readonly<Record<string, number>>): Float32Array;
}

export interface OptimizerState {
  readonly optimizer: Optimizer;
  /** Updates done so far; programs that share the state share the count. */
  step: number;
  /** Batches run so far: as many, unless several make an update. What random ops draw follows from it. */
  batches: number;
  /** Of the next batch among those that make an update; null: all count alike, and an update is made of as many as there may be. */
  place: BatchPlace | null;
  /** Takes the schedule's place while it is a number. */
  learningRate: number | null;
  /** What may change while training runs: the optimizer's, and those that the state was made with. */
  readonly numbers: LiveNumbers;
  readonly moments: readonly Variable[];
  /** What each of them is: the optimizer's, and 'accumulated' where gradients are summed over batches. */
  readonly names: readonly string[];
  readonly firstBad: Variable;
  /** Where the loss is scaled; else null. */
  readonly scaler: LossScaler | null;
  /** All that it keeps on a device. */
  readonly variables: readonly Variable[];
  /**
   * With a scaler, the scale and the number of steps skipped after the step too. `group` where gradients are summed over
   * batches.
   */
  update(gradients: Tensor, scalars: Tensor, group: Tensor | null): StateUpdate;
  scalars(): Float32Array;
  /** f32 [4] for the next batch: whether it adds to those before it, its share, whether it is the last, and 0. */
  group(): Float32Array;
  /** Counts a batch that was run. */
  advance(): void;
}

export interface BatchPlace {
  readonly first: boolean;
  readonly last: boolean;
  /** Of the examples that make the update. */
  readonly share: number;
}

export interface StateUpdate {
  readonly effects: readonly Tensor[];
  readonly firstBad: Tensor;
  readonly scale?: Tensor;
  readonly skipped?: Tensor;
  /** Of all gradients together before they were clipped, [1]. */
  readonly norm?: Tensor;
}

/** What `firstBad` holds while every gradient has been finite. */
export const NO_BAD_INDEX = 0xffffffff;

/**
 * The state of an optimizer that has done nothing yet, for programs to share; of the precision that they have. `more`: what may
 * change beside the optimizer's own numbers.
 */
export function createState(
  optimizer: Optimizer,
  parameters: Parameters,
  precision: Precision | null = null,
  more: Readonly<Record<string, NumberSpec>> = {},
): OptimizerState {
  const { arena, list } = parameters;
  const { accumulation = 1, clipping } = optimizer;
  const names = [...optimizer.moments, ...(accumulation > 1 ? ['accumulated'] : [])];
  const moments = names.map((name): Variable => ({
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
  const limit = clipping ? { [clipping.by]: { value: clipping.limit, least: ABOVE_ZERO } } : {};
  const numbers = liveNumbers({ ...optimizer.numbers, ...limit, ...more });
  const own = Object.entries(optimizer.numbers ?? {}).map(([name, { value }]) => [name, numbers.read(name, value)]);
  const current: Readonly<Record<string, number>> = fieldsOf(Object.fromEntries(own) as Record<string, Scalar>);
  const scaler = precision?.scaler(optimizer, current) ?? null;
  /** `current` as plain fields, which every step reads, and as of which change. */
  let plain = { ...current };
  let plainOf = numbers.version;

  function placeOf({ batches, place }: OptimizerState): BatchPlace {
    if (place) return place;
    const at = batches % accumulation;
    return { first: at === 0, last: at === accumulation - 1, share: 1 / accumulation };
  }

  /** The optimizer's own update, of gradients that are summed and clipped first, and the constraints after it. */
  function updateOf(given: Tensor, scalars: Tensor, bad: Tensor, group: Tensor | null): StateUpdate {
    const mine = moments.slice(0, optimizer.moments.length).map((moment) => variableTensor(moment));
    const summed = group
      ? sumGradients(given, variableTensor(moments.at(-1)!), group, scalars)
      : { gradients: given, scalars };
    const bound = clipping && numbers.read(clipping.by, clipping.limit);
    const used = clipping
      ? clipped(clipping, bound!, summed.gradients, summed.scalars, list)
      : { gradients: summed.gradients };
    const { effects, ...rest } = optimizer.update({
      parameters: variableTensor(arena),
      gradients: used.gradients,
      moments: mine,
      scalars: summed.scalars,
      firstBad: bad,
      numbers: current,
    });
    const [updated, ...others] = effects;
    const bounded = list.reduce((all, { shape, offset, constraint, unitAxes = 1 }) => {
      if (!constraint) return all;
      const columns = sizeOf(shape.slice(-unitAxes));
      return maxNormStep(all, { offset, rows: sizeOf(shape) / columns, columns, limit: constraint.maxNorm });
    }, updated!);
    return { ...rest, effects: [bounded, ...others], ...('norm' in used ? { norm: used.norm! } : {}) };
  }

  return {
    optimizer,
    step: 0,
    batches: 0,
    place: null,
    learningRate: null,
    numbers,
    moments,
    names,
    firstBad,
    scaler,
    variables: [...moments, firstBad, ...(scaler?.variables ?? [])],
    update(gradients, scalars, group) {
      const bad = variableTensor(firstBad);
      const guarded = scaler?.guard(gradients, scalars, bad, group);
      if (!guarded) return updateOf(gradients, scalars, bad, group);
      const updated = updateOf(gradients, guarded.scalars, guarded.firstBad, group);
      return { ...guarded, ...updated, effects: [...guarded.effects, ...updated.effects] };
    },
    scalars() {
      if (plainOf !== numbers.version) [plain, plainOf] = [{ ...current }, numbers.version];
      return optimizer.scalars(this.step, this.learningRate ?? optimizer.schedule(this.step), plain);
    },
    group() {
      const { first, last, share } = placeOf(this);
      return Float32Array.of(first ? 0 : 1, share, last ? 1 : 0, 0);
    },
    advance() {
      if (placeOf(this).last) this.step++;
      this.batches++;
    },
  };
}

export function isOptimizerState(value: Optimizer | OptimizerState): value is OptimizerState {
  return 'optimizer' in value;
}
