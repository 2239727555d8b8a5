// The pipelines of a runner: all of its kernels' own, or at first, where some compile sooner, those that stand in for them.

import type { Dispatch } from '../kernel/shader.ts';
import type { Launch } from './binding.ts';
import type { Pipelines } from './pipelines.ts';

/** What one launch runs at present. */
export interface Compiled {
  readonly pipeline: GPUComputePipeline;
  /** Workgroups. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export interface Kernels {
  /** One for each launch; another list once `whole` has resolved. */
  now(): readonly Compiled[];
  /** Resolves when every launch runs its own kernel; the first call begins to compile those that are missing. */
  whole(): Promise<void>;
}

/** Resolves when every launch has a pipeline. With `early`, that is the one of `start` where its own is not there yet. */
export async function compileLaunches(
  pipelines: Pipelines,
  launches: readonly Launch[],
  early: boolean,
  onProgress?: (done: number, total: number) => void,
): Promise<Kernels> {
  const own = launches.map(({ dispatch }) => dispatch);
  const first = early ? own.map((one) => (one.start && !pipelines.has(one) ? one.start : one)) : own;

  async function compile(dispatches: readonly Dispatch[], progress?: typeof onProgress): Promise<Compiled[]> {
    const made = await pipelines.compile(dispatches, progress);
    return dispatches.map(({ workgroups: [x, y, z] }, i) => ({ pipeline: made[i]!, x, y, z }));
  }

  let current = await compile(first, onProgress);
  let whole = first.every((one, i) => one === own[i]) ? Promise.resolve() : null;
  return {
    now: () => current,
    whole: () => (whole ??= compile(own).then((all) => void (current = all))),
  };
}
