// Steps on their way to the GPU. Those that follow one another while it is at work go in one submit, and the host runs
// ahead only so far as the GPU finishes in a moment.

import { asDeviceError, type Life } from './life.ts';

export interface Queue {
  /** Where the next step is encoded, behind the steps that wait. All programs of the device share it, so order is kept. */
  encoder(): GPUCommandEncoder;
  /** A step was encoded. `beforeSubmit` is called once for each submit that carries steps of its owner. */
  added(beforeSubmit: () => void): void;
  /**
   * Submits the steps that wait. Whatever else is put on the device's queue, or destroys what they use, calls this first.
   * Never throws: what goes wrong is reported.
   */
  flush(): void;
  /** How many steps were submitted so far, and what tells that all up to such a number have finished: a read has arrived. */
  submitted(): number;
  reached(count: number): void;
  /** Whether the host should await `room` before it encodes more. */
  full(): boolean;
  /** Resolves when some step has finished; rejects when the device has ended. */
  room(): Promise<void>;
}

// Queued work cannot be taken back and delays whatever else the GPU should draw, so about this much is kept ahead.
const aheadMilliseconds = 200;
// One step at work and one behind it keep the GPU busy where a step takes long, and training that is paused or stopped is
// held up by no more than these; also before the first step is done, when nobody knows how long one takes.
const leastDepth = 2;
const mostDepth = 512;
// A submit costs the browser 25 to 150 µs beside its steps (Chromium 156), which is little of this.
const submitMilliseconds = 4;
/** The most steps that one submit carries. */
export const mostTogether = 32;

const what = 'waiting for submitted steps';

export function createQueue(life: Life): Queue {
  let encoder: GPUCommandEncoder | null = null;
  /** Of the steps that wait, each once. */
  const owners: (() => void)[] = [];
  /** Steps encoded, those of them submitted, and finished. */
  let encoded = 0;
  let submitted = 0;
  let finished = 0;
  let finishedAt = 0;
  let depth = leastDepth;
  let stepMilliseconds = Infinity;
  let lastMark = 0;
  /** When the first step after the last mark was submitted. */
  let begunAt = 0;
  /** The ends of submits that are on their way, in order, each with what was submitted until then. */
  const marks: { readonly count: number; readonly begun: number; readonly done: Promise<void> }[] = [];
  /** Whether a mark is on its way; a step that nobody asked about is asked about when the guard looks. */
  function busy(): boolean {
    if (marks.length === 0) mark();
    return marks.length > 0;
  }

  function settle(): void {
    const { count, begun } = marks.shift()!;
    reached(count, begun);
    life.progress();
    if (marks.length === 0) flush();
  }

  function reached(count: number, begun = begunAt): void {
    if (count <= finished) return;
    const now = performance.now();
    const each = Math.max(now - Math.max(begun, finishedAt), 0.1) / (count - finished);
    // A mean, because a busy host hears at once of steps that ended one after another: the later ones seem to take no time.
    stepMilliseconds = stepMilliseconds === Infinity ? each : (stepMilliseconds + each) / 2;
    depth = Math.min(mostDepth, Math.max(leastDepth, Math.floor(aheadMilliseconds / stepMilliseconds)));
    finished = count;
    finishedAt = now;
  }

  /** Where the GPU process died the promise rejects (Chromium 156), which the specification does not foresee. */
  async function failed(error: unknown): Promise<void> {
    await life.wait(Promise.reject(error as Error), what).catch(life.report);
    settle();
  }

  /** Asks to be told when all steps submitted so far have finished, unless that is known or was asked for. */
  function mark(): void {
    if (submitted <= Math.max(finished, lastMark)) return;
    let ended: Promise<unknown>;
    try {
      ended = life.gpu.queue.onSubmittedWorkDone();
    } catch (error) {
      ended = Promise.reject(error as Error);
    }
    lastMark = submitted;
    marks.push({ count: submitted, begun: begunAt, done: ended.then(settle, failed) });
  }

  function flush(): void {
    if (!encoder) return;
    const closing = encoder;
    encoder = null;
    // The steps before these are marked now rather than when they were submitted: the browser sends both calls to the GPU
    // together, and a step by itself needs none, since a read tells of its end.
    if (marks.length === 0 || submitted - lastMark >= depth >> 2) mark();
    try {
      for (const beforeSubmit of owners) beforeSubmit();
      life.gpu.queue.submit([closing.finish()]);
    } catch (error) {
      life.report(asDeviceError('submitting steps', error));
    }
    owners.length = 0;
    if (submitted === finished || submitted === lastMark) begunAt = performance.now();
    submitted = encoded;
    life.guard(busy, what); // a GPU that finishes nothing is noticed though nobody waits
  }

  return {
    encoder: () => (encoder ??= life.gpu.createCommandEncoder()),
    added(beforeSubmit) {
      if (!owners.includes(beforeSubmit)) owners.push(beforeSubmit);
      encoded++;
      // An idle GPU gets the step at once; while it is at work, steps gather. When it runs dry, `settle` submits the rest.
      const together = Math.min(mostTogether, submitMilliseconds / stepMilliseconds);
      if (submitted === finished || encoded - submitted >= together) flush();
      else if (marks.length === 0) mark();
    },
    flush,
    submitted: () => submitted,
    reached: (count) => reached(count),
    full: () => encoded - finished >= depth,
    async room() {
      flush();
      if (marks.length === 0) mark();
      const [first] = marks;
      if (first) await life.wait(first.done, what);
    },
  };
}
