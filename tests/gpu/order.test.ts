// The order in which a training visits its examples, which its seed decides and not what computes it.

import { expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { dataset } from '../../src/data/dataset.ts';
import { shuffleOrder } from '../../src/data/split.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import type { Device } from '../../src/plan/device.ts';
import { loadModel, saveModel } from '../../src/train/checkpoint.ts';
import { sequential, type Model } from '../../src/train/model.ts';
import { sharedDevice } from './device.ts';

const size = 40;
// Example i has the target i, and the model says 0 to all: the loss of i alone is i².
const numbered = dataset({
  x: { shape: [size, 1], data: new Float32Array(size) },
  y: { shape: [size, 1], data: Float32Array.from({ length: size }, (_, i) => i) },
});

/** The examples of two epochs in their order, all at once or with the model saved and loaded in between. */
async function visited(device: Device, seed: number, reloaded: boolean): Promise<number[]> {
  const seen: number[] = [];
  const callbacks = [
    { onBatchEnd: (_: number, { loss }: { readonly loss: number }) => void seen.push(Math.sqrt(loss)) },
  ];
  const train = async (net: Model, epochs: number, resume: boolean): Promise<void> => {
    await net.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'mse', device });
    await net.fit(numbered, { epochs, batchSize: 1, callbacks, resume });
  };
  const net = sequential([dense({ units: 1, inputShape: [1] })], { seed });
  await train(net, reloaded ? 1 : 2, false);
  if (reloaded) {
    const again = loadModel(await saveModel(net)) as Model;
    await train(again, 2, true);
    again.dispose();
  }
  net.dispose();
  return seen;
}

test('the CPU and the GPU visit examples in the one order of a seed, also after a reload', async () => {
  for (const seed of [3, 4]) {
    const expected = [0, 1].flatMap((epoch) => [...shuffleOrder(size, seed, epoch)]);
    for (const device of [createCpuDevice(), await sharedDevice()] as Device[])
      for (const reloaded of [false, true])
        expect(await visited(device, seed, reloaded), `${device.kind}, seed ${seed}`).toEqual(expected);
  }
  const orders = [shuffleOrder(size, 3, 0), shuffleOrder(size, 3, 1), shuffleOrder(size, 4, 0)].map(String);
  expect(new Set(orders).size, 'epochs and seeds differ').toBe(3);
});
