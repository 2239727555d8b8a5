// A convolution's windows as the rows of a matrix, and back: `conv2d` is `matmul` over `im2col`.

import shader from '../../shaders/im2col.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf, type Shape } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { convolutionOver, inputGradientOver } from './conv2d_fusion.ts';
import { bytesMoved } from './copy.ts';
import { copiesAlong, copyHooks, sourceHooks } from './padding.ts';
import {
  checkImage,
  imageShape,
  window2d,
  windowParams,
  windowVolume,
  type ImageShape,
  type Window2d,
  type WindowOptions,
} from './window.ts';
import { eachTap } from './window_map.ts';
import { convolutionWindows } from './window_samples.ts';

export interface Col2imAttrs {
  readonly window: Window2d;
  /** [N, H, W, C] of the image to rebuild. */
  readonly inputShape: ImageShape;
}

/**
 * cols[(n·OH + oh)·OW + ow, (kh·KW + kw)·C + c] = x[n, oh·strides[0] + kh·dilation[0] − padBefore[0], ow·strides[1] +
 * kw·dilation[1] − padBefore[1], c], outside the image what `window.paddingMode` says: x [N,H,W,C] -> [N·OH·OW, KH·KW·C]. ShapeError: x is not f32
 * [N,H,W,C], or `window` was made for another H and W.
 */
export function im2col(x: Tensor, window: Window2d): Tensor {
  return applyOne(im2colOp, [x], window);
}

/**
 * The transpose of `im2col`, and its gradient: every element of cols added to the pixel it was copied from:
 * [N·OH·OW, KH·KW·C] -> `inputShape` [N,H,W,C]. ShapeError: the sizes do not belong together.
 */
export function col2im(cols: Tensor, window: Window2d, inputShape: Shape): Tensor {
  return applyOne(col2imOp, [cols], { window, inputShape: imageShape('col2im', 'inputShape', inputShape) });
}

/** Calls `visit(cols index, x index)` for every element of cols that is read from the image. */
function eachPair(image: Shape, window: Window2d, visit: (cols: number, x: number) => void): void {
  const [N, H, W, C] = imageShape('im2col', 'x', image);
  const taps = window.kernel[0] * window.kernel[1];
  eachTap([N, 1, H, W, C], windowVolume(window), (pixel, position, tap) => {
    const cols = (position * taps + tap) * C;
    for (let c = 0; c < C; c++) visit(cols + c, pixel * C + c);
  });
}

function colsShape(image: ImageShape, window: Window2d): Shape {
  const [N, , , C] = image;
  return [N * window.output[0] * window.output[1], window.kernel[0] * window.kernel[1] * C];
}

function params(image: Shape, window: Window2d, size: number, lanes: 1 | 4) {
  return {
    ...windowParams(imageShape('im2col', 'x', image), window, lanes),
    dilation_h: window.dilation[0],
    dilation_w: window.dilation[1],
    copies_h: copiesAlong(window, 0),
    copies_w: copiesAlong(window, 1),
    size: size / lanes,
  };
}

interface Case {
  shape: ImageShape;
  options: WindowOptions;
}
const cases: Case[] = [
  { shape: [1, 1, 1, 1], options: { kernelSize: 1 } },
  { shape: [2, 5, 7, 3], options: { kernelSize: 3 } },
  { shape: [1, 6, 5, 1], options: { kernelSize: [3, 2], padding: 'same' } },
  {
    shape: [3, 7, 4, 5],
    options: {
      kernelSize: [2, 3],
      strides: [2, 3],
      padding: [
        [0, 1],
        [2, 0],
      ],
    },
  },
  { shape: [1, 9, 8, 2], options: { kernelSize: 3, dilationRate: [2, 3], padding: 1 } },
  { shape: [2, 5, 5, 2], options: { kernelSize: 2, strides: 3 } },
  { shape: [1, 2, 2, 1], options: { kernelSize: 3, padding: 3, strides: 2 } },
  { shape: [2, 6, 6, 4], options: { kernelSize: 3, padding: 'same', strides: 2 } },
  {
    shape: [1, 8, 7, 8],
    options: {
      kernelSize: [3, 1],
      strides: [1, 2],
      dilationRate: [2, 1],
      padding: [
        [2, 1],
        [0, 1],
      ],
    },
  },
  { shape: [3, 11, 9, 12], options: { kernelSize: 5, padding: 2 } },
  { shape: [2, 4, 5, 3], options: { kernelSize: 3, padding: 3, paddingMode: 'reflect' } },
  { shape: [1, 5, 4, 4], options: { kernelSize: [2, 4], padding: 'same', paddingMode: 'reflect', strides: 2 } },
  { shape: [1, 3, 4, 2], options: { kernelSize: 3, padding: 3, paddingMode: 'circular', dilationRate: 2 } },
  { shape: [2, 5, 1, 4], options: { kernelSize: 3, padding: 1, paddingMode: 'circular' } },
  { shape: [1, 1, 4, 1], options: { kernelSize: 3, padding: 5, paddingMode: 'replicate' } },
  {
    shape: [1, 4, 6, 8],
    options: {
      kernelSize: 2,
      padding: [
        [3, 0],
        [1, 2],
      ],
      paddingMode: 'replicate',
    },
  },
  ...convolutionWindows.map(([shape, , options]) => ({ shape, options })),
];
const windowOf = ({ shape, options }: Case) => window2d('im2col', [shape[1], shape[2]], options);

export const im2colOp: Op<Window2d> = {
  name: 'im2col',
  fuseInto: convolutionOver,
  infer([x], window) {
    return [{ shape: colsShape(checkImage('im2col', x!, window), window), dtype: 'f32' }];
  },
  cpu([x], [cols], { inputs, attrs }) {
    cols!.fill(0);
    eachPair(inputs[0]!.shape, attrs, (to, from) => {
      cols![to] = x![from]!;
    });
  },
  kernels: {
    vec4: {
      fits: ({ inputs }) => inputs[0]!.shape[3]! % 4 === 0,
      plan({ inputs, outputs, attrs }) {
        const size = sizeOf(outputs[0]!.shape);
        return {
          dispatches: [
            dispatch(shader, 'im2col_vec4', {
              bindings: { x4: input(0), cols4: output(0) },
              params: params(inputs[0]!.shape, attrs, size, 4),
              hooks: sourceHooks[attrs.paddingMode],
              workgroups: flatGrid(size / 4, 64),
            }),
          ],
        };
      },
    },
    naive: {
      plan({ inputs, outputs, attrs }) {
        const size = sizeOf(outputs[0]!.shape);
        return {
          dispatches: [
            dispatch(shader, 'im2col', {
              bindings: { x: input(0), cols: output(0) },
              params: params(inputs[0]!.shape, attrs, size, 1),
              hooks: sourceHooks[attrs.paddingMode],
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: ({ dy, x, attrs }) => [col2im(dy[0]!, attrs, x[0]!.shape)],
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: cases.map((one): Sample<Window2d> => ({ inputs: [{ shape: one.shape }], attrs: windowOf(one) })),
};

export const col2imOp: Op<Col2imAttrs> = {
  name: 'col2im',
  fuseWith: inputGradientOver,
  infer([cols], attrs) {
    expectDType('col2im', 'cols', cols!, 'f32');
    const image = checkImage('col2im', { shape: attrs.inputShape, dtype: 'f32' }, attrs.window);
    const expected = colsShape(image, attrs.window);
    if (!equal(cols!.shape, expected)) {
      throw new ShapeError(
        `col2im: cols is ${format(cols!.shape)}, expected ${format(expected)} for an image ${format(attrs.inputShape)}`,
      );
    }
    return [{ shape: attrs.inputShape, dtype: 'f32' }];
  },
  cpu([cols], [x], { attrs }) {
    x!.fill(0);
    eachPair(attrs.inputShape, attrs.window, (from, to) => {
      x![to] = x![to]! + cols![from]!;
    });
  },
  kernels: {
    vec4: {
      fits: ({ attrs }) => attrs.inputShape[3]! % 4 === 0,
      plan({ attrs }) {
        const size = sizeOf(attrs.inputShape);
        return {
          dispatches: [
            dispatch(shader, 'col2im_vec4', {
              bindings: { dcols4: input(0), dx4: output(0) },
              params: params(attrs.inputShape, attrs.window, size, 4),
              hooks: copyHooks[attrs.window.paddingMode],
              workgroups: flatGrid(size / 4, 64),
            }),
          ],
        };
      },
    },
    naive: {
      plan({ attrs }) {
        const size = sizeOf(attrs.inputShape);
        return {
          dispatches: [
            dispatch(shader, 'col2im', {
              bindings: { dcols: input(0), dx: output(0) },
              params: params(attrs.inputShape, attrs.window, size, 1),
              hooks: copyHooks[attrs.window.paddingMode],
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: ({ dy, attrs }) => [im2col(dy[0]!, attrs.window)],
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  accuracy: {
    kind: 'sum',
    terms: ({ attrs: { window } }) =>
      window.kernel[0] * window.kernel[1] * copiesAlong(window, 0) * copiesAlong(window, 1),
  },
  samples: cases.map((one): Sample<Col2imAttrs> => {
    const window = windowOf(one);
    return { inputs: [{ shape: colsShape(one.shape, window) }], attrs: { window, inputShape: one.shape } };
  }),
};

export const im2colOps = [im2colOp, col2imOp] as const;
