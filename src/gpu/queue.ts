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
  /** Whether the host should await `room` before it encodes more. */
  full(): boolean;
  /** Resolves when some step has finished, or the device has ended. */
  room(): Promise<void>;
}

// Queued work cannot be taken back and delays whatever else the GPU should draw, so about this much is kept ahead.
const aheadMilliseconds = 200;
// One step at work and one behind it keep the GPU busy where a step takes long, and training that is paused or stopped is
// held up by no more than these; also before the first step is done, when nobody knows how long one takes.
const leastDepth = 2;
const mostDepth = 512;
// A submit costs the browser 50 to 130 µs beside its steps (Chromium 156), which is little of this.
const submitMilliseconds = 4;
/** The most steps that one submit carries. */
export const mostTogether = 32;

export function createQueue(life: Life): Queue {
  let encoder: GPUCommandEncoder | null = null;
  const owners = new Set<() => void>();
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
  const marks: Promise<void>[] = [];

  function mark(): void {
    const count = submitted;
    const begun = begunAt;
    lastMark = count;
    const settle = (): void => {
      const now = performance.now();
      const each = Math.max(now - Math.max(begun, finishedAt), 0.1) / (count - finished);
      // A mean, because a busy host hears at once of steps that ended one after another: the later ones seem to take no time.
      stepMilliseconds = stepMilliseconds === Infinity ? each : (stepMilliseconds + each) / 2;
      depth = Math.min(mostDepth, Math.max(leastDepth, Math.floor(aheadMilliseconds / stepMilliseconds)));
      finished = count;
      finishedAt = now;
      void marks.shift();
      life.progress();
      if (marks.length === 0) flush();
    };
    // Rejects where the GPU process died (Chromium 156), which the specification does not foresee.
    const done = life
      .wait((async () => life.gpu.queue.onSubmittedWorkDone())(), 'waiting for submitted steps')
      .catch((error: Error) => life.report(error))
      .then(settle);
    marks.push(done);
  }

  function flush(): void {
    if (!encoder) return;
    const closing = encoder;
    encoder = null;
    try {
      for (const beforeSubmit of owners) beforeSubmit();
      life.gpu.queue.submit([closing.finish()]);
    } catch (error) {
      life.report(asDeviceError('submitting steps', error));
    }
    owners.clear();
    if (submitted === lastMark) begunAt = performance.now();
    submitted = encoded;
    if (marks.length === 0 || submitted - lastMark >= depth >> 2) mark();
  }

  return {
    encoder: () => (encoder ??= life.gpu.createCommandEncoder({ label: 'steps' })),
    added(beforeSubmit) {
      owners.add(beforeSubmit);
      encoded++;
      // An idle GPU gets the step at once; while it is at work, steps gather. When it runs dry, `settle` submits the rest.
      const together = Math.min(mostTogether, submitMilliseconds / stepMilliseconds);
      if (marks.length === 0 || encoded - submitted >= together) flush();
    },
    flush,
    full: () => marks.length > 0 && encoded - finished >= depth,
    async room() {
      flush();
      await marks[0];
    },
  };
}
