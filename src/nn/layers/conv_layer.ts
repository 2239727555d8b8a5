// What all convolution layers share: the bias, the activation, and the check of the examples' rank.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { ActivationName } from '../../ops/activations.ts';
import { add } from '../../ops/binary.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { commonFields, layerOptions, type Json, type Layer, type LayerOptions, type LayerRecord } from '../layer.ts';
import type { ParameterSpec } from '../parameters.ts';
import {
  type HeldOptions,
  holdingWeights,
  weightOptions,
  type WeightOptions,
  type WeightRole,
} from '../regularizers.ts';
import { callable } from '../symbolic.ts';
import { resolveActivation } from './activation.ts';

/** What all of them take, whatever their kernels are called. */
export interface BiasedOptions extends LayerOptions, HeldOptions {
  /** 'linear' unless given. */
  readonly activation?: ActivationName;
  /** true unless given. */
  readonly useBias?: boolean;
  /** 'zeros' unless given (Keras). */
  readonly biasInitializer?: Initializer | string;
}

export interface ConvLayerOptions extends BiasedOptions, WeightOptions {}

export type WeightSpecs = Readonly<Record<string, ParameterSpec>>;

interface Parts {
  readonly where: string;
  readonly type: string;
  readonly rank: number;
  /** Of its weights, which options are named by; kernel and bias unless given. */
  readonly roles?: readonly WeightRole[];
  /** Its own options as they are saved. */
  readonly config: Readonly<Record<string, Json>>;
  build(
    lengths: Shape,
    channels: number,
    at: string,
  ): {
    /** Spatial lengths of the result. */
    readonly output: readonly number[];
    readonly filters: number;
    readonly weights: WeightSpecs;
    readonly flopsPerSample: number;
  };
  apply(x: Tensor, weights: (name: string) => Tensor): Tensor;
}

const images = ['', '[L,C]', '[H,W,C]', '[D,H,W,C]'];

/** Throws an OptionError for an option that is neither in `known` nor one that all convolution layers take. */
export function checkConvOptions(
  where: string,
  options: BiasedOptions,
  known: readonly string[],
  roles: readonly WeightRole[] = ['kernel', 'bias'],
): void {
  checkOptions(where, options, [
    ...layerOptions,
    ...weightOptions(...roles),
    ...known,
    'activation',
    'useBias',
    'biasInitializer',
  ]);
}

export function convLayer(options: BiasedOptions, parts: Parts): Layer {
  const { where, type, rank, config } = parts;
  const { activation = 'linear', useBias = true } = options;
  const activate = resolveActivation(where, activation);
  const bias = resolveInitializer(where, options.biasInitializer ?? 'zeros');
  const record: LayerRecord = {
    type,
    kind: 'conv',
    config: { ...config, activation, useBias },
    activation,
    ...commonFields(where, options),
    build(inputShape, at) {
      if (inputShape.length !== rank + 1) {
        throw new ShapeError(`${at}: expected images ${images[rank]}, got ${format(inputShape)}`);
      }
      const built = parts.build(inputShape.slice(0, -1), inputShape.at(-1)!, at);
      return {
        outputShape: [...built.output, built.filters],
        weights: {
          ...built.weights,
          ...(useBias ? { bias: { shape: [built.filters], initializer: bias } } : {}),
        },
        flopsPerSample: built.flopsPerSample,
      };
    },
    apply(x, weights) {
      const y = parts.apply(x, weights);
      return activate(useBias ? add(y, weights('bias')) : y);
    },
  };
  return callable(holdingWeights(where, options, record, parts.roles));
}
