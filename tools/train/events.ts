// What a run tells while it goes on: one plain record for each thing, so that it crosses from page to terminal as JSON.

import type { DataSource } from './data.ts';

export interface TrainOptions {
  readonly model: ModelName;
  /** Null: as many as the device manages in a few minutes. */
  readonly epochs: number | null;
  readonly batchSize: number;
  /** Training images used, and test images at most; null as for `epochs`. */
  readonly limit: number | null;
  /** Null: the optimizer's own. */
  readonly lr: number | null;
  readonly optimizer: OptimizerName;
  readonly schedule: ScheduleName;
  /** What is done to training images, as the command line says it; null for nothing. */
  readonly augment: string | null;
  readonly seed: number;
  readonly split: SplitName;
  /** Neighbours that `split: 'groups'` keeps together. */
  readonly block: number;
  /** Whether the test is told by class. */
  readonly report: boolean;
  /** Tell of every so many steps, beside the live line's; null for none. */
  readonly logEvery: number | null;
  /** Steps after which the run is kept so that it can go on; null: after every epoch. */
  readonly checkpoint: number | null;
}

export const modelNames = ['mlp', 'cnn', 'cnn-s'] as const;
export type ModelName = (typeof modelNames)[number];
export const optimizerNames = ['adam', 'adamW', 'sgd', 'rmsprop', 'adagrad'] as const;
export type OptimizerName = (typeof optimizerNames)[number];
/** What the learning rate does: falls to 0 along half a cosine over the whole run, or stays. */
export const scheduleNames = ['cosine', 'constant'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/** The files' own test images; or all images divided anew, one by one or in blocks of neighbours. */
export const splitNames = ['given', 'images', 'groups'] as const;
export type SplitName = (typeof splitNames)[number];

/** What a page or Node needs to train: the data by name, to be read with a function of its own. */
export interface TrainTask {
  readonly options: TrainOptions;
  readonly source: DataSource;
  readonly device: 'webgpu' | 'cpu';
  /** Whether the run goes on where its checkpoint is. */
  readonly resumes: boolean;
  /** The folder that will hold the run, as it is told to the user. */
  readonly run: string;
  /** Why the CPU stands in for a GPU: then three steps are timed and the user is told what an epoch will take. */
  readonly missingGpu: string | null;
}

export interface NoteEvent {
  readonly event: 'note';
  readonly text: string;
}

export interface StartEvent {
  readonly event: 'start';
  readonly device: string;
  readonly data: { readonly name: string; readonly train: number; readonly validation: number; readonly test: number };
  readonly model: ModelName;
  readonly params: number;
  readonly mflopPerSample: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /** The number of training images asked for or chosen; null when all are used. */
  readonly limit: number | null;
  /** Of the first step. */
  readonly learningRate: number;
  readonly optimizer: OptimizerName;
  readonly schedule: ScheduleName;
  readonly augment: string | null;
  readonly seed: number;
  readonly split: SplitName;
  readonly block: number;
  readonly report: boolean;
  readonly run: string;
}

/** Shader compilation, which no rate or estimate counts. */
export interface CompileEvent {
  readonly event: 'compile';
  readonly pipelines: number;
  readonly seconds: number;
}

/** Epochs count from 1; `step` counts within the epoch, from 1. Loss and accuracy are the epoch's means so far. */
export interface StepEvent {
  readonly event: 'step';
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly seconds: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Asked for with --log-every, not only for the live line. */
  readonly logged: boolean;
}

export interface EpochEvent {
  readonly event: 'epoch';
  readonly epoch: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly val_loss: number;
  readonly val_accuracy: number;
  /** The lowest validation loss so far. */
  readonly best: boolean;
}

export interface StopEvent {
  readonly event: 'stop';
  readonly reason: 'finished' | 'interrupted' | 'non-finite';
  readonly epochs: number;
  /** For people, where there is more to say. */
  readonly message?: string;
}

export interface ResultEvent {
  readonly event: 'result';
  /** Null when the run was interrupted or its loss became non-finite. */
  readonly testAccuracy: number | null;
  readonly testLoss: number | null;
  /** Where it was asked for. */
  readonly confusion?: Confusion;
  /** Over all whole epochs' training steps, compilation and validation left out. */
  readonly imagesPerSecond: number | null;
  readonly seconds: number;
  readonly device: string;
  /** The folder of the run. */
  readonly run: string;
}

/** Told by the training code, wherever it runs. */
export type RunEvent = NoteEvent | StartEvent | CompileEvent | StepEvent | EpochEvent | StopEvent;

/** How often an image of class `row` was taken for class `column`. */
export interface Confusion {
  readonly classes: number;
  readonly counts: readonly number[];
}

/** What the training code returns at its end. */
export interface RunOutcome {
  readonly start: StartEvent;
  readonly epochs: readonly EpochEvent[];
  readonly stop: StopEvent;
  /** Null when the run was interrupted or its loss became non-finite. */
  readonly test: { readonly loss: number; readonly accuracy: number } | null;
  /** Of the test, where it was asked for. */
  readonly confusion: Confusion | null;
  readonly imagesPerSecond: number | null;
  /** From the first step to the last, validation included. */
  readonly seconds: number;
}
