// Training with Retrograd through its lower door.

import type { Device } from '../../../../src/index.ts';
import { networks, type NetworkName } from '../../core/networks.ts';
import { trainingOf } from '../../core/training.ts';
import type { Training } from '../engine.ts';

export async function train(device: Device, name: NetworkName, batch: number, early = false): Promise<Training> {
  const { program: step, feeds, dispose } = await trainingOf(device, networks[name], batch, { early });
  return {
    step() {
      const wait = step.ready();
      if (wait) return wait.then(() => step.run(feeds));
      step.run(feeds);
      return undefined;
    },
    finish: () => step.flush(),
    loss: async () => (await step.read('loss'))[0]!,
    dispose,
  };
}
