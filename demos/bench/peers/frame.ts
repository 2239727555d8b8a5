// One engine in a frame of its own: the page around it asks for work, and times it here, where the engine is.

import type { Engine, Task } from './engine.ts';
import { workById } from './work.ts';

/** What the page sees of a frame. */
export interface Peer {
  readonly version: string;
  /** Prepares the work and runs it once; false where the engine has no such operation. */
  prepare(id: string): Promise<boolean>;
  /** The result of the first repetition, or for training the losses of the first steps. */
  read(): Promise<Float32Array>;
  /** Nanoseconds of so many repetitions and the wait for them. */
  sample(repeats: number): Promise<number>;
  dispose(): void;
}

declare global {
  interface Window {
    peer: Promise<Peer>;
    /** The finished first step, for the cold start. */
    firstStep: Promise<{ milliseconds: number; loss: number }>;
  }
}

export function expose(engine: Promise<Engine>): void {
  window.peer = engine.then((ready) => peerOf(ready));
}

function peerOf(engine: Engine): Peer {
  let task: Task | null = null;
  return {
    version: engine.version,
    async prepare(id) {
      task = await engine.task(workById(id));
      if (!task) return false;
      await task.run();
      await task.finish();
      return true;
    },
    read: () => task!.read(),
    async sample(repeats) {
      const began = performance.now();
      if (task!.repeat) {
        if (repeats === 0) return 0;
        const done = await task!.repeat(repeats);
        return ((performance.now() - began) * 1e6 * repeats) / done;
      }
      for (let i = 0; i < repeats; i++) {
        const running = task!.run();
        if (running) await running;
      }
      await task!.finish();
      return (performance.now() - began) * 1e6;
    },
    dispose() {
      task?.dispose();
      task = null;
    },
  };
}
