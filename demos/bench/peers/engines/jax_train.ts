// Training with jax-js: loss, gradients and Adam traced by `jit` into one function.

import { init, defaultDevice, getWebGPUDevice, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';

import {
  adam,
  batchOf,
  firstWeights,
  learningRate,
  networks,
  type NetworkName,
  weightShapes,
} from '../../core/networks.ts';
import type { Training } from '../engine.ts';
import { channelsFirst, oneHot } from '../work.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- the package's types are there only where it is installed
type JaxArray = any;

export async function useDevice(name: 'webgpu' | 'wasm'): Promise<void> {
  await init(name);
  defaultDevice(name);
}

/** When the arrays are there, and on a GPU everything submitted for them is done. */
export async function finished(device: 'webgpu' | 'wasm', array: JaxArray): Promise<void> {
  await array.blockUntilReady();
  if (device === 'webgpu') await getWebGPUDevice().queue.onSubmittedWorkDone();
}

export function arrayOf(values: Float32Array, shape: readonly number[]): JaxArray {
  return np.array(values, { shape: [...shape] });
}

// Arrays are counted references: every use but the last of a name takes `.ref`.
const forwards: Record<NetworkName, (w: Record<string, JaxArray>, x: JaxArray, batch: number) => JaxArray> = {
  cnn(w, x, batch) {
    const first = nn.relu(lax.convGeneralDilated(x, w['w1'], [1, 1], 'VALID').add(w['b1'].reshape([16, 1, 1])));
    const second = nn.relu(lax.convGeneralDilated(first, w['w2'], [1, 1], 'VALID').add(w['b2'].reshape([32, 1, 1])));
    const pooled = lax.reduceWindow(second, np.max, [2, 2], [2, 2]);
    return np.matmul(pooled.reshape([batch, 4608]), w['w3']).add(w['b3']);
  },
  mlp: (w, x) => np.matmul(nn.relu(np.matmul(x, w['w1']).add(w['b1'])), w['w2']).add(w['b2']),
  tiny: (w, x) => np.matmul(nn.relu(np.matmul(x, w['w1']).add(w['b1'])), w['w2']).add(w['b2']),
};

export async function train(device: 'webgpu' | 'wasm', name: NetworkName, batch: number): Promise<Training> {
  const { inputShape, classes } = networks[name];
  const values = firstWeights(networks[name]);
  let w: Record<string, JaxArray> = Object.fromEntries(
    Object.entries(weightShapes(networks[name])).map(([key, shape]) => {
      const own = values[key]!;
      if (shape.length === 4) {
        const filter = channelsFirst.filter(own, shape);
        return [key, arrayOf(filter.values, filter.shape)];
      }
      if (key === 'w3') return [key, arrayOf(channelsFirst.denseRows(own, [12, 12, 32], 10), shape)];
      return [key, arrayOf(own, shape)];
    }),
  );
  const zeros = (): Record<string, JaxArray> => tree.map((one: JaxArray) => np.zerosLike(one), tree.ref(w));
  let m = zeros();
  let v = zeros();
  let t: JaxArray = arrayOf(Float32Array.of(0), []);
  const given = batchOf(networks[name], batch);
  // One channel: with channels first or last, the numbers are the same.
  const x = arrayOf(given.x, name === 'cnn' ? [batch, 1, 28, 28] : [batch, ...inputShape]);
  const y = classes > 0 ? arrayOf(oneHot(given.y, classes), [batch, classes]) : arrayOf(given.y, [batch, 1]);

  const lossOf = (weightsNow: Record<string, JaxArray>, input: JaxArray, target: JaxArray): JaxArray => {
    const output = forwards[name](weightsNow, input, batch);
    if (classes > 0)
      return nn
        .logSoftmax(output)
        .mul(target)
        .sum()
        .mul(-1 / batch);
    return np.square(output.sub(target)).mean();
  };
  const step = jit(
    (p: JaxArray, first: JaxArray, second: JaxArray, count: JaxArray, input: JaxArray, target: JaxArray) => {
      const [loss, slopes] = valueAndGrad(lossOf)(tree.ref(p), input, target);
      const steps = count.add(1);
      const correction1 = np.reciprocal(
        np
          .exp(steps.ref.mul(Math.log(adam.beta1)))
          .mul(-1)
          .add(1),
      );
      const correction2 = np.reciprocal(
        np
          .exp(steps.ref.mul(Math.log(adam.beta2)))
          .mul(-1)
          .add(1),
      );
      const means = tree.map(
        (mean: JaxArray, slope: JaxArray) => mean.mul(adam.beta1).add(slope.mul(1 - adam.beta1)),
        first,
        tree.ref(slopes),
      );
      const squares = tree.map(
        (square: JaxArray, slope: JaxArray) => square.mul(adam.beta2).add(np.square(slope).mul(1 - adam.beta2)),
        second,
        slopes,
      );
      const next = tree.map(
        (one: JaxArray, mean: JaxArray, square: JaxArray) =>
          one.sub(
            mean
              .mul(correction1.ref)
              .mul(learningRate)
              .div(np.sqrt(square.mul(correction2.ref)).add(adam.epsilon)),
          ),
        p,
        tree.ref(means),
        tree.ref(squares),
      );
      correction1.dispose();
      correction2.dispose();
      return [next, means, squares, steps, loss];
    },
  );
  let loss: JaxArray = null;
  return {
    step() {
      loss?.dispose();
      [w, m, v, t, loss] = step(w, m, v, t, x.ref, y.ref);
    },
    finish: () => finished(device, Object.values(w).at(-1)),
    loss: async () => (await loss.ref.data())[0],
    dispose() {
      loss?.dispose();
      for (const one of [w, m, v]) tree.dispose(one);
      t.dispose();
      x.dispose();
      y.dispose();
      step.dispose();
    },
  };
}
