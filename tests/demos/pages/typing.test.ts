// Keys that are typed are no presenter's keys, Tab leaves what it enters, fields are as wide as a finger, and themes set
// the colour scheme and the ground.

import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { open, settled, type Opened } from './open.ts';

let opened: Opened;
let page: Page;
beforeAll(async () => {
  opened = await open('widgets/#v=1&lang=en&step=3');
  ({ page } = opened);
});
afterAll(() => opened.close());

const keys = ['f', '?', '+', '-', 'p', 'PageUp', 'PageDown', 'Home', 'End', ' '] as const;

interface Moved {
  readonly steps: string | undefined;
  readonly speed: string | undefined;
  readonly playing: boolean;
  readonly dialog: boolean;
  readonly full: boolean;
}
const moved = (): Promise<Moved> =>
  page.evaluate(() => ({
    steps: document.querySelector('.stepper .count')?.textContent,
    speed: document.querySelector<HTMLSelectElement>('.stepper select')?.value,
    playing: document.querySelector('.icon-pause') !== null,
    dialog: document.querySelector('dialog[open]') !== null,
    full: document.fullscreenElement !== null,
  }));

test('no key that is typed into a number, a text of lines or a cell steps, plays or opens anything', async () => {
  await page.evaluate(() => {
    const lines = document.createElement('textarea');
    lines.className = 'lines';
    // Beside what the page draws anew.
    document.body.append(lines);
  });
  const before = await moved();
  expect(before.steps).toContain('4');
  for (const selector of ['input.digits', 'textarea.lines', '[role=gridcell]']) {
    await page.focus(selector);
    if (selector === '[role=gridcell]') {
      await page.keyboard.press('F2');
      await page.waitForSelector('[role=gridcell] input');
    }
    for (const key of keys) {
      await page.keyboard.press(key);
      expect(await moved(), `${key} in ${selector}`).toEqual(before);
    }
    await page.keyboard.press('Escape');
    await settled(page);
  }
  await page.$eval('textarea.lines', (lines) => lines.remove());
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press('PageDown');
  await page.waitForFunction(() => document.querySelector('.stepper .count')?.textContent.includes('5'));
});

test('Tab and Shift+Tab leave the lab’s text of a kernel', async () => {
  await opened.load('bench/#v=1&lang=en&own=x');
  await page.waitForSelector('#own-code');
  const focused = (): Promise<string> =>
    page.evaluate(() => `${document.activeElement?.tagName} ${document.activeElement?.id}`);
  for (const shift of [false, true]) {
    await page.focus('#own-code');
    if (shift) await page.keyboard.down('Shift');
    await page.keyboard.press('Tab');
    if (shift) await page.keyboard.up('Shift');
    const to = await focused();
    expect(to).not.toMatch(/own-code|BODY/);
  }
  expect(await page.$eval('#own-code', (area) => (area as HTMLTextAreaElement).value)).toBe('x');
});

test('Tab goes round the explorer backwards as it does forwards', async () => {
  await opened.load('conv/#v=1&lang=en&device=cpu&h=3&w=3');
  await page.waitForSelector('[data-agrees=cpu]');
  const walk = async (shift: boolean): Promise<string[]> => {
    const seen: string[] = [];
    if (shift) await page.keyboard.down('Shift');
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate(() => document.activeElement!.outerHTML.slice(0, 120)));
    }
    if (shift) await page.keyboard.up('Shift');
    return seen;
  };
  await page.focus('header button');
  const forth = await walk(false);
  const back = await walk(true);
  expect(new Set(forth).size).toBeGreaterThan(8);
  expect(back.slice(0, -1)).toEqual(forth.slice(0, -1).toReversed());
});

test.each(['', 'bench/', 'conv/', 'source/', 'train_once/', 'widgets/'])(
  '%s: fields, boxes to tick and what opens are 44 px high under a finger',
  async (path) => {
    await opened.load(`${path}#v=1&lang=en&device=cpu`, { width: 390, height: 844, touch: true });
    await settled(page);
    const small = await page.$$eval('#page :is(input:not([type=range]), summary, textarea, .source li a)', (all) =>
      all
        .filter((one) => one.checkVisibility())
        // A box is ticked by its label too.
        .map((one) => (one.matches('[type=checkbox], [type=radio], [type=file]') ? (one.closest('label') ?? one) : one))
        .filter((one) => one.getBoundingClientRect().height < 43.5)
        .map((one) => `${one.getBoundingClientRect().height} ${one.outerHTML.slice(0, 120)}`),
    );
    expect(small).toEqual([]);
  },
);

test('themes set the colour scheme; the projector’s is white, with heavier strokes and large digits in the cells', async () => {
  await opened.load('conv/#v=1&lang=en&device=cpu&theme=light', { width: 1280, height: 800 });
  const look = (): Promise<{ scheme: string; ground: string; stroke: number; digit: number }> =>
    page.evaluate(() => {
      const root = getComputedStyle(document.documentElement);
      return {
        scheme: root.colorScheme,
        ground: root.backgroundColor,
        stroke: Number.parseFloat(root.getPropertyValue('--stroke')),
        digit: Number.parseFloat(getComputedStyle(document.querySelector('[data-matrix=input] td')!).fontSize),
      };
    });
  const light = await look();
  expect(light.scheme).toBe('light');
  await opened.hash('v=1&lang=en&device=cpu&theme=dark');
  expect((await look()).scheme).toBe('dark');
  await opened.hash('v=1&lang=en&device=cpu&theme=projector');
  const projector = await look();
  expect(projector).toMatchObject({ scheme: 'light', ground: 'rgb(255, 255, 255)' });
  expect(projector.stroke).toBeGreaterThan(light.stroke);
  expect(projector.digit).toBeGreaterThanOrEqual(20);
});
