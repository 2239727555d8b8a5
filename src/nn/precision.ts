// What a precision is: how a plan keeps values, and what protects gradients that are kept with little range.

import type { Shape } from '../core/shape.ts';
import type { Call, Tensor, Variable } from '../graph/tensor.ts';
import type { Optimizer } from './optimizer_state.ts';

/** Chosen by `compile` and `program`. */
export interface Precision {
  readonly name: string;
  /** Changes how the values of a plan are stored. */
  storage(calls: readonly Call[], roots: readonly Tensor[]): Call[];
  /** Made once for each optimizer's state; `numbers`: the optimizer's, fields that may change. */
  scaler(optimizer: Optimizer, numbers: Readonly<Record<string, number>>): LossScaler;
}

/** Multiplies the loss before it is differentiated, so that small gradients do not vanish in f16, and divides after. */
export interface LossScaler {
  /** The scale, the counts of steps, and where the search for bad gradients begins: what lasts between steps. */
  readonly variables: readonly Variable[];
  /** ∂(scaled loss)/∂loss. */
  seed(shape: Shape): Tensor;
  /**
   * What the optimizer is given in the place of `scalars` and `firstBad`, and what the step makes of the scale: with `group`
   * (see `sumGradients`) once for all batches that make the step, and one bad gradient among them skips it.
   */
  guard(gradients: Tensor, scalars: Tensor, firstBad: Tensor, group: Tensor | null): GuardedStep;
  /** Of the values of `variables`, and back. */
  read(values: readonly ArrayLike<number>[]): LossScaleState;
  write(state: LossScaleState): (Float32Array | Uint32Array)[];
}

export interface GuardedStep {
  readonly scalars: Tensor;
  readonly firstBad: Tensor;
  /** After the step: the scale, f32 [1], and how many steps were skipped so far, u32 [1]. */
  readonly scale: Tensor;
  readonly skipped: Tensor;
  readonly effects: readonly Tensor[];
}

export interface LossScaleState {
  readonly scale: number;
  /** Steps since the scale changed or a step was skipped. */
  readonly goodSteps: number;
  readonly skippedSteps: number;
  /** Steps that changed the weights, by which the corrections of Adam's means are counted. */
  readonly appliedSteps: number;
  /** In the middle of the batches that make a step: the first gradient among them that is not finite, where there is one. */
  readonly badGradient?: number;
}
