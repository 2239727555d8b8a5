// The layer that gives each whole number a vector of its own.

import { checkOptions } from '../../core/errors.ts';
import { cast } from '../../ops/cast.ts';
import { gather } from '../../ops/gather.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { checkCount, commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

export interface EmbeddingOptions extends LayerOptions {
  /** How many different numbers there are: 0 to inputDim − 1. */
  readonly inputDim: number;
  /** The length of each vector. */
  readonly outputDim: number;
  /** 'uniform' unless given: ±0.05 (Keras). */
  readonly embeddingsInitializer?: Initializer | string;
}

/**
 * y = embeddings[x]: [N, …] -> [N, …, outputDim], embeddings [inputDim, outputDim]. x is i32, or f32 holding whole
 * numbers; numbers outside 0 to inputDim − 1 are taken as `gather` takes them: negative ones from the end, others as
 * the nearest inside. The gradient is summed in a fixed order. OptionError: unknown or impossible options.
 */
export function embedding(options: EmbeddingOptions): Layer {
  checkOptions('embedding', options, [...layerOptions, 'inputDim', 'outputDim', 'embeddingsInitializer']);
  const { inputDim, outputDim } = options;
  checkCount('embedding', 'inputDim', inputDim);
  checkCount('embedding', 'outputDim', outputDim);
  const initializer = resolveInitializer('embedding', options.embeddingsInitializer ?? 'uniform');
  return callable({
    type: 'Embedding',
    kind: 'embedding',
    config: { inputDim, outputDim },
    ...commonFields('embedding', options),
    build: (inputShape) => ({
      outputShape: [...inputShape, outputDim],
      weights: { embeddings: { shape: [inputDim, outputDim], initializer } },
      flopsPerSample: 0,
    }),
    apply: (x, weights) => gather(weights('embeddings'), cast(x, 'i32'), 0),
  });
}
