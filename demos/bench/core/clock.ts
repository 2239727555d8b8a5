// What a clock can see: its step, found by reading it.

import { quantumOf } from './statistics.ts';

/** So many readings that are not zero tell the step of a clock. */
const enough = 20;
const mostRepeats = 4096;

/**
 * The step in nanoseconds of the clock behind `sample`: of more and more repetitions, until it sees them. A clock that rounds
 * gives 0 for the shortest, and of the others multiples of its step.
 */
export async function measureQuantum(sample: (repeats: number) => Promise<number>): Promise<number> {
  const readings: number[] = [];
  for (let repeats = 1; repeats <= mostRepeats; repeats *= 4) {
    // Uneven numbers, so that the readings have no other common divisor.
    for (let i = 0; i < enough + 10; i++) readings.push(await sample(repeats + (i % 7)));
    if (readings.filter((reading) => reading > 0).length >= enough) break;
  }
  return quantumOf(readings);
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
