// The reference models of the labs and benchmarks.

import type { Shape } from '../core/shape.ts';
import { checkOptions } from '../core/errors.ts';
import { logSoftmax, relu } from '../nn/layers/activation.ts';
import { conv2d } from '../nn/layers/conv.ts';
import { dense } from '../nn/layers/dense.ts';
import { flatten } from '../nn/layers/flatten.ts';
import { maxPool2d } from '../nn/layers/max_pool.ts';
import { sequential, type Model } from './model.ts';

export interface ReferenceOptions {
  /** [H, W, C]; [28, 28, 1] unless given. */
  readonly inputShape?: Shape;
  /** 10 unless given. */
  readonly classes?: number;
  /** Of the weights; 0 unless given. */
  readonly seed?: number;
}

function defaults(where: string, options: ReferenceOptions) {
  checkOptions(where, options, ['inputShape', 'classes', 'seed']);
  const { inputShape = [28, 28, 1], classes = 10, seed = 0 } = options;
  return { inputShape, classes, seed };
}

/** Flatten, dense 128 + ReLU, dense, log-softmax: 101,770 parameters on [28,28,1]. For the loss 'nll'. */
export function mlp(options: ReferenceOptions = {}): Model {
  const { inputShape, classes, seed } = defaults('mlp', options);
  return sequential(
    [flatten({ inputShape }), dense({ units: 128, activation: 'relu' }), dense({ units: classes }), logSoftmax()],
    { name: 'mlp', seed },
  );
}

/** Two 3×3 convolutions (16, 32) + ReLU, max-pool 2, dense, log-softmax: 50,890 parameters on [28,28,1]. For 'nll'. */
export function cnn(options: ReferenceOptions = {}): Model {
  const { inputShape, classes, seed } = defaults('cnn', options);
  return sequential(
    [
      conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape }),
      conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      maxPool2d({ poolSize: 2 }),
      flatten(),
      dense({ units: classes }),
      logSoftmax(),
    ],
    { name: 'cnn', seed },
  );
}

/**
 * The small one that pages train at once: two 'same' convolutions (8, 16), each with ReLU and max-pool 2, then dense:
 * 9,098 parameters and 0.58 MFLOP on [28,28,1]. Gives logits, for 'sparseCategoricalCrossentropy'.
 */
export function cnnS(options: ReferenceOptions = {}): Model {
  const { inputShape, classes, seed } = defaults('cnnS', options);
  return sequential(
    [
      conv2d({ name: 'conv1', filters: 8, kernelSize: 3, padding: 'same', inputShape }),
      relu({ name: 'relu1' }),
      maxPool2d({ name: 'pool1' }),
      conv2d({ name: 'conv2', filters: 16, kernelSize: 3, padding: 'same' }),
      relu({ name: 'relu2' }),
      maxPool2d({ name: 'pool2' }),
      flatten({ name: 'flat' }),
      dense({ name: 'fc', units: classes }),
    ],
    { name: 'cnn-s', seed },
  );
}
