// The explorer in use: what an edit costs, a teacher's link to a step, a student's exercise on a phone.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { tooWide } from './checks.ts';
import { open, settled, type Opened } from './open.ts';

let opened: Opened;
beforeAll(async () => {
  opened = await open('conv/');
});
afterEach(() => {
  const wrong = opened.wrong.splice(0);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});
afterAll(() => opened.close());

test('changes within a frame are one view of all pictures, there before the next frame', async () => {
  const { page, load } = opened;
  await load('conv/#v=1&lang=en&x=1x5x5:1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1');
  await page.waitForSelector('[data-agrees=cpu]');
  const found = await page.evaluate(async () => {
    let views = 0;
    const count = new MutationObserver(() => views++);
    count.observe(document.getElementById('content')!, { subtree: true, childList: true, characterData: true });
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const texts = (selector: string) =>
      [...document.querySelectorAll(selector)].map((cell) => cell.firstChild?.textContent);
    const seen = [];
    // Twenty places of the slider while one frame is shown, as a finger gives them.
    const slider = document.querySelector<HTMLInputElement>('.stepper input[type=range]')!;
    for (let i = 0; i < 20; i++) {
      slider.value = String(i % 9);
      slider.dispatchEvent(new Event('input'));
    }
    await frame();
    seen.push({ views, output: texts('[data-matrix=output] td.current').length, count: texts('.stepper .count') });
    views = 0;
    // Two weights typed one after the other, before either is shown.
    for (const [column, key] of ['5', '7'].entries()) {
      const cell = document.querySelector<HTMLElement>(`[data-matrix=kernel] [data-row="0"][data-column="${column}"]`)!;
      cell.focus();
      cell.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      cell.querySelector('input')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    }
    // The fields that were typed into are no view.
    count.takeRecords();
    await frame();
    const kernel = texts('[data-matrix=kernel] td').map((text) => Number(text!.replace('−', '-')));
    const sum = kernel.reduce((total, weight) => total + weight, 0);
    seen.push({
      views,
      kernel: kernel.slice(0, 2),
      rows: texts('[data-matrix=weightRows] td').slice(0, 2),
      product: texts('[data-matrix=product] .current').map((text) => Number(text!.replace('−', '-')) === sum),
      output: texts('[data-matrix=output] .current').map((text) => Number(text!.replace('−', '-')) === sum),
      equation: Number(document.querySelector<HTMLElement>('.equation')!.dataset.result) === sum,
    });
    count.disconnect();
    return seen;
  });
  expect(found).toEqual([
    { views: 1, output: 1, count: ['step 2 of 9'] },
    { views: 1, kernel: [5, 7], rows: ['5', '7'], product: [true], output: [true], equation: true },
  ]);
});

test('on an image the chosen filter is edited beside the picture that it makes', async () => {
  const { page, load } = opened;
  await load('conv/#v=1&lang=en&device=cpu&tab=image&cout=2&kh=1&kw=1&k=2x1x1x1:0,1&range=clamp');
  await page.waitForSelector('[data-device] canvas');
  const brightness = () =>
    page.$eval('[data-device] canvas', (element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, value, i) => (i % 4 === 0 ? sum + value : sum), 0);
    });
  const shows = (selector: string) => page.$eval(selector, (element) => element.textContent);
  expect(await brightness()).toBe(0);
  await page.select('.image-tab select', '1');
  await page.waitForFunction(() => location.hash.includes('plane=1'));
  expect(await shows('[data-matrix=kernel] figcaption')).toContain('filter 2');
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-device] canvas')!;
    return canvas
      .getContext('2d')!
      .getImageData(0, 0, canvas.width, canvas.height)
      .data.some((v, i) => i % 4 < 3 && v > 0);
  });
  const full = await brightness();
  await page.focus('[data-matrix=kernel] [data-row="0"]');
  await page.keyboard.type('0,5');
  await page.keyboard.press('Enter');
  await settled(page);
  await page.waitForFunction(
    (before) => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-device] canvas')!;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, value, i) => (i % 4 === 0 ? sum + value : sum), 0) < before;
    },
    {},
    full,
  );
  expect(Math.abs((await brightness()) / full - 0.5)).toBeLessThan(0.01);
});

test("a teacher's link opens the exact step, on the page and in a slide's frame", async () => {
  const { page, load } = opened;
  await load('conv/#v=1&lang=en');
  await page.select('[data-part=preset] select', 'lecture');
  await settled(page);
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press('PageDown');
    await settled(page);
  }
  await page.waitForFunction(() => location.hash.includes('step=4'));
  const equation = () => page.$eval('.equation', (element) => element.textContent);
  const [link, shown] = [await page.evaluate(() => location.hash), await equation()];
  expect(shown).toMatch(/^y\[0,1,0\] = 212·\(−0\.09\).* = 303\.74$/);
  for (const more of ['', '&embed=1&hide=controls,tabs']) {
    await load(`conv/${link}${more}`, { width: 960, height: 600 });
    expect(await equation()).toBe(shown);
    const inSight = await page.$eval('.equation', (element) => element.getBoundingClientRect().bottom);
    if (more) expect(inSight).toBeLessThan(600);
  }
  await load(`conv/${link}&theme=projector`, { width: 1280, height: 720 });
  const [lowest, steps] = await page.evaluate(() => [
    Math.max(
      ...['input', 'kernel', 'output'].map(
        (name) => document.querySelector(`[data-matrix=${name}]`)!.getBoundingClientRect().bottom,
      ),
    ),
    document.querySelector('.steps')!.getBoundingClientRect().top,
  ]);
  expect(lowest, 'the pictures are whole on a projector').toBeLessThanOrEqual(steps!);
});

test("a student's exercise on a phone: every layer's size and parameters without scrolling sideways", async () => {
  const { page, load } = opened;
  await load('conv/#v=1&lang=en&tab=stack', { width: 390, height: 844, touch: true });
  const texts = (selector: string) => page.$$eval(selector, (found) => found.map((element) => element.textContent));
  expect(await texts('[data-output]')).toEqual(['26 × 26 × 16', '24 × 24 × 16', '12 × 12 × 16']);
  expect(await texts('[data-parameters]')).toEqual(['448 = (3·3·3+1)·16', '2,320 = (3·3·16+1)·16', '0']);
  expect(await texts('[data-total=parameters]')).toEqual(['2,768']);
  expect(await page.$$('.stack-tab .scroll-box')).toEqual([]);
  expect(await tooWide(page)).toEqual([]);
});
