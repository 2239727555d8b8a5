// The layer of products: how alike two inputs are.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format, sizeOf, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { maximum, mul } from '../../ops/binary.ts';
import { matmul } from '../../ops/matmul.ts';
import { sum } from '../../ops/reduce.ts';
import { reshape } from '../../ops/reshape.ts';
import { rsqrt } from '../../ops/unary.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';
import { exampleAxis } from './concatenate.ts';
import { checkInputs } from './merge.ts';

export interface DotOptions extends LayerOptions {
  /** The axis of both inputs, or of each, that is summed over; they count the batch as 0 (Keras). -1 unless given. */
  readonly axes?: number | readonly [number, number];
  /** Whether each input is divided by its length along the axis first, which gives cosines; false unless given. */
  readonly normalize?: boolean;
}

/** Squared lengths below this count as this (Keras). */
const leastSquare = 1e-12;

/**
 * Σ_k a[k]·b[k] of exactly two inputs, each a vector or a matrix: [K] and [K] give [1]; [T,K] and [S,K] give [T,S]; [T,K]
 * and [K] give [T]. OptionError: another number of inputs, or the batch's axis. ShapeError: lengths that differ, or
 * inputs of more axes.
 */
export function dot(options: DotOptions = {}): Layer {
  checkOptions('dot', options, [...layerOptions, 'axes', 'normalize']);
  const { axes: given = -1, normalize = false } = options;
  const axes = typeof given === 'number' ? [given, given] : given;
  if (axes.length !== 2 || !axes.every((axis) => Number.isInteger(axis) && axis !== 0)) {
    throw new OptionError(
      `dot: axes is ${JSON.stringify(given)}, expected one or two whole numbers other than 0, the batch`,
    );
  }
  const geometry = (where: string, shapes: readonly Shape[]) =>
    shapes.map((shape, i) => {
      if (shape.length !== 1 && shape.length !== 2) {
        throw new ShapeError(`${where}: an input is ${format(shape)}, expected a vector [K] or a matrix [T,K]`);
      }
      const at = exampleAxis(where, axes[i]!, shape);
      return { at, length: shape[at]!, rest: shape.filter((_, axis) => axis !== at) };
    });
  /** [N, T, K] or [N, K, T], the latter where the summed axis is the first of two. */
  const asMatrix = (x: Tensor, at: number): Tensor => {
    const [batch, ...shape] = x.shape as [number, ...number[]];
    const matrix = shape.length === 2 ? x : reshape(x, [batch, 1, shape[0]!]);
    if (!normalize) return matrix;
    const axis = shape.length === 2 ? at + 1 : 2;
    const squares = sum(mul(matrix, matrix), { axes: [axis], keepDims: true });
    return mul(matrix, rsqrt(maximum(squares, leastSquare)));
  };
  return callable({
    type: 'Dot',
    kind: 'dot',
    config: { axes: [axes[0]!, axes[1]!], normalize },
    several: true,
    ...commonFields('dot', options),
    build(inputShape, where, others = []) {
      const shapes = [inputShape, ...others];
      checkInputs(where, shapes, 2);
      const [a, b] = geometry(where, shapes);
      if (a!.length !== b!.length) {
        throw new ShapeError(
          `${where}: the axes summed over are ${a!.length} and ${b!.length} long in ${shapes.map(format).join(' and ')}`,
        );
      }
      const rest = [...a!.rest, ...b!.rest];
      const outputShape = rest.length === 0 ? [1] : rest;
      return { outputShape, weights: {}, flopsPerSample: 2 * sizeOf(outputShape) * a!.length };
    },
    apply(x, _weights, _context, others = []) {
      const pair = [x, others[0]!];
      const [a, b] = geometry(
        'dot',
        pair.map(({ shape }) => shape.slice(1)),
      );
      const [left, right] = pair.map((tensor, i) => asMatrix(tensor, [a!.at, b!.at][i]!));
      const product = matmul(left!, right!, {
        transposeA: a!.rest.length === 1 && a!.at === 0,
        transposeB: b!.rest.length === 0 || b!.at === 1,
      });
      const rest = [...a!.rest, ...b!.rest];
      return reshape(product, [x.shape[0]!, ...(rest.length === 0 ? [1] : rest)]);
    },
  });
}
