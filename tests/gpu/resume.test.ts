// Trainings on WebGPU whose device is destroyed at some step, and that go on with a new device from what is in a store.

import { afterAll, describe, expect, test } from 'vitest';

import { createWebGPUDevice } from '../../src/gpu/device.ts';
import { indexedDbStore, opfsStore } from '../../src/io/page_stores.ts';
import type { Store } from '../../src/io/store.ts';
import { killed, resumeCases, uninterrupted } from '../train/resume_cases.ts';

const opened: { dispose(): void }[] = [];
afterAll(() => opened.forEach((device) => device.dispose()));

/** Each with an end as hard as a page can make it. */
async function destroyable() {
  const device = await createWebGPUDevice({ label: 'to be destroyed' });
  opened.push(device);
  return { device, kill: () => device.gpu.destroy() };
}

async function emptied(store: Store): Promise<Store> {
  await store.remove('run');
  return store;
}

describe('device.destroy()', () => {
  test.each([
    ['Adam with dropout, and callbacks that count', 3, [10], () => opfsStore('retrograd-resume')],
    ['AdamW with dropout, and numbers set on the way', 3, [13], () => indexedDbStore('retrograd-resume')],
    ...(import.meta.env.VITE_LONG === '1'
      ? ([
          ['SGD', 2, [0, 5, 17, 30], () => indexedDbStore('retrograd-resume')],
          ['SGD with momentum and dropout', 1, [3, 7, 8, 22], () => opfsStore('retrograd-resume')],
          ['Adam on augmented images, with dropout', 3, [4, 19], () => opfsStore('retrograd-resume')],
          ['Adam on a cosine', 5, [1, 14, 26], () => indexedDbStore('retrograd-resume')],
        ] as const)
      : []),
  ] as const)('%s: weights as if nothing had happened', { timeout: 120_000 }, async (name, every, kills, store) => {
    const one = resumeCases[name]!;
    const whole = await uninterrupted(one, (await destroyable()).device);
    const continued = await killed(one, every, kills, destroyable, await emptied(store()));
    expect(continued).toEqual(whole);
  });
});
