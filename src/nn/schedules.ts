// Learning rates as functions of the step, counted from 0. OptionError: an unknown option, or a number out of range.

import { ABOVE_ZERO, checkNumber, checkOptions } from '../core/errors.ts';

/** The learning rate of step `step`, counted from 0. Any such function is accepted wherever a learning rate is. */
export type Schedule = (step: number) => number;

export function resolveSchedule(where: string, learningRate: number | Schedule): Schedule {
  if (typeof learningRate === 'function') return learningRate;
  checkNumber(where, 'learningRate', learningRate);
  return () => learningRate;
}

/** What falls from `learningRate` to `minimum` over `steps`. */
function checkFall(where: string, learningRate: number, steps: number, minimum: number): void {
  checkNumber(where, 'learningRate', learningRate);
  checkNumber(where, 'steps', steps, ABOVE_ZERO);
  checkNumber(where, 'minimum', minimum, 0, learningRate);
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
  checkOptions('cosineDecay', options, ['learningRate', 'steps', 'warmupSteps', 'minimum']);
  const { learningRate, steps, warmupSteps = 0, minimum = 0 } = options;
  checkFall('cosineDecay', learningRate, steps, minimum);
  checkNumber('cosineDecay', 'warmupSteps', warmupSteps, 0, steps);
  return (step) => {
    if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
    return minimum + ((learningRate - minimum) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

/** A straight line from `learningRate` to `minimum` over `steps`; `minimum` from then on. */
export function linearDecay(options: { learningRate: number; steps: number; minimum?: number }): Schedule {
  checkOptions('linearDecay', options, ['learningRate', 'steps', 'minimum']);
  const { learningRate, steps, minimum = 0 } = options;
  checkFall('linearDecay', learningRate, steps, minimum);
  return (step) => minimum + (learningRate - minimum) * Math.max(0, 1 - step / steps);
}

/** `learningRate`·`rate`^⌊step / every⌋. */
export function stepDecay(options: { learningRate: number; rate: number; every: number }): Schedule {
  checkOptions('stepDecay', options, ['learningRate', 'rate', 'every']);
  const { learningRate, rate, every } = options;
  checkNumber('stepDecay', 'learningRate', learningRate);
  checkNumber('stepDecay', 'rate', rate, ABOVE_ZERO);
  checkNumber('stepDecay', 'every', every, ABOVE_ZERO);
  return (step) => learningRate * rate ** Math.floor(step / every);
}

/** `learningRate`·`rate`^(step / steps). */
export function exponentialDecay(options: { learningRate: number; rate: number; steps: number }): Schedule {
  checkOptions('exponentialDecay', options, ['learningRate', 'rate', 'steps']);
  const { learningRate, rate, steps } = options;
  checkNumber('exponentialDecay', 'learningRate', learningRate);
  checkNumber('exponentialDecay', 'rate', rate, ABOVE_ZERO);
  checkNumber('exponentialDecay', 'steps', steps, ABOVE_ZERO);
  return (step) => learningRate * rate ** (step / steps);
}

/**
 * Between `minimum` and `maximum` and back in straight lines, every 2·`stepSize` steps (Smith 2017, the triangular policy);
 * with `rate` below 1 the height shrinks by it each cycle (`triangular2` is 0.5).
 */
export function cyclic(options: { minimum: number; maximum: number; stepSize: number; rate?: number }): Schedule {
  checkOptions('cyclic', options, ['minimum', 'maximum', 'stepSize', 'rate']);
  const { minimum, maximum, stepSize, rate = 1 } = options;
  checkNumber('cyclic', 'minimum', minimum);
  checkNumber('cyclic', 'maximum', maximum, minimum);
  checkNumber('cyclic', 'stepSize', stepSize, ABOVE_ZERO);
  checkNumber('cyclic', 'rate', rate, ABOVE_ZERO, 1);
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
  checkOptions('oneCycle', options, ['maximum', 'steps', 'warmupShare', 'divFactor', 'finalDivFactor']);
  const { maximum, steps, warmupShare = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  checkNumber('oneCycle', 'maximum', maximum);
  checkNumber('oneCycle', 'steps', steps, ABOVE_ZERO);
  checkNumber('oneCycle', 'warmupShare', warmupShare, 0, 1);
  checkNumber('oneCycle', 'divFactor', divFactor, 1);
  checkNumber('oneCycle', 'finalDivFactor', finalDivFactor, ABOVE_ZERO);
  const first = maximum / divFactor;
  const last = first / finalDivFactor;
  const top = warmupShare * steps - 1;
  const between = (from: number, to: number, share: number) => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  return (step) => {
    if (step < top) return between(first, maximum, step / top);
    return between(maximum, last, Math.min(1, (step - top) / Math.max(1, steps - 1 - top)));
  };
}
