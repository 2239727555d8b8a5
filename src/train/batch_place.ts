// Where a batch is among those whose gradients make one update.

import type { BatchPlace } from '../nn/optimizer_state.ts';

/**
 * Of the batch of `count` examples from example `first` on, where an update takes `examples` of them. An update ends with
 * the epoch, after example `size`, with as many as are left.
 */
export function placeIn(size: number, examples: number, first: number, count: number): BatchPlace {
  const begin = first - (first % examples);
  const end = Math.min(begin + examples, size);
  return { first: first === begin, last: first + count === end, share: count / (end - begin) };
}
