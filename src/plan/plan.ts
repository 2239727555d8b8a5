// A plan: a graph flattened into a list of steps over memory fixed in advance. Runners replay it; nothing here runs.

import type { TypedArray } from '../core/dtype.ts';
import type { CallTypes, Overlay } from '../graph/op.ts';
import type { Call, TensorType, Variable } from '../graph/tensor.ts';
import type { Dispatch } from '../kernel/shader.ts';

export interface Plan {
  readonly steps: readonly PlanStep[];
  readonly storages: readonly Storage[];
  /** Where the caller's inputs are written. */
  readonly inputs: Readonly<Record<string, Place>>;
  /** Where results lie after a step; an output's memory is never reused within the step. */
  readonly outputs: Readonly<Record<string, Place>>;
  readonly bytes: PlanBytes;
}

/** One op call: where it reads and writes, and how a GPU does it. */
export interface PlanStep {
  readonly call: Call;
  /** The call's types as kernels and references see them. */
  readonly types: CallTypes<unknown>;
  readonly inputs: readonly Place[];
  readonly outputs: readonly Place[];
  readonly scratch: readonly Place[];
  /** Outputs that lie over inputs which nothing needs any more. */
  readonly overlaid: readonly Overlay[];
  /** The chosen kernel's name. */
  readonly kernel: string;
  /** Why it is not the default one: forced, tuned with the times measured, restored; else empty. */
  readonly reason: string;
  readonly dispatches: readonly Dispatch[];
  /** The layer or tensor it computes, for people. */
  readonly label: string;
}

/** A tensor's memory: `bytes` from `offset` (a multiple of 256) of one storage. */
export interface Place {
  readonly storage: number;
  readonly offset: number;
  readonly bytes: number;
  readonly type: TensorType;
}

/** One buffer. */
export type Storage = { readonly bytes: number } & (
  | { readonly kind: 'input'; readonly name: string; readonly type: TensorType }
  | { readonly kind: 'variable'; readonly variable: Variable }
  | { readonly kind: 'constant'; readonly values: TypedArray }
  /** Tensors packed side by side, gradients above all: written by their producers where possible. */
  | { readonly kind: 'pack' }
  /** Activations and scratch that follow one another by lifetime. */
  | { readonly kind: 'slot' }
);

export interface PlanBytes {
  readonly inputs: number;
  readonly variables: number;
  readonly constants: number;
  readonly packs: number;
  /** The slots' sum. */
  readonly slots: number;
  /** The largest sum of tensors alive at one step: no assignment of slots can need less. */
  readonly slotsLowerBound: number;
  readonly total: number;
}
