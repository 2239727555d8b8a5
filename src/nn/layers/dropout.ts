// The dropout layers: of single numbers, and of whole channels.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import { mul } from '../../ops/binary.ts';
import { dropout as drop } from '../../ops/dropout.ts';
import { full } from '../../ops/full.ts';
import {
  commonFields,
  layerOptions,
  type Layer,
  type LayerContext,
  type LayerOptions,
  type LayerRecord,
} from '../layer.ts';
import { keepsMask } from '../masking.ts';
import { callable } from '../symbolic.ts';

export interface DrawingOption {
  /** Whether the layer draws in predictions and evaluations too (Monte Carlo dropout); false unless given. */
  readonly training?: boolean;
}

export interface DropoutOptions extends LayerOptions, DrawingOption {
  /** The fraction that is dropped. */
  readonly rate: number;
}

export const dropoutOptions = [...layerOptions, 'rate', 'training'];

/** How a rate may change while training runs: not where there is nothing to drop at first. */
export const rateNumbers = (rate: number): Pick<LayerRecord, 'numbers'> =>
  rate > 0 ? { numbers: { rate: { value: rate, least: 0, below: 1 } } } : {};

export function checkRate(where: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) throw new OptionError(`${where}: rate is ${rate}, expected at least 0 and below 1`);
}

/** The option `training` for a layer's config, left out where it is the default. */
export function drawingField(where: string, { training = false }: DrawingOption): DrawingOption {
  if (typeof training !== 'boolean') {
    throw new OptionError(`${where}: training is ${String(training)}, expected true or false`);
  }
  return training ? { training } : {};
}

/** Whether a layer with these options draws. */
export const draws = ({ training }: DrawingOption, { drawing }: LayerContext): boolean => training === true || drawing;

/**
 * While training, each number is 0 with probability `rate` and otherwise divided by 1 − rate (Srivastava et al. 2014,
 * inverted); at other times x as it is, unless `training` or `predict` asks for it. OptionError: rate outside [0, 1).
 */
export function dropout(options: DropoutOptions): Layer {
  checkOptions('dropout', options, dropoutOptions);
  const { rate } = options;
  checkRate('dropout', rate);
  return callable({
    type: 'Dropout',
    kind: 'dropout',
    config: { rate, ...drawingField('dropout', options) },
    masking: keepsMask,
    ...rateNumbers(rate),
    ...commonFields('dropout', options),
    build: (inputShape) => ({ outputShape: inputShape, weights: {}, flopsPerSample: 0 }),
    apply(x, _, context) {
      if (!draws(options, context) || rate === 0) return x;
      return drop(x, context.number('rate', rate), context.random, context.stream);
    },
  });
}

/** Dropout of whole channels: the same ones at every place of an example, others in every example. */
function spatialDropout(where: string, type: string, rank: 1 | 2 | 3, options: DropoutOptions): Layer {
  checkOptions(where, options, dropoutOptions);
  const { rate } = options;
  checkRate(where, rate);
  const expected = { 1: '[L,C]', 2: '[H,W,C]', 3: '[D,H,W,C]' }[rank];
  return callable({
    type,
    kind: 'dropout',
    config: { rate, ...drawingField(where, options) },
    ...(rank === 1 ? { masking: keepsMask } : {}),
    ...rateNumbers(rate),
    ...commonFields(where, options),
    build(inputShape, at) {
      if (inputShape.length === rank + 1) return { outputShape: inputShape, weights: {}, flopsPerSample: 0 };
      throw new ShapeError(`${at}: expected examples ${expected}, got ${format(inputShape)}`);
    },
    apply(x, _, context) {
      if (!draws(options, context) || rate === 0) return x;
      const shape = x.shape.map((length, axis) => (axis === 0 || axis === rank + 1 ? length : 1));
      return mul(x, drop(full(shape, 1), context.number('rate', rate), context.random, context.stream));
    },
  });
}

/** `dropout` of whole channels of [L,C] (Tompson et al. 2015). OptionError: rate outside [0, 1). ShapeError: other examples. */
export function spatialDropout1d(options: DropoutOptions): Layer {
  return spatialDropout('spatialDropout1d', 'SpatialDropout1d', 1, options);
}

/** `dropout` of whole channels of [H,W,C] (Tompson et al. 2015). OptionError: rate outside [0, 1). ShapeError: other examples. */
export function spatialDropout2d(options: DropoutOptions): Layer {
  return spatialDropout('spatialDropout2d', 'SpatialDropout2d', 2, options);
}

/** `dropout` of whole channels of [D,H,W,C] (Tompson et al. 2015). OptionError: rate outside [0, 1). ShapeError: other examples. */
export function spatialDropout3d(options: DropoutOptions): Layer {
  return spatialDropout('spatialDropout3d', 'SpatialDropout3d', 3, options);
}
