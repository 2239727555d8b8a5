import { expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { OptionError } from '../../src/core/errors.ts';
import { philox, randomUniform, uniform01 } from '../../src/core/random.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor } from '../../src/graph/tensor.ts';
import { dropout } from '../../src/ops/dropout.ts';
import { sampleValues } from './table.ts';

function drop(size: number, rate: number, seed: number, step: number, stream: number): number[] {
  const x = inputTensor('x', [size]);
  const random = constantTensor(Uint32Array.of(seed, step, 0, 0), [4], 'u32');
  return [...evaluate([dropout(x, rate, random, stream)], new Map([[x, new Float64Array(size).fill(3)]]))[0]!];
}

test('the mask is that of Philox with key (seed, stream) and counter (index / 4, step, 0, 0)', () => {
  const uniforms = randomUniform(37, 11, 5, 3);
  expect(drop(37, 0.4, 11, 3, 5)).toEqual([...uniforms].map((u) => (u >= Math.fround(0.4) ? 3 / 0.6 : 0)));
  const word = philox([1, 3, 0, 0], [11, 5])[2]!;
  const rate = uniform01(word); // element 6 draws exactly its rate and is kept
  expect(drop(7, rate, 11, 3, 5)[6]).toBe(3 / (1 - rate));
});

test('seed, step and stream each give another mask; the fraction dropped and the mean are right', () => {
  const size = 40_000;
  const base = drop(size, 0.3, 1, 1, 1);
  for (const other of [drop(size, 0.3, 2, 1, 1), drop(size, 0.3, 1, 2, 1), drop(size, 0.3, 1, 1, 2)]) {
    const bothDropped = base.filter((y, i) => y === 0 && other[i] === 0).length / size;
    expect(bothDropped).toBeCloseTo(0.09, 2); // as independent masks
  }
  expect(base.filter((y) => y === 0).length / size).toBeCloseTo(0.3, 2);
  expect(base.reduce((sum, y) => sum + y, 0) / size).toBeCloseTo(3, 1);
});

test('the gradient has the same mask', () => {
  const random = constantTensor(Uint32Array.of(4, 7, 0, 0), [4], 'u32');
  const shape = [5, 9];
  const result = gradcheck(({ x }) => dropout(x!, 0.5, random, 2), {
    x: { shape, values: sampleValues({ shape }, 1) },
  });
  expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
});

test('messages', () => {
  const x = inputTensor('x', [3]);
  const random = inputTensor('random', [4], 'u32');
  expect(() => dropout(x, 1, random)).toThrow(new OptionError('dropout: rate is 1, expected at least 0 and below 1'));
  expect(() => dropout(x, NaN, random)).toThrow('dropout: rate is NaN');
  expect(() => dropout(x, 0.5, inputTensor('random', [2], 'u32'))).toThrow('dropout: random is [2], expected [4]');
  expect(() => dropout(x, 0.5, random, -1)).toThrow('dropout: stream is -1, expected an integer from 0 to 4294967295');
});
