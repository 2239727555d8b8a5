// Calls onBatchEnd in the order of the batches, though the program of the last, smaller batch may report first.

import type { BatchLogs, Callback } from './callbacks.ts';

export function orderedBatchHooks(callbacks: readonly Callback[]) {
  const listeners = callbacks.filter((callback) => callback.onBatchEnd);
  const early = new Map<number, BatchLogs>();
  let next = 0;
  return {
    /** `first`: the batch that reports first. */
    reset(first: number): void {
      early.clear();
      next = first;
    },
    arrived(index: number, logs: BatchLogs): void {
      if (listeners.length > 0) early.set(index, logs);
    },
    waiting: (): number => early.size,
    async drain(): Promise<void> {
      for (let logs = early.get(next); logs; logs = early.get(next)) {
        early.delete(next);
        for (const callback of listeners) await callback.onBatchEnd!(next, logs);
        next++;
      }
    },
  };
}
