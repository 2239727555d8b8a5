// A tensor with its axes in another order.

import shader from '../../shaders/transpose.wgsl';
import { ShapeError } from '../core/errors.ts';
import { format, resolveAxis, type Shape, sizeOf, stridesOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { reshape } from './reshape.ts';
import { checkStrided, eachElement, mergedAxes, type StridedView, stridedKernels } from './strided.ts';

export interface TransposeAttrs {
  /** y's axis k is x's axis permutation[k]. */
  readonly permutation: readonly number[];
}

function viewOf(shape: Shape, { permutation }: TransposeAttrs): StridedView {
  const strides = stridesOf(shape);
  return {
    shape: permutation.map((axis) => shape[axis]!),
    strides: permutation.map((axis) => strides[axis]!),
    offset: 0,
  };
}

interface Matrices {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

/** x as matrices whose two axes are swapped, or null where the permutation is another one. */
function matricesOf({ inputs, attrs }: CallTypes<TransposeAttrs>): Matrices | null {
  const { lengths, strides } = mergedAxes(viewOf(inputs[0]!.shape, attrs));
  const [rows, columns, batch = 1] = lengths as [number, number?, number?];
  if (columns === undefined || lengths.length > 3 || strides[1] !== 1 || strides[0] !== columns) return null;
  return lengths.length === 2 || strides[2] === rows * columns ? { batch, rows, columns } : null;
}

const tile = 32;

export const transposeOp: Op<TransposeAttrs> = {
  name: 'transpose',
  infer([x], attrs) {
    const view = viewOf(x!.shape, attrs);
    checkStrided('transpose', x!, view);
    return [{ shape: view.shape, dtype: x!.dtype }];
  },
  cpu([x], [y], { inputs, attrs }) {
    eachElement(viewOf(inputs[0]!.shape, attrs), (to, at) => (y![to] = x![at]!));
  },
  kernels: {
    // Barriers cost a software adapter more than scattered writes do.
    tiled: {
      fits: (call) => matricesOf(call) !== null,
      preferred(call, { adapter }) {
        const { rows, columns } = matricesOf(call)!;
        return adapter !== 'software' && rows >= 16 && columns >= 16;
      },
      plan(call) {
        const sizes = matricesOf(call)!;
        const [row_tiles, column_tiles] = [Math.ceil(sizes.rows / tile), Math.ceil(sizes.columns / tile)];
        return {
          dispatches: [
            dispatch(shader, 'transpose_tiled', {
              bindings: { x: input(0), y: output(0) },
              params: { ...sizes, row_tiles, column_tiles },
              workgroups: flatGrid(sizes.batch * row_tiles * column_tiles, 1),
            }),
          ],
        };
      },
    },
    quad: {
      fits(call) {
        const sizes = matricesOf(call);
        return sizes !== null && sizes.rows % 4 === 0 && sizes.columns % 4 === 0;
      },
      plan(call) {
        const { batch, rows, columns } = matricesOf(call)!;
        const fours = { batch, rows: rows / 4, columns: columns / 4 };
        return {
          dispatches: [
            dispatch(shader, 'transpose_quad', {
              bindings: { x4: input(0), y4: output(0) },
              params: { ...fours, row_tiles: 1, column_tiles: 1 },
              workgroups: flatGrid(batch * Math.ceil(fours.rows / 4) * 4 * fours.columns, 64),
            }),
          ],
        };
      },
    },
    ...stridedKernels<TransposeAttrs>(({ inputs, attrs }) => viewOf(inputs[0]!.shape, attrs)),
  },
  grad: ({ dy: [dy], attrs: { permutation } }) => {
    if (!dy) return [null];
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return [applyOne(transposeOp, [dy], { permutation: inverse })];
  },
  cost: ({ outputs }) => ({ flops: 0, bytes: 8 * sizeOf(outputs[0]!.shape) }),
  accuracy: { kind: 'exact' },
  samples: [
    sample([1, 1], [1, 0]),
    sample([3, 5], [1, 0]),
    sample([8, 12], [1, 0]),
    sample([33, 65], [1, 0]),
    sample([64, 96], [1, 0]),
    sample([3, 7, 5], [0, 2, 1]),
    sample([2, 36, 20], [0, 2, 1]),
    sample([2, 5, 3, 4], [0, 2, 1, 3]),
    sample([2, 3, 4, 5], [3, 1, 0, 2]),
    sample([2, 4, 5, 3], [0, 3, 1, 2]),
    sample([2, 3, 2, 3, 2, 3], [4, 1, 5, 2, 0, 3]),
    sample([2, 2, 2, 2, 2, 2, 2, 3], [6, 4, 2, 0, 7, 5, 3, 1]),
    sample([5, 9], [1, 0], 'i32'),
    sample([2, 3, 40], [1, 0, 2], 'u32'),
    sample([8, 4, 2], [1, 2, 0], 'u32'),
    sample([2, 4, 4], [0, 2, 1], 'i32'),
    sample([2, 4, 4], [1, 0, 2], 'i32'),
    sample([5, 6], [1, 0], 'u32'),
    sample([2, 3, 5], [0, 2, 1], 'u32'),
    sample([3, 5, 2], [2, 0, 1], 'i32'),
  ],
};

function sample(shape: Shape, permutation: number[], dtype?: 'i32' | 'u32'): Sample<TransposeAttrs> {
  return { inputs: [{ shape, ...(dtype ? { dtype, fill: { below: 1000 } } : {}) }], attrs: { permutation } };
}

/**
 * y[i_p0, i_p1, …] = x[i_0, i_1, …] with p = `permutation`: y's axis k is x's axis permutation[k]; all axes reversed
 * unless given (NumPy). Any dtype but u8. Axes of length 1 are moved without work. ShapeError: not a permutation of x's axes.
 */
export function transpose(
  x: Tensor,
  permutation: readonly number[] = x.shape.map((_, axis) => axis).reverse(),
): Tensor {
  const axes = permutation.map((axis) => resolveAxis('transpose', axis, x.shape.length));
  if (axes.length !== x.shape.length || new Set(axes).size !== axes.length) {
    throw new ShapeError(
      `transpose: ${format(permutation)} is no permutation of the ${x.shape.length} axes of ${format(x.shape)}`,
    );
  }
  const moved = axes.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) {
    return reshape(
      x,
      axes.map((axis) => x.shape[axis]!),
    );
  }
  return applyOne(transposeOp, [x], { permutation: axes });
}
