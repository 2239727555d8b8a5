// TensorFlow.js: every operation by its public function, and the two gradients that have none by their kernels.

import * as tf from '@tensorflow/tfjs-core';

import { trainingTask, type Engine, type Task, type TrainingMaker } from '../engine.ts';
import { inputsOf, outputShape, type Work } from '../work.ts';
import { train } from './tfjs_train.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- the package's types are there only where it is installed
type TfTensor = any;

export function tfjs(cannotTrain: readonly string[] = []): Engine {
  const trains: TrainingMaker = async (name, batch) => (cannotTrain.includes(name) ? null : train(name, batch));
  return {
    version: tf.version_core,
    train: trains,
    async task(work): Promise<Task | null> {
      if (work.kind === 'step') return trainingTask(trains, work);
      const values = inputsOf(work);
      const x: Record<string, TfTensor> = Object.fromEntries(
        Object.entries(work.inputs).map(([name, shape]) => [name, tf.tensor(values[name], shape)]),
      );
      if (work.kind === 'max_pool_grad') x['y'] = tf.maxPool(x['x'], 2, 2, 'valid');
      let y: TfTensor = null;
      return {
        run() {
          y?.dispose();
          y = operation(work, x);
        },
        async finish() {
          const first = tf.tidy(() => tf.slice(tf.reshape(y, [-1]), [0], [1]));
          await first.data();
          first.dispose();
        },
        read: async () => Float32Array.from(await y.data()),
        dispose() {
          y?.dispose();
          for (const one of Object.values(x)) one.dispose();
        },
      };
    },
  };
}

function operation(work: Work, x: Record<string, TfTensor>): TfTensor {
  switch (work.kind) {
    case 'matmul':
      return tf.matMul(x['a'], x['b']);
    case 'conv':
      return tf.conv2d(x['x'], x['w'], 1, 'same');
    case 'conv_grad_input':
      return tf.conv2dTranspose(x['dy'], x['w'], outputShape(work), 1, 'same');
    case 'conv_grad_filter': {
      const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: outputShape(work) };
      return tf.engine().runKernel('Conv2DBackpropFilter', { x: x['x'], dy: x['dy'] }, attrs);
    }
    case 'softmax':
      return tf.softmax(x['x']);
    case 'max_pool':
      return tf.maxPool(x['x'], 2, 2, 'valid');
    case 'max_pool_grad': {
      const attrs = { filterSize: 2, strides: 2, pad: 'valid' };
      return tf.engine().runKernel('MaxPoolGrad', { dy: x['dy'], input: x['x'], output: x['y'] }, attrs);
    }
    case 'step':
      throw new Error('a step is no operation');
  }
}
