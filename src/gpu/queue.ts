// How far the host may run ahead: steps are submitted without waiting, but only so many as the GPU finishes in a moment.

import { DeviceError } from '../core/errors.ts';
import { swallow, type Life } from './life.ts';

export interface Queue {
  submit(commands: GPUCommandBuffer): void;
  /** Whether the host should await `room` before it submits more. */
  full(): boolean;
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
      marks.shift();
      life.progress();
    };
    const done = (async () => life.gpu.queue.onSubmittedWorkDone())().then(settle, (error: Error) => {
      // Rejects where the GPU process died (Chromium 156), which the specification does not foresee.
      life.report(new DeviceError('validation', `waiting for submitted steps: ${error.message || error.name}`));
      settle();
    });
    swallow(done);
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
      if (marks[0]) await life.wait(marks[0], 'waiting for submitted steps');
    },
  };
}
