// Putting a data set's numbers on a common scale, with figures taken from the training part alone.

import { checkOptions, DataError, OptionError } from '../core/errors.ts';
import { equal, format } from '../core/shape.ts';
import type { Dataset } from './dataset.ts';

export interface NormalizerOptions {
  /**
   * What shares one mean or range: 'all' numbers of all examples, each of the 'channels' (the last axis), or each of the
   * 'features' (every place of an example by itself). 'all' unless given.
   */
  readonly per?: 'all' | 'channels' | 'features';
}

/** value · scale + offset, for the numbers that a data set means (its own scale and offset applied). */
export interface Normalizer {
  /** One for all numbers, for each channel, or for each feature. */
  readonly scale: Float64Array;
  readonly offset: Float64Array;
  /**
   * The data set with its x on the new scale. With one figure for all numbers the array is shared and bytes stay bytes;
   * otherwise x is a new Float32Array. Throws a DataError where examples have another shape.
   */
  apply(data: Dataset): Dataset;
}

/**
 * (x − mean) / standard deviation (biased, as of the whole population), the figures being those of `train`: other parts
 * must not be looked at before the end. A constant feature becomes 0.
 */
export function standardize(train: Dataset, options: NormalizerOptions = {}): Normalizer {
  return fitted('standardize', train, options, (values) => {
    // Two passes: a mean of squares less a squared mean loses every digit where the mean is large.
    const count = values.count;
    const means = values.reduce((sum, x) => sum + x).map((sum) => sum / count);
    const squares = values.reduce((sum, x, i) => sum + (x - means[i]!) ** 2);
    const scale = squares.map((sum, i) => {
      const deviation = Math.sqrt(sum / count);
      return deviation > Math.abs(means[i]!) * 2 ** -50 ? 1 / deviation : 1;
    });
    return { scale, offset: means.map((mean, i) => -mean * scale[i]!) };
  });
}

/** (x − least) / (largest − least), the figures being those of `train`; a constant feature becomes 0. */
export function scaleToUnit(train: Dataset, options: NormalizerOptions = {}): Normalizer {
  return fitted('scaleToUnit', train, options, (values) => {
    const least = values.reduce((low, x) => Math.min(low, x), Infinity);
    const largest = values.reduce((high, x) => Math.max(high, x), -Infinity);
    const scale = least.map((low, i) => (largest[i]! > low ? 1 / (largest[i]! - low) : 1));
    return { scale, offset: least.map((low, i) => -low * scale[i]!) };
  });
}

interface Values {
  /** Numbers behind each figure. */
  readonly count: number;
  /** Folds the numbers of each figure. */
  reduce(step: (folded: number, x: number, figure: number) => number, first?: number): Float64Array;
}

function fitted(
  where: string,
  { x, size }: Dataset,
  options: NormalizerOptions,
  fit: (values: Values) => { scale: Float64Array; offset: Float64Array },
): Normalizer {
  checkOptions(where, options, ['per']);
  const { per = 'all' } = options;
  if (!['all', 'channels', 'features'].includes(per)) {
    throw new OptionError(`${where}: per is '${String(per)}', expected 'all', 'channels' or 'features'`);
  }
  const example = x.data.length / size;
  const figures = per === 'all' ? 1 : per === 'channels' ? (x.shape.at(-1) ?? 1) : example;
  const { scale, offset } = fit({
    count: x.data.length / figures,
    reduce(step, first = 0) {
      const folded = new Float64Array(figures).fill(first);
      for (let i = 0; i < x.data.length; i++) {
        const figure = i % figures;
        folded[figure] = step(folded[figure]!, x.data[i]! * x.scale + x.offset, figure);
      }
      return folded;
    },
  });
  return {
    scale,
    offset,
    apply(data) {
      const given = data.x;
      if (!equal(given.shape, x.shape)) {
        throw new DataError(
          `${where}: examples are ${format(given.shape)}, expected ${format(x.shape)} as in training`,
        );
      }
      const changed =
        figures === 1
          ? { ...given, scale: given.scale * scale[0]!, offset: given.offset * scale[0]! + offset[0]! }
          : { ...given, data: rescaled(given, scale, offset), scale: 1, offset: 0 };
      return Object.freeze({ ...data, x: Object.freeze(changed) });
    },
  };
}

function rescaled(x: Dataset['x'], scale: Float64Array, offset: Float64Array): Float32Array {
  const figures = scale.length;
  const values = new Float32Array(x.data.length);
  for (let i = 0; i < values.length; i++) {
    const figure = i % figures;
    values[i] = (x.data[i]! * x.scale + x.offset) * scale[figure]! + offset[figure]!;
  }
  return values;
}
