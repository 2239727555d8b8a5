// Learning rates as functions of the step, counted from 0.

import { OptionError } from '../core/errors.ts';

/** The learning rate of step `step`, counted from 0. Any such function is accepted wherever a learning rate is. */
export type Schedule = (step: number) => number;

export function resolveSchedule(where: string, learningRate: number | Schedule): Schedule {
  if (typeof learningRate === 'function') return learningRate;
  if (!(learningRate >= 0) || !Number.isFinite(learningRate)) {
    throw new OptionError(`${where}: learningRate is ${learningRate}, expected a number of at least 0`);
  }
  return () => learningRate;
}

/**
 * Half a cosine from `learningRate` to `minimum` over `steps`, after `warmupSteps` of linear rise
 * (Loshchilov and Hutter 2017, without restarts); `minimum` from then on.
 */
export function cosineDecay(options: {
  learningRate: number;
  steps: number;
  warmupSteps?: number;
  minimum?: number;
}): Schedule {
  const { learningRate, steps, warmupSteps = 0, minimum = 0 } = options;
  return (step) => {
    if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
    return minimum + ((learningRate - minimum) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

/** A straight line from `learningRate` to `minimum` over `steps`; `minimum` from then on. */
export function linearDecay(options: { learningRate: number; steps: number; minimum?: number }): Schedule {
  const { learningRate, steps, minimum = 0 } = options;
  return (step) => minimum + (learningRate - minimum) * Math.max(0, 1 - step / steps);
}

/** `learningRate`·`rate`^⌊step / every⌋. */
export function stepDecay(options: { learningRate: number; rate: number; every: number }): Schedule {
  const { learningRate, rate, every } = options;
  return (step) => learningRate * rate ** Math.floor(step / every);
}

/** `learningRate`·`rate`^(step / steps). */
export function exponentialDecay(options: { learningRate: number; rate: number; steps: number }): Schedule {
  const { learningRate, rate, steps } = options;
  return (step) => learningRate * rate ** (step / steps);
}
