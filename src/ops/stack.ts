// Tensors joined along a new axis, and one taken apart into the slices along an axis.

import { ShapeError } from '../core/errors.ts';
import { equal, format, resolveAxis } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { concat, split } from './concat.ts';
import { reshape } from './reshape.ts';
import { expandDims } from './tile.ts';

/** Tensors of one shape as one, along a new axis of the result (0 unless given): two [3] -> [2,3]. Any dtype but u8. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (!first) throw new ShapeError('stack: expected at least one tensor');
  tensors.forEach(({ shape }, i) => {
    if (!equal(shape, first.shape)) {
      throw new ShapeError(`stack: tensor ${i} is ${format(shape)}, expected ${format(first.shape)}`);
    }
  });
  const at = resolveAxis('stack', axis, first.shape.length + 1);
  return concat(
    tensors.map((tensor) => expandDims(tensor, at)),
    at,
  );
}

/** The slices of x along `axis` (0 unless given), each without that axis: [2,3] -> two of [3]. Any dtype but u8. */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  const at = resolveAxis('unstack', axis, x.shape.length);
  const shape = x.shape.filter((_, k) => k !== at);
  return split(x, x.shape[at]!, at).map((part) => reshape(part, shape));
}
