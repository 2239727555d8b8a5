// Each coded error state, forced by its link: it says what happened and what to do next in both languages, passes axe,
// and what it offers does something.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { forward } from '../../../demos/conv/arithmetic.ts';
import * as retrograd from '../../../src/index.ts';
import { possible, stateOf } from '../conv_states.ts';
import { printedBy } from '../printed.ts';
import { axeViolations, smallTargets, stillFigure, tooWide } from './checks.ts';
import { open, settled, type Opened } from './open.ts';

let opened: Opened;
beforeAll(async () => {
  opened = await open('train_once/');
});
afterAll(() => opened.close());

/** Those the shell can offer by itself; pages bring the others' acts. */
const offers: Record<string, number> = { E1: 2, E2: 1, E3: 3, E7: 2, E8: 1, E9: 2, E11: 1, E13: 1, E18: 1 };

test.each(Array.from({ length: 18 }, (_, i) => `E${i + 1}`).filter((code) => code !== 'E4' && code !== 'E17'))(
  '%s',
  async (code) => {
    const { page, hash, wrong } = opened;
    await page.setViewport({ width: 390, height: 844 });
    const texts: string[] = [];
    for (const lang of ['fr', 'en'] as const) {
      const theme = lang === 'fr' ? 'dark' : 'light';
      await hash(`v=1&lang=${lang}&theme=${theme}&force=${code}`);
      await page.waitForSelector(`.notice[data-code=${code}]`);
      texts.push(await page.$eval(`.notice[data-code=${code}] .text`, (element) => element.textContent));
      expect(await page.$$eval('.notice', (found) => found.length)).toBe(1);
      expect(await axeViolations(page)).toEqual([]);
      expect(await tooWide(page)).toEqual([]);
      expect(await smallTargets(page)).toEqual([]);
    }
    expect(texts[0]).not.toBe(texts[1]);
    const paragraphs = await page.$$eval('.notice .text p', (found) => found.map((p) => p.textContent));
    expect(paragraphs.length, 'what happened, and what to do next').toBeGreaterThanOrEqual(2);
    const buttons = await page.$$(`.notice[data-code=${code}] .offers button`);
    expect(buttons).toHaveLength(offers[code] ?? 0);
    expect(wrong).toEqual([]);
  },
);

test('E4 is an amber badge, explained in its dialog', async () => {
  const { page, hash } = opened;
  await page.setViewport({ width: 1280, height: 800 });
  await hash('v=1&lang=en&force=E4');
  await page.waitForSelector('button.device.software');
  await page.click('button.device');
  expect(await page.$eval('#device-dialog [data-code=E4]', (element) => element.textContent)).toContain('software');
  expect(await axeViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await page.$('.notice')).toBeNull();
});

test('"Use the CPU" is a link of its own, which Back leaves', async () => {
  const { page, hash } = opened;
  await hash('v=1&lang=en&force=E2');
  await page.waitForSelector('.notice[data-code=E2]');
  await page.click('.notice[data-code=E2] .offers button:last-child');
  await page.waitForFunction(() => location.hash === '#v=1&lang=en&device=cpu');
  await page.waitForFunction(() => document.querySelector('button.device')?.classList.contains('cpu'));
  expect(await page.$('.notice')).toBeNull();
  await page.goBack();
  await page.waitForSelector('.notice[data-code=E2]');
});

describe('a browser that', () => {
  test('has no WebGPU is told so where a GPU matters, and nothing where it does not', async () => {
    const before = (): void => void Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined });
    const wanting = await open('train_once/', { before });
    await wanting.page.waitForSelector('.notice[data-code=E2] table');
    await wanting.close();
    const content = await open('', { before });
    await content.page.waitForSelector('button.device.cpu');
    expect(await content.page.$('.notice')).toBeNull();
    await content.close();
  });

  test('has WebGPU without an adapter is told why that happens', async () => {
    const before = (): void => {
      GPU.prototype.requestAdapter = () => Promise.resolve(null);
    };
    const { page, close } = await open('train_once/', { before });
    await page.waitForSelector('.notice');
    expect(await page.$eval('.notice', (notice) => notice.getAttribute('data-code'))).toBe('E3');
    await close();
  });
});

test('a GPU that is software, by the browser’s own word, is an amber badge and no notice (E4)', async () => {
  const { page, close } = await open('train_once/#v=1&lang=en', {
    before: () => {
      const request = GPU.prototype.requestAdapter;
      GPU.prototype.requestAdapter = function (options) {
        return request.call(this, { ...options, forceFallbackAdapter: true });
      };
    },
  });
  await page.waitForSelector('button.device.software');
  expect(await page.$eval('#device-dialog [data-code=E4]', (element) => element.textContent)).toContain('software');
  expect(await page.$('.notice')).toBeNull();
  await close();
});

describe('the explorer’s comparison', () => {
  const asked = async (before: () => void, link = ''): Promise<Opened> => {
    const made = await open(`conv/#v=1&lang=en${link}`, { before });
    await made.page.waitForSelector('[data-agrees=cpu]');
    await made.page.$eval('[data-part=agreement] button', (button) => (button as HTMLElement).click());
    return made;
  };
  const answers = (page: Opened['page']): Promise<string> =>
    page.$eval('[data-part=agreement]', (element) => element.textContent);
  const says = (page: Opened['page'], wanted: string): Promise<unknown> =>
    page.waitForFunction(
      (text) => document.querySelector('[data-part=agreement]')?.textContent?.includes(text),
      {},
      wanted,
    );

  test('with a GPU that is gone by then is that error state, beside the CPU’s answer (E3)', async () => {
    // The badge had one.
    const { page, close } = await asked(() => {
      const request = GPU.prototype.requestAdapter;
      let asks = 0;
      GPU.prototype.requestAdapter = function (...given) {
        return asks++ === 0 ? request.apply(this, given) : Promise.resolve(null);
      };
    });
    await page.waitForSelector('.notice[data-code=E3]');
    await says(page, 'The GPU gave no answer');
    expect(await answers(page)).toContain('agrees on the CPU');
    await close();
  });

  test('with a GPU that is wrong names the first cell in red, and its program repeats that', async () => {
    const { page, close } = await asked(() => {
      // Y, dX, dW and db are read in this order: the fifth number of Y is one too much.
      const read = GPUBuffer.prototype.getMappedRange;
      let reads = 0;
      GPUBuffer.prototype.getMappedRange = function (...given) {
        const mapped = read.apply(this, given);
        if (this.usage & GPUBufferUsage.MAP_READ && reads++ === 0) new Float32Array(mapped)[4]! += 1;
        return mapped;
      };
      const writeText = (copied: string): Promise<void> => Promise.resolve(void Object.assign(window, { copied }));
      Object.defineProperty(navigator, 'clipboard', { value: { writeText } });
    }, '&cin=2&cout=2&g=2&bias=1');
    await page.waitForSelector('[data-differs=gpu]');
    // The engine has Y's channels last: its fifth number is the first channel's third.
    const state = stateOf({ cin: 2, cout: 2, g: 2, bias: true });
    const right = forward(possible(state), state).y[2]!;
    expect(await page.$eval('[data-differs]', (element) => element.textContent)).toBe(
      `✗ the engine differs on GPU: y[0,0,2] is ${right} in the picture, ${right + 1} in the engine.`.replaceAll(
        '-',
        '−',
      ),
    );
    for (const theme of ['light', 'dark']) {
      await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
      const [bad, good] = (await page.$$eval('[data-differs], [data-agrees]', (lines) =>
        lines
          .toSorted((one) => ('differs' in (one as HTMLElement).dataset ? -1 : 1))
          .map((line) =>
            getComputedStyle(line)
              .color.match(/[\d.]+/g)!
              .map(Number),
          ),
      )) as [number[], number[]];
      expect(bad[0]!, `${theme}: red`).toBeGreaterThan(1.3 * Math.max(bad[1]!, bad[2]!));
      expect(good[1]!, `${theme}: green`).toBeGreaterThan(Math.max(good[0]!, good[2]!));
    }
    await page.$$eval('[data-part=agreement] button', (all) =>
      all.find(({ textContent }) => textContent === 'Copy')!.click(),
    );
    await page.waitForFunction(() => 'copied' in window);
    const copied = await page.evaluate(() => (window as unknown as { copied: string }).copied);
    expect(copied).toContain(`${right} in the picture, ${right + 1} in the engine`);
    const library = { ...retrograd, createWebGPUDevice: () => Promise.resolve(retrograd.createCpuDevice()) };
    expect(await printedBy(copied, library), 'where nothing is wrong').toEqual([right]);
    const program: typeof retrograd.program = async (...given) => {
      const made = await retrograd.program(...given);
      const read = async (name: string) => {
        const values = await made.read(name);
        if (name === 'y') values[4]! += 1;
        return values;
      };
      return { ...made, read };
    };
    expect(await printedBy(copied, { ...library, program }), 'where it is').toEqual([right + 1]);
    await close();
  });

  test('with a GPU that never answers says what it waits for, and is ended by its reader', async () => {
    const { page, close } = await asked(() => {
      const request = GPU.prototype.requestAdapter;
      let asks = 0;
      GPU.prototype.requestAdapter = function (...given) {
        return asks++ === 0 ? request.apply(this, given) : new Promise(() => {});
      };
      const later = window.setTimeout.bind(window) as (act: unknown, ms: number, ...given: unknown[]) => number;
      // Ten seconds in one.
      window.setTimeout = ((act: unknown, ms = 0, ...given: unknown[]) =>
        later(act, ms > 5000 ? ms / 10 : ms, ...given)) as typeof setTimeout;
    });
    await says(page, 'The engine is loading and computing');
    const notice = await page.waitForSelector('.notice');
    expect(await notice!.evaluate((element) => element.textContent)).toMatch(/Waiting for the engine…Cancel$/);
    await page.click('.notice .offers button');
    await page.waitForFunction(() => !document.querySelector('.notice'));
    await says(page, 'The GPU gave no answer');
    expect(await answers(page)).toContain('agrees on the CPU');
    await close();
  });
});

test('a page whose view throws keeps what it showed and says so (E18)', async () => {
  const { page, close } = await open('widgets/#v=1&lang=en');
  await page.evaluate(() => {
    Object.defineProperty(Intl.NumberFormat.prototype, 'format', {
      get: () => {
        throw new Error('a defect for the test');
      },
    });
  });
  await page.click('#preset');
  await page.waitForSelector('.notice[data-code=E18]');
  await settled(page);
  expect(await page.$eval('.notice .detail', (detail) => detail.textContent)).toContain('a defect for the test');
  expect(await page.$('[role=grid]')).not.toBeNull();
  await close();
});

test('E18: a page whose program does not come says so after a while, in both languages, beside a still figure', async () => {
  const { page, close } = await open('train_once/', { block: /\.js$/ });
  const visible = (): Promise<boolean> =>
    page.$eval('.unloaded', (element) => element.checkVisibility({ visibilityProperty: true }));
  expect(await visible()).toBe(false);
  // Rather than wait four seconds.
  await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
  expect(await visible()).toBe(true);
  await stillFigure(page);
  const fallback = await page.$eval('.unloaded', (element) => element.textContent);
  expect(fallback).toContain('reload the page');
  expect(fallback).toContain('rechargez la page');
  await close();
});
