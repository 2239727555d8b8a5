// A tensor with a border around it, or without its outermost elements; and the border's gradient.

import { checkOptions, OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { format, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { bytesMoved } from './copy.ts';
import {
  along,
  axesOf,
  modes,
  type PadAttrs,
  type PadGradAttrs,
  padGradKernel,
  padKernel,
  type Padding,
  type PadMode,
} from './pad_kernels.ts';
import { sourcePosition } from './window.ts';

export type { Padding, PadMode } from './pad_kernels.ts';

export interface PadOptions {
  /**
   * What the border holds: `'zeros'` unless given, a `'constant'`, the nearest element (`'replicate'`), the mirror image
   * without the edge itself (`'reflect'`) or x over again (`'circular'`).
   */
  readonly paddingMode?: 'zeros' | PadMode;
  /** The border's number where `paddingMode` is 'constant'; required there and refused elsewhere. */
  readonly value?: number;
}

const maxAxes = 5;

/** Throws a ShapeError where `mode` cannot give an axis of `length` this border. */
export function checkPadding(where: string, axis: number, length: number, padding: Padding, mode: PadMode): void {
  const most = Math.max(...padding);
  const problem = (expected: string) =>
    new ShapeError(`${where}: padding ${format(padding)} of axis ${axis}, whose length is ${length}, ${expected}`);
  if (length + padding[0] + padding[1] < 1) throw problem('leaves nothing, expected at least one element');
  if (mode === 'reflect' && most >= length) throw problem(`has nothing to reflect, expected at most ${length - 1}`);
  if (mode === 'circular' && most > length) throw problem(`goes round more than once, expected at most ${length}`);
}

function padSample(
  shape: Shape,
  sides: readonly number[],
  mode: PadMode = 'constant',
  value = 0,
  dtype?: 'i32' | 'u32',
): Sample<PadAttrs> {
  const paddings = shape.map((_, i): Padding => [sides[2 * i]!, sides[2 * i + 1]!]);
  return { inputs: [{ shape, ...(dtype ? { dtype, fill: { below: 9 } } : {}) }], attrs: { paddings, mode, value } };
}

// Before and after each axis in turn.
const borders: readonly [Shape, ...number[]][] = [
  [[5], 2, 1],
  [[2, 3, 4, 3], 0, 0, 1, 2, 3, 0, 0, 0],
  [[2, 5, 4, 8], 0, 0, 2, 2, 1, 3, 0, 0],
  [[1, 3, 2, 3, 4], 0, 0, 1, 0, 1, 1, 2, 2, 0, 0],
  [[2, 3, 3, 2, 3], 1, 1, 2, 0, 0, 2, 1, 0, 2, 1],
  [[3, 1, 7], 0, 0, 0, 0, 6, 6],
  [[67, 9], 1, 0, 0, 0],
];

export const padOp: Op<PadAttrs> = {
  name: 'pad',
  infer([x], { paddings, mode }) {
    const { shape, dtype } = x!;
    expectDType('pad', 'x', x!, 'f32', 'i32', 'u32');
    if (paddings.length !== shape.length) {
      throw new ShapeError(`pad: ${paddings.length} paddings for x ${format(shape)}, expected one for each axis`);
    }
    paddings.forEach((padding, axis) => {
      if (mode !== 'constant' && Math.min(...padding) < 0) {
        throw new ShapeError(`pad: padding ${format(padding)} with mode ${mode}, expected at least 0`);
      }
      checkPadding('pad', axis, shape[axis]!, padding, mode);
    });
    const axes = axesOf(shape, paddings).length;
    if (axes > maxAxes) {
      throw new ShapeError(`pad: ${format(shape)} takes ${axes} axes, expected ${maxAxes} at most`);
    }
    return [{ shape: shape.map((length, i) => paddings[i]![0] + length + paddings[i]![1]), dtype }];
  },
  cpu([x], [y], { inputs, outputs, attrs }) {
    const [from, to] = [inputs[0]!.shape, outputs[0]!.shape];
    const fill = attrs.mode === 'constant' ? 'zeros' : attrs.mode;
    let places = [0];
    to.forEach((padded, axis) => {
      const next: number[] = [];
      for (const place of places) {
        for (let t = 0; t < padded; t++) {
          const s = sourcePosition(t - attrs.paddings[axis]![0], from[axis]!, fill);
          next.push(place < 0 || s < 0 ? -1 : place * from[axis]! + s);
        }
      }
      places = next;
    });
    places.forEach((place, i) => (y![i] = place < 0 ? attrs.value : x![place]!));
  },
  kernels: { vec4: padKernel(4), naive: padKernel(1) },
  grad({ dy: [dy], attrs: { paddings, mode } }) {
    if (!dy) return [null];
    if (mode === 'constant') {
      const back = paddings.map(([before, after]): Padding => [0 - before, 0 - after]);
      return [applyOne(padOp, [dy], { paddings: back, mode, value: 0 })];
    }
    // Axis after axis: each sum is small, and what lies in between is no larger than dy.
    let dx = dy;
    paddings.forEach((padding, axis) => {
      if (padding[0] !== 0 || padding[1] !== 0) dx = applyOne(padGradOp, [dx], { axis, padding, mode });
    });
    return [dx];
  },
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    padSample([], []),
    padSample([1], [0, 0]),
    padSample([4], [-1, -2]),
    padSample([2, 4, 5, 3], [0, 0, -1, 2, 1, -2, 0, 0], 'constant', -1.5),
    padSample([2, 4, 5, 4], [0, 0, -1, -2, -1, 3, 0, 0]),
    ...borders.map(([shape, ...sides]) => padSample(shape, sides, 'constant', 0.25)),
    ...(['replicate', 'reflect', 'circular'] as const).flatMap((mode) =>
      borders.filter(fitting(mode)).map(([shape, ...sides]) => padSample(shape, sides, mode)),
    ),
    padSample([1, 1], [2, 3, 1, 0], 'replicate'),
    padSample([1, 1], [1, 1, 1, 0], 'circular'),
    padSample([2, 4, 3], [0, 2, 0, 0, 0, 0], 'circular', 0, 'i32'),
    padSample([4, 4, 2], [0, 0, 0, 0, 0, 0], 'reflect', 0, 'u32'),
    padSample([2, 5, 3], [0, 2, 0, 0, 0, 2], 'replicate', 0, 'u32'),
    padSample([5, 2, 3], [0, 0, 0, 0, 0, 0], 'replicate', 0, 'i32'),
    padSample([2, 4, 3], [1, 0, 0, 0, 0, 0], 'reflect', 0, 'i32'),
    padSample([5, 2, 3], [0, 2, 0, 1, 0, 1], 'constant', 7),
    padSample([5, 4], [-2, -1, 0, 0], 'constant', 7, 'i32'),
    padSample([5, 2, 3], [0, 0, 0, 0, 0, 0], 'circular', 0, 'u32'),
    padSample([5, 2, 3], [0, 0, 0, 0, 0, 0], 'constant', 7, 'i32'),
    padSample([2, 3, 5], [0, 0, 1, 0, 1, 0], 'reflect', 0, 'u32'),
    padSample([3, 5, 2], [0, 0, -1, 0, -1, 0], 'constant', 7, 'u32'),
    padSample([5, 3, 2], [1, 0, -1, 0, 1, -1], 'constant', 0, 'u32'),
    padSample([5, 2, 3], [0, 1, 0, 1, 0, 1], 'reflect', 0, 'i32'),
    padSample([4, 4, 2], [1, 0, 1, 1, -1, 0], 'constant', 7, 'i32'),
    { ...padSample([3], [1, 2], 'constant', -7), inputs: [{ shape: [3], dtype: 'i32', fill: { values: [5, -6, 7] } }] },
    { ...padSample([3], [1, 2], 'constant', 4294967295), inputs: [{ shape: [3], dtype: 'u32', fill: { below: 9 } }] },
  ],
};

function fitting(mode: PadMode) {
  return ([shape, ...sides]: readonly [Shape, ...number[]]) =>
    sides.every((side, i) => side < shape[i >> 1]! + (mode === 'reflect' ? 0 : 1));
}

/** dy, whose `axis` is padded -> dx, whose is not: what every element of the border adds to the element it repeats. */
export const padGradOp: Op<PadGradAttrs> = {
  name: 'pad_grad',
  infer([dy], attrs) {
    expectDType('pad gradient', 'dy', dy!, 'f32');
    const { length } = along(dy!, attrs);
    checkPadding('pad gradient', attrs.axis, length, attrs.padding, attrs.mode);
    return [{ shape: dy!.shape.map((n, i) => (i === attrs.axis ? length : n)), dtype: 'f32' }];
  },
  cpu([dy], [dx], { inputs, attrs }) {
    const { outer, padded, length, inner } = along(inputs[0]!, attrs);
    const sums = new Float64Array(dx!.length);
    for (let o = 0; o < outer; o++) {
      for (let t = 0; t < padded; t++) {
        const j = sourcePosition(t - attrs.padding[0], length, attrs.mode);
        for (let c = 0; c < inner; c++) sums[(o * length + j) * inner + c]! += dy![(o * padded + t) * inner + c]!;
      }
    }
    dx!.set(sums);
  },
  kernels: { vec4: padGradKernel(4), naive: padGradKernel(1) },
  grad({ dy: [dy], attrs: { axis, padding, mode } }) {
    const paddings = dy?.shape.map((_, i): Padding => (i === axis ? padding : [0, 0]));
    return [dy ? applyOne(padOp, [dy], { paddings: paddings!, mode, value: 0 }) : null];
  },
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  accuracy: { kind: 'sum', terms },
  samples: [
    ...(['replicate', 'reflect', 'circular'] as const).flatMap((mode): Sample<PadGradAttrs>[] => [
      gradSample([8], 0, [2, 1], mode),
      gradSample([2, 7, 3], 1, [0, 3], mode),
      gradSample([3, 9, 8], 1, [3, 2], mode),
      gradSample([2, 3, 11], 2, [3, 3], mode),
      gradSample([1, 5, 67], 1, [1, 1], mode),
    ]),
    gradSample([3, 2], 0, [1, 1], 'replicate'),
    gradSample([3, 2], 0, [1, 1], 'circular'),
    gradSample([7, 4], 0, [1, 0], 'reflect'),
    gradSample([3, 2, 5], 2, [1, 0], 'circular'),
    gradSample([7, 2, 2], 1, [1, 0], 'replicate'),
    gradSample([7, 4], 0, [0, 2], 'circular'),
    gradSample([6, 5], 1, [2, 1], 'replicate'),
    gradSample([5, 6], 1, [0, 2], 'reflect'),
    gradSample([6, 5], 0, [2, 1], 'circular'),
    gradSample([8, 4], 0, [2, 2], 'reflect'),
    gradSample([8], 0, [0, 2], 'replicate'),
    gradSample([8], 0, [2, 0], 'circular'),
    gradSample([8], 0, [1, 1], 'replicate'),
  ],
};

function gradSample(shape: Shape, axis: number, padding: Padding, mode: PadGradAttrs['mode']): Sample<PadGradAttrs> {
  return { inputs: [{ shape }], attrs: { axis, padding, mode } };
}

function terms({ inputs, attrs }: CallTypes<PadGradAttrs>): number {
  return along(inputs[0]!, attrs).padded;
}

/**
 * x with `paddings[i][0]` elements before and `paddings[i][1]` after axis i; negative numbers take elements away, before
 * anything is added. x f32, i32 or u32 of any shape with at most five axes, neighbours without padding counted as one.
 * ShapeError: nothing would be left; 'reflect' with a padding not below the axis's length; 'circular' with one above it.
 * OptionError: paddings that are not a pair of integers for each axis, an unknown mode, a `value` that is missing or not
 * used. The default is zeros, as everywhere.
 */
export function pad(x: Tensor, paddings: readonly Padding[], options: PadOptions = {}): Tensor {
  checkOptions('pad', options, ['paddingMode', 'value']);
  const { mode, value } = padMode('pad', options);
  const valid =
    Array.isArray(paddings) && paddings.every((p) => Array.isArray(p) && p.length === 2 && p.every(Number.isInteger));
  if (!valid) {
    throw new OptionError(`pad: paddings is ${JSON.stringify(paddings)}, expected [before, after] for each axis`);
  }
  if (paddings.every(([before, after]) => before === 0 && after === 0) && paddings.length === x.shape.length) return x;
  if (mode === 'constant') return applyOne(padOp, [x], { paddings, mode, value });
  const less = paddings.map(([before, after]): Padding => [Math.min(before, 0), Math.min(after, 0)]);
  const more = paddings.map(([before, after]): Padding => [Math.max(before, 0), Math.max(after, 0)]);
  return applyOne(padOp, [pad(x, less)], { paddings: more, mode, value });
}

/** The mode and constant of `options`, or an OptionError. */
export function padMode(where: string, { paddingMode = 'zeros', value }: PadOptions): { mode: PadMode; value: number } {
  const known = ['zeros', ...Object.keys(modes)];
  if (!known.includes(paddingMode)) {
    throw new OptionError(
      `${where}: paddingMode is '${String(paddingMode)}'${suggestion(String(paddingMode), known)}; known: ${known.join(', ')}`,
    );
  }
  if (paddingMode === 'constant' ? typeof value !== 'number' : value !== undefined) {
    const expected = paddingMode === 'constant' ? 'expected a number' : "expected paddingMode 'constant' with it";
    throw new OptionError(`${where}: value is ${String(value)} and paddingMode '${paddingMode}', ${expected}`);
  }
  return { mode: paddingMode === 'zeros' ? 'constant' : paddingMode, value: value ?? 0 };
}

/**
 * x without the first `croppings[i][0]` and the last `croppings[i][1]` elements of axis i. ShapeError: nothing would be
 * left. OptionError: croppings that are not a pair of integers of at least 0 for each axis.
 */
export function crop(x: Tensor, croppings: readonly Padding[]): Tensor {
  const whole = (n: number) => Number.isInteger(n) && n >= 0;
  if (!Array.isArray(croppings) || !croppings.every((c) => Array.isArray(c) && c.length === 2 && c.every(whole))) {
    throw new OptionError(
      `crop: croppings is ${JSON.stringify(croppings)}, expected [before, after] of at least 0 for each axis`,
    );
  }
  croppings.forEach(([before, after], axis) => {
    const length = x.shape[axis];
    if (length !== undefined && before + after >= length) {
      throw new ShapeError(`crop: cropping ${format([before, after])} of axis ${axis} leaves nothing of its ${length}`);
    }
  });
  return pad(
    x,
    croppings.map(([before, after]): Padding => [0 - before, 0 - after]),
  );
}

export const padOps = [padOp, padGradOp] as const;
