// Layers that disturb their input while training: noise added, noise multiplied, and dropout for self-normalizing nets.

import { checkOptions, OptionError } from '../../core/errors.ts';
import { derive, operandOf } from '../../graph/live.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { add, mul, sub } from '../../ops/binary.ts';
import { randomBernoulli, randomNormal } from '../../ops/random.ts';
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
import {
  checkRate,
  drawingField,
  dropoutOptions,
  draws,
  rateNumbers,
  type DrawingOption,
  type DropoutOptions,
} from './dropout.ts';

function noiseLayer(
  where: string,
  type: string,
  own: Readonly<Record<string, number>>,
  numbers: Pick<LayerRecord, 'numbers'>,
  options: LayerOptions & DrawingOption,
  disturb: (x: Tensor, context: LayerContext) => Tensor,
): Layer {
  return callable({
    type,
    kind: type.toLowerCase(),
    config: { ...own, ...drawingField(where, options) },
    masking: keepsMask,
    ...numbers,
    ...commonFields(where, options),
    build: (inputShape) => ({ outputShape: inputShape, weights: {}, flopsPerSample: 0 }),
    apply: (x, _, context) => (draws(options, context) ? disturb(x, context) : x),
  });
}

/** While training, y = x + stddev·n with n standard normal; at other times x. OptionError: stddev below 0 or not finite. */
export function gaussianNoise(options: LayerOptions & DrawingOption & { readonly stddev: number }): Layer {
  checkOptions('gaussianNoise', options, [...layerOptions, 'stddev', 'training']);
  const { stddev } = options;
  if (!(stddev >= 0) || !Number.isFinite(stddev)) {
    throw new OptionError(`gaussianNoise: stddev is ${stddev}, expected a number of at least 0`);
  }
  const numbers = stddev > 0 ? { numbers: { stddev: { value: stddev, least: 0 } } } : {};
  return noiseLayer('gaussianNoise', 'GaussianNoise', { stddev }, numbers, options, (x, { random, stream, number }) =>
    stddev === 0 ? x : add(x, randomNormal(x.shape, random, { stream, stddev: number('stddev', stddev) })),
  );
}

/**
 * While training, y = x·n with n normal of mean 1 and variance rate / (1 − rate), as dropout's (Srivastava et al. 2014,
 * section 10); at other times x. OptionError: rate outside [0, 1).
 */
export function gaussianDropout(options: DropoutOptions): Layer {
  checkOptions('gaussianDropout', options, dropoutOptions);
  const { rate } = options;
  checkRate('gaussianDropout', rate);
  const numbers = rateNumbers(rate);
  return noiseLayer(
    'gaussianDropout',
    'GaussianDropout',
    { rate },
    numbers,
    options,
    (x, { random, stream, number }) => {
      if (rate === 0) return x;
      const stddev = derive(number('rate', rate), 'deviation', (value) => Math.sqrt(value / (1 - value)));
      return mul(x, randomNormal(x.shape, random, { stream, mean: 1, stddev }));
    },
  );
}

/** What SELU tends to far below 0: −scale·alpha. */
const saturation = -1.7580993408473766;

/**
 * While training, each number is SELU's lower limit −1.7581 with probability `rate`, and all are then scaled and moved so
 * that mean 0 and variance 1 stay (Klambauer et al. 2017); at other times x. For nets of `selu`. OptionError: rate outside
 * [0, 1).
 */
export function alphaDropout(options: DropoutOptions): Layer {
  checkOptions('alphaDropout', options, dropoutOptions);
  const { rate } = options;
  checkRate('alphaDropout', rate);
  const scaleAt = (value: number) => 1 / Math.sqrt((1 - value) * (1 + value * saturation ** 2));
  const shiftAt = (value: number) => scaleAt(value) * saturation * (1 - value);
  return noiseLayer(
    'alphaDropout',
    'AlphaDropout',
    { rate },
    rateNumbers(rate),
    options,
    (x, { random, stream, number }) => {
      if (rate === 0) return x;
      const live = number('rate', rate);
      const [scale, shift] = [operandOf(derive(live, 'scale', scaleAt)), operandOf(derive(live, 'shift', shiftAt))];
      const kept = randomBernoulli(x.shape, random, {
        stream,
        probability: derive(live, 'kept', (value) => 1 - value),
      });
      // (x − s)·kept + s, s the saturation, then scaled and moved.
      return add(mul(mul(sub(x, saturation), kept), scale), shift);
    },
  );
}
