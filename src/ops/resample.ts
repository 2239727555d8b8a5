// Interpolation along one axis as a sparse matrix: y = S·x, and so dx = Sᵀ·dy by the same op.

import shader from '../../shaders/resample.wgsl';
import { ShapeError } from '../core/errors.ts';
import { format, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, Op, Sample } from '../graph/op.ts';
import { applyOne, constantTensor, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { reductionOf } from './reduction.ts';
import { type ResampleRule, resampleRows, type Row, tableOf, transposedRows } from './resample_rows.ts';

export interface ResampleAttrs {
  readonly axis: number;
  /** The lengths before and after; the other way round where `transposed`. */
  readonly from: number;
  readonly to: number;
  readonly rule: ResampleRule;
  readonly transposed: boolean;
}

function rowsOf({ from, to, rule, transposed }: ResampleAttrs): Row[] {
  const rows = resampleRows(from, to, rule);
  return transposed ? transposedRows(rows, from) : rows;
}

/** x resized along `axis`; where every output is the input in its place, x itself. */
export function resampleAxis(x: Tensor, attrs: ResampleAttrs): Tensor {
  const rows = rowsOf(attrs);
  const length = x.shape[attrs.axis]!;
  const same =
    rows.length === length && rows.every((row, t) => row.length === 1 && row[0]![0] === t && row[0]![1] === 1);
  return same ? x : applyOne(resampleOp, [x, tableTensor(attrs)], attrs);
}

function tableTensor(attrs: ResampleAttrs): Tensor {
  const table = tableOf(rowsOf(attrs));
  return constantTensor(table, [table.length], 'u32');
}

function kernel(lanes: 1 | 4): Kernel<ResampleAttrs> {
  return {
    fits: ({ inputs, attrs }) => reductionOf(inputs[0]!.shape, attrs.axis).inner % lanes === 0,
    plan({ inputs, outputs, attrs }) {
      const { inner, reduced } = reductionOf(inputs[0]!.shape, attrs.axis);
      const size = sizeOf(outputs[0]!.shape) / lanes;
      const rest = {
        params: { size, inner: inner / lanes, length: reduced, rows: outputs[0]!.shape[attrs.axis]! },
        workgroups: flatGrid(size, 64),
      };
      const table = input(1);
      return {
        dispatches: [
          lanes === 4
            ? dispatch(shader, 'resample_vec4', { bindings: { x4: input(0), table, y4: output(0) }, ...rest })
            : dispatch(shader, 'resample', { bindings: { x: input(0), table, y: output(0) }, ...rest }),
        ],
      };
    },
  };
}

const most = ({ attrs }: CallTypes<ResampleAttrs>) => Math.max(...rowsOf(attrs).map((row) => row.length));
const heaviest = ({ attrs }: CallTypes<ResampleAttrs>) =>
  Math.max(...rowsOf(attrs).map((row) => row.reduce((sum, [, weight]) => sum + Math.abs(weight), 0)));

const plain: ResampleRule = {
  interpolation: 'linear',
  coordinates: 'halfPixel',
  rounding: 'roundPreferCeil',
  cubicCoefficient: -0.75,
  antialias: false,
  excludeOutside: false,
};
// prettier-ignore
const cases: readonly (readonly [Shape, number, number, Partial<ResampleRule>])[] = [
  [[1], 0, 1, {}],
  [[2, 3, 5], 1, 6, {}],
  [[2, 3, 4], 1, 7, { coordinates: 'alignCorners' }],
  [[3, 1, 8], 1, 3, {}],
  [[2, 7, 1], 1, 4, { interpolation: 'nearest' }],
  [[5, 2], 0, 11, { interpolation: 'nearest', coordinates: 'asymmetric', rounding: 'floor' }],
  [[2, 5, 3], 1, 8, { interpolation: 'cubic' }],
  [[1, 9, 12], 1, 4, { interpolation: 'cubic', antialias: true, cubicCoefficient: -0.5 }],
  [[11, 3], 0, 3, { antialias: true }],
  [[4, 6], 1, 3, { interpolation: 'cubic', excludeOutside: true, coordinates: 'pytorchHalfPixel' }],
  [[3, 67], 1, 33, {}],
  // With the above, every two options (tests/ops/option_table.ts).
  [[7, 2], 1, 2, { interpolation: 'nearest', coordinates: 'halfPixelSymmetric', rounding: 'roundPreferFloor', scale: 1.3 }],
  [[4, 4, 4], 1, 6, { interpolation: 'cubic', coordinates: 'pytorchHalfPixel', cubicCoefficient: -0.5, antialias: true, excludeOutside: true, scale: 1.7 }],
  [[3, 5, 4], 0, 3, { interpolation: 'nearest', coordinates: 'asymmetric', rounding: 'ceil', scale: 1.3 }],
  [[2], 0, 2, { interpolation: 'cubic', coordinates: 'alignCorners', cubicCoefficient: -0.5, antialias: true, excludeOutside: true }],
  [[5, 8], 0, 4, { interpolation: 'cubic', coordinates: 'halfPixelSymmetric', cubicCoefficient: -0.5, antialias: true, excludeOutside: true }],
  [[2], 0, 1, { interpolation: 'nearest', coordinates: 'pytorchHalfPixel', rounding: 'floor', scale: 0.6 }],
  [[6, 3], 1, 2, { interpolation: 'cubic', coordinates: 'asymmetric', cubicCoefficient: -0.5, antialias: true, excludeOutside: true }],
  [[5, 8], 0, 2, { interpolation: 'nearest', coordinates: 'alignCorners', rounding: 'roundPreferFloor' }],
  [[3], 0, 6, { interpolation: 'nearest', coordinates: 'halfPixelSymmetric', rounding: 'ceil' }],
  [[2, 2, 5], 1, 2, { coordinates: 'pytorchHalfPixel', antialias: true, excludeOutside: true, scale: 1.3 }],
  [[8, 3], 1, 1, { interpolation: 'nearest', coordinates: 'alignCorners', rounding: 'ceil' }],
  [[2, 3, 8], 1, 3, { interpolation: 'nearest', coordinates: 'halfPixelSymmetric', rounding: 'floor' }],
  [[3], 0, 7, { interpolation: 'nearest', coordinates: 'asymmetric', rounding: 'roundPreferFloor' }],
  [[7, 2], 1, 3, { interpolation: 'cubic', cubicCoefficient: -0.5, excludeOutside: true }],
  [[3, 4], 1, 6, { interpolation: 'nearest', coordinates: 'alignCorners', rounding: 'floor', scale: 1.7 }],
  [[4, 3], 0, 4, { interpolation: 'nearest', coordinates: 'pytorchHalfPixel', rounding: 'roundPreferFloor' }],
  [[7, 2, 2], 1, 1, { interpolation: 'nearest', coordinates: 'asymmetric', rounding: 'ceil' }],
  [[3, 3, 2], 1, 4, { interpolation: 'nearest', rounding: 'roundPreferFloor' }],
  [[3, 5], 1, 6, { interpolation: 'nearest', rounding: 'floor', scale: 1.3 }],
  [[2], 0, 7, { coordinates: 'asymmetric' }],
  [[4, 5], 0, 3, { interpolation: 'nearest', coordinates: 'pytorchHalfPixel', rounding: 'ceil' }],
  [[3], 0, 6, { coordinates: 'halfPixelSymmetric' }],
  [[6, 2], 0, 4, { interpolation: 'nearest', rounding: 'ceil' }],
];

export const resampleOp: Op<ResampleAttrs> = {
  name: 'resample',
  infer([x, table], { axis, from, to, transposed }) {
    expectDType('resample', 'x', x!, 'f32');
    expectDType('resample', 'table', table!, 'u32');
    const [length, rows] = transposed ? [to, from] : [from, to];
    if (x!.shape[axis] !== length) {
      throw new ShapeError(`resample: axis ${axis} of x ${format(x!.shape)}, expected a length of ${length}`);
    }
    return [{ shape: x!.shape.map((n, i) => (i === axis ? rows : n)), dtype: 'f32' }];
  },
  cpu([x, table], [y], { inputs, outputs, attrs }) {
    const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, attrs.axis);
    const rows = outputs[0]!.shape[attrs.axis]!;
    const words = Uint32Array.from(table!);
    const floats = new Float32Array(words.buffer);
    for (let o = 0; o < outer; o++) {
      for (let t = 0; t < rows; t++) {
        for (let c = 0; c < inner; c++) {
          let sum = 0;
          for (let e = words[t]!; e < words[t + 1]!; e++) {
            const entry = rows + 1 + 2 * e;
            sum += floats[entry + 1]! * x![(o * reduced + words[entry]!) * inner + c]!;
          }
          y![(o * rows + t) * inner + c] = sum;
        }
      }
    }
  },
  kernels: { vec4: kernel(4), naive: kernel(1) },
  grad({ dy: [dy], attrs }) {
    const back = { ...attrs, transposed: !attrs.transposed };
    return [dy ? applyOne(resampleOp, [dy, tableTensor(back)], back) : null, null];
  },
  cost: (call) => ({ flops: 2 * sizeOf(call.outputs[0]!.shape) * most(call), bytes: bytesMoved(call) }),
  // As a sum of K terms, (4 + √K / 2)·u·Σ|weight·x|, with |x| < 6 in standard normal samples; weights may be negative.
  accuracy: (call) => ({
    kind: 'mixed',
    absolute: (4 + Math.sqrt(most(call)) / 2) * 2 ** -24 * heaviest(call) * 6,
    relative: 0,
  }),
  samples: cases.flatMap(([shape, axis, to, own]) =>
    [false, true].map((transposed): Sample<ResampleAttrs> => {
      const attrs: ResampleAttrs = { axis, from: shape[axis]!, to, rule: { ...plain, ...own }, transposed };
      const table = tableOf(rowsOf(attrs));
      return {
        inputs: [
          { shape: transposed ? shape.map((n, i) => (i === axis ? to : n)) : shape },
          { shape: [table.length], dtype: 'u32', fill: { values: [...table] } },
        ],
        attrs,
      };
    }),
  ),
};
