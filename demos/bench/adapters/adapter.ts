// Another engine's rows beside ours, from a file that a reader adds to this folder: `<name>.local.ts`, which exports an
// `adapter`. None comes with the pages, so that they ask nothing of other origins and weigh nothing more. docs/lab.md has one.

import type { TypedArray } from '../../../src/core/dtype.ts';

export interface Adapter {
  /** What its rows are called, with the version behind it. */
  readonly name: string;
  /** Called once a run, in the worker. */
  open(): Promise<Opened>;
}

export interface Opened {
  readonly version: string;
  /** Null where the engine has nothing that does the same. */
  task(work: AdapterWork): Promise<AdapterTask | null>;
  dispose?(): void;
}

export interface AdapterWork {
  /** The op's name and attributes, as in src/ops. */
  readonly op: string;
  readonly attrs: unknown;
  /** Of f32 unless their dtype says otherwise; images are NHWC, filters [kH · kW · C, F]. */
  readonly inputs: readonly { readonly shape: readonly number[]; readonly values: TypedArray }[];
  readonly outputs: readonly { readonly shape: readonly number[] }[];
}

export interface AdapterTask {
  /** One repetition; it need not be finished when this returns. */
  run(): void | Promise<unknown>;
  /** Resolves when every repetition so far is finished on the device: a small read that depends on the last. */
  finish(): Promise<unknown>;
  /** The latest repetition's outputs. */
  read(): Promise<readonly TypedArray[]>;
  dispose(): void;
}
