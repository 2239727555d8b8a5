// What a product adds to its sums before it stores them: how a shader with the epilogue of lib/product.wgsl is told.

import { OptionError } from '../core/errors.ts';
import { input, type BufferRef } from '../kernel/shader.ts';
import { activations, type EpilogueActivation } from './activations.ts';
import { type ElementwiseOp, gradientRows } from './binary.ts';

/** What the planner may set of an op that takes an epilogue; `residual` is absent where the op takes none. */
export interface EpilogueAttrs {
  readonly bias: boolean;
  readonly residual?: boolean;
  /** Of the activation whose result the residual is: the sum is multiplied by it, and nothing is added. */
  readonly slope?: EpilogueActivation | null;
  readonly activation: EpilogueActivation | null;
}

/** The gradients that an epilogue can be the last part of: functions of the gradient so far and of the activation's result. */
export const slopes: Readonly<Record<EpilogueActivation, ElementwiseOp>> = {
  relu: gradientRows.relu,
  sigmoid: gradientRows.sigmoid,
  tanh: gradientRows.tanh,
};

/** An OptionError where attributes ask for a slope and for what does not go with one. */
export function checkEpilogue(where: string, { bias, residual, slope, activation }: EpilogueAttrs): void {
  if (slope && (!residual || bias || activation)) {
    throw new OptionError(
      `${where}: slope is '${slope}' with bias ${bias}, residual ${residual} and activation ${activation}, expected ` +
        'a residual alone',
    );
  }
}

/**
 * Constants and hooks of the epilogue `activate(join(sum + bias, residual))`, where to join is to add unless there is a slope,
 * and what is bound: where there is no bias or no
 * residual, input 1 stands in and is not read. HAS_RESIDUAL is a constant of shaders whose op takes a residual.
 */
export interface Epilogue {
  readonly constants: { readonly HAS_BIAS: boolean; readonly HAS_RESIDUAL?: boolean };
  /** For entries that store one number, and for those that store four. */
  readonly hooks: { readonly activate?: string; readonly join?: string };
  readonly hooks4: { readonly activate4?: string; readonly join?: string };
  readonly bias: BufferRef;
  readonly residual: BufferRef;
}

/** The epilogue of a call with two inputs before the bias. */
export function epilogue({ bias, residual, slope, activation: name }: EpilogueAttrs): Epilogue {
  const activation = name ? activations[name] : null;
  const join = slope ? { join: slopes[slope].elementwise.wgsl(['x', 'r'], []) } : {};
  return {
    constants: { HAS_BIAS: bias, ...(residual === undefined ? {} : { HAS_RESIDUAL: residual }) },
    hooks: { ...join, ...(activation ? { activate: activation.wgsl! } : {}) },
    hooks4: { ...join, ...(activation ? { activate4: activation.wgsl4! } : {}) },
    bias: bias ? input(2) : input(1),
    residual: residual ? input(bias ? 3 : 2) : input(1),
  };
}
