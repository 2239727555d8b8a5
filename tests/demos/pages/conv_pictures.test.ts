// The explorer's pictures as they are drawn: what is never read, gradients and their checks, overlaps, groups, a filtered image.

import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { planesOf } from '../../../demos/conv/image.ts';
import { scene } from '../../../demos/conv/scene.ts';
import { open, type Opened } from './open.ts';

let opened: Opened;
let page: Page;
beforeAll(async () => {
  opened = await open('conv/#v=1&lang=en', {
    before: () => {
      // The two seconds between two messages to a screen reader are not waited for: frame.test.ts does.
      const later = window.setTimeout.bind(window) as (act: unknown, ms: number, ...given: unknown[]) => number;
      window.setTimeout = ((act: unknown, ms = 0, ...given: unknown[]) =>
        later(act, ms === 2000 ? 0 : ms, ...given)) as typeof setTimeout;
    },
  });
  ({ page } = opened);
});
afterEach(() => {
  const wrong = opened.wrong.splice(0);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});
afterAll(() => opened.close());

const show = (hash: string, lang = 'en'): Promise<void> => opened.hash(`v=1&lang=${lang}&theme=light${hash}`);
/** Without what only a screen reader hears. */
const texts = (selector: string): Promise<string[]> =>
  page.$$eval(selector, (found) => found.map((element) => element.firstChild?.textContent ?? ''));
const numbers = async (selector: string): Promise<number[]> =>
  (await texts(selector)).map((text) => Number(text.replace('−', '-')));
const live = (): Promise<string> => page.$eval('[aria-live=polite]', (element) => element.textContent);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('a remainder is floored: exactly what no window reads is hatched, and announced once', async () => {
  const never = (rows: string, columns: string): Record<string, string> => ({
    en: `${rows.split('/')[0]} and ${columns.split('/')[0]} of the padded input are never read.`,
    fr: `Ne sont jamais lues, dans l’entrée remplie\u202F: ${rows.split('/')[1]} et ${columns.split('/')[1]}.`,
  });
  const cases = [
    ['&h=6&w=6&pad=explicit&pt=1&pl=1&pb=1&pr=1', 8, 8, 2, 2, 3, 3, never('1 row/1 ligne', '1 column/1 colonne')],
    ['&h=5&w=8', 5, 8, 1, 3, 3, 2, never('0 rows/0 ligne', '2 columns/2 colonnes')],
    ['&h=8&w=6', 8, 6, 3, 2, 2, 2, never('2 rows/2 lignes', '1 column/1 colonne')],
  ] as const;
  for (const [link, rows, columns, sy, sx, oh, ow, said] of cases) {
    for (const lang of ['en', 'fr']) {
      await show(`${link}&sy=${sy}&sx=${sx}`, lang);
      await expect.poll(live, { timeout: 30_000 }).toBe(said[lang]);
      expect(await texts('[data-part=never]')).toEqual([said[lang]]);
    }
    expect(await page.$$eval('[data-axis]', (axes) => axes.map((axis) => (axis as HTMLElement).dataset.size))).toEqual(
      [oh, ow].map(String),
    );
    const found = await page.$$eval('[data-matrix=input] td', (cells) =>
      cells.map((cell) => ({
        at: `${cell.dataset.row},${cell.dataset.column}`,
        hatched: getComputedStyle(cell).backgroundImage.includes('repeating-linear-gradient'),
        marked: cell.dataset.marks!.split(' ').includes('never'),
      })),
    );
    // A window of 3 × 3 at every stride.
    const isRead = (at: number, stride: number, size: number): boolean =>
      range(size).some((i) => at >= i * stride && at < i * stride + 3);
    expect(found).toEqual(
      range(rows * columns).map((i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const unread = !isRead(row, sy, oh) || !isRead(column, sx, ow);
        return { at: `${row},${column}`, hatched: unread, marked: unread };
      }),
    );
  }
  await page.$eval('[aria-live=polite]', (element) => element.replaceChildren());
  await page.keyboard.press('PageDown');
  await page.waitForFunction(() => document.querySelector('.stepper .count')?.textContent?.includes('2'));
  expect(await live(), 'a step is no news of it').toBe('');
});

test('impossible parameters keep the last picture with their numbers', async () => {
  await show('&h=5&w=5');
  await show('&kh=4&dy=2');
  expect(await texts('[data-part=impossible]')).toEqual([
    'The effective kernel d(k−1)+1 = 7 exceeds the padded input 5, height.',
  ]);
  expect(await page.$('.dimmed [data-matrix=input]')).not.toBeNull();
  await show('&kh=4&dy=2', 'fr');
  expect((await texts('[data-part=impossible]'))[0]).toContain('dépasse l’entrée remplie');
});

test('∂L/∂W is summed product by product, and any weight, bias or input is held against a difference', async () => {
  const link = `&h=4&w=4&bias=1&x=1x4x4:${range(16)
    .map((i) => i + 1)
    .join()}&k=1x1x3x3:0,-1,0,-1,5,-1,0,-1,0&loss=own&t=1x2x2:1,2,3,4`;
  // dY · (1, 2, 5, 6), the elements under the first weight.
  for (const [step, sum] of [1, 5, 20, 44].entries()) {
    await show(`${link}&tab=dw&grain=product&step=${step}`);
    expect((await texts('[data-matrix=weightGradient] td')).slice(0, 2)).toEqual([String(sum), '']);
  }
  await show(`${link}&tab=dw&step=8`);
  // dW[i, j] is Σ dY[a, b] · X[i + a, j + b], where X counts from 1 in rows of four.
  const slopes = [1, 2, 3, 4];
  expect(await numbers('[data-matrix=weightGradient] td')).toEqual(
    range(9).map((w) =>
      slopes.reduce((sum, dy, o) => {
        const [row, column] = [Math.floor(w / 3) + Math.floor(o / 2), (w % 3) + (o % 2)];
        return sum + dy * (4 * row + column + 1);
      }, 0),
    ),
  );
  expect(await numbers('[data-matrix=biasGradient] td')).toEqual([10]);
  const agrees = async (analytic: number): Promise<void> => {
    await page.waitForSelector(`[data-analytic="${analytic}"]`);
    const { said, numeric } = await page.$eval('[data-analytic]', (element) => ({
      said: element.textContent,
      numeric: Number((element as HTMLElement).dataset.numeric),
    }));
    expect(said).toMatch(
      new RegExp(`2ε = ${analytic}, by the formula ${analytic}: they differ by [\\d.]+(E[−-]\\d+)?\\.$`),
    );
    expect(Math.abs(numeric - analytic)).toBeLessThan(1e-6);
  };
  await page.click('[data-matrix=weightGradient] [data-w="4"]');
  await agrees(94);
  await page.click('[data-matrix=biasGradient] [data-b="0"]');
  await agrees(10);
  await page.select('[data-part=check] select', 'k0');
  await agrees(44);
  await show(`${link}&tab=dx&step=3`);
  // X[2, 2] is under the kernel's corner, two of its sides and its middle.
  await page.click('[data-matrix=inputGradient] [data-x="10"]');
  await agrees(0 - 2 - 3 + 4 * 5);
});

describe('a transposed convolution', () => {
  test('gives the same numbers painted, by zeros in between and by its matrix', async () => {
    const [cin, h, w, cout, kh, kw, sy, sx, top] = [2, 2, 3, 2, 3, 2, 2, 3, 1];
    const x = range(cin * h * w).map((i) => i + 1);
    const k = range(cin * cout * kh * kw).map((i) => ((7 * i) % 5) - 2);
    const [oh, ow] = [sy * (h - 1) + kh - top, sx * (w - 1) + kw];
    const wanted = range(cout * oh * ow).map(() => 0);
    for (const c of range(cin))
      for (const i of range(h))
        for (const j of range(w))
          for (const oc of range(cout))
            for (const ki of range(kh))
              for (const kj of range(kw)) {
                const [row, column] = [sy * i + ki - top, sx * j + kj];
                if (row >= 0)
                  wanted[(oc * oh + row) * ow + column]! +=
                    x[(c * h + i) * w + j]! * k[((c * cout + oc) * kh + ki) * kw + kj]!;
              }
    const link = `&op=transposed&tab=transposed&cin=2&cout=2&h=2&w=3&kh=3&kw=2&sy=2&sx=3&pad=explicit&pt=1&x=2x2x3:${x.join()}&k=2x2x3x2:${k.join()}`;
    for (const view of ['scatter', 'insert', 'matrix']) {
      await show(`${link}&view=${view}&step=9999`);
      expect(await numbers('[data-matrix=output] td[data-o]'), view).toEqual(wanted);
    }
    expect(
      await page.$eval('[data-part=views-agree]', (element) => Number((element as HTMLElement).dataset.difference)),
    ).toBe(0);
  });

  test('has a map of overlaps: a checkerboard where the stride does not divide the kernel', async () => {
    for (const kernel of [3, 2]) {
      await show(`&op=transposed&tab=transposed&h=3&w=3&kh=${kernel}&kw=${kernel}&sy=2&sx=2`);
      const line = range(2 * 2 + kernel).map((at) => range(3).filter((i) => at >= 2 * i && at < 2 * i + kernel).length);
      const wanted = line.flatMap((rows) => line.map((columns) => rows * columns));
      expect(await numbers('[data-matrix=overlap] td')).toEqual(wanted);
      const colours = await page.$$eval('[data-matrix=overlap] td', (cells) =>
        cells.map((cell) => getComputedStyle(cell).backgroundColor),
      );
      const byCount = new Map(wanted.map((count, i) => [count, colours[i]!]));
      expect(colours).toEqual(wanted.map((count) => byCount.get(count)));
      expect(new Set(byCount.values()).size, 'a colour for each count').toBe(kernel === 3 ? 3 : 1);
    }
  });
});

test('groups are wired by colours and letters, and parameters and products follow', async () => {
  const counts = (): Promise<string[]> =>
    page.$eval('[data-part=counts]', (element) => {
      const { parameters, macs } = (element as HTMLElement).dataset;
      return [parameters!, macs!, element.textContent];
    });
  await show('&cin=4&cout=4');
  expect(await counts()).toEqual(['144', '1296', '144 parameters, 1,296 multiply-adds']);
  expect(await page.$('.wiring')).toBeNull();
  for (const [groups, parameters, macs, letters] of [
    [2, 72, 648, 'AABB'],
    [4, 36, 324, 'ABCD'],
  ] as const) {
    await show(`&cin=4&cout=4&g=${groups}`);
    expect(await counts()).toEqual([`${parameters}`, `${macs}`, `${parameters} parameters, ${macs} multiply-adds`]);
    const drawn = await page.evaluate(() => {
      const named = [...document.querySelectorAll('.wiring .wire-letter')].map((letter) => ({
        letter: letter.textContent,
        name: letter.nextElementSibling!.textContent!,
        y: letter.getAttribute('y'),
        colour: getComputedStyle(letter.previousElementSibling!).fill,
      }));
      const wires = [...document.querySelectorAll('.wiring line')].map((line) => ({
        from: line.getAttribute('y1'),
        to: line.getAttribute('y2'),
        colour: getComputedStyle(line).stroke,
      }));
      return { named, wires };
    });
    const side = (word: string) =>
      drawn.named.filter(({ name }) => name.startsWith(word)).toSorted((a, b) => Number(a.y) - Number(b.y));
    const [inputs, outputs] = [side('in'), side('out')];
    for (const ends of [inputs, outputs]) expect(ends.map(({ letter }) => letter).join('')).toBe(letters);
    const key = ({ from, to, colour }: (typeof drawn.wires)[number]): string => `${from} ${to} ${colour}`;
    const wanted = inputs.flatMap((from) =>
      outputs.filter((to) => to.letter === from.letter).map((to) => key({ from: from.y, to: to.y, colour: to.colour })),
    );
    expect(drawn.wires.map(key).toSorted()).toEqual(wanted.toSorted());
    expect(new Set(drawn.named.map(({ colour }) => colour)).size, 'a colour for each group').toBe(groups);
  }
});

test('a filtered image shows what its choice of range says, and says it', async () => {
  const grey = planesOf(scene(), 'grey').values;
  const colours = planesOf(scene(), 'channels').values;
  const alike = (values: ArrayLike<number>): number[] => Array.from(values).flatMap((value) => [value, value, value]);
  const [least, greatest] = [grey.reduce((a, b) => Math.min(a, b)), grey.reduce((a, b) => Math.max(a, b))];
  const sums = range(192 * 192).map((i) => colours[3 * i]! + colours[3 * i + 1]! + colours[3 * i + 2]!);
  const cases: [string, string, ArrayLike<number>][] = [
    ['-2&range=clamp', 'Below 0 shows black, above 255 white.', alike(grey.map(() => 0))],
    [
      '-2&range=absolute',
      'The sign is dropped: black is 0, white is 255 and more.',
      alike(grey.map((value) => 2 * value)),
    ],
    [
      '-2&range=normalise',
      `Black is the least value, −${2 * greatest}; white the greatest, ${least === 0 ? '−0' : `−${2 * least}`}.`,
      alike(grey.map((value) => (255 * (greatest - value)) / (greatest - least))),
    ],
    ['1&range=clamp&colour=channels', 'Below 0 shows black, above 255 white.', colours],
    ['1&range=clamp&colour=sum', 'Below 0 shows black, above 255 white.', alike(sums)],
  ];
  /** One number for all pixels, which takes their places into account. */
  const digest = (data: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum = (31 * sum + data[i]!) % 1_000_003;
    return sum;
  };
  await page.evaluate(`window.digest = ${String(digest)}`);
  for (const [link, legend, pixels] of cases) {
    await show(`&tab=image&device=cpu&kh=1&kw=1&k=1x1x1x1:${link}`);
    const seen = (): Promise<number | null> =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('[data-device] canvas');
        if (!canvas) return null;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        const { digest: of } = window as unknown as { digest: typeof digest };
        return of(data.filter((_, i) => i % 4 < 3));
      });
    await expect.poll(seen, { timeout: 30_000, message: link }).toBe(digest(Uint8ClampedArray.from(pixels)));
    expect(await texts('[data-device] .hint')).toEqual([legend]);
  }
});
