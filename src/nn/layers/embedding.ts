// The layer that gives each whole number a vector of its own.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import { notEqual } from '../../ops/binary.ts';
import { cast } from '../../ops/cast.ts';
import { gather } from '../../ops/gather.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { checkCount, commonFields, layerOptions, type Layer, type LayerOptions, type LayerRecord } from '../layer.ts';
import { holdingWeights, weightOptions, type WeightOptions } from '../regularizers.ts';
import { callable } from '../symbolic.ts';

export interface EmbeddingOptions extends LayerOptions, WeightOptions<'embeddings'> {
  /** How many different numbers there are: 0 to inputDim − 1. */
  readonly inputDim: number;
  /** The length of each vector. */
  readonly outputDim: number;
  /** 'uniform' unless given: ±0.05 (Keras). */
  readonly embeddingsInitializer?: Initializer | string;
  /**
   * 0 stands for padding, and this goes with the vectors as a mask: recurrent layers pass such steps over, attention does
   * not look at them, globalAveragePool1d, the loss and the metrics leave them out. Examples must be [T]. Layers that
   * neither keep the steps nor heed the mask refuse it. false unless given (Keras).
   */
  readonly maskZero?: boolean;
}

/**
 * y = embeddings[x]: [N, …] -> [N, …, outputDim], embeddings [inputDim, outputDim]. x is i32, or f32 holding whole
 * numbers; numbers outside 0 to inputDim − 1 are taken as `gather` takes them: negative ones from the end, others as
 * the nearest inside. The gradient is summed in a fixed order. OptionError: unknown or impossible options.
 */
export function embedding(options: EmbeddingOptions): Layer {
  const own = ['inputDim', 'outputDim', 'embeddingsInitializer', 'maskZero'];
  checkOptions('embedding', options, [...layerOptions, ...own, ...weightOptions('embeddings')]);
  const { inputDim, outputDim, maskZero = false } = options;
  checkCount('embedding', 'inputDim', inputDim);
  checkCount('embedding', 'outputDim', outputDim);
  if (typeof maskZero !== 'boolean') {
    throw new OptionError(`embedding: maskZero is ${JSON.stringify(maskZero)}, expected true or false`);
  }
  const initializer = resolveInitializer('embedding', options.embeddingsInitializer ?? 'uniform');
  const record: LayerRecord = {
    type: 'Embedding',
    kind: 'embedding',
    config: { inputDim, outputDim, ...(maskZero ? { maskZero } : {}) },
    ...commonFields('embedding', options),
    ...(maskZero ? { masking: () => true } : {}),
    build(inputShape, where) {
      if (maskZero && inputShape.length !== 1) {
        throw new ShapeError(`${where}: maskZero is for sequences of tokens [T], got ${format(inputShape)}`);
      }
      return {
        outputShape: [...inputShape, outputDim],
        weights: { embeddings: { shape: [inputDim, outputDim], initializer } },
        flopsPerSample: 0,
      };
    },
    apply(x, weights, { giveMask }) {
      if (maskZero) giveMask(notEqual(cast(x, 'f32'), 0));
      return gather(weights('embeddings'), cast(x, 'i32'), 0);
    },
  };
  return callable(holdingWeights('embedding', options, record, ['embeddings']));
}
