// The largest value of each window, and the gradient that goes to where it stood.

import shader from '../../shaders/max_pool_2d.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Fill, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType } from '../graph/tensor.ts';
import { dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
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

/** [N, OH, OW, C]. */
export function pooledShape([N, , , C]: ImageShape, window: Window2d): ImageShape {
  return [N, window.output[0], window.output[1], C];
}

/** Calls `visit(y index, x index)` for every element of every window, row by row within a window. */
export function eachWindowElement(image: ImageShape, window: Window2d, visit: (y: number, x: number) => void): void {
  const [N, H, W, C] = image;
  const [OH, OW] = window.output;
  for (let n = 0; n < N; n++) {
    for (let oh = 0; oh < OH; oh++) {
      for (let ow = 0; ow < OW; ow++) {
        for (let kh = 0; kh < window.kernel[0]; kh++) {
          const h = oh * window.strides[0] - window.padBefore[0] + kh;
          if (h < 0 || h >= H) continue;
          for (let kw = 0; kw < window.kernel[1]; kw++) {
            const w = ow * window.strides[1] - window.padBefore[1] + kw;
            if (w < 0 || w >= W) continue;
            for (let c = 0; c < C; c++) visit(((n * OH + oh) * OW + ow) * C + c, ((n * H + h) * W + w) * C + c);
          }
        }
      }
    }
  }
}

type Sizes = Pick<CallTypes<Window2d>, 'attrs'> & { image: ImageShape };

function call(lanes: 1 | 4, { image, attrs }: Sizes, size: number) {
  return {
    params: { ...windowParams(image, attrs, lanes), size: size / lanes },
    workgroups: flatGrid(size / lanes, 64),
  };
}

const cases: { shape: ImageShape; options: WindowOptions; fill: Fill }[] = [
  { shape: [1, 1, 1, 1], options: { poolSize: 1 }, fill: 'distinct' },
  { shape: [2, 4, 6, 3], options: { poolSize: 2, strides: 2 }, fill: 'distinct' },
  { shape: [2, 5, 7, 3], options: { poolSize: 2, strides: 2 }, fill: 'ties' },
  { shape: [3, 7, 5, 5], options: { poolSize: 3, strides: 2, padding: 'same' }, fill: 'distinct' },
  { shape: [1, 6, 7, 1], options: { poolSize: [3, 2], strides: 1 }, fill: 'ties' },
  {
    shape: [2, 9, 8, 2],
    options: {
      poolSize: 2,
      strides: [3, 4],
      padding: [
        [1, 0],
        [0, 1],
      ],
    },
    fill: 'distinct',
  },
  { shape: [1, 5, 5, 2], options: { poolSize: 3, strides: 3, padding: 1 }, fill: 'ties' },
  { shape: [1, 6, 6, 3], options: { poolSize: 3, strides: 2, ceilMode: true }, fill: 'distinct' },
  { shape: [1, 5, 5, 4], options: { poolSize: 2, strides: 2, ceilMode: true }, fill: 'ties' },
  { shape: [2, 8, 8, 4], options: { poolSize: 2, strides: 2 }, fill: 'distinct' },
  { shape: [2, 7, 9, 12], options: { poolSize: 2, strides: 2, padding: 'same' }, fill: 'ties' },
  { shape: [1, 13, 11, 8], options: { poolSize: 3, strides: 2, padding: 1 }, fill: 'ties' },
  { shape: [1, 7, 6, 4], options: { poolSize: [2, 3], strides: [1, 3] }, fill: 'distinct' },
];
const windowOf = ({ shape, options }: (typeof cases)[number]) => window2d('maxPool2d', [shape[1], shape[2]], options);

export const maxPool2dOp: Op<Window2d> = {
  name: 'max_pool_2d',
  infer([x], window) {
    const image = checkImage('maxPool2d', x!, window);
    checkPool('maxPool2d', window);
    return [{ shape: pooledShape(image, window), dtype: 'f32' }];
  },
  cpu([x], [y], { inputs, attrs }) {
    y!.fill(-Infinity);
    eachWindowElement(imageOf(inputs[0]!.shape), attrs, (to, from) => {
      if (x![from]! > y![to]! || Number.isNaN(x![from]!)) y![to] = x![from]!;
    });
  },
  kernels: {
    vec4: {
      fits: ({ inputs }) => inputs[0]!.shape[3]! % 4 === 0,
      plan({ inputs, outputs, attrs }) {
        const rest = call(4, { image: imageOf(inputs[0]!.shape), attrs }, sizeOf(outputs[0]!.shape));
        return {
          dispatches: [dispatch(shader, 'max_pool_2d_vec4', { bindings: { x4: input(0), y4: output(0) }, ...rest })],
        };
      },
    },
    naive: {
      plan({ inputs, outputs, attrs }) {
        const rest = call(1, { image: imageOf(inputs[0]!.shape), attrs }, sizeOf(outputs[0]!.shape));
        return { dispatches: [dispatch(shader, 'max_pool_2d', { bindings: { x: input(0), y: output(0) }, ...rest })] };
      },
    },
  },
  grad: ({ dy, x, attrs }) => [applyOne(maxPool2dGradOp, [dy[0]!, x[0]!], attrs)],
  cost: (types) => ({
    flops: sizeOf(types.outputs[0]!.shape) * types.attrs.kernel[0] * types.attrs.kernel[1],
    bytes: bytesMoved(types),
  }),
  accuracy: { kind: 'exact' },
  // Without ties, where the maximum has no derivative; the gradient kernel's samples have them.
  samples: cases.map((one): Sample<Window2d> => ({
    inputs: [{ shape: one.shape, fill: 'distinct' }],
    attrs: windowOf(one),
  })),
};

/** dy [N,OH,OW,C], x [N,H,W,C] -> dx [N,H,W,C]: each dy added where the first largest element of its window stands. */
export const maxPool2dGradOp: Op<Window2d> = {
  name: 'max_pool_2d_grad',
  infer([dy, x], window) {
    const image = checkImage('maxPool2d gradient', x!, window);
    checkPool('maxPool2d gradient', window);
    expectDType('maxPool2d gradient', 'dy', dy!, 'f32');
    const expected = pooledShape(image, window);
    if (!equal(dy!.shape, expected)) {
      throw new ShapeError(`maxPool2d gradient: dy is ${format(dy!.shape)}, expected ${format(expected)}`);
    }
    return [{ shape: image, dtype: 'f32' }];
  },
  cpu([dy, x], [dx], { inputs, attrs }) {
    const winner = new Int32Array(dy!.length).fill(-1);
    eachWindowElement(imageOf(inputs[1]!.shape), attrs, (y, from) => {
      if (winner[y]! < 0 || x![from]! > x![winner[y]!]!) winner[y] = from;
    });
    dx!.fill(0);
    winner.forEach((to, y) => {
      dx![to] = dx![to]! + dy![y]!;
    });
  },
  kernels: {
    tiles_vec4: {
      fits: (types) => apart(types.attrs) && types.inputs[1]!.shape[3]! % 4 === 0,
      plan({ inputs, attrs }) {
        const image = imageOf(inputs[1]!.shape);
        const bindings = { dy4: input(0), x4: input(1), dx4: output(0) };
        const rest = call(4, { image, attrs }, tiles(image, attrs));
        return { dispatches: [dispatch(shader, 'max_pool_2d_grad_tiles_vec4', { bindings, ...rest })] };
      },
    },
    tiles: {
      fits: (types) => apart(types.attrs),
      plan({ inputs, attrs }) {
        const image = imageOf(inputs[1]!.shape);
        const bindings = { dy: input(0), x: input(1), dx: output(0) };
        const rest = call(1, { image, attrs }, tiles(image, attrs));
        return { dispatches: [dispatch(shader, 'max_pool_2d_grad_tiles', { bindings, ...rest })] };
      },
    },
    winners_vec4: {
      fits: ({ inputs }) => inputs[1]!.shape[3]! % 4 === 0,
      plan({ inputs, attrs }) {
        const sizes = { image: imageOf(inputs[1]!.shape), attrs };
        const [windows, pixels] = [sizeOf(inputs[0]!.shape), sizeOf(inputs[1]!.shape)];
        return {
          scratch: [4 * windows],
          dispatches: [
            dispatch(shader, 'max_pool_2d_winners_vec4', {
              bindings: { x4: input(1), winners4: scratch(0) },
              ...call(4, sizes, windows),
            }),
            dispatch(shader, 'max_pool_2d_grad_winners_vec4', {
              bindings: { dy4: input(0), found4: scratch(0), dx4: output(0) },
              ...call(4, sizes, pixels),
            }),
          ],
        };
      },
    },
    winners: {
      plan({ inputs, attrs }) {
        const sizes = { image: imageOf(inputs[1]!.shape), attrs };
        const [windows, pixels] = [sizeOf(inputs[0]!.shape), sizeOf(inputs[1]!.shape)];
        return {
          scratch: [4 * windows],
          dispatches: [
            dispatch(shader, 'max_pool_2d_winners', {
              bindings: { x: input(1), winners: scratch(0) },
              ...call(1, sizes, windows),
            }),
            dispatch(shader, 'max_pool_2d_grad_winners', {
              bindings: { dy: input(0), found: scratch(0), dx: output(0) },
              ...call(1, sizes, pixels),
            }),
          ],
        };
      },
    },
    naive: {
      plan({ inputs, attrs }) {
        const image = imageOf(inputs[1]!.shape);
        const bindings = { dy: input(0), x: input(1), dx: output(0) };
        const rest = call(1, { image, attrs }, sizeOf(image));
        return { dispatches: [dispatch(shader, 'max_pool_2d_grad', { bindings, ...rest })] };
      },
    },
  },
  grad: null, // a second derivative: linear in dy, but x's part is zero almost everywhere and nothing asks for it
  cost: (types) => ({
    flops: sizeOf(types.inputs[0]!.shape) * types.attrs.kernel[0] * types.attrs.kernel[1],
    bytes: bytesMoved(types),
  }),
  // Exact where windows do not overlap. Otherwise K = ⌈KH/stride⌉·⌈KW/stride⌉ values of dy are added; the error is at
  // most (K − 1)·u·Σ|dy|, and |dy| < 6 in standard normal samples.
  accuracy({ attrs }) {
    const terms = Math.ceil(attrs.kernel[0] / attrs.strides[0]) * Math.ceil(attrs.kernel[1] / attrs.strides[1]);
    return terms === 1
      ? { kind: 'exact' }
      : { kind: 'mixed', absolute: terms * (terms - 1) * 6 * 2 ** -24, relative: 0 };
  },
  samples: cases.map((one): Sample<Window2d> => {
    const window = windowOf(one);
    return {
      inputs: [{ shape: pooledShape(one.shape, window) }, { shape: one.shape, fill: one.fill }],
      attrs: window,
    };
  }),
};

function imageOf(shape: readonly number[]): ImageShape {
  return imageShape('maxPool2d', 'x', shape);
}

function apart({ kernel, strides }: Window2d): boolean {
  return strides[0] >= kernel[0] && strides[1] >= kernel[1];
}

/** Tiles of stride × stride pixels and their channels. */
function tiles([N, H, W, C]: ImageShape, { strides, padBefore }: Window2d): number {
  return N * Math.ceil((H + padBefore[0]) / strides[0]) * Math.ceil((W + padBefore[1]) / strides[1]) * C;
}

export const maxPool2dOps = [maxPool2dOp, maxPool2dGradOp] as const;
