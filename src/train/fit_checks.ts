// What fit makes of its numbers and of what callbacks throw.

import { checkNumber, OptionError } from '../core/errors.ts';
import type { Device, Pace } from '../plan/device.ts';
import type { FitOptions } from './fit.ts';

/** Callbacks may throw anything. */
export function asError(caught: unknown): Error {
  return caught instanceof Error
    ? caught
    : new Error(`fit: a callback threw ${JSON.stringify(caught)}`, { cause: caught });
}

export function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new OptionError(`fit: ${name} is ${value}, expected a whole number of at least ${least}`);
  }
}

/** The most steps whose losses are read at once where the clock says when: more than a GPU does in a tenth of a second. */
const mostTracked = 1024;

/** When losses are read. OptionError: by the clock and by a count of steps, or by a number that is none. */
export function paceOf({ trackEvery, trackMilliseconds }: FitOptions, { kind }: Device): Pace {
  if (trackMilliseconds === undefined) {
    const every = trackEvery ?? (kind === 'cpu' ? 1 : 16);
    checkWhole('trackEvery', every, 1);
    return { every };
  }
  if (trackEvery !== undefined)
    throw new OptionError('fit: trackEvery and trackMilliseconds are both given, expected one of them');
  checkNumber('fit', 'trackMilliseconds', trackMilliseconds, 0, 60_000);
  return { every: mostTracked, apart: trackMilliseconds };
}
