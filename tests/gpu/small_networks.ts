// Two small networks and programs that train them on glyphs, in batches of 16 in order.

import { glyphs } from '../../src/data/glyphs.ts';
import { glorotUniform, zeros } from '../../src/nn/initializers.ts';
import type { Optimizer, OptimizerState } from '../../src/nn/optimizer_state.ts';
import { parameters, type Parameters } from '../../src/nn/parameters.ts';
import { add, conv2d, dropout, matmul, maxPool2d, mean, relu, reshape } from '../../src/ops/index.ts';
import { sparseSoftmaxCrossEntropy } from '../../src/ops/loss.ts';
import type { Device } from '../../src/plan/device.ts';
import { program, type Program, type ProgramOptions, type TraceContext } from '../../src/train/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';

const batch = 16;
const data = glyphs({ size: 256, seed: 3 });
const imageSize = 28 * 28;

/** The small CNN's layers (8 and 16 filters), or a perceptron, with or without dropout. */
export const networks = {
  cnn(x: Tensor, w: (name: string) => Tensor) {
    const first = maxPool2d(relu(add(conv2d(x, w('k1'), { padding: 'same' }), w('b1'))), { poolSize: 2 });
    const second = maxPool2d(relu(add(conv2d(first, w('k2'), { padding: 'same' }), w('b2'))), { poolSize: 2 });
    return add(matmul(reshape(second, [batch, 784]), w('k3')), w('b3'));
  },
  mlp(x: Tensor, w: (name: string) => Tensor, { random }: TraceContext) {
    const hidden = dropout(relu(add(matmul(reshape(x, [batch, imageSize]), w('k1')), w('b1'))), 0.25, random, 1);
    return add(matmul(hidden, w('k2')), w('b2'));
  },
} as const;

const shapes: Record<keyof typeof networks, Record<string, number[]>> = {
  cnn: { k1: [3, 3, 1, 8], b1: [8], k2: [3, 3, 8, 16], b2: [16], k3: [784, 10], b3: [10] },
  mlp: { k1: [imageSize, 32], b1: [32], k2: [32, 10], b2: [10] },
};

export interface Training {
  step: Program;
  losses: number[];
  weights(): Promise<ArrayLike<number>>;
}

export async function trainer(
  network: keyof typeof networks,
  device: Device,
  optimizer: Optimizer | ((weights: Parameters) => OptimizerState),
  every = 10,
  options: ProgramOptions = {},
): Promise<Training> {
  const specs = Object.entries(shapes[network]).map(([name, shape]) => [
    name,
    { shape, initializer: shape.length > 1 ? glorotUniform() : zeros() },
  ]);
  const weights = parameters(Object.fromEntries(specs), { seed: 11 });
  const losses: number[] = [];
  const step = await program(
    { x: [batch, 28, 28, 1], y: { shape: [batch], dtype: 'i32' } },
    ({ x, y }, context) => ({
      loss: mean(sparseSoftmaxCrossEntropy(networks[network](x!, weights.get, context), y!)),
    }),
    {
      parameters: weights,
      optimizer: typeof optimizer === 'function' ? optimizer(weights) : optimizer,
      device,
      seed: 5,
      track: { outputs: ['loss'], every },
      onRows: (rows) => losses.push(...rows.map(({ values }) => values['loss']!)),
      ...options,
    },
  );
  await step.prepare();
  return { step, losses, weights: () => device.readVariable(weights.arena) };
}

export async function runSteps({ step }: Training, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const start = (i * batch) % data.size;
    const x = Float32Array.from(
      data.x.data.subarray(start * imageSize, (start + batch) * imageSize),
      (byte) => byte / 255,
    );
    const y = Int32Array.from(data.y.data.subarray(start, start + batch));
    const wait = step.ready();
    if (wait) await wait;
    step.run({ x, y });
  }
  await step.flush();
}
