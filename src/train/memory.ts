// What training will take of a device's memory, known before anything is allocated.

import { byteLength } from '../core/dtype.ts';
import { checkOptions, OptionError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Variable } from '../graph/tensor.ts';
import { createBatches } from './batches.ts';
import { compiledOf, networkOf, type Core } from './core.ts';

export interface TrainingPlan {
  /** Bytes on the device. The data set and pipelines are not in them. */
  readonly parameters: number;
  /** What layers keep without training it: running statistics. */
  readonly state: number;
  readonly gradients: number;
  /** Moments, the index of the first bad gradient, and in mixed precision the loss's scale. */
  readonly optimizer: number;
  /** What the forward pass leaves for the backward pass, and scratch, in slots that are shared by lifetime. */
  readonly activations: number;
  /** No assignment of slots could do with less than this. */
  readonly activationsLowerBound: number;
  /** One batch and its targets. */
  readonly batch: number;
  readonly total: number;
  /** Every step of one update, as text. */
  readonly text: string;
}

export async function planTraining(core: Core, options: { readonly batchSize?: number } = {}): Promise<TrainingPlan> {
  checkOptions('plan', options, ['batchSize']);
  const { batchSize = 32 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new OptionError(`plan: batchSize is ${batchSize}, expected a positive integer`);
  }
  const compiled = compiledOf(core, 'plan');
  const network = networkOf(core, 'plan');
  const { parameters, state } = network;
  const targets = compiled.heads.map(({ loss, output: { shape } }) =>
    loss.target === 'labels' ? { shape: shape.slice(0, -1), dtype: 'i32' as const } : { shape, dtype: 'f32' as const },
  );
  const batches = core.batches ?? createBatches(core.device!, network, compiled, compiled.seed, core.savedKernels);
  const sketch = await batches.sketch(batchSize, targets);
  const { bytes } = sketch.plan;
  const optimizer = compiled.state.variables.reduce((sum, variable) => sum + bytesOf(variable), 0);
  return {
    parameters: bytesOf(parameters.arena),
    state: state ? bytesOf(state.arena) : 0,
    gradients: bytes.packs,
    optimizer,
    activations: bytes.slots,
    activationsLowerBound: bytes.slotsLowerBound,
    batch: bytes.inputs,
    total: bytes.total,
    text: sketch.print(),
  };
}

function bytesOf({ dtype, shape }: Variable): number {
  return byteLength(dtype, sizeOf(shape));
}
