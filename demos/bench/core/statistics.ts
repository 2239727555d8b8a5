// What is said of a list of samples: quantiles, drift, the clock's quantum, and how sure a ratio of two medians is.

/** The value below which a share `q` of the samples lies, interpolated between neighbours (Hyndman and Fan's type 7). */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new RangeError('quantile: no samples, expected at least one');
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/**
 * The median of times that a clock rounds to whole steps of `step`: which share of those that read alike lies below the middle tells
 * where in the step it is (the median of grouped data). Plain, it would be a multiple of the step.
 */
export function roundedMedian(readings: readonly number[], step: number): number {
  const steps = readings.map((reading) => Math.round(reading / step)).sort((a, b) => a - b);
  const half = steps.length / 2;
  const within = (middle: number): number => {
    const less = steps.indexOf(middle);
    const equal = steps.lastIndexOf(middle) + 1 - less;
    return middle - 0.5 + (half - less) / equal;
  };
  // Of an even number the two in the middle may be steps apart.
  return (step * (within(steps[Math.ceil(half) - 1]!) + within(steps[Math.floor(half)]!))) / 2;
}

export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

export function summarize(samples: readonly number[]): Summary {
  return { n: samples.length, median: median(samples), p10: quantile(samples, 0.1), p90: quantile(samples, 0.9) };
}

/** How far the median of the last third lies from that of the first, as a share of it: a machine that warms up or is disturbed. */
export function drift(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3);
  if (third === 0) return 0;
  const first = median(samples.slice(0, third));
  const last = median(samples.slice(-third));
  return first === 0 ? 0 : Math.abs(last - first) / first;
}

/** From here on a row is flagged: its samples come from a machine that changed meanwhile. */
export const DRIFT_LIMIT = 0.15;

/**
 * The smallest step of a clock that gives whole nanoseconds, from its readings: the greatest common divisor of their
 * differences. One reading, or equal ones, tell nothing: then 1.
 */
export function quantumOf(nanoseconds: readonly number[]): number {
  let quantum = 0;
  for (const value of nanoseconds) quantum = gcd(quantum, Math.abs(Math.round(value - nanoseconds[0]!)));
  // Where every reading is a multiple of more, that is the step (65,536 in a browser that rounds).
  for (const value of nanoseconds) quantum = gcd(quantum, Math.abs(Math.round(value)));
  return Math.max(quantum, 1);
}

function gcd(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * The 95 % bootstrap interval of median(a) / median(b): both lists are drawn anew 1,000 times, with a seeded generator, so
 * that the same samples always give the same answer.
 */
export function ratioInterval(a: readonly number[], b: readonly number[], seed = 1): Interval {
  const random = generator(seed);
  // Numbers in arrays of their own kind are sorted many times faster than others, and this is all the time it takes.
  const medians = (samples: readonly number[]): (() => number) => {
    const drawn = new Float64Array(samples.length);
    const [below, above] = [Math.floor((drawn.length - 1) / 2), Math.floor(drawn.length / 2)];
    return () => {
      for (let i = 0; i < drawn.length; i++) drawn[i] = samples[Math.floor(random() * samples.length)]!;
      drawn.sort();
      return (drawn[below]! + drawn[above]!) / 2;
    };
  };
  const [ofA, ofB] = [medians(a), medians(b)];
  const ratios = Array.from({ length: 1000 }, () => ofA() / ofB());
  return { low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) };
}

export type Verdict = 'faster' | 'slower' | 'no difference shown';

/** With fewer samples in a list no interval between them holds the median 95 times of 100: 1 - 2 / 2⁶ is 97 %, 1 - 2 / 2⁵ 94 %. */
export const LEAST_COMPARED = 6;

/** What a comparison of times may claim: only what lies outside ±2 % with the whole interval, of `samples` in the shorter list. */
export function verdict({ low, high }: Interval, samples: number): Verdict {
  if (samples < LEAST_COMPARED) return 'no difference shown';
  if (high < 0.98) return 'faster';
  return low > 1.02 ? 'slower' : 'no difference shown';
}

/** mulberry32: small and seeded; the benchmark's own, so that a fault of the engine's generator cannot hide itself. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
