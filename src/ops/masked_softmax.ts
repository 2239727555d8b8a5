// Softmax over the places that a mask leaves, as attention needs it: one pass over the scores, masks never repeated.

import shader from '../../shaders/masked_softmax.wgsl';
import type { Values } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { broadcast, equal, format, type Shape } from '../core/shape.ts';
import type { CallTypes, Fill, Kernel, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { checkLayout, indicesOf, layoutOf, rankConstant } from './broadcasting.ts';
import { bytesMoved } from './copy.ts';
import { sumTo } from './reduce.ts';
import { rowTotal, shareError, u } from './row_bounds.ts';
import { maskedColumns, maskedScores, rowsOf, softmax, softmaxGradOp } from './softmax.ts';

export interface MaskedSoftmaxAttrs {
  /** Column c of row q is allowed where c ≤ q. */
  readonly causal: boolean;
  /** What input 1 is: absent, 0 where forbidden, or added to x (and forbidding from −1e9 down). */
  readonly mask: 'none' | 'keep' | 'add';
}

/** An added mask forbids from here down: so far below any score that what is left of it would be noise. */
export const forbidden = -1e9;

const maskNumbers = { none: 0, keep: 1, add: 2 } as const;

function padded(shape: Shape, rank: number): Shape {
  return [...new Array<number>(rank - shape.length).fill(1), ...shape];
}

function kernel(entry: 'masked_softmax' | 'masked_softmax_rows', threads: number): Kernel<MaskedSoftmaxAttrs>['plan'] {
  return ({ inputs: [x, mask], attrs }) => {
    const { rows, columns } = rowsOf(x!.shape);
    const outer = x!.shape.slice(0, -1);
    const maskShape = padded(mask?.shape ?? [], x!.shape.length);
    const { lengths, strides } = layoutOf(outer, [maskShape.slice(0, -1)]);
    const across = maskShape.at(-1)!;
    const step = (axis: number) => (strides[0]![axis] ?? 0) * across;
    const params = {
      rows,
      columns,
      queries: x!.shape.at(-2) ?? 1,
      column_stride: across === 1 ? 0 : 1,
      length_0: lengths[0] ?? 1,
      length_1: lengths[1] ?? 1,
      length_2: lengths[2] ?? 1,
      length_3: lengths[3] ?? 1,
      length_4: lengths[4] ?? 1,
      stride_0: step(0),
      stride_1: step(1),
      stride_2: step(2),
      stride_3: step(3),
      stride_4: step(4),
      stride_5: step(5),
    };
    const constants = {
      CAUSAL: attrs.causal,
      MASK: maskNumbers[attrs.mask],
      RANK: attrs.mask === 'none' ? 1 : rankConstant(lengths.length),
    };
    const bindings = { x: input(0), mask: input(attrs.mask === 'none' ? 0 : 1), y: output(0) };
    return {
      dispatches: [dispatch(shader, entry, { bindings, params, constants, workgroups: flatGrid(rows, threads) })],
    };
  };
}

/** Calls `visit` for every row with the elements that are allowed in it and their scores. */
function eachRow(
  [x, mask]: readonly Values[],
  { inputs, attrs }: CallTypes<MaskedSoftmaxAttrs>,
  visit: (allowed: readonly number[], values: readonly number[]) => void,
): void {
  const { shape } = inputs[0]!;
  const { rows, columns } = rowsOf(shape);
  const queries = shape.at(-2)!;
  const at = mask ? indicesOf(shape, inputs[1]!.shape) : () => 0;
  for (let row = 0; row < rows; row++) {
    const allowed: number[] = [];
    const values: number[] = [];
    for (let c = 0; c < columns; c++) {
      const i = row * columns + c;
      const m = mask ? mask[at(i)]! : 0;
      if (attrs.causal && c > row % queries) continue;
      if (attrs.mask === 'keep' ? m === 0 : m <= forbidden) continue;
      allowed.push(i);
      values.push(attrs.mask === 'add' ? x![i]! + m : x![i]!);
    }
    visit(allowed, values);
  }
}

/** As softmax's for what is allowed; where a mask is added, its sums with the scores are rounded first. */
function maskedErrors(x: readonly Values[], y: Values, call: CallTypes<MaskedSoftmaxAttrs>): Float64Array {
  const errors = new Float64Array(y.length);
  eachRow(x, call, (allowed, values) => {
    const total = rowTotal(values);
    const rounded = call.attrs.mask === 'add' ? 4 * u * values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) : 0;
    allowed.forEach((i, n) => (errors[i] = shareError(values[n]!, total) + rounded * y[i]!));
  });
  return errors;
}

export const maskedSoftmaxOp: Op<MaskedSoftmaxAttrs> = {
  name: 'masked_softmax',
  infer([x, mask], attrs) {
    expectDType('masked_softmax', 'x', x!, 'f32');
    if (x!.shape.length < 2) throw new ShapeError(`masked_softmax: x is ${format(x!.shape)}, expected [..., Q, K]`);
    if ((mask === undefined) !== (attrs.mask === 'none'))
      throw new ShapeError('masked_softmax: a mask without its kind');
    if (mask) {
      expectDType('masked_softmax', 'mask', mask, 'f32');
      if (!equal(broadcast('masked_softmax', mask.shape, x!.shape), x!.shape)) {
        throw new ShapeError(
          `masked_softmax: the mask ${format(mask.shape)} does not broadcast to the scores ${format(x!.shape)}`,
        );
      }
      checkLayout('masked_softmax', x!.shape.slice(0, -1), [padded(mask.shape, x!.shape.length).slice(0, -1)]);
    }
    return [{ shape: x!.shape, dtype: 'f32' }];
  },
  cpu(x, [y], call) {
    y!.fill(0);
    eachRow(x, call, (allowed, values) => {
      // From the lowest number of f32, so that a row of -Infinity alone is 0 like one that allows nothing.
      const highest = values.reduce((a, b) => Math.max(a, b), -3.4028234663852886e38);
      const total = values.reduce((sum, value) => sum + Math.exp(value - highest), 0);
      allowed.forEach((i, n) => (y![i] = total === 0 ? 0 : Math.exp(values[n]! - highest) / total));
    });
  },
  kernels: {
    // As for softmax: a workgroup for each row where rows are long and barriers cheap.
    rows: {
      preferred: ({ inputs }, { adapter }) => adapter !== 'software' && inputs[0]!.shape.at(-1)! >= 64,
      plan: kernel('masked_softmax_rows', 1),
    },
    naive: { plan: kernel('masked_softmax', 64) },
  },
  grad({ dy: [dy], x: [, mask], y: [y], attrs, needs }) {
    if (!dy) return [null, null];
    const dx = applyOne(softmaxGradOp, [dy, y!], {});
    return [needs[0] ? dx : null, mask && attrs.mask === 'add' && needs[1] ? sumTo(dx, mask.shape) : null].slice(
      0,
      mask ? 2 : 1,
    );
  },
  cost: (call: CallTypes<MaskedSoftmaxAttrs>) => {
    const { rows, columns } = rowsOf(call.inputs[0]!.shape);
    return { flops: 12 * rows * columns, bytes: bytesMoved(call), exponentials: rows * columns };
  },
  accuracy: { kind: 'derived', bounds: (x, [y], call) => [maskedErrors(x, y!, call)] },
  samples: [
    sample([3, 5], true),
    sample([1, 1], true),
    sample([2, 3, 7], true),
    sample([2, 6, 4], true),
    sample([2, 5, 130], true),
    sample([1, 3, 1000], false, 'add', [1000], 'normal'),
    sample([4, 5], false, 'keep', [4, 5]),
    sample([2, 3, 4, 5], false, 'keep', [2, 1, 1, 5]),
    sample([2, 3, 4, 5], true, 'keep', [2, 1, 4, 5]),
    sample([2, 3, 4, 5], false, 'keep', [1, 3, 4, 1]),
    sample([3, 4, 6], false, 'keep', [6]),
    sample([3, 4, 6], false, 'keep', [], { values: [0] }), // nothing is allowed
    sample([5, 9, 67], false, 'keep', [5, 1, 67]),
    sample([3, 5], false, 'add', [3, 5], 'normal'),
    sample([2, 3, 4, 5], false, 'add', [3, 4, 5], 'normal'),
    sample([2, 3, 4, 5], true, 'add', [2, 1, 1, 5], { values: [0, -2e9, 0.5, -1, -2e9] }),
    sample([2, 2, 3, 2, 3, 4], false, 'add', [2, 1, 3, 1, 3, 4], 'normal'),
    sample([2, 3, 4], false, 'add', [2, 1, 1], { values: [-2e9, 1] }),
    sample([3, 8, 64], true, 'add', [8, 1], 'normal'),
    sample([2, 4, 3], false),
    sample([2, 4, 3], false, 'keep', [3], { values: [1, 0, 1] }),
    sample([2, 3, 3], false, 'keep', [2, 3, 3]),
    sample([2, 4, 3], false, 'add', [3], 'normal'),
    sample([2, 3, 3], true, 'add', [2, 3, 3], 'normal'),
    ...maskedColumns.map((columns) => ({
      inputs: [maskedScores(columns)],
      attrs: { causal: false, mask: 'none' as const },
      kink: true as const,
    })),
  ],
};

function sample(
  shape: Shape,
  causal: boolean,
  mask: 'none' | 'keep' | 'add' = 'none',
  maskShape: Shape = [],
  fill: Fill = { below: 2 },
): Sample<MaskedSoftmaxAttrs> {
  const inputs = mask === 'none' ? [{ shape }] : [{ shape }, { shape: maskShape, fill }];
  return { inputs, attrs: { causal, mask } };
}

/** Softmax over the last axis of `scores` [..., Q, K] where neither mask, bias nor `causal` forbid. */
export function maskedSoftmax(scores: Tensor, causal: boolean, kind: 'keep' | 'add', mask?: Tensor): Tensor {
  if (!mask && !causal) return softmax(scores);
  return applyOne<MaskedSoftmaxAttrs>(maskedSoftmaxOp, mask ? [scores, mask] : [scores], {
    causal,
    mask: mask ? kind : 'none',
  });
}
