// Pages that are closed while they train with a store, and the next page that goes on: the same bits as if nothing had happened.

import type { Browser } from 'puppeteer';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../../tools/launch.mjs';
import type { Ended } from '../train/resume_cases.ts';

let server: ViteDevServer;
let browser: Browser;
beforeAll(async () => {
  server = await createServer({ logLevel: 'error', server: { port: 0, hmr: false, watch: null } });
  [browser] = await Promise.all([launchBrowser(), server.listen()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Opens the page: what it ended with, or the step at which it told that it is to be closed. */
async function trained(query: Record<string, string>): Promise<Told> {
  const page = await browser.newPage();
  let tell!: (told: Told) => void;
  const told = new Promise<Told>((done) => (tell = done));
  await page.exposeFunction('stepped', (step: number) => tell({ step }));
  await page.exposeFunction('ended', (end: string) => tell(JSON.parse(end) as Told));
  page.on('pageerror', (error) => tell({ error: String(error) }));
  await page.goto(`${server.resolvedUrls!.local[0]!}tests/tools/closed_page.html?${new URLSearchParams(query)}`);
  const first = await told;
  await page.close();
  return first;
}

interface Told {
  readonly step?: number;
  readonly began?: number;
  readonly result?: Ended;
  readonly error?: string;
}

const long = process.env['VITE_LONG'] === '1';
test.each([
  ['Adam on augmented images, with dropout', 'opfs', 3, [19]],
  ['SGD', 'indexedDB', 2, [13]],
  ...(long
    ? ([
        ['SGD', 'opfs', 1, [0, 5, 17, 27]],
        ['SGD with momentum and dropout', 'indexedDB', 1, [3, 7, 8, 22]],
        ['Adam with dropout, and callbacks that count', 'indexedDB', 3, [1, 10]],
        ['Adam on augmented images, with dropout', 'indexedDB', 1, [1, 4, 9, 26]],
        ['Adam on a cosine', 'opfs', 5, [1, 14, 26]],
      ] as const)
    : []),
] as const)(
  '%s, kept in %s every %i steps, the page closed at %j',
  { timeout: 300_000 },
  async (name, store, every, closings) => {
    const query = { case: name, store, every: String(every) };
    const { result: whole } = await trained({ case: name, whole: '' });
    expect(whole!.weights).toMatch(/^[0-9a-f]{64}$/);
    for (const at of closings) expect(await trained({ ...query, at: String(at) })).toEqual({ step: at });
    const { began, ...last } = await trained(query);
    expect(last).toEqual({ result: whole });
    // What the page that was closed had not kept is done again.
    const latest = closings.at(-1)!;
    expect(began).toBeGreaterThan(latest - every - (8 % every));
    expect(began).toBeLessThanOrEqual(latest + 4);
  },
);
