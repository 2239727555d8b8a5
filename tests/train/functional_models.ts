// Small graphs of layers, and data for them, that several tests train.

import { expect } from 'vitest';

import { concatenate, createCpuDevice, dense, flatten, input, model, randomNormal, subtract } from '../../src/index.ts';

export const device = createCpuDevice();
export const numbers = (size: number, stream = 0) => randomNormal(size, 7, stream);
export const near = (values: ArrayLike<number>, digits = 5) =>
  Array.from(values, (value) => expect.closeTo(value, digits) as number);

/** Two pictures of 4 numbers through one tower, compared by the distance of what comes out. */
export function siamese() {
  const tower = dense({ units: 3, activation: 'tanh', name: 'tower' });
  const a = input({ shape: [4], name: 'a' });
  const b = input({ shape: [4], name: 'b' });
  const difference = subtract()([tower(a), tower(b)]);
  return model({ inputs: [a, b], outputs: dense({ units: 1, name: 'out' })(difference), name: 'siamese', seed: 5 });
}

/** Two inputs of different shapes, a trunk, and two outputs: a class of three and a number. */
export function twoByTwo(seed = 1) {
  const a = input({ shape: [3] });
  const b = input({ shape: [2, 2] });
  const trunk = dense({ units: 8, activation: 'tanh', name: 'trunk' })(concatenate()([a, flatten()(b)]));
  const kind = dense({ units: 3, name: 'scores' })(trunk);
  const amount = dense({ units: 1, name: 'line' })(trunk);
  return model({ inputs: { a, b }, outputs: { kind, amount }, seed });
}

export function twoByTwoData(size: number) {
  const a = numbers(size * 3, 1);
  const b = numbers(size * 4, 2);
  const kind = Int32Array.from({ length: size }, (_, i) => (a[3 * i]! > 0 ? (b[4 * i]! > 0 ? 2 : 1) : 0));
  const amount = Float32Array.from({ length: size }, (_, i) => a[3 * i + 1]! - 0.5 * b[4 * i + 3]!);
  return { x: { a, b: { shape: [size, 2, 2], data: b } }, y: { kind, amount: { shape: [size, 1], data: amount } } };
}

export const twoLosses = { kind: 'sparseCategoricalCrossentropy', amount: 'mse' } as const;
