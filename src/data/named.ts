// Data sets of several inputs or several targets: an array for each, by its name in the model.

import { checkOptions, DataError } from '../core/errors.ts';
import type { Shape } from '../core/shape.ts';
import { dataset, isOne, type Dataset, type DatasetOptions, type NamedDataset } from './dataset.ts';

type NamedX = DatasetOptions['x'] | (DatasetOptions['x'] & { readonly scale?: number; readonly offset?: number });

export interface NamedOptions {
  /** One array, or a record of them; `{ shape, data, scale, offset }` as in `dataset`. */
  readonly x: NamedX | Readonly<Record<string, NamedX>>;
  /** One array, or a record of them. */
  readonly y: DatasetOptions['y'] | Readonly<Record<string, DatasetOptions['y']>>;
}

/**
 * A data set of `{ x: { a, b }, y: { age, sex } }`, each array as `dataset` takes it. Throws a DataError where two arrays
 * differ in their number of examples, or a float is NaN or infinite. `shapeOf`: the shape of an example of the input
 * called so, for arrays without one.
 */
export function namedDataset(
  options: NamedOptions,
  shapeOf?: (name: string | null) => Shape | undefined,
): NamedDataset {
  checkOptions('namedDataset', options, ['x', 'y']);
  const xs = entriesOf<NamedX>('x', options.x);
  const ys = entriesOf<DatasetOptions['y']>('y', options.y);
  // Every array is checked against the first of the other kind, so all are of one length.
  const pair = (i: number, j: number): Dataset => {
    const [name, x] = xs[i]!;
    const [target, y] = ys[j]!;
    const { scale, offset } = ArrayBuffer.isView(x) ? {} : (x as { scale?: number; offset?: number });
    const shape = ArrayBuffer.isView(x) ? shapeOf?.(name) : undefined;
    try {
      return dataset({
        x,
        y,
        ...(scale === undefined ? {} : { scale }),
        ...(offset === undefined ? {} : { offset }),
        ...(shape ? { shape } : {}),
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(`${error.message} (x is '${name ?? 'x'}', y is '${target ?? 'y'}')`);
    }
  };
  const inputs = xs.map(([name], i) => [name, pair(i, 0).x] as const);
  const targets = ys.map(([name], j) => [name, pair(0, j).y] as const);
  return Object.freeze({ size: pair(0, 0).size, x: recordOf(inputs), y: recordOf(targets) });
}

function entriesOf<T>(what: string, given: T | Readonly<Record<string, T>>): (readonly [string | null, T])[] {
  if (isOne(given)) return [[null, given as T]];
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : [];
  if (entries.length > 0) return entries as [string, T][];
  throw new DataError(`namedDataset: ${what} is neither an array nor a record of arrays by name`);
}

function recordOf<T>(entries: readonly (readonly [string | null, T])[]): T | Readonly<Record<string, T>> {
  const [first] = entries;
  return first![0] === null ? first![1] : Object.freeze(Object.fromEntries(entries));
}
