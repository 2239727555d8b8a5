// Groups of a convolution's channels.

import { OptionError, ShapeError } from '../core/errors.ts';

/** `groups`, 1 unless given, or an OptionError. */
export function resolveGroups(where: string, groups = 1): number {
  if (Number.isInteger(groups) && groups >= 1) return groups;
  throw new OptionError(`${where}: groups is ${groups}, expected a positive integer`);
}

/** Throws a ShapeError unless `groups` divides both numbers of channels. */
export function checkGroups(where: string, channels: number, filters: number, groups: number): void {
  for (const [name, count] of [
    ['input channels', channels],
    ['filters', filters],
  ] as const) {
    if (count % groups !== 0) {
      throw new ShapeError(`${where}: ${count} ${name} do not divide into ${groups} groups`);
    }
  }
}
