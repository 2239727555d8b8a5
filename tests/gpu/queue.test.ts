// How far the host runs ahead of the GPU, against one whose steps take as long as the test says.

import { expect, onTestFinished, test, vi } from 'vitest';

import { createQueue } from '../../src/gpu/queue.ts';
import type { Life } from '../../src/gpu/life.ts';
import { nextTurn } from '../../src/core/turn.ts';

/** A clock of its own, a GPU that works step after step, and a queue to it; `run` gives how many steps were ever unfinished. */
function simulated() {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  let stepMilliseconds = 0;
  let waiting = 0;
  let busyUntil = 0;
  /** When each submit is done, and who wants to know. */
  const told: { at: number; done: () => void }[] = [];
  const ends: number[] = [];
  const gpu = {
    createCommandEncoder: () => ({ finish: () => ({}) }),
    queue: {
      submit() {
        for (; waiting > 0; waiting--) ends.push((busyUntil = Math.max(busyUntil, now) + stepMilliseconds));
      },
      onSubmittedWorkDone: () => new Promise<void>((done) => told.push({ at: busyUntil, done })),
    },
  };
  const life = {
    gpu,
    wait: (promise: Promise<unknown>) => promise,
    guard: () => {},
    progress: () => {},
    report(error: Error) {
      throw error;
    },
  } as unknown as Life;
  const queue = createQueue(life);

  async function passTo(time: number): Promise<void> {
    now = Math.max(now, time);
    for (const one of told.splice(0)) (one.at <= now ? one.done : () => told.push(one))();
    await nextTurn(); // whoever was told goes on
  }

  return {
    queue,
    /**
     * Runs steps that the GPU takes so long for: the most that were given to it and not done, the first `leave` left out. A
     * host that is `late` hears of all at once that were on their way.
     */
    async run(steps: number, milliseconds: number, leave = 0, late = false): Promise<number> {
      stepMilliseconds = milliseconds;
      let most = 0;
      for (let i = 0; i < steps; i++) {
        while (queue.full()) {
          const room = queue.room();
          await passTo(Math[late ? 'max' : 'min'](...told.map(({ at }) => at)));
          await room;
        }
        queue.encoder();
        waiting++;
        queue.added(() => {});
        if (i >= leave) most = Math.max(most, waiting + ends.filter((end) => end > now).length);
        now += 0.05; // the host's own work
      }
      return most;
    },
  };
}

test('two steps are on their way before the first is done', async () => {
  const { run, queue } = simulated();
  expect(await run(2, 500)).toBe(2);
  expect(queue.full()).toBe(true);
});

test.each([
  [500, 2],
  [100, 2],
  [60, 4],
  [10, 21],
])('steps of %i ms: at most %i are ahead, also after shorter ones', async (milliseconds, most) => {
  const { run } = simulated();
  expect(await run(60, milliseconds, 30)).toBeLessThanOrEqual(most);
  expect(await run(300, 1, 200)).toBeGreaterThan(40);
  // The host learns of longer steps as they end.
  expect(await run(400, milliseconds, 300)).toBeLessThanOrEqual(most);
});

test('several that are told of at once do not pass for short ones', async () => {
  const { run } = simulated();
  expect(await run(100, 100, 2, true)).toBeLessThanOrEqual(4);
});
