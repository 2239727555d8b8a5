// A model as the summary needs it.

import { sizeOf } from '../core/shape.ts';
import { networkOf, type Core } from './core.ts';
import type { ModelDescription } from './summary.ts';

export function describe(core: Core): ModelDescription {
  const { inputShape, layers } = networkOf(core, 'summary');
  const optimizer = core.compiled?.state.optimizer;
  return {
    name: core.name,
    inputShape,
    layers: layers.map(({ name, type, outputShape, weights, flopsPerSample }) => ({
      name,
      type,
      output: outputShape,
      params: Object.values(weights).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      trainable: true,
      flopsPerSample,
    })),
    ...(optimizer ? { optimizer: { name: optimizer.name, slots: optimizer.moments.length } } : {}),
  };
}
