// A random order, every element of which is found by itself: a bijection of the numbers below n, keyed by the step.

import shader from '../../shaders/random.wgsl';
import { checkOptions, OptionError } from '../core/errors.ts';
import { checkWord, philoxInto } from '../core/random.ts';
import type { Op } from '../graph/op.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { checkRandom, type DrawOptions } from './random.ts';

interface PermutationAttrs {
  readonly size: number;
  readonly stream: number;
}

/** The two halves of just enough bits for numbers below `size`; of fewer than six bits, too few orders would be reached. */
function halves(size: number): { left: number; right: number } {
  const bits = Math.max(6, 32 - Math.clz32(size - 1));
  return { left: bits >>> 1, right: bits - (bits >>> 1) };
}

/** One half's round function; as in shaders/random.wgsl. */
function mix(value: number, key: number): number {
  let h = Math.imul(value ^ key, 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

export const randomPermutationOp: Op<PermutationAttrs> = {
  name: 'random_permutation',
  infer([random], { size }) {
    checkRandom('random_permutation', random!);
    return [{ shape: [size], dtype: 'u32' }];
  },
  cpu([random], [y], { attrs: { size, stream } }) {
    const keys = new Uint32Array(4);
    philoxInto(keys, 0, random![1]!, 0, 0, random![0]!, stream);
    const { left: leftBits, right: rightBits } = halves(size);
    const [leftMask, rightMask] = [2 ** leftBits - 1, 2 ** rightBits - 1];
    for (let i = 0; i < size; i++) {
      let value = i;
      do {
        let left = value >>> rightBits;
        let right = value & rightMask;
        for (let round = 0; round < 12; round += 2) {
          const more = Math.imul(round & ~3, 0x9e3779b9);
          left ^= mix(right, keys[round & 3]! + more) & leftMask;
          right ^= mix(left, keys[(round & 3) + 1]! + more) & rightMask;
        }
        value = left * 2 ** rightBits + right;
      } while (value >= size);
      y![i] = value;
    }
  },
  kernels: {
    naive: {
      plan({ attrs: { size, stream } }) {
        const { left, right } = halves(size);
        return {
          dispatches: [
            dispatch(shader, 'random_permutation', {
              bindings: { random: input(0), order: output(0) },
              params: { size, stream, left_bits: left, right_bits: right },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: () => [null],
  cost: ({ attrs: { size } }) => ({ flops: 200 * size, bytes: 4 * size }),
  accuracy: { kind: 'exact' },
  samples: [1, 2, 3, 5, 64, 65, 1000, 4099, 1, 7].map((size, i) => ({
    inputs: [{ shape: [4], dtype: 'u32', fill: { values: [1000 + i, 4294967295 * (i % 2), 0, 0] } }],
    attrs: { size, stream: i === 9 ? 0 : 3 * i },
  })),
};

/**
 * The numbers 0 to size − 1 in random order, u32 [size]: a Feistel network of 12 rounds keyed by seed, step and stream.
 * No element needs another, so the device makes them all at once. OptionError: size not from 1 to 2³¹.
 */
export function randomPermutation(size: number, random: Tensor, options: DrawOptions = {}): Tensor {
  checkOptions('randomPermutation', options, ['stream']);
  if (!Number.isInteger(size) || size < 1 || size > 2 ** 31) {
    throw new OptionError(`randomPermutation: size is ${size}, expected an integer from 1 to 2147483648`);
  }
  const { stream = 0 } = options;
  checkWord('randomPermutation', 'stream', stream);
  return applyOne(randomPermutationOp, [random], { size, stream });
}
