// How much a run trains where the command line does not say: all on a GPU, less where that would take many minutes.

import type { Device } from '../../src/plan/device.ts';
import type { ModelName, TrainOptions } from './events.ts';

/** What a hardware GPU does. */
export const full: Amount = { epochs: 5, limit: null };

// So that the default command ends within five minutes on two cores; `npm run train` shows the rate.
const software: Record<ModelName, Amount> = {
  mlp: { epochs: 5, limit: null },
  cnn: { epochs: 3, limit: 10_000 },
  'cnn-s': { epochs: 4, limit: 24_000 },
};
const cpu: Record<ModelName, Amount> = {
  mlp: { epochs: 3, limit: 20_000 },
  cnn: { epochs: 2, limit: 2000 },
  'cnn-s': { epochs: 2, limit: 4000 },
};

interface Amount {
  readonly epochs: number;
  /** Images; null for all. */
  readonly limit: number | null;
}

/** What was asked for, else what suits the device. `reduced`: by choice of this function, not of the user. */
export function defaultsFor(
  device: Device,
  options: TrainOptions,
  images: number,
): Amount & { readonly reduced: boolean } {
  const slow = device.kind === 'cpu' ? cpu : device.target?.adapter === 'software' ? software : null;
  const amount = slow ? slow[options.model] : full;
  const asked = options.limit ?? amount.limit;
  const limit = asked === null || asked >= images ? null : asked;
  const epochs = options.epochs ?? amount.epochs;
  const reduced = (options.limit === null && limit !== null) || (options.epochs === null && epochs < full.epochs);
  return { epochs, limit, reduced };
}
