// Training with Retrograd through its lower door, as a user would write it.

import {
  adam as adamOptimizer,
  type Device,
  ops,
  parameters,
  program,
  type Tensor,
  type TensorType,
} from '../../../../src/index.ts';
import type { Training } from '../engine.ts';
import { adam, batchOf, firstWeights, learningRate, networks, type NetworkName } from '../work.ts';

const { add, conv2d, matmul, maxPool2d, mean, relu, reshape, sparseSoftmaxCrossEntropy, square, sub } = ops;

const dense = (x: Tensor, w: Tensor, b: Tensor): Tensor => add(matmul(x, w), b);

const forwards: Record<NetworkName, (w: (name: string) => Tensor, x: Tensor, batch: number) => Tensor> = {
  cnn(w, x, batch) {
    const first = relu(add(conv2d(x, w('w1')), w('b1')));
    const second = relu(add(conv2d(first, w('w2')), w('b2')));
    return dense(reshape(maxPool2d(second, { poolSize: 2 }), [batch, 4608]), w('w3'), w('b3'));
  },
  mlp: (w, x) => dense(relu(dense(x, w('w1'), w('b1'))), w('w2'), w('b2')),
  tiny: (w, x) => dense(relu(dense(x, w('w1'), w('b1'))), w('w2'), w('b2')),
};

export async function train(device: Device, name: NetworkName, batch: number): Promise<Training> {
  const { inputShape, classes, weights } = networks[name];
  const values = firstWeights(name);
  const own = parameters(
    Object.fromEntries(
      Object.entries(weights).map(([key, shape]) => [
        key,
        { shape, initializer: { name: 'given', values: () => values[key]! } },
      ]),
    ),
  );
  const given = batchOf(name, batch);
  const labelled = classes > 0;
  const types: Record<'x' | 'y', TensorType> = {
    x: { shape: [batch, ...inputShape], dtype: 'f32' },
    y: labelled ? { shape: [batch], dtype: 'i32' } : { shape: [batch, 1], dtype: 'f32' },
  };
  const step = await program(
    types,
    ({ x, y }) => {
      const output = forwards[name](own.get, x!, batch);
      return { loss: mean(labelled ? sparseSoftmaxCrossEntropy(output, y!) : square(sub(output, y!))) };
    },
    { parameters: own, optimizer: adamOptimizer({ learningRate, ...adam }), device },
  );
  await step.prepare();
  const data = await Promise.all([
    device.upload(given.x, types.x),
    device.upload(labelled ? Int32Array.from(given.y) : given.y, types.y),
  ]);
  const [x, y] = data;
  return {
    step() {
      const wait = step.ready();
      if (wait) return wait.then(() => step.run({ x, y }));
      step.run({ x, y });
      return undefined;
    },
    finish: () => step.flush(),
    loss: async () => (await step.read('loss'))[0]!,
    dispose() {
      step.dispose();
      for (const one of data) one.dispose();
    },
  };
}
