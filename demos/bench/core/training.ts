// A network's training step with Retrograd, through its lower door as a user would write it. One batch and the weights stay
// on the device.

import {
  adam as adamOptimizer,
  type Device,
  type DeviceTensor,
  ops,
  parameters,
  type Parameters,
  program,
  type Program,
  type Tensor,
  type TensorType,
  type TypedArray,
} from '../../../src/index.ts';
import { adam, batchOf, firstWeights, learningRate, weightShapes, type Network } from './networks.ts';

const { add, conv2d, matmul, maxPool2d, mean, relu, reshape, sparseSoftmaxCrossEntropy, square, sub } = ops;

export interface NetworkTraining {
  readonly program: Program;
  /** What every step is given. */
  readonly feeds: Readonly<Record<'x' | 'y', DeviceTensor | TypedArray>>;
  readonly weights: Parameters;
  dispose(): void;
}

export function forward({ layers }: Network, weight: (name: string) => Tensor, x: Tensor, batch: number): Tensor {
  let count = 0;
  return layers.reduce((value, layer, i) => {
    if (layer === 'pool') return maxPool2d(value, { poolSize: 2 });
    count++;
    const [w, b] = [weight(`w${count}`), weight(`b${count}`)];
    if ('conv' in layer) return relu(add(conv2d(value, w), b));
    const flat = value.shape.length === 2 ? value : reshape(value, [batch, w.shape[0]!]);
    const sum = add(matmul(flat, w), b);
    return i === layers.length - 1 ? sum : relu(sum);
  }, x);
}

/** `resident`: the batch lies on the device; else every step is given arrays. `early`: ready as soon as a step can run. */
export async function trainingOf(
  device: Device,
  network: Network,
  batch: number,
  { resident = true, early = false } = {},
): Promise<NetworkTraining> {
  const values = firstWeights(network);
  const weights = parameters(
    Object.fromEntries(
      Object.entries(weightShapes(network)).map(([key, shape]) => [
        key,
        { shape, initializer: { name: 'given', values: () => values[key]! } },
      ]),
    ),
  );
  const labelled = network.classes > 0;
  const types: Record<'x' | 'y', TensorType> = {
    x: { shape: [batch, ...network.inputShape], dtype: 'f32' },
    y: labelled ? { shape: [batch], dtype: 'i32' } : { shape: [batch, 1], dtype: 'f32' },
  };
  const step = await program(
    types,
    ({ x, y }) => {
      const output = forward(network, weights.get, x!, batch);
      return { loss: mean(labelled ? sparseSoftmaxCrossEntropy(output, y!) : square(sub(output, y!))) };
    },
    { parameters: weights, optimizer: adamOptimizer({ learningRate, ...adam }), device },
  );
  const given = batchOf(network, batch);
  const arrays = { x: given.x, y: labelled ? Int32Array.from(given.y) : given.y };
  const uploaded = resident ? [device.upload(arrays.x, types.x), device.upload(arrays.y, types.y)] : [];
  const [, ...tensors] = await Promise.all([step.prepare({ early }), ...uploaded]);
  const [x = arrays.x, y = arrays.y] = tensors;
  return {
    program: step,
    feeds: { x, y },
    weights,
    dispose() {
      step.dispose();
      for (const tensor of tensors) tensor.dispose();
    },
  };
}
