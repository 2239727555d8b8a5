// Cross-entropy of class scores against one label a row, its gradient, and both in one pass.

import shader from '../../shaders/loss.wgsl';
import { ShapeError } from '../core/errors.ts';
import type { Values } from '../core/dtype.ts';
import { equal, format, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { errorsOfRows, logShareError, rowTotal, shareError, smallest, u } from './row_bounds.ts';
import { maskedColumns, maskedScores, type NoAttrs, rowsOf, sumExp } from './softmax.ts';

export function checkScores(name: string, x: TensorType, labels: TensorType): void {
  expectDType(name, 'scores', x, 'f32');
  expectDType(name, 'labels', labels, 'i32', 'u32');
  if (x.shape.length !== 2) throw new ShapeError(`${name}: scores are ${format(x.shape)}, expected [N,C]`);
  if (!equal(labels.shape, [x.shape[0]!])) {
    throw new ShapeError(
      `${name}: labels are ${format(labels.shape)}, expected [${x.shape[0]}] for scores ${format(x.shape)}`,
    );
  }
}

/** As the shader has it: outside 0..columns − 1 a label, seen as u32, counts as the last class. */
export const clampLabel = (label: number, columns: number) => Math.min(label >>> 0, columns - 1);

const samplesOf = (inputs: (shape: Shape, labels: Shape) => Sample<NoAttrs>['inputs']): Sample<NoAttrs>[] =>
  (
    [
      [3, 5],
      [1, 1],
      [67, 10],
      [64, 8],
      [5, 129],
      [4, 256],
      [2, 1000],
    ] as const
  ).map(([n, c]) => ({ inputs: inputs([n, c], [n]), attrs: {} }));
export const scoreSamples: readonly Sample<NoAttrs>[] = [
  ...samplesOf((shape, labels) => [{ shape }, { shape: labels, dtype: 'i32', fill: { below: shape[1]! } }]),
  { inputs: [{ shape: [6, 3] }, { shape: [6], dtype: 'u32', fill: { below: 3 } }], attrs: {} },
  { inputs: [{ shape: [5, 4] }, { shape: [5], dtype: 'u32', fill: { below: 4 } }], attrs: {} },
  { inputs: [{ shape: [4, 3] }, { shape: [4], dtype: 'i32', fill: { values: [-1, 3, 2147483647, 0] } }], attrs: {} },
  // Labels that are not masked, but for the last two rows': there the loss is infinite, and NaN.
  ...maskedColumns.map((columns): Sample<NoAttrs> => {
    const labels = [columns - 1, 4, columns >> 1, columns - 1, 1, 0];
    return {
      inputs: [maskedScores(columns), { shape: [labels.length], dtype: 'i32', fill: { values: labels } }],
      attrs: {},
      kink: true,
    };
  }),
];

/** Rows long enough to share among a workgroup, on a device whose barriers are cheap. */
export const sharesRows = ({ inputs }: CallTypes<unknown>, { adapter }: Target) =>
  adapter !== 'software' && inputs.some(({ shape }) => shape.length === 2 && shape[1]! >= 64);

/** Ways to compute a row: a workgroup, a thread by vectors, a thread. */
type Way = '_rows' | '_vec4' | '';

/** For `plan` each of these ways. The vectors are for short rows on GPUs, and for all where barriers are dear. */
function kernelsOf(plan: (way: Way) => Kernel<NoAttrs>['plan']): Record<'rows' | 'vec4' | 'naive', Kernel<NoAttrs>> {
  return {
    rows: { preferred: sharesRows, plan: plan('_rows') },
    vec4: {
      fits: ({ inputs }) => inputs.find(({ shape }) => shape.length === 2)!.shape[1]! % 4 === 0,
      plan: plan('_vec4'),
    },
    naive: { plan: plan('') },
  };
}

/** Params and workgroups for rows of `scores`. */
function rowsCall(way: Way, { shape }: TensorType) {
  const { rows, columns } = rowsOf(shape);
  return {
    params: { rows, columns: way === '_vec4' ? columns / 4 : columns },
    workgroups: flatGrid(rows, way === '_rows' ? 1 : 64),
  };
}

export const scoreBytes = ({ inputs }: CallTypes<NoAttrs>) => 4 * (sizeOf(inputs[0]!.shape) + 2 * inputs[0]!.shape[0]!);

export const sparseSoftmaxCrossEntropyOp: Op<NoAttrs> = {
  name: 'sparse_softmax_cross_entropy',
  infer([x, labels]) {
    checkScores('sparse_softmax_cross_entropy', x!, labels!);
    return [{ shape: labels!.shape, dtype: 'f32' }];
  },
  cpu([x, labels], [y], { inputs }) {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    for (let n = 0; n < rows; n++) {
      const row = x!.subarray(n * columns, (n + 1) * columns);
      const { highest, sum } = sumExp(row);
      y![n] = highest - row[clampLabel(labels![n]!, columns)]! + Math.log(sum);
    }
  },
  kernels: kernelsOf((way) => ({ inputs: [x] }) => {
    const call = rowsCall(way, x!);
    const own = { labels: input(1), y: output(0) };
    return {
      dispatches: [
        way === '_vec4'
          ? dispatch(shader, 'sparse_softmax_cross_entropy_vec4', { bindings: { x4: input(0), ...own }, ...call })
          : dispatch(shader, `sparse_softmax_cross_entropy${way}`, { bindings: { x: input(0), ...own }, ...call }),
      ],
    };
  }),
  grad: ({ dy: [dy], x: [x, labels] }) => [
    dy ? applyOne(sparseSoftmaxCrossEntropyGradOp, [dy, x!, labels!], {}) : null,
    null,
  ],
  fuseBeside({ inputs: [x, labels], outputs }, other) {
    if (other.op !== sparseSoftmaxCrossEntropyGradOp) return null;
    const [dy, scores, same] = other.inputs as [Tensor, Tensor, Tensor];
    if (scores.source !== x!.source || same.source !== labels!.source) return null;
    return {
      op: crossEntropyWithGradOp,
      attrs: {},
      inputs: [x!, labels!, dy],
      outputs: [...outputs, ...other.outputs],
    };
  },
  cost(call) {
    const size = sizeOf(call.inputs[0]!.shape);
    return { flops: 8 * size, bytes: scoreBytes(call), exponentials: size };
  },
  accuracy: { kind: 'derived', bounds: ([x, labels]) => [lossErrors(x!, labels!)] },
  samples: scoreSamples,
};

function lossErrors(x: Values, labels: Values): Float64Array {
  const columns = x.length / labels.length;
  return Float64Array.from(labels, (label, n) => {
    const row = x.subarray(n * columns, (n + 1) * columns);
    return logShareError(row[clampLabel(label, columns)]!, rowTotal(row));
  });
}

/** Of dy (softmax − 1 or 0). */
function slopeErrors(x: Values, labels: Values, dy: Values): Float64Array {
  const columns = x.length / labels.length;
  return errorsOfRows(x, columns, (value, total, row, c) => {
    const share = Math.exp(value - total.highest) / total.sum;
    const one = Number(c === clampLabel(labels[row]!, columns));
    return Math.abs(dy[row]!) * (shareError(value, total) + 2 * u * Math.abs(share - one)) + smallest;
  });
}

export const sparseSoftmaxCrossEntropyGradOp: Op<NoAttrs> = {
  name: 'sparse_softmax_cross_entropy_grad',
  infer([dy, x, labels]) {
    checkScores('sparse_softmax_cross_entropy_grad', x!, labels!);
    expectDType('sparse_softmax_cross_entropy_grad', 'dy', dy!, 'f32');
    return [{ shape: x!.shape, dtype: 'f32' }];
  },
  cpu([dy, x, labels], [dx], { inputs }) {
    const { rows, columns } = rowsOf(inputs[1]!.shape);
    for (let n = 0; n < rows; n++) {
      const row = x!.subarray(n * columns, (n + 1) * columns);
      const { highest, sum } = sumExp(row);
      const label = clampLabel(labels![n]!, columns);
      for (let c = 0; c < columns; c++) {
        dx![n * columns + c] = dy![n]! * (Math.exp(row[c]! - highest) / sum - Number(c === label));
      }
    }
  },
  kernels: kernelsOf((way) => ({ inputs: [, x] }) => {
    const call = rowsCall(way, x!);
    const own = { dy: input(0), labels: input(2) };
    const vectors = { x4: input(1), dx4: output(0), ...own };
    const bindings = { x: input(1), dx: output(0), ...own };
    return {
      dispatches: [
        way === '_vec4'
          ? dispatch(shader, 'sparse_softmax_cross_entropy_grad_vec4', { bindings: vectors, ...call })
          : dispatch(shader, `sparse_softmax_cross_entropy_grad${way}`, { bindings, ...call }),
      ],
    };
  }),
  grad: null,
  cost: ({ inputs }) => ({
    flops: 12 * sizeOf(inputs[1]!.shape),
    bytes: 8 * (sizeOf(inputs[1]!.shape) + sizeOf(inputs[0]!.shape)),
    exponentials: sizeOf(inputs[1]!.shape),
  }),
  accuracy: { kind: 'derived', bounds: ([dy, x, labels]) => [slopeErrors(x!, labels!, dy!)] },
  samples: scoreSamples.map(({ inputs: [scores, labels], attrs }) => ({
    inputs: [{ shape: labels!.shape }, scores!, labels!],
    attrs,
  })),
};

/** The loss of each row and, for dy of it, the gradient of the scores: x, labels, dy -> y, dx. Planners make such calls. */
export const crossEntropyWithGradOp: Op<NoAttrs> = {
  name: 'sparse_softmax_cross_entropy_with_grad',
  infer([x, labels, dy]) {
    checkScores('sparse_softmax_cross_entropy_with_grad', x!, labels!);
    expectDType('sparse_softmax_cross_entropy_with_grad', 'dy', dy!, 'f32');
    return [
      { shape: labels!.shape, dtype: 'f32' },
      { shape: x!.shape, dtype: 'f32' },
    ];
  },
  cpu([x, labels, dy], [y, dx], { inputs: [scores, marks, slopes], outputs: [losses, gradient] }) {
    const attrs = {};
    sparseSoftmaxCrossEntropyOp.cpu([x!, labels!], [y!], { inputs: [scores!, marks!], outputs: [losses!], attrs });
    const types = { inputs: [slopes!, scores!, marks!], outputs: [gradient!], attrs };
    sparseSoftmaxCrossEntropyGradOp.cpu([dy!, x!, labels!], [dx!], types);
  },
  kernels: kernelsOf((way) => ({ inputs: [x] }) => {
    const call = rowsCall(way, x!);
    const own = { labels: input(1), dy: input(2), y: output(0) };
    const vectors = { x4: input(0), dx4: output(1), ...own };
    const bindings = { x: input(0), dx: output(1), ...own };
    return {
      dispatches: [
        way === '_vec4'
          ? dispatch(shader, 'sparse_softmax_cross_entropy_with_grad_vec4', { bindings: vectors, ...call })
          : dispatch(shader, `sparse_softmax_cross_entropy_with_grad${way}`, { bindings, ...call }),
      ],
    };
  }),
  grad: null,
  cost: ({ inputs }) => ({
    flops: 12 * sizeOf(inputs[0]!.shape),
    bytes: 8 * sizeOf(inputs[0]!.shape) + 12 * sizeOf(inputs[1]!.shape),
    exponentials: sizeOf(inputs[0]!.shape),
  }),
  accuracy: {
    kind: 'derived',
    bounds: ([x, labels, dy]) => [lossErrors(x!, labels!), slopeErrors(x!, labels!, dy!)],
  },
  samples: scoreSamples.map(({ inputs: [scores, labels], attrs }) => ({
    inputs: [scores!, labels!, { shape: labels!.shape }],
    attrs,
  })),
};

export const crossEntropyOps: readonly Op[] = [
  sparseSoftmaxCrossEntropyOp,
  sparseSoftmaxCrossEntropyGradOp,
  crossEntropyWithGradOp,
];
