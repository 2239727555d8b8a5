// What fit makes of its numbers and of what callbacks throw.

import { OptionError } from '../core/errors.ts';

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
