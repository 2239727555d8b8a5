// What an engine offers to the comparison: for each piece of work something that can be run, waited for and read.

import { comparedSteps, type NetworkName } from '../core/networks.ts';
import type { Work } from './work.ts';

/** One piece of work, ready to be repeated. */
export interface Task {
  /** One repetition; engines whose calls are asynchronous give a promise. */
  run(): void | Promise<unknown>;
  /** For what repeats by itself: at least `count` repetitions, finished; gives how many there were. */
  repeat?(count: number): Promise<number>;
  /** Resolves when every repetition so far is finished on the device: a small read that depends on the last. */
  finish(): Promise<unknown>;
  /** The result of the latest repetition, in Retrograd's layout. */
  read(): Promise<Float32Array>;
  dispose(): void;
}

/** Training steps on one batch that stays on the device. */
export interface Training {
  step(): void | Promise<unknown>;
  finish(): Promise<unknown>;
  /** Of the latest step, before its update. */
  loss(): Promise<number>;
  dispose(): void;
}

export interface Engine {
  readonly version: string;
  /** Null where the engine has no such operation. */
  task(work: Work): Promise<Task | null>;
  /** Null where the engine cannot train it. */
  train: TrainingMaker | null;
}

export type TrainingMaker = (network: NetworkName, batch: number) => Promise<Training | null>;

/** Training as a task: its result is the losses of the first steps. */
export async function trainingTask(train: TrainingMaker, { network, batch }: Work): Promise<Task | null> {
  const training = await train(network!, batch!);
  if (!training) return null;
  const losses: number[] = [];
  return {
    run: () => training.step(),
    finish: () => training.finish(),
    async read() {
      // The first one has been run.
      losses.push(await training.loss());
      while (losses.length < comparedSteps) {
        await training.step();
        losses.push(await training.loss());
      }
      return Float32Array.from(losses);
    },
    dispose: () => training.dispose(),
  };
}
