// The multi-head attention layer.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format, type Shape } from '../../core/shape.ts';
import { multiHeadAttention as attend, type Projection } from '../../ops/attention.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { logicalAnd } from '../../ops/logic.ts';
import { reshape } from '../../ops/reshape.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { checkCount, commonFields, layerOptions, type Layer, type LayerOptions, type LayerRecord } from '../layer.ts';
import { keepsMask } from '../masking.ts';
import { holdingWeights, weightOptions, type WeightOptions } from '../regularizers.ts';
import type { ParameterSpec } from '../parameters.ts';
import { callable } from '../symbolic.ts';

export interface MultiHeadAttentionOptions extends LayerOptions, WeightOptions {
  readonly numHeads: number;
  /** The size of each head's queries and keys. */
  readonly keyDim: number;
  /** The size of each head's values; `keyDim` unless given (Keras). */
  readonly valueDim?: number;
  /** true unless given (Keras). */
  readonly useBias?: boolean;
  /** The length of the results; that of the queries unless given (Keras). */
  readonly outputShape?: number;
  /** The fraction of attention weights dropped while training; 0 unless given (Keras). */
  readonly dropout?: number;
  /** Place q looks at places 0 to q only; false unless given. (In Keras this is given with each call.) */
  readonly useCausalMask?: boolean;
  /** 'glorotUniform' unless given (Keras), with the fans that Keras counts for these shapes. */
  readonly kernelInitializer?: Initializer | string;
  /** 'zeros' unless given (Keras). */
  readonly biasInitializer?: Initializer | string;
}

const known = [
  ...layerOptions,
  'numHeads',
  'keyDim',
  'valueDim',
  'useBias',
  'outputShape',
  'dropout',
  'useCausalMask',
  'kernelInitializer',
  'biasInitializer',
  ...weightOptions('kernel', 'bias'),
];

/**
 * Multi-head attention (Vaswani et al. 2017): [N, Q, in] -> [N, Q, out]. On one input, self-attention; in a graph of
 * layers also on [query, value] and [query, value, key], of which value and key are [N, K, in] (their `in` may differ)
 * and the key is the value unless given. Weights as in Keras: query/kernel, key/kernel [in, heads, keyDim], value/kernel
 * [in, heads, valueDim], output/kernel [heads, valueDim, out], each with a bias of its last axes. Places that a mask of
 * padding says are not there are not looked at, whatever the query; the query's mask goes on with the result. OptionError:
 * unknown or impossible options. ShapeError: inputs that do not fit.
 */
export function multiHeadAttention(options: MultiHeadAttentionOptions): Layer {
  const where = 'multiHeadAttention';
  checkOptions(where, options, known);
  const { numHeads, keyDim, valueDim = keyDim, useBias = true, outputShape } = options;
  const { dropout = 0, useCausalMask = false } = options;
  for (const [name, value] of Object.entries({ numHeads, keyDim, valueDim })) checkCount(where, name, value);
  if (outputShape !== undefined) checkCount(where, 'outputShape', outputShape);
  if (!(dropout >= 0 && dropout < 1)) {
    throw new OptionError(`${where}: dropout is ${dropout}, expected at least 0 and below 1`);
  }
  const kernel = resolveInitializer(where, options.kernelInitializer ?? 'glorotUniform');
  const bias = resolveInitializer(where, options.biasInitializer ?? 'zeros');
  const projection = (name: string, shape: Shape, biasShape: Shape): Record<string, ParameterSpec> => {
    const unitAxes = biasShape.length;
    return {
      [`${name}/kernel`]: { shape, initializer: kernel, unitAxes },
      ...(useBias ? { [`${name}/bias`]: { shape: biasShape, initializer: bias, unitAxes } } : {}),
    };
  };

  const record: LayerRecord = {
    type: 'MultiHeadAttention',
    kind: 'attention',
    config: {
      numHeads,
      keyDim,
      valueDim,
      useBias,
      dropout,
      useCausalMask,
      ...(outputShape === undefined ? {} : { outputShape }),
    },
    several: 'optional',
    masking: keepsMask,
    ...commonFields(where, options),
    build(query, at, [value = query, key = value, ...rest] = []) {
      const fits = [query, value, key].every(({ length }) => length === 2) && value[0] === key[0];
      if (!fits || rest.length > 0) {
        const given = [query, value, key, ...rest].map(format).join(', ');
        throw new ShapeError(`${at}: expected [Q, in], [K, in] and [K, in] for query, value and key, got ${given}`);
      }
      const [Q, width] = query as [number, number];
      const K = value[0]!;
      const out = outputShape ?? width;
      const perKey = Q * width + K * key[1]!;
      const perValue = K * value[1]! + Q * out;
      return {
        outputShape: [Q, out],
        weights: {
          ...projection('query', [width, numHeads, keyDim], [numHeads, keyDim]),
          ...projection('key', [key[1]!, numHeads, keyDim], [numHeads, keyDim]),
          ...projection('value', [value[1]!, numHeads, valueDim], [numHeads, valueDim]),
          ...projection('output', [numHeads, valueDim, out], [out]),
        },
        flopsPerSample: 2 * numHeads * (keyDim * (perKey + Q * K) + valueDim * (perValue + Q * K)),
      };
    },
    apply(query, weights, { drawing, random, stream, masks }, [value = query, key = value] = []) {
      const [ofQuery = null, ofValue = ofQuery, ofKey = ofValue] = masks;
      const there = ofValue && ofKey && ofKey !== ofValue ? logicalAnd(ofValue, ofKey) : (ofValue ?? ofKey);
      const [N, K] = there?.shape ?? [];
      const of = (name: string): Projection => ({
        kernel: weights(`${name}/kernel`),
        ...(useBias ? { bias: weights(`${name}/bias`) } : {}),
      });
      const inputs: { query: Tensor; value: Tensor; key: Tensor } = { query, value, key };
      return attend(
        inputs,
        { query: of('query'), key: of('key'), value: of('value'), output: of('output') },
        {
          causal: useCausalMask,
          ...(there ? { mask: reshape(there, [N!, 1, K!]) } : {}),
          ...(drawing && dropout > 0 ? { dropout: { rate: dropout, random, stream } } : {}),
        },
      );
    },
  };
  return callable(holdingWeights(where, options, record));
}
