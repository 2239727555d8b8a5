// What the explorer says and lets be done on every tab: formulas with their numbers, padding by name, arcs, counts, colours
// that can be read, every number its reader's own, and all of it by keys and on a phone.

import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { axeViolations, clipped, keyboardGaps, tooWide } from './checks.ts';
import { open, settled, type Opened } from './open.ts';

let opened: Opened;
let page: Page;
beforeAll(async () => {
  opened = await open('conv/#v=1&lang=en');
  ({ page } = opened);
});
afterEach(() => {
  const wrong = opened.wrong.splice(0);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});
afterAll(() => opened.close());

const show = (hash: string): Promise<void> => opened.hash(`v=1&lang=en&theme=light${hash}`);
const textsOf = (selector: string): Promise<string[]> =>
  page.$$eval(selector, (found) => found.map((element) => element.textContent.replace(/\s+/g, ' ').trim()));
const link = (): Promise<string> => page.evaluate(() => location.hash);

/** Types a value into a cell of a matrix. */
async function fill(matrix: string, value: string): Promise<void> {
  await page.focus(`[data-matrix=${matrix}] [role=gridcell]`);
  await page.keyboard.type(value);
  await page.keyboard.press('Enter');
  await settled(page);
}

test('the size is a formula with the numbers in it, in the long form and in the lecture’s', async () => {
  const six = '&h=6&w=6&pad=explicit&pt=1&pl=1&pb=1&pr=1&sy=2&sx=2';
  const formula = async (): Promise<string> => (await textsOf('.size[data-axis="0"]'))[0]!.replace(/ /g, '');
  await show(six);
  expect(await formula()).toMatch(/⌊.*⌋\+1=⌊6\+1\+1−1·2−12⌋\+1=3$/);
  await page.click('[data-part=simple] input');
  await settled(page);
  expect(await formula()).toMatch(/n\+2p−fs.*6\+2·1−32.*=3$/);
  await show('&tab=transposed&op=transposed&h=3&w=3&sy=2&sx=2');
  expect(await formula()).toMatch(/=2·2\+1·2\+1.*=7$/);
});

test('products with padding are named so, and padding in a mirror has an arc to what it shows', async () => {
  await show('&pad=same&step=0');
  const terms = await page.$$eval('.equation .term', (found) =>
    found.map((term) => ({
      pad: term.classList.contains('pad'),
      named: term.ariaLabel!.endsWith('padding') && (term as HTMLElement).title === 'padding',
      colour: getComputedStyle(term).color,
    })),
  );
  expect(terms.map(({ pad }) => pad)).toEqual([true, true, true, true, false, false, true, false, false]);
  for (const { pad, named, colour } of terms) {
    expect(named).toBe(pad);
    expect(colour === terms[0]!.colour).toBe(pad);
  }
  for (const [mode, from] of [
    ['reflect', '&tab=dx'],
    ['replicate', ''],
    ['circular', '&tab=dx'],
  ]) {
    await show(`&h=3&w=3&pad=same&mode=${mode}&step=0${from}`);
    expect(await page.$$eval('.arcs path[marker-end]', (arcs) => arcs.length), mode).toBe(5);
  }
});

test('im2col says its shape, how often each value is repeated and what that would weigh', async () => {
  await show('&tab=gemm&h=6&w=6');
  expect(await textsOf('[data-matrix=columns] .shape')).toEqual(['9 × 16']);
  expect(await textsOf('[data-part=duplication]')).toEqual([expect.stringMatching(/36 values .* 144, ×4\.0.*9\.4 MB/)]);
  // What is only read is a table; what can be edited is a grid with one Tab stop.
  const roles = await page.$$eval('[data-matrix]', (all) =>
    all.map((one) => [
      (one as HTMLElement).dataset.matrix!,
      [
        one.querySelector('[role=grid]') ? 'grid' : one.querySelector('table')!.tagName.toLowerCase(),
        one.querySelectorAll('[tabindex="0"]').length,
      ],
    ]),
  );
  expect(Object.fromEntries(roles)).toEqual({
    columns: ['table', 0],
    input: ['grid', 1],
    kernel: ['grid', 1],
    output: ['table', 0],
    product: ['table', 0],
    weightRows: ['table', 0],
  });
});

test('a slider over all steps, dragged back, takes back; speeds go from a quarter to eight', async () => {
  await show('&grain=product');
  const sum = (): Promise<string> => page.$eval('.equation strong', (element) => element.textContent);
  const go = async (step: number): Promise<string> => {
    await page.$eval(
      '.stepper input[type=range]',
      (slider, value) => {
        (slider as HTMLInputElement).value = String(value);
        slider.dispatchEvent(new Event('input'));
      },
      step,
    );
    await settled(page);
    return sum();
  };
  const [third, ninth] = [await go(2), await go(8)];
  expect(third).not.toBe(ninth);
  expect(await page.$$eval('.term:not(.todo)', (done) => done.length)).toBe(9);
  expect(await go(2)).toBe(third);
  expect(await page.$$eval('.term:not(.todo)', (done) => done.length)).toBe(3);
  expect(await textsOf('.speed option')).toEqual(['0.25×', '0.5×', '1×', '2×', '4×', '8×']);
  expect(await page.$('.icon-pause'), 'nothing plays by itself').toBeNull();
});

test('the bias and the gradient of the output are the reader’s too', async () => {
  await show('&bias=1');
  await fill('bias', '4');
  expect(await page.$eval('.equation .bias', (bias) => bias.textContent)).toBe('4');
  await show('&tab=dw&bias=1');
  expect(
    (await textsOf('[data-matrix=gradient] td')).map((text) => text[0]),
    'ones until told',
  ).toEqual(Array<string>(9).fill('1'));
  const sum = async (): Promise<number> => Number.parseInt((await textsOf('[data-matrix=biasGradient] td'))[0]!);
  expect(await sum()).toBe(9);
  await page.select('[data-part=loss] select', 'own');
  await settled(page);
  await fill('gradient', '5');
  expect(await sum()).toBe(13);
});

test('a seed is its numbers: new ones are a link of their own, which gives them again', async () => {
  await show('&quiz=out');
  const numbers = (): Promise<string> =>
    page.$$eval('[data-matrix=input] td', (cells) => cells.map(({ firstChild }) => firstChild!.textContent).join(' '));
  const seed = (): Promise<string[]> => textsOf('[data-part=seed]');
  const first = await numbers();
  expect(await seed()).toEqual(['seed 1']);
  expect(first).toBe('6 1 8 0 9 1 0 4 8 8 8 3 9 7 8 0 2 8 6 6 2 7 8 8 6');
  expect(await textsOf('[data-matrix=kernel] td')).toEqual('−2 0 −2 −2 −1 −2 −2 2 2'.split(' '));
  await page.$$eval('button', (all) => all.find(({ textContent }) => textContent === 'New numbers')!.click());
  await page.waitForFunction(() => location.hash.includes('seed='));
  const second = await numbers();
  expect(await seed()).toEqual(['seed 2']);
  expect(second).not.toBe(first);
  const again = await link();
  await opened.load(`conv/${again}`);
  expect(await numbers()).toBe(second);
});

test('an exercise of sizes judges both of them', async () => {
  await show('&quiz=size&h=7');
  for (const [i, size] of ['5', '4'].entries()) {
    const fields = await page.$$('[data-answer] input');
    await fields[i]!.click({ count: 3 });
    await page.keyboard.type(size);
    await page.keyboard.press('Enter');
    await settled(page);
  }
  expect(await page.$$eval('[data-answer]', (all) => all.map((one) => (one as HTMLElement).dataset.answer))).toEqual([
    'right',
    'wrong',
  ]);
});

test('digits can be read on every shade of the map, and large maps follow the theme', async () => {
  for (const theme of ['light', 'dark', 'projector']) {
    await opened.hash(`v=1&lang=en&theme=${theme}&h=3&w=3&kh=2&kw=2`);
    await page.waitForSelector('[data-agrees=cpu]');
    await page.$eval('[data-matrix=product] tbody', (body) => {
      const row = body.querySelector('tr')!;
      for (const sign of ['+', '-'])
        for (let shade = 10; shade <= 100; shade += 10) {
          const copy = row.cloneNode(true) as HTMLElement;
          copy.replaceChildren(copy.querySelector('td')!);
          for (const cell of copy.querySelectorAll('td')) {
            cell.className = '';
            cell.dataset.sign = sign;
            cell.style.setProperty('--tint', `${shade}%`);
            cell.textContent = '7';
          }
          body.append(copy);
        }
    });
    expect(await axeViolations(page, ['color-contrast']), theme).toEqual([]);
    expect(await page.$$eval('[data-matrix=product] tr', (rows) => rows.length), 'they were there').toBe(21);
  }
  const seen: string[] = [];
  for (const theme of ['light', 'dark']) {
    await opened.hash(`v=1&lang=en&theme=${theme}&h=9&w=9&step=30`);
    seen.push(await page.$eval('[data-matrix=columns] canvas', (canvas) => (canvas as HTMLCanvasElement).toDataURL()));
  }
  expect(seen[0]).not.toBe(seen[1]);
});

test('a large map rules what is below zero, so that the sign can be read without its colours', async () => {
  const x = Array.from({ length: 81 }, (_, i) => (i % 3) - 1 + (i % 5));
  x[40] = -9;
  const signs = x.map((value, i) => (i % 2 === 0 ? value : -value));
  for (const theme of ['light', 'dark', 'projector']) {
    await opened.hash(`v=1&lang=en&theme=${theme}&h=9&w=9&step=30&x=1x9x9:${signs.join(',')}`);
    const { cells, sides, colours, zero } = await page.$eval('[data-matrix=columns] canvas', (element) => {
      const canvas = element as HTMLCanvasElement;
      const pen = canvas.getContext('2d')!;
      const luminance = (at: number, data: Uint8ClampedArray): number => {
        const [r, g, b] = [0, 1, 2].map((k) => {
          const share = data[at + k]! / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        }) as [number, number, number];
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const [width, height] = [canvas.width / 49, canvas.height / 9];
      const found = Array.from({ length: 441 }, (_, i) => {
        const { data } = pen.getImageData(width * (i % 49), height * Math.floor(i / 49), width, height);
        const all = Array.from({ length: width * height }, (__, p) => luminance(4 * p, data));
        return (Math.max(...all) + 0.05) / (Math.min(...all) + 0.05);
      });
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = 'var(--zero)';
      const { color } = getComputedStyle(probe);
      probe.remove();
      const first = found.map((_, i) => pen.getImageData(width * (i % 49), height * Math.floor(i / 49), 1, 1).data);
      return {
        cells: found,
        sides: [width, height],
        colours: first.map((data) => `rgb(${data.slice(0, 3).join(', ')})`),
        zero: color,
      };
    });
    expect(sides).toEqual([3, 3]);
    // Row ky·3 + kx, column oy·7 + ox.
    const values = cells.map((_, i) => {
      const [tap, place] = [Math.floor(i / 49), i % 49];
      return signs[(Math.floor(place / 7) + Math.floor(tap / 3)) * 9 + (place % 7) + (tap % 3)]!;
    });
    const below = values.map((value) => value < 0);
    expect(new Set(below).size, 'both signs are there').toBe(2);
    expect(cells.map((contrast) => contrast > 1.001)).toEqual(below);
    expect(Math.min(...cells.filter((contrast) => contrast > 1.001)), theme).toBeGreaterThan(3);
    // The column of the step is marked.
    const neutral = colours.filter((_, i) => values[i] === 0 && i % 49 !== 30);
    expect(new Set(neutral), theme).toEqual(new Set([zero]));
  }
});

test('what is on other tabs is reached by keys alone, and fits a phone', async () => {
  for (const tab of ['gemm', 'dx', 'dw', 'transposed', 'image', 'stack']) {
    await page.setViewport({ width: 1280, height: 800 });
    const op = tab === 'transposed' ? '&op=transposed' : '';
    await opened.hash(`v=1&lang=fr&theme=light&device=cpu&h=3&w=3&kh=2&kw=2&tab=${tab}${op}`);
    if (tab === 'image') await page.waitForSelector('[data-device] canvas');
    // The controls of the others are those that every page's test reaches.
    if (['dw', 'transposed', 'image', 'stack'].includes(tab)) expect(await keyboardGaps(page), tab).toEqual([]);
    await page.setViewport({ width: 360, height: 640 });
    await settled(page);
    expect(await tooWide(page), tab).toEqual([]);
    expect(await clipped(page), tab).toEqual([]);
  }
});
