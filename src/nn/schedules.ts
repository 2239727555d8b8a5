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

/**
 * Between `minimum` and `maximum` and back in straight lines, every 2·`stepSize` steps (Smith 2017, the triangular policy);
 * with `rate` below 1 the height shrinks by it each cycle (`triangular2` is 0.5).
 */
export function cyclic(options: { minimum: number; maximum: number; stepSize: number; rate?: number }): Schedule {
  const { minimum, maximum, stepSize, rate = 1 } = options;
  return (step) => {
    const cycle = Math.floor(step / (2 * stepSize));
    const height = 1 - Math.abs(step / stepSize - 2 * cycle - 1);
    return minimum + (maximum - minimum) * height * rate ** cycle;
  };
}

/**
 * One cycle (Smith and Topin 2018; PyTorch's OneCycleLR): half a cosine up from `maximum` / `divFactor` over the first
 * `warmupShare` of `steps`, and one down to `maximum` / (`divFactor`·`finalDivFactor`) at the last step. 0.3, 25 and 10,000
 * unless given (PyTorch).
 */
export function oneCycle(options: {
  maximum: number;
  steps: number;
  warmupShare?: number;
  divFactor?: number;
  finalDivFactor?: number;
}): Schedule {
  const { maximum, steps, warmupShare = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  const first = maximum / divFactor;
  const last = first / finalDivFactor;
  const top = warmupShare * steps - 1;
  const between = (from: number, to: number, share: number) => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  return (step) => {
    if (step < top) return between(first, maximum, step / top);
    return between(maximum, last, Math.min(1, (step - top) / Math.max(1, steps - 1 - top)));
  };
}
