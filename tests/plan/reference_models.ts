// The models on which the planner's promises are kept: memory near its lower bound, fused plans, recomputation.

import * as r from '../../src/index.ts';
import type { Model } from '../../src/train/model.ts';

export interface ReferenceModel {
  readonly name: string;
  readonly batch: number;
  readonly loss: r.LossName;
  build(): Model;
}

const { conv2d, dense, flatten, maxPool2d, sequential } = r;

/** Two convolutions with batch normalization and a shortcut around them. */
function residual(x: r.SymbolicTensor, filters: number, strides: number): r.SymbolicTensor {
  const conv = (options: Partial<r.Conv2dLayerOptions>) =>
    conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...options });
  const first = r.relu()(r.batchNormalization()(conv({ strides })(x)));
  const second = r.batchNormalization()(conv({})(first));
  const straight = strides === 1 && x.shape.at(-1) === filters;
  const shortcut = straight ? x : r.batchNormalization()(conv({ strides, kernelSize: 1 })(x));
  return r.relu()(r.add()([second, shortcut]));
}

function resnet(): Model {
  const x = r.input({ shape: [32, 32, 3] });
  let y = r.relu()(r.batchNormalization()(conv2d({ filters: 16, kernelSize: 3, padding: 'same' })(x)));
  for (const [filters, strides] of [
    [16, 1],
    [16, 1],
    [32, 2],
    [32, 1],
    [64, 2],
    [64, 1],
  ] as const) {
    y = residual(y, filters, strides);
  }
  return r.model({ inputs: x, outputs: dense({ units: 10 })(r.globalAveragePool2d()(y)) }) as Model;
}

/** Attention and a feed-forward network, each normalized first and added to what it read. */
function attentionBlock(x: r.SymbolicTensor, width: number): r.SymbolicTensor {
  const normalized = r.layerNormalization()(x);
  const attended = r.multiHeadAttention({ numHeads: 4, keyDim: width / 4 })([normalized, normalized]);
  const middle = r.add()([x, r.dropout({ rate: 0.1 })(attended)]);
  const wide = dense({ units: 4 * width, activation: 'gelu' })(r.layerNormalization()(middle));
  return r.add()([middle, r.dropout({ rate: 0.1 })(dense({ units: width })(wide))]);
}

function transformer(): Model {
  const x = r.input({ shape: [32, 64] });
  let y = x;
  for (let i = 0; i < 3; i++) y = attentionBlock(y, 64);
  return r.model({ inputs: x, outputs: dense({ units: 10 })(flatten()(y)) }) as Model;
}

function vgg(): Model {
  const block = (filters: number, count: number, inputShape?: readonly number[]) => [
    ...Array.from({ length: count }, (_, i) =>
      conv2d({
        filters,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        ...(inputShape && i === 0 ? { inputShape } : {}),
      }),
    ),
    maxPool2d({ poolSize: 2 }),
  ];
  return sequential([
    ...block(16, 2, [32, 32, 3]),
    ...block(32, 2),
    ...block(64, 3),
    ...block(64, 3),
    flatten(),
    dense({ units: 128, activation: 'relu' }),
    r.dropout({ rate: 0.5 }),
    dense({ units: 10 }),
  ]);
}

export const referenceModels: readonly ReferenceModel[] = [
  { name: 'CNN', batch: 64, loss: 'nll', build: () => r.cnn() },
  { name: 'small CNN', batch: 64, loss: 'sparseCategoricalCrossentropy', build: () => r.cnnS() },
  { name: 'MLP', batch: 128, loss: 'nll', build: () => r.mlp() },
  { name: 'residual network', batch: 16, loss: 'sparseCategoricalCrossentropy', build: resnet },
  { name: 'VGG', batch: 16, loss: 'sparseCategoricalCrossentropy', build: vgg },
  { name: 'attention blocks', batch: 8, loss: 'sparseCategoricalCrossentropy', build: transformer },
  {
    name: 'LSTM',
    batch: 32,
    loss: 'sparseCategoricalCrossentropy',
    build: () =>
      sequential([
        r.lstm({ units: 32, returnSequences: true, inputShape: [28, 28] }),
        r.lstm({ units: 32 }),
        dense({ units: 10 }),
      ]),
  },
  {
    name: 'GRU over an embedding',
    batch: 32,
    loss: 'sparseCategoricalCrossentropy',
    build: () =>
      sequential([
        r.embedding({ inputDim: 100, outputDim: 24, inputShape: [20] }),
        r.gru({ units: 32 }),
        dense({ units: 10 }),
      ]),
  },
];
