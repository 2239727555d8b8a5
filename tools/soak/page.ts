// The page's side of `npm run soak`: one training of many steps, with a look at the heap and the device in between.

import {
  adam,
  createWebGPUDevice,
  dense,
  dropout,
  memoryStore,
  modelCheckpoint,
  moons,
  sequential,
  type Callback,
} from '../../src/index.ts';
import { reportOf, type ErrorReport } from '../train/page_bytes.ts';

export interface Look {
  readonly step: number;
  /** After a collection of garbage. */
  readonly heap: number;
  readonly liveBuffers: number;
  readonly liveBytes: number;
  readonly pipelines: number;
}

export type SoakReport = { readonly looks: readonly Look[]; readonly loss: number } | { readonly error: ErrorReport };

interface Terminal {
  retrogradSoak(): Promise<{ steps: number; every: number }>;
  /** Bytes of the page's heap, once garbage is collected. */
  retrogradHeap(): Promise<number>;
  retrogradDone(report: SoakReport): Promise<void>;
}

const terminal = window as unknown as Terminal;
window.retrogradStop = () => {};

async function run(): Promise<SoakReport> {
  try {
    const { steps, every } = await terminal.retrogradSoak();
    const device = await createWebGPUDevice();
    const model = sequential([
      dense({ units: 32, activation: 'relu', inputShape: [2] }),
      dropout({ rate: 0.1 }),
      dense({ units: 2 }),
    ]);
    await model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], device });
    const looks: Look[] = [];
    let done = 0;
    const watching: Callback = {
      async onStepEnd() {
        done++;
        // The first epochs compile what an epoch wants at its end.
        if (done % every !== 0) return;
        const { liveBuffers, liveBytes, pipelinesCreated } = device.stats();
        const heap = await terminal.retrogradHeap();
        looks.push({ step: done, heap, liveBuffers, liveBytes, pipelines: pipelinesCreated });
      },
    };
    // 1000 examples by 16: 63 steps an epoch, the last of eight.
    const { history } = await model.fit(moons({ size: 1000, seed: 1 }), {
      epochs: Math.ceil(steps / 63),
      batchSize: 16,
      validation: moons({ size: 200, seed: 2 }),
      callbacks: [watching, modelCheckpoint({ store: memoryStore(), every: 50 })],
    });
    return { looks, loss: history['loss']!.at(-1)! };
  } catch (error) {
    return { error: reportOf(error) };
  }
}

await terminal.retrogradDone(await run());
