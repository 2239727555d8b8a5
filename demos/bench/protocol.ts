// What the page and its worker say to each other.

import type { SentError } from '../../src/train/worker/messages.ts';
import type { BenchResult, Method } from './core/result.ts';
import type { BenchEvent, BenchRequest } from './core/run.ts';

export type ToWorker =
  | {
      readonly kind: 'start';
      readonly request: BenchRequest;
      /** A user's WGSL, and the file's name in messages; null where only the engine's kernels are measured. */
      readonly own: { readonly name: string; readonly code: string } | null;
    }
  | { readonly kind: 'hidden'; readonly hidden: boolean };

export type FromWorker =
  | BenchEvent
  | { readonly kind: 'method'; readonly method: Method }
  | { readonly kind: 'done'; readonly result: BenchResult }
  /** One kernel could not be run; the run goes on. */
  | { readonly kind: 'refused'; readonly error: SentError }
  | { readonly kind: 'failed'; readonly error: SentError };
