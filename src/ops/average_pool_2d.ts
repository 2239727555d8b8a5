// The mean or sum of each window; its gradient spreads each value evenly over its window.

import shader from '../../shaders/average_pool_2d.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, KernelPlan, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { eachWindowElement, isFewOver, isNine, isSquares, pooledShape, squaresOver } from './max_pool_2d_sizes.ts';
import { type PoolCount, poolCounts } from './pool_3d_kernels.ts';
import { countAlong } from './pool_regions.ts';
import {
  checkImage,
  checkPool,
  imageShape,
  window2d,
  poolParams,
  windowVolume,
  type ImageShape,
  type Window2d,
  type WindowOptions,
} from './window.ts';
import { poolWindows } from './window_samples.ts';

export interface AveragePool2dAttrs {
  readonly window: Window2d;
  readonly count: PoolCount;
}

export interface AveragePool2dGradAttrs extends AveragePool2dAttrs {
  /** [N, H, W, C] of the pooled image. */
  readonly inputShape: ImageShape;
}

/** The number of elements each output position's mean divides by: [OH, OW]. */
function counts(image: ImageShape, { window, count }: AveragePool2dAttrs): Float64Array {
  const regions = { window: windowVolume(window) };
  const along = ([1, 2] as const).map((axis) =>
    Array.from({ length: window.output[axis - 1]! }, (_, o) => countAlong(regions, axis, o, image[axis]!, count)),
  );
  return Float64Array.from(along[0]!.flatMap((h) => along[1]!.map((w) => h * w)));
}

function call(image: ImageShape, { window, count }: AveragePool2dAttrs, elements: number, lanes: 1 | 4) {
  const size = elements / lanes;
  return {
    params: { ...poolParams(image, window, lanes), size },
    constants: { COUNT: poolCounts[count] },
    workgroups: flatGrid(size, 64),
  };
}

type Entry = 'average_pool_2d_squares_vec4' | 'average_pool_2d_nine_vec4' | 'average_pool_2d_vec4';

function inFours(entry: Entry, { inputs, outputs, attrs }: CallTypes<AveragePool2dAttrs>): KernelPlan {
  const rest = call(imageOf(inputs[0]!.shape), attrs, sizeOf(outputs[0]!.shape), 4);
  return { dispatches: [dispatch(shader, entry, { bindings: { x4: input(0), y4: output(0) }, ...rest })] };
}

const cases: { shape: ImageShape; options: WindowOptions; count: PoolCount }[] = [
  { shape: [1, 1, 1, 1], options: { poolSize: 1 }, count: 'inside' },
  { shape: [2, 5, 7, 3], options: { poolSize: 2, strides: 2 }, count: 'inside' },
  { shape: [3, 7, 5, 5], options: { poolSize: 3, strides: 2, padding: 'same' }, count: 'inside' },
  { shape: [3, 7, 5, 5], options: { poolSize: 3, strides: 2, padding: 'same' }, count: 'padded' },
  {
    shape: [1, 6, 7, 1],
    options: {
      poolSize: [3, 2],
      strides: 1,
      padding: [
        [2, 0],
        [0, 1],
      ],
    },
    count: 'padded',
  },
  { shape: [2, 9, 8, 2], options: { poolSize: 2, strides: [3, 4] }, count: 'inside' },
  { shape: [1, 6, 6, 3], options: { poolSize: 3, strides: 2, padding: 1, ceilMode: true }, count: 'padded' },
  { shape: [1, 6, 6, 3], options: { poolSize: 3, strides: 2, padding: 1, ceilMode: true }, count: 'inside' },
  { shape: [2, 8, 8, 4], options: { poolSize: 2, strides: 2 }, count: 'inside' },
  { shape: [2, 7, 9, 12], options: { poolSize: 3, strides: 1, padding: 'same' }, count: 'inside' },
  { shape: [1, 13, 11, 8], options: { poolSize: 3, strides: 2, padding: 1 }, count: 'padded' },
  { shape: [2, 7, 7, 20], options: { poolSize: 7 }, count: 'inside' },
  { shape: [2, 7, 5, 3], options: { poolSize: 3, strides: 2, padding: 'same' }, count: 'one' },
  { shape: [1, 6, 9, 8], options: { poolSize: [2, 3], strides: [2, 3] }, count: 'one' },
  ...poolWindows.map(([shape, options, count]) => ({ shape, options, count })),
];
const attrsOf = ({ shape, options, count }: (typeof cases)[number]): AveragePool2dAttrs => ({
  window: window2d('averagePool2d', [shape[1], shape[2]], options),
  count,
});
const terms = ({ attrs }: CallTypes<AveragePool2dAttrs>) => attrs.window.kernel[0] * attrs.window.kernel[1];

export const averagePool2dOp: Op<AveragePool2dAttrs> = {
  name: 'average_pool_2d',
  infer([x], { window }) {
    const image = checkImage('averagePool2d', x!, window);
    checkPool('averagePool2d', window);
    return [{ shape: pooledShape(image, window), dtype: 'f32' }];
  },
  cpu([x], [y], { inputs, attrs }) {
    const image = imageOf(inputs[0]!.shape);
    const count = counts(image, attrs);
    const sums = new Float64Array(y!.length);
    eachWindowElement(image, attrs.window, (to, from) => {
      sums[to] = sums[to]! + x![from]!;
    });
    sums.forEach((sum, i) => {
      y![i] = sum / count[Math.floor(i / image[3]) % count.length]!;
    });
  },
  kernels: {
    squares_vec4: {
      fits: ({ inputs, attrs }) => isSquares(imageOf(inputs[0]!.shape), attrs.window),
      plan: (types) => inFours('average_pool_2d_squares_vec4', types),
    },
    nine_vec4: {
      fits: ({ inputs, attrs }) => isNine(imageOf(inputs[0]!.shape), attrs.window),
      plan: (types) => inFours('average_pool_2d_nine_vec4', types),
    },
    vec4: {
      fits: ({ inputs }) => inputs[0]!.shape[3]! % 4 === 0,
      plan: (types) => inFours('average_pool_2d_vec4', types),
    },
    naive: {
      plan({ inputs, outputs, attrs }) {
        const rest = call(imageOf(inputs[0]!.shape), attrs, sizeOf(outputs[0]!.shape), 1);
        const bindings = { x: input(0), y: output(0) };
        return { dispatches: [dispatch(shader, 'average_pool_2d', { bindings, ...rest })] };
      },
    },
  },
  grad: ({ dy, x, attrs }) => {
    return [applyOne(averagePool2dGradOp, [dy[0]!], { ...attrs, inputShape: imageOf(x[0]!.shape) })];
  },
  cost: (types) => ({ flops: sizeOf(types.outputs[0]!.shape) * terms(types), bytes: bytesMoved(types) }),
  accuracy: { kind: 'sum', terms },
  samples: cases.map((one): Sample<AveragePool2dAttrs> => ({ inputs: [{ shape: one.shape }], attrs: attrsOf(one) })),
};

/** dy [N,OH,OW,C] -> dx `inputShape` [N,H,W,C]: the transpose of averagePool2d, so each is the other's gradient. */
export const averagePool2dGradOp: Op<AveragePool2dGradAttrs> = {
  name: 'average_pool_2d_grad',
  infer([dy], { window, inputShape }) {
    const where = 'averagePool2d gradient';
    expectDType(where, 'dy', dy!, 'f32');
    const expected = pooledShape(checkImage(where, { shape: inputShape, dtype: 'f32' }, window), window);
    checkPool(where, window);
    if (!equal(dy!.shape, expected)) {
      throw new ShapeError(`${where}: dy is ${format(dy!.shape)}, expected ${format(expected)}`);
    }
    return [{ shape: inputShape, dtype: 'f32' }];
  },
  cpu([dy], [dx], { attrs }) {
    const { inputShape } = attrs;
    const count = counts(inputShape, attrs);
    const sums = new Float64Array(dx!.length);
    eachWindowElement(inputShape, attrs.window, (from, to) => {
      sums[to] = sums[to]! + dy![from]! / count[Math.floor(from / inputShape[3]) % count.length]!;
    });
    dx!.set(sums);
  },
  kernels: {
    squares_vec4: {
      fits: ({ attrs }) => isSquares(attrs.inputShape, attrs.window),
      plan({ attrs }) {
        const rest = call(attrs.inputShape, attrs, squaresOver(attrs.inputShape), 4);
        const bindings = { dy4: input(0), dx4: output(0) };
        return { dispatches: [dispatch(shader, 'average_pool_2d_grad_squares_vec4', { bindings, ...rest })] };
      },
    },
    four_vec4: {
      fits: ({ attrs }) => isFewOver(attrs.inputShape, attrs.window),
      plan({ attrs }) {
        const rest = call(attrs.inputShape, attrs, sizeOf(attrs.inputShape), 4);
        const bindings = { dy4: input(0), dx4: output(0) };
        return { dispatches: [dispatch(shader, 'average_pool_2d_grad_four_vec4', { bindings, ...rest })] };
      },
    },
    vec4: {
      fits: ({ attrs }) => attrs.inputShape[3] % 4 === 0,
      plan({ attrs }) {
        const rest = call(attrs.inputShape, attrs, sizeOf(attrs.inputShape), 4);
        const bindings = { dy4: input(0), dx4: output(0) };
        return { dispatches: [dispatch(shader, 'average_pool_2d_grad_vec4', { bindings, ...rest })] };
      },
    },
    naive: {
      plan({ attrs }) {
        const rest = call(attrs.inputShape, attrs, sizeOf(attrs.inputShape), 1);
        const bindings = { dy: input(0), dx: output(0) };
        return { dispatches: [dispatch(shader, 'average_pool_2d_grad', { bindings, ...rest })] };
      },
    },
  },
  grad: ({ dy, attrs: { window, count } }) => {
    return [applyOne(averagePool2dOp, [dy[0]!], { window, count })];
  },
  cost: (types) => ({ flops: sizeOf(types.inputs[0]!.shape) * terms(types), bytes: bytesMoved(types) }),
  accuracy: { kind: 'sum', terms },
  samples: cases.map((one): Sample<AveragePool2dGradAttrs> => {
    const attrs = attrsOf(one);
    return { inputs: [{ shape: pooledShape(one.shape, attrs.window) }], attrs: { ...attrs, inputShape: one.shape } };
  }),
};

function imageOf(shape: readonly number[]): ImageShape {
  return imageShape('averagePool2d', 'x', shape);
}

export const averagePool2dOps = [averagePool2dOp, averagePool2dGradOp] as const;
