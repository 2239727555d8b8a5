// Training with TensorFlow.js: variables, `optimizer.minimize`, its own Adam.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';

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
import { oneHot } from '../work.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- the package's types are there only where it is installed
type TfTensor = any;

export async function useBackend(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`tfjs: the backend ${name} could not be set`);
  await tf.ready();
}

export async function train(name: NetworkName, batch: number): Promise<Training> {
  const { inputShape, classes } = networks[name];
  const values = firstWeights(networks[name]);
  const w: Record<string, TfTensor> = Object.fromEntries(
    Object.entries(weightShapes(networks[name])).map(([key, shape]) => [
      key,
      tf.variable(tf.tensor(values[key], shape)),
    ]),
  );
  const given = batchOf(networks[name], batch);
  const x = tf.tensor(given.x, [batch, ...inputShape]);
  const y = classes > 0 ? tf.tensor(oneHot(given.y, classes), [batch, classes]) : tf.tensor(given.y, [batch, 1]);
  const forwards: Record<NetworkName, () => TfTensor> = {
    cnn() {
      const first = tf.relu(tf.add(tf.conv2d(x, w['w1'], 1, 'valid'), w['b1']));
      const second = tf.relu(tf.add(tf.conv2d(first, w['w2'], 1, 'valid'), w['b2']));
      const flat = tf.reshape(tf.maxPool(second, 2, 2, 'valid'), [batch, 4608]);
      return tf.add(tf.matMul(flat, w['w3']), w['b3']);
    },
    mlp: () => tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(x, w['w1']), w['b1'])), w['w2']), w['b2']),
    tiny: () => tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(x, w['w1']), w['b1'])), w['w2']), w['b2']),
  };
  const lossOf = (): TfTensor =>
    classes > 0 ? tf.losses.softmaxCrossEntropy(y, forwards[name]()) : tf.losses.meanSquaredError(y, forwards[name]());
  const optimizer = tf.train.adam(learningRate, adam.beta1, adam.beta2, adam.epsilon);
  let loss: TfTensor = null;
  return {
    step() {
      loss?.dispose();
      loss = optimizer.minimize(lossOf, true, Object.values(w));
    },
    async finish() {
      const last = Object.values(w).at(-1);
      const first = tf.tidy(() => tf.slice(tf.reshape(last, [-1]), [0], [1]));
      await first.data();
      first.dispose();
    },
    loss: async () => (await loss.data())[0],
    dispose() {
      loss?.dispose();
      for (const one of [...Object.values(w), x, y]) one.dispose();
      optimizer.dispose();
    },
  };
}
