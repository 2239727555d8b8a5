// The convolution explorer in the browser: what every step shows, what edits, links, keys and exercises do.

import type { Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fields, presetState, start } from '../../../demos/conv/page_state.ts';
import { presets } from '../../../demos/conv/presets.ts';
import { serialise } from '../../../demos/shared/state.ts';
import { open, settled, type Opened } from './open.ts';

const linkOf = (id: string, more = ''): string => {
  const preset = presets.find((one) => one.id === id)!;
  return `${serialise(fields, { ...start, ...presetState(preset) })}${more}`;
};
const textOf = (page: Page, selector: string): Promise<string[]> =>
  page.$$eval(selector, (found) => found.map((element) => element.textContent ?? ''));

let opened: Opened;
beforeAll(async () => {
  opened = await open('conv/');
});
afterAll(() => opened.close());

async function onPage(hash: string, work: (opened: Opened) => Promise<void>): Promise<void> {
  await opened.load(`conv/#v=1&theme=light&${hash}`);
  await work(opened);
  expect(opened.wrong.splice(0)).toEqual([]);
}

test('in every preset all pictures show the same window', async () => {
  await onPage('lang=en', async ({ page, hash }) => {
    for (const { id, state } of presets) {
      if (state.op === 'transposed') continue;
      await hash(linkOf(id, '&tab=window'));
      const wrong = await page.evaluate(async () => {
        const found: string[] = [];
        const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
        const places = (cells: HTMLElement[]) =>
          cells
            .map((cell) => cell.dataset.link)
            .sort((one, other) => (one! < other! ? -1 : 1))
            .join(' ');
        const slider = document.querySelector<HTMLInputElement>('.stepper input[type=range]')!;
        const steps = Number(slider.max) + 1;
        // All steps of all presets are compared without a page (conv_figures.test.ts); here, four of each as drawn.
        const stride = Math.max(1, Math.ceil((steps - 1) / 3));
        for (let at = 0; at < steps + stride - 1; at += stride) {
          const step = Math.min(at, steps - 1);
          slider.value = String(step);
          slider.dispatchEvent(new Event('input'));
          await frame();
          const now = all('[data-matrix=output] .current');
          const window = all('[data-matrix=input] .in-window');
          const column = all('[data-matrix=columns] .in-window');
          const product = all('[data-matrix=product] .current');
          const row = all('[data-matrix=weightRows] .in-window');
          const [, oc] = (now[0]?.dataset.at ?? '').split(',');
          const large = document.querySelector<HTMLElement>('[data-matrix=columns] canvas');
          const positions =
            Number(now[0]?.closest<HTMLElement>('figure')?.dataset.rows) *
            Number(now[0]?.closest<HTMLElement>('figure')?.dataset.columns);
          const right =
            now.length === 1 &&
            Number(now[0]!.dataset.o) === step &&
            (large ? Number(large.dataset.column) === step % positions : places(column) === places(window)) &&
            (row.length === 0 ||
              (product.length === 1 &&
                product[0]!.dataset.at === now[0]!.dataset.at &&
                row.every((cell) => cell.dataset.oc === oc)));
          if (!right)
            found.push(
              `step ${step}: ${now[0]?.dataset.at} | ${places(window)} | ${places(column)} | ${product[0]?.dataset.at}`,
            );
        }
        return steps > 0 ? found : ['no steps'];
      });
      expect(wrong, id).toEqual([]);
    }
  });
});

test('the equation lists the products, and pointing at one shows its cells', async () => {
  await onPage(`lang=en&${linkOf('edge', '&step=1')}`, async ({ page }) => {
    const [equation] = await textOf(page, '.equation');
    expect(equation).toMatch(/^y\[0,0,1\] = 10·1 \+ 10·0 \+ 0·\(−1\) \+ .* = 30$/);
    // The engine's answer draws the page anew.
    await page.waitForSelector('[data-agrees=cpu]');
    await page.hover('.equation .term:nth-of-type(3)');
    await page.waitForSelector('td.linked');
    const linked = await page.$$eval('td.linked', (cells) =>
      cells.map((cell) => [
        cell.closest<HTMLElement>('figure')!.dataset.matrix,
        (cell as HTMLElement).dataset.link ?? (cell as HTMLElement).dataset.w,
      ]),
    );
    expect(linked).toContainEqual(['input', '0:0,3']);
    expect(linked).toContainEqual(['kernel', '2']);
    await page.mouse.move(0, 0);
    await page.waitForFunction(() => document.querySelector('.linked') === null);
    // A page behind another hears of no focus.
    await page.bringToFront();
    await page.focus('[data-matrix=kernel] td:nth-of-type(3)');
    await page.waitForSelector('.term.linked');
    expect(await textOf(page, '.term.linked')).toEqual(['0·(−1)']);
  });
});

test('cells are edited by keys, by commas and by blocks, and the link follows', async () => {
  await onPage('lang=fr', async ({ page }) => {
    const cell = '[data-matrix=input] [data-row="0"][data-column="0"]';
    await page.focus(cell);
    await page.keyboard.press('7');
    await page.keyboard.press('Enter');
    await settled(page);
    expect(await textOf(page, cell)).toEqual(['7']);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('F2');
    await page.keyboard.type('0,5');
    await page.keyboard.press('Enter');
    await settled(page);
    expect(await textOf(page, '[data-matrix=input] [data-row="0"][data-column="1"]')).toEqual(['0,5']);
    await page.focus('[data-matrix=kernel] [data-row="0"][data-column="0"]');
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData('text/plain', '1\t2\n3\t-4');
      document.activeElement!.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      );
    });
    await settled(page);
    const kernel = await textOf(page, '[data-matrix=kernel] td');
    expect([kernel[0], kernel[1], kernel[3], kernel[4]].map((text) => text!.split(',')[0])).toEqual([
      '1',
      '2',
      '3',
      '−4',
    ]);
    await page.waitForFunction(() => /x=1x5x5:7,0\.5,/.test(location.hash), { timeout: 5000 });
  });
});

test("a clicker's keys step, and stepping back takes the sum back", async () => {
  await onPage('lang=en&grain=product', async ({ page }) => {
    const result = () => page.$eval('.equation', (element) => Number((element as HTMLElement).dataset.result));
    const first = await result();
    await page.keyboard.press('PageDown');
    await settled(page);
    await page.keyboard.press('PageDown');
    await settled(page);
    expect(await textOf(page, '.stepper .count')).toEqual(['step 3 of 81']);
    expect(await page.$$eval('.term:not(.todo)', (found) => found.length)).toBe(3);
    await page.keyboard.press('Home');
    await settled(page);
    expect(await result()).toBe(first);
  });
});

describe('the engine', () => {
  test('agrees with every tab on the CPU, and on the GPU where there is one', async () => {
    const same = 'cin=2&cout=2&g=2&bias=1';
    await onPage(`lang=en&${same}`, async ({ page, hash }) => {
      await page.waitForSelector('header button.device:not(.asking)');
      const hasGpu = (await page.$('header button.device.cpu')) === null;
      for (const tab of ['window', 'gemm', 'dx', 'dw', 'transposed']) {
        const transposed = tab === 'transposed';
        await hash(`v=1&lang=en&theme=light&tab=${tab}&${transposed ? 'op=transposed&sy=2' : same}`);
        await page.waitForSelector(`#tab-${tab}[aria-selected=true]`);
        await page.waitForSelector('[data-agrees=cpu]');
        expect(await textOf(page, '[data-agrees=cpu]'), tab).toEqual([expect.stringMatching(/^✓ .* = 0$/)]);
        if (hasGpu) {
          await page.evaluate(() => {
            const answered = document.querySelector('[data-agrees=gpu]');
            if (!answered) document.querySelector<HTMLElement>('.agreement > button')?.click();
          });
          await page.waitForSelector('[data-agrees=gpu]');
        }
        expect(await page.$('[data-differs]'), tab).toBeNull();
        if (transposed)
          expect(
            await page.$eval('[data-part=views-agree]', (line) => Number((line as HTMLElement).dataset.difference)),
          ).toBe(0);
      }
    });
  });

  test('filters an image, and a pixel opens its window', async () => {
    await onPage('lang=en&tab=image&device=cpu', async ({ page }) => {
      await page.waitForSelector('[data-device] canvas', { timeout: 60_000 });
      await page.focus('.image-tab canvas[tabindex="0"]');
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await settled(page);
      expect(await page.$$eval('[data-matrix=input] td', (cells) => cells.length)).toBe(9);
      expect(await page.$eval('#tab-window', (tab) => tab.getAttribute('aria-selected'))).toBe('true');
    });
  });
});

test('an exercise blanks the result and judges each answer; paper gets empty grids and a key', async () => {
  await onPage(`lang=en&${linkOf('edge', '&quiz=out')}`, async ({ page }) => {
    expect(await page.$('.equation')).toBeNull();
    await page.focus('[data-matrix=output] [data-row="0"][data-column="1"]');
    await page.keyboard.type('30');
    await page.keyboard.press('Enter');
    await settled(page);
    expect(await page.$$eval('[data-matrix=output] .right', (cells) => cells.length)).toBe(1);
    await page.keyboard.type('5');
    await page.keyboard.press('Enter');
    await settled(page);
    expect(await textOf(page, '[data-right]')).toEqual(['0 of 16 right.']);
    await page.emulateMediaType('print');
    const paper = await page.evaluate(() => ({
      blank: [...document.querySelectorAll('.worksheet section:first-child figure:last-child td')]
        .map((cell) => cell.textContent)
        .join(''),
      key: [...document.querySelectorAll('.worksheet .key td')].slice(0, 4).map((cell) => cell.textContent),
      apart: getComputedStyle(document.querySelector('.worksheet .key')!).breakBefore,
      shown: document.querySelector('.worksheet')!.checkVisibility(),
      controls: document.querySelector('.bottom-sheet')!.checkVisibility(),
    }));
    expect(paper).toEqual({ blank: '', key: ['0', '30', '30', '0'], apart: 'page', shown: true, controls: false });
  });
});

test('a link with an exercise alone opens the tab that asks it, with the result blank', async () => {
  await onPage('lang=en&quiz=dx', async ({ page, hash }) => {
    expect(await page.$eval('[role=tab][aria-selected=true]', ({ id }) => id)).toBe('tab-dx');
    const blank = Array<string>(25).fill('');
    // Beside the digit of a cell stands, unseen, what marks it.
    const digits = (matrix: string): Promise<string[]> =>
      page.$$eval(`[data-matrix=${matrix}] td`, (cells) =>
        cells.map(({ firstChild }) => (firstChild?.nodeType === Node.TEXT_NODE ? firstChild.nodeValue! : '')),
      );
    expect(await digits('inputGradient')).toEqual(blank);
    const telling = '[data-matrix=dColumns], .equation, [data-matrix] [data-count], [data-part=check], .agreement';
    expect(await page.$$(telling)).toEqual([]);
    // dX = K at a corner that one window reads, for dY is ones: K as drawn from seed 1.
    const right = (await digits('turned'))[0]!;
    const answer = async (column: number, typed: string, mark: string): Promise<void> => {
      await page.focus(`[data-matrix=inputGradient] [data-row="0"][data-column="${column}"]`);
      await page.keyboard.type(typed);
      await page.keyboard.press('Enter');
      await page.waitForSelector(`[data-matrix=inputGradient] [data-column="${column}"].${mark}`);
    };
    await answer(0, right.replace('−', '-'), 'right');
    await answer(1, '99', 'wrong');
    expect(await textOf(page, '[data-right]')).toEqual(['1 of 25 right.']);
    await hash('quiz=out');
    expect(await page.$eval('[role=tab][aria-selected=true]', ({ id }) => id)).toBe('tab-window');
    expect(await digits('output')).toEqual(blank.slice(0, 9));
    expect(await page.$$('[data-matrix=product], .equation, .agreement, [data-part=code]')).toEqual([]);
    await hash('quiz=size');
    expect(await page.$$('[data-answer=""] input')).toHaveLength(2);
    expect(await page.$$('.pictures, .agreement, [data-part=code]')).toEqual([]);
  });
});

test("Keras's and PyTorch's 'same' stand beside each other", async () => {
  await onPage(`lang=en&${linkOf('same_twice')}`, async ({ page }) => {
    const row = (pad: string) =>
      page.$$eval(`[data-same=${pad}] tr:first-child td`, (cells) => cells.map((cell) => cell.firstChild!.textContent));
    expect(await row('same')).toEqual(['2', '4', '6']);
    expect(await row('torch')).toEqual(['1', '3', '5']);
  });
});

test('choosing a preset makes an entry that Back returns from', async () => {
  await onPage('lang=en', async ({ page }) => {
    await page.select('[data-part=preset] select', 'sobel_x');
    await settled(page);
    await page.waitForFunction(() => location.hash.includes('k=1x1x3x3:-1,0,1,-2,0,2,-1,0,1'));
    expect(await page.$eval('[data-part=preset] select', (select) => (select as HTMLSelectElement).value)).toBe(
      'sobel_x',
    );
    await page.goBack();
    await settled(page);
    expect(await page.$eval('[data-part=preset] select', (select) => (select as HTMLSelectElement).value)).toBe('');
  });
});

test("a student's exercise: sizes and parameters of two convolutions and a pool", async () => {
  await onPage('lang=fr&tab=stack', async ({ page }) => {
    const shown = () =>
      page.$$eval('[data-output]', (cells) => cells.map((cell) => (cell as HTMLElement).dataset.output));
    expect(await shown()).toEqual(['26x26x16', '24x24x16', '12x12x16']);
    expect(await textOf(page, '[data-parameters]')).toEqual(['448 = (3·3·3+1)·16', '2\u202f320 = (3·3·16+1)·16', '0']);
    await page.click('.stack-tab > button');
    await settled(page);
    expect(await shown()).toEqual(['26x26x16', '24x24x16', '12x12x16', '6x6x16']);
  });
});
