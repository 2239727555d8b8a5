// The time that is left of a training, from the steps measured so far.

/** Losses are read in bursts: what comes within so many milliseconds is of one burst, and measures nothing. */
const burst = 50;

/** Steps of this training before its time left is said. */
const leastSteps = 3;

export interface TimeLeft {
  /**
   * `done` of `all` steps are done at `now`, in milliseconds: the milliseconds left, or null where nothing is measured yet.
   * The first burst, whose step compiles, only says from where to measure; tests between epochs are in the measure.
   */
  step(done: number, all: number, now: number): number | null;
  /** A pause of so many milliseconds is no step's time. */
  paused(milliseconds: number): void;
}

export function timeLeft(): TimeLeft {
  let before: number | null = null;
  let from: { readonly done: number; readonly at: number } | null = null;
  let measured = false;
  return {
    step(done, all, now) {
      before ??= done - 1;
      if (!from || (!measured && now - from.at < burst)) from = { done, at: now };
      if (done === from.done) return null;
      measured = true;
      if (done - before < leastSteps) return null;
      return ((now - from.at) / (done - from.done)) * (all - done);
    },
    paused(milliseconds) {
      if (from) from = { done: from.done, at: from.at + milliseconds };
    },
  };
}
