// Inverted dropout, whose mask is drawn from a counter each time it is needed and so never stored.

import shader from '../../shaders/dropout.wgsl';
import { OptionError, ShapeError } from '../core/errors.ts';
import { checkWord, philoxInto, uniform01 } from '../core/random.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { attrsOf, fieldsOf, type Scalar, valueOf } from '../graph/live.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';

export interface DropoutAttrs {
  readonly rate: number;
  /** One number per layer, so that layers drop independently. */
  readonly stream: number;
}

/** A thread does four elements in either kernel. */
function call({ inputs, attrs: { rate, stream } }: CallTypes<DropoutAttrs>) {
  const size = sizeOf(inputs[0]!.shape);
  return { params: { size, stream, rate, scale: 1 / (1 - rate) }, workgroups: flatGrid(Math.ceil(size / 4), 64) };
}

export const dropoutOp: Op<DropoutAttrs> = {
  name: 'dropout',
  infer([x, random]) {
    expectDType('dropout', 'x', x!, 'f32');
    expectDType('dropout', 'random', random!, 'u32');
    if (!equal(random!.shape, [4])) throw new ShapeError(`dropout: random is ${format(random!.shape)}, expected [4]`);
    return [{ shape: x!.shape, dtype: 'f32' }];
  },
  cpu([x, random], [y], { attrs: { rate, stream } }) {
    const [seed, step] = [random![0]!, random![1]!];
    const threshold = Math.fround(rate); // as the shader compares
    const words = new Uint32Array(4);
    for (let i = 0; i < x!.length; i++) {
      if (i % 4 === 0) philoxInto(words, i / 4, step, 0, 0, seed, stream);
      y![i] = uniform01(words[i % 4]!) >= threshold ? x![i]! / (1 - rate) : 0;
    }
  },
  kernels: {
    vec4: {
      fits: ({ inputs }) => sizeOf(inputs[0]!.shape) % 4 === 0,
      plan: (types) => ({
        dispatches: [
          dispatch(shader, 'dropout_vec4', {
            bindings: { x4: input(0), random: input(1), y4: output(0) },
            ...call(types),
          }),
        ],
      }),
    },
    naive: {
      plan: (types) => ({
        dispatches: [
          dispatch(shader, 'dropout', { bindings: { x: input(0), random: input(1), y: output(0) }, ...call(types) }),
        ],
      }),
    },
  },
  grad: ({ dy, x, attrs }) => [applyOne(dropoutOp, [dy[0]!, x[1]!], attrs), null],
  cost: (types) => ({ flops: sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy: { kind: 'ulp', ulp: 2 }, // a product with a scale rounded to f32; the mask is exact
  samples: [
    sample([1], 0.5, 0, 7, 0),
    sample([3, 5, 7], 0.25, 1, 42, 9),
    sample([67], 0.9, 2, 4294967295, 4294967295),
    sample([2, 3], 0, 0, 1, 1),
    sample([8], 0.5, 3, 0, 0),
    sample([33, 20], 0.1, 4294967295, 123456789, 1000000),
    sample([3, 4], 0, 5, 8, 2),
    sample([1, 6], 0.25, 6, 3, 7),
    sample([2, 2], 0.5, 0, 9, 4),
    sample([7], 9355307 * 2 ** -24, 2, 5, 3), // the number drawn for element 6, which is kept
  ],
};

function sample(
  shape: readonly number[],
  rate: number,
  stream: number,
  seed: number,
  step: number,
): Sample<DropoutAttrs> {
  return {
    inputs: [{ shape }, { shape: [4], dtype: 'u32', fill: { values: [seed, step, 0, 0] } }],
    attrs: { rate, stream },
  };
}

/**
 * y = x / (1 − rate) with probability 1 − rate, else 0 (inverted scaling), for x f32 of any shape. `random` is u32 [4] =
 * (seed, step, 0, 0), written before each step; `stream` (0 unless given) tells layers with the same seed apart.
 * OptionError: rate outside [0, 1), stream not a word of 32 bits. ShapeError: dtypes, or random not [4].
 */
export function dropout(x: Tensor, rate: Scalar, random: Tensor, stream = 0): Tensor {
  const value = valueOf(rate);
  if (!(value >= 0 && Math.fround(value) < 1)) {
    throw new OptionError(`dropout: rate is ${value}, expected at least 0 and below 1`);
  }
  checkWord('dropout', 'stream', stream);
  return applyOne(dropoutOp, [x, random], attrsOf({ rate: value, stream }, fieldsOf({ rate })));
}

export const dropoutOps = [dropoutOp] as const;
