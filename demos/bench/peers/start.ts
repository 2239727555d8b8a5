// The cold start: from the page's address to the first finished training step, with nothing else on the page.

import type { NetworkName } from '../core/networks.ts';
import type { TrainingMaker } from './engine.ts';

export function firstStep(trains: () => Promise<TrainingMaker>): void {
  const address = new URLSearchParams(location.search);
  window.firstStep = (async () => {
    const train = await trains();
    const training = await train(address.get('network') as NetworkName, Number(address.get('batch')));
    if (!training) throw new Error('this engine cannot train this network');
    await training.step();
    await training.finish();
    const milliseconds = performance.now();
    return { milliseconds, loss: await training.loss() };
  })();
}
