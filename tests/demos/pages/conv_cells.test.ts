// Cells of the explorer's pictures in the browser: what a term lights, which number an edit changes, what large matrices
// show, what a pixel opens, and the picture that stays while parameters have none.

import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { planesOf, windowOf } from '../../../demos/conv/image.ts';
import { fields } from '../../../demos/conv/page_state.ts';
import { scene } from '../../../demos/conv/scene.ts';
import { settled as whole, type ConvState } from '../../../demos/conv/state.ts';
import { parse } from '../../../demos/shared/state.ts';
import { stateOf } from '../conv_states.ts';
import { open, settled, type Opened } from './open.ts';

let opened: Opened;
let page: Page;
beforeAll(async () => {
  opened = await open('conv/#v=1&lang=en&device=cpu');
  ({ page } = opened);
});
afterEach(() => {
  const wrong = opened.wrong.splice(0);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});
afterAll(() => opened.close());

const show = (hash: string): Promise<void> => opened.hash(`v=1&lang=en&theme=light&device=cpu${hash}`);
const textsOf = (selector: string): Promise<string[]> =>
  page.$$eval(selector, (found) => found.map((element) => element.textContent.replace(/\s+/g, ' ').trim()));
/** The state of the present link, its matrices as the pages fill them up. */
const state = async (): Promise<ConvState> =>
  whole(parse(fields, await page.evaluate(() => location.hash.slice(1))).state as ConvState);

/** Focuses or points at an element, and reads at once which cells and terms are lit. */
const lit = (selector: string, event: 'focusin' | 'mouseover', nth = 0): Promise<Record<string, string[]>> =>
  page.evaluate(
    (wanted, type, at) => {
      const from = document.querySelectorAll<HTMLElement>(wanted)[at]!;
      from.dispatchEvent(new Event(type, { bubbles: true }));
      const found: Record<string, string[]> = { term: [], input: [], kernel: [], others: [] };
      for (const one of document.querySelectorAll<HTMLElement>('.pictures .linked')) {
        const matrix = one.closest<HTMLElement>('[data-matrix]')?.dataset.matrix ?? 'term';
        const kind = matrix in found ? matrix : 'others';
        found[kind]!.push(matrix === 'kernel' ? one.dataset.w! : (one.dataset.link ?? `w${one.dataset.w}`));
      }
      return found;
    },
    selector,
    event,
    nth,
  );

const two =
  '&h=3&w=3&kh=2&kw=2&cin=2&cout=2&bias=1&x=2x3x3:1,2,3,4,5,6,7,8,9,-1,-2,-3,-4,-5,-6,-7,-8,-9' +
  '&k=2x2x2x2:1,1,1,1,1,1,1,1,2,-1,0.5,3,-2,4,1,0&b=2:5,-7&step=5';

test('the equation has every product, the bias and the result, and each term its two cells', async () => {
  await show(two);
  const [equation] = await textsOf('.equation');
  const [left, ...terms] = equation!.split(/ = | \+ /);
  // Output 5 is the second filter's, over columns 2 and 3 of the first two rows: its products in whichever order.
  expect(left).toBe('y[1,0,1]');
  expect(terms.at(-1)).toBe('1.5');
  expect(terms.at(-2)).toBe('(−7)');
  const products = ['2·2', '3·(−1)', '5·0.5', '6·3', '(−2)·(−2)', '(−3)·4', '(−5)·1', '(−6)·0'];
  expect(terms.slice(0, -2).toSorted()).toEqual(products.toSorted());
  const links = await page.$$eval('.equation .term', (all) =>
    (all as HTMLElement[]).map(({ dataset }) => [dataset.link!, dataset.w!] as const),
  );
  for (const [i, [link, w]] of links.entries()) {
    const found = await lit('.equation .term', 'focusin', i);
    expect(found).toMatchObject({ term: [link], input: [link], kernel: [w] });
    // The same element where the matrix of columns repeats it, the same weight in its row.
    expect(found.others!.every((one) => one === link || one === `w${w}`)).toBe(true);
    expect(found.others).toContain(`w${w}`);
    const cell = await lit(`[data-matrix=input] td[data-link="${link}"]`, 'mouseover');
    expect(cell).toMatchObject({ term: [link], input: [link], kernel: [w] });
    expect((await lit(`[data-matrix=kernel] td[data-w="${w}"]`, 'mouseover')).term).toEqual([link]);
  }
});

test('a finger on a term lights its cells, and one on a cell its term', async () => {
  await opened.load(`conv/#v=1&lang=en&theme=light&device=cpu${two}`, { width: 390, height: 844, touch: true });
  await page.waitForSelector('[data-agrees=cpu]');
  await page.tap('.equation .term:nth-of-type(3)');
  const [link] = await page.$$eval('.equation .term.linked', (all) =>
    (all as HTMLElement[]).map(({ dataset }) => dataset.link!),
  );
  expect(
    await page.$$eval('[data-matrix=input] .linked', (all) => all.map((one) => (one as HTMLElement).dataset.link)),
  ).toEqual([link]);
  await page.tap('[data-matrix=kernel] td[data-w="8"]');
  await page.waitForFunction(() => document.querySelector<HTMLElement>('.term.linked')?.dataset.w === '8');
  await opened.load('conv/#v=1&lang=en&theme=light&device=cpu');
});

test('an edit of any cell changes its own number of the link, and no other', async () => {
  for (const [hash, matrix, which, row, column, key, flat] of [
    ['&h=3&w=3&cin=2&pad=same', 'input', 1, 3, 3, 'x', 17],
    ['&h=3&w=3&kh=2&kw=2&cin=4&cout=4&g=2&step=15', 'kernel', 1, 1, 1, 'k', 31],
    ['&h=3&w=3&cout=2&bias=1', 'bias', 0, 0, 1, 'b', 1],
    ['&h=3&w=3&kh=2&kw=2&cout=2&tab=dx&loss=own', 'gradient', 1, 1, 1, 't', 7],
    ['&h=3&w=3&kh=2&kw=2&cout=2&tab=dx&loss=mse', 'target', 1, 1, 1, 't', 7],
  ] as const) {
    await show(hash);
    const before = await state();
    await page.evaluate(
      (name, part, r, c) => {
        const figure = document.querySelectorAll(`[data-matrix=${name}]`)[part]!;
        figure.querySelectorAll('tr')[r]!.querySelectorAll<HTMLElement>('[role=gridcell]')[c]!.focus();
      },
      matrix,
      which,
      row,
      column,
    );
    await page.keyboard.type('77');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await state())[key].values[flat], { timeout: 30_000 }).toBe(77);
    const size = { x: 18, k: 32, b: 2, t: 8 }[key];
    const old =
      before[key].values.length > 0 ? before[key].values : Array<number>(size).fill(matrix === 'gradient' ? 1 : 0);
    expect((await state())[key].values, matrix).toEqual(old.with(flat, 77));
  }
});

test('another target is another gradient', async () => {
  await show('&h=2&w=2&kh=1&kw=1&x=1x2x2:6,7,10,11&k=1x1x1x1:1&tab=dx&loss=mse');
  const gradient = (): Promise<string[]> =>
    page.$$eval('[data-matrix=gradient] td', (all) => all.map((one) => one.firstChild!.textContent ?? ''));
  expect(await gradient()).toEqual(['3', '3.5', '5', '5.5']);
  await page.focus('[data-matrix=target] [role=gridcell]');
  await page.keyboard.type('8');
  await page.keyboard.press('Enter');
  await expect.poll(gradient, { timeout: 30_000 }).toEqual(['−1', '3.5', '5', '5.5']);
});

test('steps taken back leave later results blank', async () => {
  const outputs = (): Promise<string[]> => textsOf('[data-matrix=output] td');
  const blank = async (): Promise<number[]> =>
    (
      await page.$$eval('[data-matrix=output] td', (all) => all.map((one) => one.firstChild?.textContent ?? ''))
    ).flatMap((text, i) => (/\d/.test(text) ? [] : [i]));
  await show('&h=4&w=4&step=3');
  expect(await blank(), String(await outputs())).toEqual([]);
  await page.keyboard.press('PageUp');
  await expect.poll(blank, { timeout: 30_000 }).toEqual([3]);
  await page.keyboard.press('Home');
  await expect.poll(blank, { timeout: 30_000 }).toEqual([1, 2, 3]);
});

test('beyond 400 cells a matrix is a map of colours, with digits around the focus; groups have their own shape', async () => {
  const canvases = (): Promise<number> => page.$$eval('[data-matrix=columns] canvas', (all) => all.length);
  await show('&h=8&w=8&kh=4&kw=4');
  expect([await textsOf('[data-matrix=columns] .shape'), await canvases()]).toEqual([['16 × 25'], 0]);
  const x = Array.from({ length: 77 }, (_, i) => i + 1);
  await show(`&h=7&w=11&x=1x7x11:${x.join()}&step=20`);
  expect([await textsOf('[data-matrix=columns] .shape'), await canvases()]).toEqual([['9 × 45'], 1]);
  // Rows 0 to 4 are the kernel's first row and two of its second; column 20 is the window at row 2, column 2.
  const rows = [0, 1, 2, 3, 4].map((row) =>
    [17, 18, 19, 20, 21, 22, 23].map((position) => {
      const [top, left] = [Math.floor(position / 9) + Math.floor(row / 3), (position % 9) + (row % 3)];
      return String(x[top * 11 + left]);
    }),
  );
  const shown = await page.$$eval('[data-matrix=columns] tr', (all) =>
    all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)),
  );
  expect(shown).toEqual(rows);
  await show('&cin=4&cout=2&g=2');
  expect(await textsOf('[data-matrix=columns] .shape')).toEqual(['18 × 9']);
});

test('the formula of the size has both axes, each with its own numbers', async () => {
  await show('&h=6&w=9&kh=3&kw=2&sy=2&sx=3&dx=2&pad=explicit&pt=1&pb=0&pl=2&pr=1');
  const formulas = (await textsOf('.size')).map((text) => text.replace(/ /g, ''));
  expect(formulas).toEqual([
    expect.stringMatching(/⌊H\+pt\+pb−d\(k−1\)−1s⌋\+1=⌊6\+1\+0−1·2−12⌋\+1=3$/),
    expect.stringMatching(/⌊W\+pl\+pr−d\(k−1\)−1s⌋\+1=⌊9\+2\+1−2·1−13⌋\+1=4$/),
  ]);
});

test('while parameters have no picture the last one stays as it was, dimmed and out of reach', async () => {
  const pictures = (): Promise<string[]> =>
    page.$$eval('[data-matrix]', (all) => all.map((one) => one.textContent.replace(/\s+/g, ' ')));
  await show('&h=5&w=6&cin=2&bias=1&step=4');
  const before = await pictures();
  await show('&h=5&w=6&cin=2&bias=1&step=4&kh=4&dy=2');
  expect(await pictures()).toEqual(before);
  const dimmed = await page.$eval('.dimmed', (element) => [
    Number(getComputedStyle(element).opacity),
    (element as HTMLElement).inert,
    document.querySelectorAll('[data-matrix]').length === element.querySelectorAll('[data-matrix]').length,
  ]);
  expect(dimmed).toEqual([expect.closeTo(0.5, 0), true, true]);
  expect(dimmed[0]).toBeLessThan(0.9);
});

test('a click on a pixel opens its window with the picture’s values, of three channels where they are summed', async () => {
  await show('&tab=image&colour=sum');
  await page.waitForSelector('[data-device] canvas');
  const box = (await (await page.$('.image-tab canvas[tabindex="0"]'))!.boundingBox())!;
  const [row, column] = [20, 150];
  await page.mouse.click(box.x + ((column + 0.5) / 192) * box.width, box.y + ((row + 0.5) / 192) * box.height);
  await page.waitForSelector('[data-matrix=input]');
  const wanted = windowOf(stateOf({ colour: 'sum' }), planesOf(scene(), 'sum'), [row, column]).x!;
  await expect.poll(async () => (await state()).x, { timeout: 30_000 }).toEqual(wanted);
  expect(wanted.shape).toEqual([3, 3, 3]);
  const cells = await page.$$eval('[data-matrix=input] td', (all) =>
    all.map((one) => one.firstChild!.textContent ?? ''),
  );
  expect(cells.map(Number)).toEqual(wanted.values);
});

test('the code of each library is copied as it stands, with decimal dots also where the page speaks French', async () => {
  await opened.hash('v=1&lang=fr&device=cpu&h=3&w=3&kh=2&kw=2&k=1x1x2x2:0.5,-0.25,1,2');
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', {
      configurable: true,
      value: { writeText: (text: string) => (Object.assign(window, { copied: text }), Promise.resolve()) },
    });
  });
  for (const [name, first] of [
    ['PyTorch', 'import torch'],
    ['Keras', 'import numpy'],
    ['Retrograd', 'import { evaluateGraph'],
  ] as const) {
    const copied = await page.evaluate(async (wanted) => {
      const buttons = (): HTMLButtonElement[] => [
        ...document.querySelectorAll<HTMLButtonElement>('[data-part=code] button'),
      ];
      buttons()
        .find(({ textContent }) => textContent.includes(wanted))!
        .click();
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      buttons().at(-1)!.click();
      return [
        (window as unknown as { copied: string }).copied,
        document.querySelector('[data-part=code] pre')!.textContent,
      ];
    }, name);
    expect(copied[0]).toBe(copied[1]);
    expect(copied[0]!.startsWith(first), copied[0]).toBe(true);
    expect(copied[0]).toContain('[0.5, -0.25');
    expect(copied[0]).not.toMatch(/\d,\d/);
  }
  await settled(page);
});
