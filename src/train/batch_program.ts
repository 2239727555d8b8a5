// A training or evaluation program over a data set, and who waits for what its steps tell.

import type { TrackedRow } from '../plan/device.ts';
import type { Program } from './program.ts';

/** A program for batches of one size from data sets of one size and type. */
export interface BatchProgram {
  readonly program: Program;
  readonly batch: number;
  /** What layers add to the loss: tracked values like the keys. */
  readonly terms: readonly string[];
  /** Called once for every run, in order, when its tracked values have arrived. */
  readonly waiting: ((values: TrackedRow['values']) => void)[];
}

/** Runs a step whose listener was put in `waiting`; a step that was refused has no values to wait for. */
export function submit({ program, waiting }: BatchProgram, inputs: Parameters<Program['run']>[0]): void {
  try {
    program.run(inputs);
  } catch (error) {
    waiting.pop();
    throw error;
  }
}
