// The mean of each window; its gradient spreads each value evenly over its window.

import shader from '../../shaders/average_pool_2d.wgsl';
import { checkOptions, ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { eachWindowElement, pooledShape, poolWindow, type MaxPool2dOptions } from './max_pool_2d.ts';
import {
  checkImage,
  checkPool,
  imageShape,
  window2d,
  windowParams,
  type ImageShape,
  type Window2d,
  type WindowOptions,
} from './window.ts';

export interface AveragePool2dAttrs {
  readonly window: Window2d;
  readonly countIncludePad: boolean;
}

export interface AveragePool2dGradAttrs extends AveragePool2dAttrs {
  /** [N, H, W, C] of the pooled image. */
  readonly inputShape: ImageShape;
}

export interface AveragePool2dOptions extends MaxPool2dOptions {
  /** Whether zeros of the padding count as elements; false unless given (Keras; PyTorch's default is true). */
  readonly countIncludePad?: boolean;
}

/** The number of elements each output position's mean divides by: [OH, OW]. */
function counts(image: ImageShape, { window, countIncludePad }: AveragePool2dAttrs): Float64Array {
  const { kernel, strides, padTop, padLeft, padBottom, padRight, output: out } = window;
  const along = (axis: 0 | 1, i: number, before: number, after: number) => {
    const start = i * strides[axis] - before;
    const [low, high] = countIncludePad ? [-before, image[axis + 1]! + after] : [0, image[axis + 1]!];
    return Math.min(start + kernel[axis], high) - Math.max(start, low);
  };
  return Float64Array.from(
    { length: out[0] * out[1] },
    (_, i) => along(0, Math.floor(i / out[1]), padTop, padBottom) * along(1, i % out[1], padLeft, padRight),
  );
}

function call(image: ImageShape, { window, countIncludePad }: AveragePool2dAttrs, elements: number, lanes: 1 | 4) {
  const size = elements / lanes;
  return {
    params: { ...windowParams(image, window, lanes), pad_bottom: window.padBottom, pad_right: window.padRight, size },
    constants: { COUNT_PADDING: countIncludePad },
    workgroups: flatGrid(size, 64),
  };
}

const cases: { shape: ImageShape; options: WindowOptions; countIncludePad: boolean }[] = [
  { shape: [1, 1, 1, 1], options: { poolSize: 1 }, countIncludePad: false },
  { shape: [2, 5, 7, 3], options: { poolSize: 2, strides: 2 }, countIncludePad: false },
  { shape: [3, 7, 5, 5], options: { poolSize: 3, strides: 2, padding: 'same' }, countIncludePad: false },
  { shape: [3, 7, 5, 5], options: { poolSize: 3, strides: 2, padding: 'same' }, countIncludePad: true },
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
    countIncludePad: true,
  },
  { shape: [2, 9, 8, 2], options: { poolSize: 2, strides: [3, 4] }, countIncludePad: false },
  { shape: [1, 6, 6, 3], options: { poolSize: 3, strides: 2, padding: 1, ceilMode: true }, countIncludePad: true },
  { shape: [1, 6, 6, 3], options: { poolSize: 3, strides: 2, padding: 1, ceilMode: true }, countIncludePad: false },
  { shape: [2, 8, 8, 4], options: { poolSize: 2, strides: 2 }, countIncludePad: false },
  { shape: [2, 7, 9, 12], options: { poolSize: 3, strides: 1, padding: 'same' }, countIncludePad: false },
  { shape: [1, 13, 11, 8], options: { poolSize: 3, strides: 2, padding: 1 }, countIncludePad: true },
  { shape: [2, 7, 7, 20], options: { poolSize: 7 }, countIncludePad: false },
];
const attrsOf = ({ shape, options, countIncludePad }: (typeof cases)[number]): AveragePool2dAttrs => ({
  window: window2d('averagePool2d', [shape[1], shape[2]], options),
  countIncludePad,
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
    vec4: {
      fits: ({ inputs }) => inputs[0]!.shape[3]! % 4 === 0,
      plan({ inputs, outputs, attrs }) {
        const rest = call(imageOf(inputs[0]!.shape), attrs, sizeOf(outputs[0]!.shape), 4);
        const bindings = { x4: input(0), y4: output(0) };
        return { dispatches: [dispatch(shader, 'average_pool_2d_vec4', { bindings, ...rest })] };
      },
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
  grad: ({ dy, attrs: { window, countIncludePad } }) => {
    return [applyOne(averagePool2dOp, [dy[0]!], { window, countIncludePad })];
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

/**
 * y[n, oh, ow, c] = the mean of x[n, h, w, c] over the window that begins at row oh·strides[0] − top, column
 * ow·strides[1] − left: x [N,H,W,C] -> [N,OH,OW,C]. The mean is over the elements on the image, or with
 * `countIncludePad` over those on the padded image, whose padding is zeros. Defaults are Keras's: `strides` equal to
 * `poolSize`, `padding` 'valid', `countIncludePad` false. ShapeError: x is not f32 [N,H,W,C], the window exceeds the
 * padded image, or padding is so wide that a window would be empty. OptionError: a value out of range or an unknown
 * option.
 */
export function averagePool2d(x: Tensor, options: AveragePool2dOptions): Tensor {
  checkOptions('averagePool2d', options, ['poolSize', 'strides', 'padding', 'countIncludePad', 'ceilMode']);
  const window = poolWindow('averagePool2d', x, options);
  return applyOne(averagePool2dOp, [x], { window, countIncludePad: options.countIncludePad ?? false });
}

export const averagePool2dOps = [averagePool2dOp, averagePool2dGradOp] as const;
