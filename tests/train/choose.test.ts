// Which device a model gets that was given none.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { defaultDevice } from '../../src/train/device.ts';
import { mlp } from '../../src/train/models.ts';
import { sequential } from '../../src/train/model.ts';

let asked = 0;
beforeEach(async () => {
  asked = 0;
  // The default device is made once in a process, which test files share, and again after it was lost.
  const earlier = await defaultDevice();
  earlier.dispose();
  await earlier.lost;
  const gpu = {
    async requestAdapter() {
      asked++;
      return null;
    },
  };
  vi.stubGlobal('navigator', { gpu });
});
afterEach(() => vi.unstubAllGlobals());

const tiny = () => sequential([dense({ units: 16, activation: 'tanh', inputShape: [2] }), dense({ units: 1 })]);
const deviceLine = (model: ReturnType<typeof tiny>) => model.summary().text.match(/^device +(.*)$/m)?.[1];

test('a tiny model goes to the CPU, and no GPU is looked for', async () => {
  const model = tiny();
  expect(deviceLine(model)).toBeUndefined();
  await model.compile({ optimizer: 'adam', loss: 'mse' });
  expect(model.device!.kind).toBe('cpu');
  expect(deviceLine(model)).toMatch(/^CPU: a step takes about 0\.0\d ms there, less than a GPU's 14 dispatches$/);
  expect(asked).toBe(0);
  const other = tiny();
  await other.predict(Float32Array.of(1, 2));
  expect(other.device).toBe(model.device);
  expect(asked).toBe(0);
});

test('a larger one asks for a GPU, and says so where there is none', async () => {
  const model = mlp();
  await model.compile({ optimizer: 'adam', loss: 'nll' });
  expect(asked).toBe(1);
  expect(model.device!.kind).toBe('cpu');
  expect(deviceLine(model)).toBe('CPU: there is no WebGPU here');
});

test('a device that was given stands, also when compiled again without one', async () => {
  const device = createCpuDevice();
  const model = mlp();
  await model.compile({ optimizer: 'adam', loss: 'nll', device });
  await model.compile({ optimizer: 'sgd', loss: 'nll' });
  expect(model.device).toBe(device);
  expect(deviceLine(model)).toBe('CPU: as asked for');
  expect(asked).toBe(0);
});
