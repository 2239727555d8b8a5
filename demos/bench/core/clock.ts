// What a clock can see: its step, found by reading it.

import { quantumOf } from './statistics.ts';

/** So many readings that are not zero tell the step of a clock. */
const enough = 12;
const mostRepeats = 4096;
/** A browser that draws at the same time may take a frame for each reading. */
const longestMs = 1000;

/**
 * The step in nanoseconds of the clock behind `sample`: of more and more repetitions, until it sees them. A clock that rounds
 * gives 0 for the shortest, and of the others multiples of its step. Ends after a second, with what was seen by then.
 */
export async function measureQuantum(
  sample: (repeats: number) => Promise<number>,
  now: () => number = () => performance.now(),
): Promise<number> {
  const began = now();
  const readings: number[] = [];
  for (let repeats = 1; ; repeats = Math.min(mostRepeats, repeats * 4)) {
    // Uneven numbers, so that the readings have no other common divisor.
    for (let i = 0; i < 4; i++) readings.push(await sample(repeats + (i % 7)));
    const seen = readings.filter((reading) => reading > 0).length;
    if (seen >= enough || now() - began > longestMs) return quantumOf(readings);
  }
}

/** The least step in nanoseconds between two readings of the wall clock, of many that follow each other. */
export function wallQuantum(now: () => number = () => performance.now()): number {
  let least = Infinity;
  for (let i = 0; i < 50; i++) {
    const began = now();
    let later = began;
    while (later === began) later = now();
    least = Math.min(least, later - began);
  }
  return least * 1e6;
}
