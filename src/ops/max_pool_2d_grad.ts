// The gradient of max pooling, on request with that of the activation before it.

import shader from '../../shaders/max_pool_2d_grad.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Fill, KernelPlan, Op, Overlay, Sample } from '../graph/op.ts';
import { expectDType, type TensorType } from '../graph/tensor.ts';
import { type BufferRef, type Dispatch, input, literal, output, scratch } from '../kernel/shader.ts';
import { type ElementwiseAttrs, gradientRows } from './binary.ts';
import { bytesMoved } from './copy.ts';
import {
  eachWindowElement,
  imageOf,
  isFewOver,
  isNine,
  isSquares,
  poolCall,
  poolCases,
  pooledShape,
  squaresOver,
  windowOf,
} from './max_pool_2d_sizes.ts';
import { checkImage, checkPool, type ImageShape, type Window2d } from './window.ts';

/** Those that need what the activation gave, not what it was given. */
const rowNames = ['relu', 'leakyRelu', 'elu', 'selu', 'sigmoid', 'tanh'] as const;

const slopes: readonly NonNullable<MaxPool2dGradAttrs['slope']>[] = [
  { row: 'relu', attrs: {} },
  { row: 'leakyRelu', attrs: { negativeSlope: 0.25 } },
  { row: 'tanh', attrs: {} },
  { row: 'elu', attrs: { alpha: 0.75 } },
  { row: 'sigmoid', attrs: {} },
  { row: 'leakyRelu', attrs: { negativeSlope: 0.125 } },
  { row: 'selu', attrs: {} },
];
/** As activations give them, whatever they are. */
const given: Fill = { values: [0.5, -0.25, 0.75, -0.5, 0.125, -0.625, 0.875, -0.125, 0.625, -0.375, 0.25] };

/** Once its windows are searched, nothing of x is needed but what lies where dx is written. */
const overlays = (): Overlay[] => [{ output: 0, input: 1 }];

type LastEntry =
  | 'max_pool_2d_grad'
  | 'max_pool_2d_grad_squares_vec4'
  | 'max_pool_2d_grad_tiles'
  | 'max_pool_2d_grad_tiles_vec4'
  | 'max_pool_2d_grad_winners'
  | 'max_pool_2d_grad_winners_vec4'
  | 'max_pool_2d_grad_winners_four_vec4';

/** The dispatch that writes dx, and finds x there where it is overlaid. */
function lastPass(
  entry: LastEntry,
  rest: ReturnType<typeof poolCall>,
  { slope }: MaxPool2dGradAttrs,
  overlaid: readonly Overlay[],
): Dispatch {
  const lanes = entry.endsWith('_vec4') ? '4' : '';
  const hooks: Record<string, string> = {};
  const bindings: Record<string, BufferRef> = { [`dy${lanes}`]: input(0), [`dx${lanes}`]: output(0) };
  if (overlaid.length > 0) hooks[`x${lanes}_at`] = `dx${lanes}[i]`;
  else bindings[`x${lanes}`] = input(1);
  if (entry.includes('winners')) bindings[`found${lanes}`] = scratch(0);
  if (slope) {
    const { wgsl, numbers } = gradientRows[slope.row].elementwise;
    const literals = numbers(slope.attrs).map((value) => literal(value, 'f32'));
    hooks['slope'] = wgsl(['a', 'b'], literals, { inputs: [], outputs: [], attrs: slope.attrs });
  }
  return { shader, entry, bindings, constants: {}, hooks, ...rest };
}

/** A pass that searches each window once, and one that gathers from the windows over each pixel. */
function winnersFirst(
  first: 'max_pool_2d_winners' | 'max_pool_2d_winners_vec4' | 'max_pool_2d_winners_nine_vec4',
  last: LastEntry,
  { inputs, attrs }: CallTypes<MaxPool2dGradAttrs>,
  overlaid: readonly Overlay[],
): KernelPlan {
  const sizes = { image: imageOf(inputs[1]!.shape), attrs };
  const [windows, pixels] = [sizeOf(inputs[0]!.shape), sizeOf(inputs[1]!.shape)];
  const inFours = first.endsWith('_vec4');
  const lanes = inFours ? 4 : 1;
  const bindings: Record<string, BufferRef> = inFours
    ? { x4: input(1), winners4: scratch(0) }
    : { x: input(1), winners: scratch(0) };
  return {
    scratch: [4 * windows],
    dispatches: [
      { shader, entry: first, bindings, constants: {}, hooks: {}, ...poolCall(lanes, sizes, windows) },
      lastPass(last, poolCall(lanes, sizes, pixels), attrs, overlaid),
    ],
  };
}

export interface MaxPool2dGradAttrs extends Window2d {
  /** The activation that gave x: its gradient's row in the table of binary.ts, with its attributes. */
  readonly slope?: { readonly row: keyof typeof gradientRows; readonly attrs: ElementwiseAttrs };
}

/**
 * dy [N,OH,OW,C], x [N,H,W,C] -> dx [N,H,W,C]: each dy added where the first largest element of its window stands; with
 * `slope` then taken on through the activation.
 */
export const maxPool2dGradOp: Op<MaxPool2dGradAttrs> = {
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
    if (!attrs.slope) return;
    const [, type] = inputs as [TensorType, TensorType];
    const call = { inputs: [type, type], outputs: [type], attrs: attrs.slope.attrs };
    gradientRows[attrs.slope.row].cpu([dx!, x!], [dx!], call);
  },
  kernels: {
    squares_vec4: {
      fits: ({ inputs, attrs }) => isSquares(imageOf(inputs[1]!.shape), attrs),
      overlays,
      plan: ({ inputs, attrs }, _, overlaid = []) => {
        const image = imageOf(inputs[1]!.shape);
        const rest = poolCall(4, { image, attrs }, squaresOver(image));
        return { dispatches: [lastPass('max_pool_2d_grad_squares_vec4', rest, attrs, overlaid)] };
      },
    },
    tiles_vec4: {
      fits: (types) => apart(types.attrs) && types.inputs[1]!.shape[3]! % 4 === 0,
      overlays,
      plan: ({ inputs, attrs }, _, overlaid = []) => {
        const image = imageOf(inputs[1]!.shape);
        const rest = poolCall(4, { image, attrs }, tiles(image, attrs));
        return { dispatches: [lastPass('max_pool_2d_grad_tiles_vec4', rest, attrs, overlaid)] };
      },
    },
    tiles: {
      fits: (types) => apart(types.attrs),
      overlays,
      plan: ({ inputs, attrs }, _, overlaid = []) => {
        const image = imageOf(inputs[1]!.shape);
        const rest = poolCall(1, { image, attrs }, tiles(image, attrs));
        return { dispatches: [lastPass('max_pool_2d_grad_tiles', rest, attrs, overlaid)] };
      },
    },
    winners_nine_vec4: {
      fits: ({ inputs, attrs }) =>
        isNine(imageOf(inputs[1]!.shape), attrs) && isFewOver(imageOf(inputs[1]!.shape), attrs),
      overlays,
      plan: (types, _, overlaid = []) =>
        winnersFirst('max_pool_2d_winners_nine_vec4', 'max_pool_2d_grad_winners_four_vec4', types, overlaid),
    },
    winners_vec4: {
      fits: ({ inputs }) => inputs[1]!.shape[3]! % 4 === 0,
      overlays,
      plan: (types, _, overlaid = []) =>
        winnersFirst('max_pool_2d_winners_vec4', 'max_pool_2d_grad_winners_vec4', types, overlaid),
    },
    winners: {
      overlays,
      plan: (types, _, overlaid = []) =>
        winnersFirst('max_pool_2d_winners', 'max_pool_2d_grad_winners', types, overlaid),
    },
    naive: {
      plan: ({ inputs, attrs }) => {
        const image = imageOf(inputs[1]!.shape);
        const rest = poolCall(1, { image, attrs }, sizeOf(image));
        return { dispatches: [lastPass('max_pool_2d_grad', rest, attrs, [])] };
      },
    },
  },
  title: ({ slope }) => (slope ? `max_pool_2d_grad + ${gradientRows[slope.row].name}` : 'max_pool_2d_grad'),
  // Through the activation before the pooling, whose gradient asks for what it gave.
  fuseInto(call, { op, attrs, inputs, outputs }) {
    const row = call.attrs.slope ? undefined : rowNames.find((name) => gradientRows[name] === op);
    if (!row || inputs[1]!.source !== call.inputs[1]!.source) return null;
    return { op: maxPool2dGradOp, attrs: { ...call.attrs, slope: { row, attrs } }, inputs: call.inputs, outputs };
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
    const absolute = terms * (terms - 1) * 6 * 2 ** -24;
    // An activation's slope is below 2, and its row good to 2e-6 of a dy.
    if (attrs.slope && attrs.slope.row !== 'relu')
      return { kind: 'mixed', absolute: 2 * absolute + 1.2e-5, relative: 2e-6 };
    return terms === 1 ? { kind: 'exact' } : { kind: 'mixed', absolute, relative: 0 };
  },
  samples: poolCases.flatMap((one, i): Sample<MaxPool2dGradAttrs>[] => {
    const window = windowOf(one);
    const inputs = [{ shape: pooledShape(one.shape, window) }, { shape: one.shape, fill: one.fill }];
    const slope = slopes[(4 * i) % slopes.length]!;
    return [
      { inputs, attrs: window },
      { inputs: [inputs[0]!, { shape: one.shape, fill: given }], attrs: { ...window, slope } },
    ];
  }),
};

function apart({ kernel, strides }: Window2d): boolean {
  return strides[0] >= kernel[0] && strides[1] >= kernel[1];
}

/** Tiles of stride × stride pixels and their channels. */
function tiles([N, H, W, C]: ImageShape, { strides, padBefore }: Window2d): number {
  return N * Math.ceil((H + padBefore[0]) / strides[0]) * Math.ceil((W + padBefore[1]) / strides[1]) * C;
}
