// Of the long tests: what the page's own thread does while its worker trains for ten seconds, by the browser's own trace.

import { expect, test } from 'vitest';

import { click, opened, status, text } from './train_page.ts';

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the thread's own time, in which no other process of a busy machine counts. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

test.runIf(process.env.VITE_LONG === '1')('no task of the training page takes 50 ms', async () => {
  const { page } = await opened('train_once/#v=1&lang=en&epochs=100');
  await click(page, '#train');
  await status(page, 'Training');
  await page.tracing.start({ categories: ['toplevel', 'disabled-by-default-devtools.timeline', '__metadata'] });
  await new Promise((done) => setTimeout(done, 10_000));
  const trace = new TextDecoder().decode((await page.tracing.stop())!);
  expect(await text(page, '#progress'), 'it trained').toMatch(/batch \d/);
  const { traceEvents } = JSON.parse(trace) as { traceEvents: TraceEvent[] };
  const main = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}.${tid}`),
  );
  const tasks = traceEvents
    .filter(({ name, pid, tid }) => name.endsWith('RunTask') && main.has(`${pid}.${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000);
  const longest = tasks.toSorted((a, b) => b - a).slice(0, 5);
  console.log(
    `${tasks.length} tasks of the page's thread; the longest, in ms: ${longest.map((ms) => ms.toFixed(1)).join(', ')}`,
  );
  expect(tasks.length, 'the trace has them').toBeGreaterThan(100);
  expect(longest[0]).toBeLessThan(50);
});
