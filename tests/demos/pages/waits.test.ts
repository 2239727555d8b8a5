// What never comes, on each page that waits for it: it is named, can be ended, and the page goes on without.

import type { Page } from 'puppeteer';
import { expect, onTestFinished, test } from 'vitest';

import { open, type Opened, type Options } from './open.ts';
import { click, press, state, status, text } from './train_page.ts';

/** Ten seconds last three tenths of one; the words of the first second have a test of their own, in waiting.test.ts. */
function hurry(): void {
  const later = window.setTimeout.bind(window) as (act: unknown, ms: number, ...given: unknown[]) => number;
  window.setTimeout = ((act: unknown, ms = 0, ...given: unknown[]) =>
    later(act, ms >= 1000 && ms <= 10_000 ? ms * 0.03 : ms, ...given)) as typeof setTimeout;
  const now = performance.now.bind(performance);
  performance.now = () => 20 * now();
}

async function opened(path: string, options: Options = {}): Promise<Opened> {
  const made = await open(path, options);
  onTestFinished(() => made.close());
  return made;
}

const says = (page: Page, wanted: string): Promise<unknown> =>
  page.waitForFunction(
    (part) => [...document.querySelectorAll('.notice')].some((notice) => notice.textContent?.includes(part)),
    {},
    wanted,
  );
const silent = (page: Page): Promise<unknown> => page.waitForFunction(() => !document.querySelector('.notices'));

/** The first time that this tab asks, no adapter is ever given. */
function noAdapterAtFirst(): void {
  const request = GPU.prototype.requestAdapter;
  GPU.prototype.requestAdapter = function (...given) {
    const asks = Number(sessionStorage.getItem('asks')) + 1;
    sessionStorage.setItem('asks', String(asks));
    return asks === 1 ? new Promise(() => {}) : request.apply(this, given);
  };
}

test('an adapter that never comes: the page says that it waits, goes on without (E3), and asks again when told', async () => {
  const { page, hash } = await opened('train_once/#v=1&lang=fr', {
    before: [hurry, noAdapterAtFirst],
  });
  await says(page, 'En attente\u202F: un GPU…Annuler');
  await hash('v=1&lang=en');
  await says(page, 'Waiting for a GPU…Cancel');
  expect(await page.$('button.device.asking')).not.toBeNull();
  await press(page, 'Cancel');
  expect(await state(page, 'E3')).toMatch(/no GPU was offered.*hardware acceleration.*chrome:\/\/gpu/);
  await page.waitForSelector('button.device.cpu');
  expect(await page.$$eval('.notices .notice', (all) => all.length), 'it waits no longer').toBe(1);
  await press(page, 'Retry');
  await page.waitForSelector('button.device:is(.gpu, .software)');
  await silent(page);
  expect(await page.evaluate(() => sessionStorage.getItem('asks'))).toBe('2');
});

test('E3 where an adapter gives no device: its page is at hand to be copied, and Retry asks again', async () => {
  const { page } = await opened('bench/#v=1&lang=en', {
    before: () => {
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = function (...given) {
        const asks = Number(sessionStorage.getItem('asks')) + 1;
        sessionStorage.setItem('asks', String(asks));
        return asks === 1 ? Promise.reject(new DOMException('for the test')) : request.apply(this, given);
      };
      const writeText = (copied: string): Promise<void> => Promise.resolve(void Object.assign(window, { copied }));
      Object.defineProperty(navigator, 'clipboard', { value: { writeText } });
    },
  });
  expect(await state(page, 'E3')).toContain('no GPU was offered');
  await press(page, 'Copy chrome://gpu');
  await page.waitForFunction(() => (window as { copied?: string }).copied === 'chrome://gpu');
  await press(page, 'Retry');
  await page.waitForSelector('button.device:is(.gpu, .software)');
  await silent(page);
});

test('a page that does as well without a GPU waits by its badge, then goes on by the CPU; to choose the CPU ends it too', async () => {
  const never = (): void => {
    GPU.prototype.requestAdapter = () => new Promise(() => {});
  };
  const { page, hash } = await opened('conv/#v=1&lang=en&tab=image', {
    before: [hurry, never],
  });
  expect(await text(page, 'button.device')).toContain('Looking for a GPU…');
  await says(page, 'Waiting for a GPU…Cancel');
  await press(page, 'Cancel');
  await page.waitForSelector('[data-device=cpu] canvas');
  await silent(page);
  await hash('v=1&lang=en&tab=image&device=gpu');
  await says(page, 'Waiting for a GPU…Cancel');
  await hash('v=1&lang=en&tab=image&device=cpu');
  await silent(page);
  await page.waitForSelector('button.device.cpu');
});

test('sizes, a source text, a kept run and the engine that do not come are waited for by name, and not for ever', async () => {
  const { page, load } = await opened('#v=1&lang=en', {
    before: hurry,
    hold: /sizes\.json$|source-text[^/]*\.js$|bench-google-swiftshader[^/]*\.json$|assets\/train-[^/]*\.js$/,
  });
  await says(page, 'Waiting for the sizes of the downloads…Cancel');
  await press(page, 'Cancel');
  await silent(page);
  expect(await page.$$eval('.card a', (links) => links.length), 'the cards stand without them').toBeGreaterThan(1);

  await load('source/#v=1&lang=en');
  expect(await text(page, '#content')).toContain('Loading index.ts…');
  await says(page, 'Waiting for index.ts…Cancel');
  await press(page, 'Cancel');
  expect(await state(page, 'E11')).toContain('Could not load index.ts');
  expect(await text(page, '#content')).toContain('index.ts is not here');

  const run = 'bench-google-swiftshader';
  await load(`bench/#v=1&lang=en&run=kept:${run}`);
  await says(page, `Waiting for ${run}…Cancel`);
  await press(page, 'Cancel');
  expect(await state(page, 'E11')).toContain(`Could not load ${run}`);
  expect(await page.$('#run')).not.toBeNull();

  await load('train_once/#v=1&lang=en&device=cpu');
  await page.waitForFunction(() => !document.querySelector('button.device.asking'));
  await click(page, '#train');
  await status(page, 'Loading');
  await says(page, 'said nothing');
  await press(page, 'End it');
  await status(page, 'Stopped');
  await silent(page);
  expect(await page.$('#train'), 'it may be begun again').not.toBeNull();
});
