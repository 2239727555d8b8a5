// Phones: the picture on the first screen, parameters in a sheet that leaves it in sight, long presses, formulas whole.

import type { Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { tooWide } from './checks.ts';
import { open, settled, type Opened } from './open.ts';

const sizes = [
  [360, 640],
  [390, 844],
] as const;

let opened: Opened;
beforeAll(async () => {
  opened = await open('conv/');
});
afterAll(() => opened.close());

/** The explorer, on a phone. */
async function onPhone(hash: string, width: number, height: number): Promise<Page> {
  await opened.load(`conv/${hash}`, { width, height, touch: true });
  return opened.page;
}

interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}
const boxOf = (page: Page, selector: string): Promise<Box> =>
  page.$eval(selector, (element) => {
    const { top, bottom, left, right } = element.getBoundingClientRect();
    return { top, bottom, left, right };
  });
const level = (page: Page): Promise<string> =>
  page.$eval('.bottom-sheet', (sheet) => (sheet as HTMLElement).dataset.level!);
const expanded = (page: Page): Promise<string | null> =>
  page.$eval('.sheet-handle', (handle) => handle.getAttribute('aria-expanded'));

async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    await page.keyboard.press(key as 'Enter');
    await settled(page);
  }
}

/** A finger put on the sheet's handle, moved by `by` pixels and taken off. */
async function dragHandle(page: Page, by: number): Promise<void> {
  const { top, bottom, left } = await boxOf(page, '.sheet-handle');
  const [x, y] = [left + 40, (top + bottom) / 2];
  const finger = await page.touchscreen.touchStart(x, y);
  for (const share of [0.25, 0.5, 0.75, 1]) await finger.move(x, y + by * share);
  await finger.end();
  await settled(page);
}

describe.each(sizes)('at %i × %i', (width, height) => {
  test('the first screen shows input and kernel, the steps and the handle of the parameters', async () => {
    for (const lang of ['en', 'fr']) {
      const page = await onPhone(`#v=1&lang=${lang}`, width, height);
      const [input, kernel, steps, sheet] = await Promise.all(
        ['[data-matrix=input]', '[data-matrix=kernel]', '.steps', '.bottom-sheet'].map((one) => boxOf(page, one)),
      );
      expect(input!.bottom).toBeLessThan(steps!.top);
      // Beside the input where there is room for both, else under it with its first rows in sight.
      const beside = width >= 390;
      expect(kernel!.top < input!.bottom).toBe(beside);
      expect(beside ? kernel!.bottom : kernel!.top + 24 + 2 * 44).toBeLessThan(steps!.top);
      expect(kernel!.right).toBeLessThan(width);
      expect(steps!.bottom).toBeLessThanOrEqual(sheet!.top + 1);
      expect(sheet!.bottom).toBe(height);
      expect(await tooWide(page)).toEqual([]);
    }
  });

  test('the open sheet leaves the picture in sight, also while its sliders move', async () => {
    const page = await onPhone('#v=1&lang=en', width, height);
    await page.tap('.sheet-handle');
    await settled(page);
    expect([await level(page), await expanded(page)]).toEqual(['half', 'true']);
    const inSight = async (): Promise<void> => {
      const [input, sheet] = [await boxOf(page, '[data-matrix=input]'), await boxOf(page, '.bottom-sheet')];
      expect(input.top).toBeGreaterThanOrEqual(0);
      expect(input.bottom).toBeLessThanOrEqual(sheet.top);
    };
    await inSight();
    const cut = await page.$eval('.sheet-body', (body) => body.scrollWidth - body.clientWidth);
    expect(cut, 'the parameters need no sideways scrolling').toBe(0);
    await page.focus('[data-part=kh] input[type=range]');
    await press(page, 'ArrowLeft');
    expect(await page.$eval('[data-matrix=kernel]', (figure) => (figure as HTMLElement).dataset.rows)).toBe('2');
    await inSight();
    expect(await tooWide(page)).toEqual([]);
  });
});

test('the sheet is moved by a finger, by keys and by its buttons', async () => {
  const page = await onPhone('#v=1&lang=en', 360, 640);
  expect([await level(page), await expanded(page)]).toEqual(['closed', 'false']);
  expect(await page.$eval('.sheet-body', (body) => body.checkVisibility())).toBe(false);
  await dragHandle(page, -200);
  expect(await level(page)).toBe('half');
  await dragHandle(page, -250);
  expect(await level(page)).toBe('full');
  await dragHandle(page, 500);
  expect(await level(page)).toBe('closed');
  await page.focus('.sheet-handle');
  await press(page, 'ArrowUp', 'ArrowUp');
  expect(await level(page)).toBe('full');
  await press(page, 'ArrowDown');
  expect(await level(page)).toBe('half');
  await press(page, 'Tab', 'Enter');
  expect(await level(page)).toBe('full');
  await press(page, 'Escape');
  expect(await level(page)).toBe('closed');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('controls-handle');
  await press(page, 'Enter');
  expect([await level(page), await expanded(page)]).toEqual(['half', 'true']);
});

test('cells are 44 px under a finger, and scroll in their box', async () => {
  const { page, hash, close } = await open('conv/', { width: 360, height: 640, touch: true });
  for (const link of ['lang=fr', 'lang=en&tab=dx&cin=2', 'lang=en&tab=transposed&op=transposed&view=matrix&h=3&w=3']) {
    await hash(`v=1&${link}`);
    const { sides, count } = await page.$$eval('.pictures .matrix td', (cells) => ({
      sides: Math.min(...cells.flatMap((cell) => [cell.offsetWidth, cell.offsetHeight])),
      count: cells.length,
    }));
    expect(count).toBeGreaterThan(40);
    expect(sides, link).toBeGreaterThanOrEqual(44);
    expect(await tooWide(page), link).toEqual([]);
    const moved = await page.$$eval('.pictures .scroll-box', (boxes) =>
      boxes
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
        .map((box) => {
          box.scrollLeft = 30;
          const { scrollLeft } = box;
          box.scrollLeft = 0;
          return scrollLeft - box.scrollLeft;
        }),
    );
    expect(moved.length, `${link}: a matrix is wider than the window`).toBeGreaterThan(0);
    expect(Math.min(...moved), link).toBeGreaterThan(0);
  }
  await close();
});

test('a long press tells of a cell or a button what pointing at it would, and does nothing else', async () => {
  const page = await onPhone('#v=1&lang=en&pad=same', 390, 844);
  const told = async (selector: string): Promise<string> => {
    await page.$eval(selector, (element) => element.scrollIntoView({ block: 'center' }));
    const { top, bottom, left, right } = await boxOf(page, selector);
    const finger = await page.touchscreen.touchStart((left + right) / 2, (top + bottom) / 2);
    await page.waitForSelector('.bubble:not([hidden])');
    await finger.end();
    await settled(page);
    return page.$eval('.bubble', (bubble) => bubble.textContent);
  };
  expect(await told('[data-matrix=input] [data-row="0"][data-column="0"]')).toBe(
    'Input X, row 1, column 1, value 0, in the window, padding',
  );
  expect(await page.$('input.edit')).toBeNull();
  expect(await told('[data-matrix=output] [data-row="0"][data-column="0"]')).toMatch(
    /^Output Y, 5 by 5, row 1, column 1, value .*present$/,
  );
  expect(await told('.stepper button:nth-of-type(4)')).toBe('Next step');
  expect(await page.$eval('.stepper .count', (count) => count.textContent)).toBe('step 1 of 25');
  await page.tap('.stepper button:nth-of-type(4)');
  await settled(page);
  expect(await page.$eval('.stepper .count', (count) => count.textContent)).toBe('step 2 of 25');
  expect(await page.$('.bubble:not([hidden])')).toBeNull();
});

test('formulas of the size are whole, and twice the text fits', async () => {
  const page = await onPhone('', 320, 640);
  for (const [width, link, size] of [
    [320, '', ''],
    [320, '&tab=transposed&op=transposed&sy=3&opy=2', ''],
    [360, '&h=12&kh=7&pad=full&simple=1', ''],
    [390, '', '200%'],
  ] as const) {
    await page.setViewport({ width, height: 640, isMobile: true, hasTouch: true });
    for (const lang of ['en', 'fr']) {
      await opened.hash(`v=1&lang=${lang}${link}`);
      await page.evaluate((text) => (document.documentElement.style.fontSize = text), size);
      await settled(page);
      expect(await tooWide(page), `${width} ${link} ${size}`).toEqual([]);
      const cut = await page.$$eval('.sizes', (boxes) =>
        boxes.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1).map((box) => box.outerHTML),
      );
      if (size === '') expect(cut, `${width} ${link}`).toEqual([]);
    }
  }
});
