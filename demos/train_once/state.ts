// What the page's link holds.
import { flag, integer, number, type StateOf } from '../shared/state.ts';

export const fields = {
  /** As many as a phone does without getting warm; the same on any machine, for a link means the same on all of them. */
  images: integer(2000, 20, 20_000),
  rate: number(3e-3, { min: 0, max: 1e15 }),
  batch: integer(32, 1, 2000),
  epochs: integer(4, 1, 100),
  seed: integer(1, 0, 2 ** 32 - 1),
  clip: flag(false),
};

export type TrainState = StateOf<typeof fields>;
