// Numbers that lectures work out by hand.

import { expect, it } from 'vitest';

import {
  createCpuDevice,
  dense,
  ops,
  parameters,
  program,
  sequential,
  sgd,
  type Initializer,
} from '../../src/index.ts';

const fixed = (...values: number[]): Initializer => ({ name: 'fixed', values: () => Float32Array.from(values) });

/** One input of three numbers; two sigmoid units; one sigmoid unit. Kernels are [in, units]. */
const weights = {
  'hidden/kernel': { shape: [3, 2], initializer: fixed(0.1, 0.3, 2, -0.4, 0.5, -0.5) },
  'hidden/bias': { shape: [2], initializer: fixed(0.2, -0.3) },
  'out/kernel': { shape: [2, 1], initializer: fixed(0.1, 1) },
  'out/bias': { shape: [1], initializer: fixed(1.4) },
};
const x = Float32Array.of(0.15, 0.25, -0.5);

it('back-propagation by hand: the 3-2-2 network forward, backward and updated (D14)', async () => {
  const net = parameters(weights);
  const rate = 0.5;
  const step = await program(
    { x: [1, 3] },
    (inputs) => {
      const sums = ops.add(ops.matmul(inputs['x']!, net.get('hidden/kernel')), net.get('hidden/bias'));
      const hidden = ops.sigmoid(sums);
      const o1 = ops.sigmoid(ops.add(ops.matmul(hidden, net.get('out/kernel')), net.get('out/bias')));
      return { sums, hidden, o1, loss: ops.mean(ops.neg(ops.log(o1))) };
    },
    { parameters: net, optimizer: sgd({ learningRate: rate }), device: createCpuDevice() },
  );
  await step.prepare();
  step.run({ x });
  const read = async (name: string) => [...(await step.read(name))];
  expect((await read('sums')).map((value) => Number(value.toFixed(3)))).toEqual([0.465, -0.105]);
  expect((await read('hidden')).map((value) => Number(value.toFixed(3)))).toEqual([0.614, 0.474]);
  expect((await read('o1'))[0]).toBeCloseTo(0.873823, 6);
  const [loss] = await read('loss');
  expect(loss).toBeCloseTo(0.134877, 6);
  // The lecture prints 0.05858, the logarithm to base 10.
  expect(loss! / Math.LN10).toBeCloseTo(0.058576, 6);

  // ∂(−ln o1)/∂sum = o1 − 1, and the update of w = 0.1 is −rate·(o1 − 1)·h1.
  const [h1] = await read('hidden');
  const [o1] = await read('o1');
  step.run({ x });
  expect((await read('loss'))[0]).toBeLessThan(loss!);
  const expected = 0.1 - rate * (o1! - 1) * h1!;
  const again = sequential([
    dense({
      name: 'hidden',
      units: 2,
      activation: 'sigmoid',
      inputShape: [3],
      kernelInitializer: fixed(0.1, 0.3, 2, -0.4, 0.5, -0.5),
      biasInitializer: fixed(0.2, -0.3),
    }),
    dense({ name: 'out', units: 1, kernelInitializer: fixed(0.1, 1), biasInitializer: fixed(1.4) }),
  ]);
  await again.compile({
    optimizer: sgd({ learningRate: rate }),
    loss: 'binaryCrossentropy',
    device: createCpuDevice(),
  });
  const { history } = await again.fit({
    x: { shape: [1, 3], data: x },
    y: { shape: [1, 1], data: Float32Array.of(1) },
  });
  // −ln σ(z) of the logit is the same loss, and so is its gradient.
  expect(history['loss']![0]).toBeCloseTo(0.134877, 6);
  expect((await again.getWeights()).get('out/kernel')!.data[0]).toBeCloseTo(expected, 6);
});

it('softmax(−1, 0, 3, 5) = (0.002, 0.006, 0.118, 0.874) (B1)', async () => {
  const softmax = await program({ x: [1, 4] }, (inputs) => ({ y: ops.softmax(inputs['x']!) }), {
    device: createCpuDevice(),
  });
  await softmax.prepare();
  softmax.run({ x: Float32Array.of(-1, 0, 3, 5) });
  expect([...(await softmax.read('y'))].map((value) => Number(value.toFixed(3)))).toEqual([0.002, 0.006, 0.118, 0.874]);
});

it('accuracy is counted exactly over partial batches: 75 of 100 (A5)', async () => {
  // 50 true positives, 25 true negatives, 25 false positives: scores (0, 1) for what is called positive.
  const called = Float32Array.from({ length: 100 }, (_, i) => (i < 75 ? 1 : 0));
  const truth = Int32Array.from({ length: 100 }, (_, i) => (i < 50 ? 1 : 0));
  const model = sequential([
    dense({ units: 2, inputShape: [1], kernelInitializer: fixed(-1, 1), biasInitializer: fixed(0.5, -0.5) }),
  ]);
  await model.compile({
    optimizer: 'sgd',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    device: createCpuDevice(),
  });
  expect((await model.evaluate({ x: called, y: truth }, { batchSize: 7 }))['accuracy']).toBe(0.75);
});
