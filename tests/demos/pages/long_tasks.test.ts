// Of the long tests: what a page's own thread does while its worker computes, by the browser's own trace.

import type { Page } from 'puppeteer';
import { expect, onTestFinished, test } from 'vitest';

import kept from '../../../demos/bench/results/bench-google-swiftshader.json';
import { ready } from './bench_page.ts';
import { open } from './open.ts';
import { click, opened, status, text } from './train_page.ts';

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the thread's own time, in which no other process of a busy machine counts. */
  readonly tdur?: number;
  readonly args: { readonly name?: string; readonly data?: Committed & { readonly frames?: readonly Committed[] } };
}

/** A document, and the process that shows it. */
interface Committed {
  readonly url?: string;
  readonly processId?: number;
}

/** Milliseconds of the page's thread's tasks during `work`, the longest first. */
async function tasksDuring(page: Page, work: () => Promise<unknown>): Promise<number[]> {
  await page.tracing.start({ categories: ['toplevel', 'disabled-by-default-devtools.timeline', '__metadata'] });
  await work();
  const trace = new TextDecoder().decode((await page.tracing.stop())!);
  const { traceEvents } = JSON.parse(trace) as { traceEvents: TraceEvent[] };
  // The browser has pages of its own, and other tests'.
  const own = new Set(
    traceEvents
      .flatMap(({ args: { data } }) => (data ? [data, ...(data.frames ?? [])] : []))
      .filter(({ url }) => url?.startsWith(page.url().replace(/#.*/, '')))
      .map(({ processId }) => processId),
  );
  const main = new Set(
    traceEvents
      .filter(({ name, pid, args }) => name === 'thread_name' && args.name === 'CrRendererMain' && own.has(pid))
      .map(({ pid, tid }) => `${pid}.${tid}`),
  );
  const tasks = traceEvents
    .filter(({ name, pid, tid }) => name.endsWith('RunTask') && main.has(`${pid}.${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000)
    .toSorted((a, b) => b - a);
  const longest = tasks.slice(0, 5).map((ms) => ms.toFixed(1));
  console.log(`${tasks.length} tasks of the page's thread; the longest, in ms: ${longest.join(', ')}`);
  expect(tasks.length, 'the trace has them').toBeGreaterThan(100);
  return tasks;
}

const seconds = (count: number): Promise<void> => new Promise((done) => setTimeout(done, 1000 * count));

test.runIf(process.env.VITE_LONG === '1')('no task of the training page takes 50 ms', async () => {
  const { page } = await opened('train_once/#v=1&lang=en&epochs=100');
  await click(page, '#train');
  await status(page, 'Training');
  const [longest] = await tasksDuring(page, () => seconds(10));
  expect(await text(page, '#progress'), 'it trained').toMatch(/batch \d/);
  expect(longest).toBeLessThan(50);
});

test.runIf(process.env.VITE_LONG === '1')('no task of the explorer takes 50 ms while it starts', async () => {
  const { page, load, close } = await open('');
  onTestFinished(close);
  const [longest] = await tasksDuring(page, async () => {
    await load('conv/#v=1&lang=en');
    // With the engine's answer, which comes last.
    await page.waitForSelector('[data-agrees=cpu]');
  });
  expect(longest).toBeLessThan(50);
});

/** In place of the lab's worker: the rows of a run that is kept with the site, piece of work by piece of work, in ten seconds. */
const replay = `
const kept = ${JSON.stringify(kept)};
self.addEventListener('message', (event) => {
  if (event.data.kind !== 'start') return;
  event.stopImmediatePropagation();
  const works = Object.values(Object.groupBy(kept.rows, ({ suite, work }) => suite + ' ' + work));
  postMessage({ kind: 'method', method: kept.method });
  postMessage({ kind: 'device', session: { info: kept.device, host: kept.host, clock: kept.clock } });
  postMessage({ kind: 'total', cases: works.length });
  let done = 0;
  const next = () => {
    if (done === works.length) postMessage({ kind: 'done', result: kept });
    else postMessage({ kind: 'rows', rows: works[done], done: ++done });
    if (done <= works.length) setTimeout(next, 10_000 / works.length);
  };
  next();
});
`;

test.runIf(process.env.VITE_LONG === '1')(
  'no task of the kernel lab takes 50 ms while rows come in, nor at the end',
  async () => {
    const { page, close } = await ready('lang=en', { worker: replay });
    onTestFinished(close);
    const [longest] = await tasksDuring(page, async () => {
      await page.click('#run');
      await page.waitForSelector('#status[data-phase=done]', { timeout: 0 });
      await page.waitForSelector('#roofline-picture');
      await seconds(1);
    });
    const rows = await page.$$eval('#rows tbody[aria-busy=false] tr', (lines) => lines.length);
    expect(rows, 'all of them are there').toBe(kept.rows.length);
    expect(longest).toBeLessThan(50);
  },
);
