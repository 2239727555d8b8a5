// What a product adds to its sums before it stores them: how a shader with the epilogue of lib/product.wgsl is told.

import { input, type BufferRef } from '../kernel/shader.ts';
import { activations, type EpilogueActivation } from './activations.ts';

/** What the planner may set of an op that takes an epilogue; `residual` is absent where the op takes none. */
export interface EpilogueAttrs {
  readonly bias: boolean;
  readonly residual?: boolean;
  readonly activation: EpilogueActivation | null;
}

/**
 * Constants and hooks of the epilogue `activate(sum + bias + residual)`, and what is bound: where there is no bias or no
 * residual, input 1 stands in and is not read. HAS_RESIDUAL is a constant of shaders whose op takes a residual.
 */
export interface Epilogue {
  readonly constants: { readonly HAS_BIAS: boolean; readonly HAS_RESIDUAL?: boolean };
  /** For entries that store one number, and for those that store four. */
  readonly hooks: { readonly activate?: string };
  readonly hooks4: { readonly activate4?: string };
  readonly bias: BufferRef;
  readonly residual: BufferRef;
}

/** The epilogue of a call with two inputs before the bias. */
export function epilogue({ bias, residual, activation: name }: EpilogueAttrs): Epilogue {
  const activation = name ? activations[name] : null;
  return {
    constants: { HAS_BIAS: bias, ...(residual === undefined ? {} : { HAS_RESIDUAL: residual }) },
    hooks: activation ? { activate: activation.wgsl! } : {},
    hooks4: activation ? { activate4: activation.wgsl4! } : {},
    bias: bias ? input(2) : input(1),
    residual: residual ? input(bias ? 3 : 2) : input(1),
  };
}
