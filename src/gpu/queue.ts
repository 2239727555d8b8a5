// How far the host may run ahead: steps are submitted without waiting, but only so many as the GPU finishes in a moment.

import type { Life } from './life.ts';

export interface Queue {
  submit(commands: GPUCommandBuffer): void;
  /** Whether the host should await `room` before it submits more. */
  full(): boolean;
  /** Resolves when some step has finished, or the device has ended. */
  room(): Promise<void>;
}

// Queued work cannot be taken back and delays whatever else the GPU should draw, so about this much is kept ahead.
const aheadMilliseconds = 200;
const leastDepth = 8;
const mostDepth = 512;

export function createQueue(life: Life): Queue {
  let submitted = 0;
  let finished = 0;
  let finishedAt = performance.now();
  let depth = leastDepth;
  let lastMark = 0;
  const marks: Promise<void>[] = [];

  function mark(): void {
    const count = submitted;
    lastMark = count;
    const settle = (): void => {
      const now = performance.now();
      const room = ((count - finished) / Math.max(now - finishedAt, 0.1)) * aheadMilliseconds;
      depth = Math.min(mostDepth, Math.max(leastDepth, Math.round((depth + room) / 2)));
      finished = count;
      finishedAt = now;
      void marks.shift();
      life.progress();
    };
    // Rejects where the GPU process died (Chromium 156), which the specification does not foresee.
    const done = life
      .wait((async () => life.gpu.queue.onSubmittedWorkDone())(), 'waiting for submitted steps')
      .catch((error: Error) => life.report(error))
      .then(settle);
    marks.push(done);
  }

  return {
    submit(commands) {
      life.gpu.queue.submit([commands]);
      submitted++;
      if (submitted - lastMark >= depth >> 2) mark();
    },
    full: () => marks.length > 0 && submitted - finished >= depth,
    async room() {
      await marks[0];
    },
  };
}
