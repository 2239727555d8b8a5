// What befalls pages while they train with a store: closed, hidden, without a GPU of a sudden, without space, killed with their browser. Each
// time training goes on, there or in the next page, to the bits of one that nothing befell.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import type { Browser, Page } from 'puppeteer';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { launchBrowser } from '../../tools/launch.mjs';
import { wgsl } from '../../tools/wgsl_plugin.ts';
import type { Told } from './page_faults.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'retrograd-faults-'));
let server: PreviewServer;
let browser: Browser;
beforeAll(async () => {
  // In one file, since the page is opened a dozen times and more.
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    plugins: [wgsl()],
    build: { outDir: folder, rolldownOptions: { input: join(root, 'tests/tools/page_faults.html') } },
  });
  const served = { host: '127.0.0.1', port: 0 };
  server = await preview({ root, configFile: false, logLevel: 'error', build: { outDir: folder }, preview: served });
  browser = await launchBrowser([], { throttled: true });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Query = Readonly<Record<string, string | number>>;

/** Opens the page and closes it when it has told of its end, or of the step `at`, where `meanwhile` does not go on with it. */
async function trained(query: Query, meanwhile?: (page: Page) => Promise<unknown>, within = browser): Promise<Told> {
  const page = await within.newPage();
  let tell!: (told: Told) => void;
  const told = new Promise<Told>((done) => (tell = done));
  await page.exposeFunction('stepped', async (step: number) => {
    if (meanwhile) await meanwhile(page);
    else tell({ step });
  });
  await page.exposeFunction('ended', (end: string) => tell(JSON.parse(end) as Told));
  page.on('pageerror', (error) => tell({ error: String(error) }));
  page.on('error', (error) => tell({ error: `the page crashed: ${error.message}` }));
  const address = new URL('tests/tools/page_faults.html', server.resolvedUrls!.local[0]);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value));
  await page.goto(address.href);
  const first = await told;
  await page.close();
  return first;
}

const wholes = new Map<string, Told['result']>();

/** What a training ends with that nothing befalls. */
async function whole(name: string): Promise<Told['result']> {
  if (!wholes.has(name)) wholes.set(name, (await trained({ case: name, whole: 1 })).result);
  expect(wholes.get(name)!.weights).toMatch(/^[0-9a-f]{64}$/);
  return wholes.get(name);
}

const long = process.env['VITE_LONG'] === '1';
const adam = 'Adam on augmented images, with dropout';

test.each([
  [adam, 'opfs', 3, [19]],
  ['SGD', 'indexedDB', 2, [13]],
  ...(long
    ? ([
        ['SGD', 'opfs', 1, [0, 5, 17, 27]],
        ['SGD with momentum and dropout', 'indexedDB', 1, [3, 7, 8, 22]],
        ['Adam with dropout, and callbacks that count', 'indexedDB', 3, [1, 10]],
        [adam, 'indexedDB', 1, [1, 4, 9, 26]],
        ['Adam on a cosine', 'opfs', 5, [1, 14, 26]],
      ] as const)
    : []),
] as const)(
  '%s, kept in %s every %i steps, the page closed at %j',
  { timeout: 300_000 },
  async (name, store, every, closings) => {
    const query = { case: name, store, every };
    const result = await whole(name);
    for (const at of closings) expect(await trained({ ...query, at })).toEqual({ step: at });
    const { began, ...last } = await trained(query);
    expect(last).toEqual({ result });
    // What the page that was closed had not kept is done again.
    const latest = closings.at(-1)!;
    expect(began).toBeGreaterThan(latest - every - (8 % every)); // eight steps an epoch, which counts anew
    expect(began).toBeLessThanOrEqual(latest + 4);
  },
);

/** Without a size, as much as there is. */
async function quota(page: Page, size?: number): Promise<void> {
  const { origin } = new URL(server.resolvedUrls!.local[0]!);
  const session = await page.createCDPSession();
  await session.send('Storage.overrideQuotaForOrigin', size === undefined ? { origin } : { origin, quotaSize: size });
}

test(
  'no space left for a large file: a typed error, and what was kept before can be read',
  { timeout: 300_000 },
  async () => {
    // IndexedDB refused neither small writes nor one of 32 MiB (Chromium 156); tests/gpu/stores.test.ts aborts one there.
    const query = { case: 'SGD', store: 'opfs', name: 'large', fault: 'large' };
    const { errors } = await trained(query, (page) => quota(page, 2 ** 20));
    const page = await browser.newPage();
    await quota(page);
    await page.close();
    // The pipe to the files may break before the quota is told of.
    expect(errors).toEqual([expect.stringMatching(/^StoreError (full|failed): store: 'run': .*4194336 bytes/)]);
  },
);

test('no space left: training tells of it and goes on, and the file before stands', { timeout: 300_000 }, async () => {
  const query = { case: 'SGD', store: 'opfs', every: 3, name: 'full' };
  const result = await whole('SGD');
  const { errors, ...full } = await trained({ ...query, at: 12, fault: 'quota' }, (page) => quota(page, 1));
  expect(full).toEqual({ began: 0, result });
  expect(errors!.length).toBeGreaterThan(0);
  for (const error of errors!) expect(error).toMatch(/^StoreError: store: 'run': no space is left for \d+ bytes \(/);
  const page = await browser.newPage();
  await quota(page);
  await page.close();
  // Checkpoints follow the third and the sixth step of an epoch of eight: the last before step 12 is that of step 10.
  expect(await trained(query)).toEqual({ began: 11, result });
});

test(
  'hidden, where no frame is drawn and timers wait for seconds, a page trains on',
  { timeout: 300_000 },
  async () => {
    const query = { case: 'SGD', store: 'opfs', every: 3, name: 'hidden', at: 2, fault: 'hide' };
    const result = await whole('SGD');
    const front = await browser.newPage();
    onTestFinished(() => front.close());
    const { frames, ...told } = await trained(query, () => front.bringToFront());
    expect(told).toEqual({ began: 0, result, visibility: 'hidden' });
    expect(frames).toBeLessThanOrEqual(1);
  },
);

test(
  'the GPU process dies: training ends with a typed error, and goes on in the same page',
  { timeout: 300_000 },
  async () => {
    // Chrome gives no adapter after a third time, so only here.
    const crash = async (page: Page): Promise<void> => {
      const session = await page.createCDPSession();
      await (session as unknown as { send(method: string): Promise<unknown> })
        .send('Browser.crashGpuProcess')
        .catch(() => {});
    };
    const result = await whole(adam);
    const query = { case: adam, store: 'opfs', every: 2, name: 'crashed', at: 11, fault: 'crash' };
    const { began, ...told } = await trained(query, crash);
    expect(told).toEqual({ result, lost: 'lost' });
    expect(began).toBeGreaterThan(8);
  },
);

test.runIf(long)('the browser is killed while it writes, and another one goes on', { timeout: 300_000 }, async () => {
  const profile = mkdtempSync(join(tmpdir(), 'retrograd-profile-'));
  onTestFinished(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
  const launch = () => launchBrowser([`--user-data-dir=${profile}`]);
  for (const store of ['opfs', 'indexedDB']) {
    const query = { case: adam, store, every: 1 };
    for (const at of [2, 9, 20]) {
      const killed = await launch();
      const gone = new Promise((done) => killed.process()!.once('exit', done));
      const kill = () => Promise.resolve(void killed.process()!.kill('SIGKILL'));
      await Promise.race([trained({ ...query, at }, kill, killed).catch(() => {}), gone]);
      await gone;
    }
    const last = await launch();
    const { began, result } = await trained(query, undefined, last);
    await last.close();
    expect(began).toBeGreaterThan(9);
    expect(result).toEqual(await whole(adam));
  }
});
