// The site as a whole: the same from any path with all else blocked, on paper, and in French without English.

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { open, settled, type Opened } from './open.ts';
import { pages } from './page_list.ts';
import { serve } from './serve.ts';
import type { Page } from 'puppeteer';

/** The page at rest, with the device it found and the answers that come later. */
async function rested(page: Page, path: string): Promise<void> {
  await page.waitForFunction(() => !document.querySelector('button.device.asking'));
  if (path === 'conv/') await page.waitForSelector('[data-agrees=cpu]');
  if (path === 'source/') await page.waitForSelector('.source-box, [data-scrolls] code');
  if (path === '') await page.waitForFunction(() => document.querySelector('.facts')?.textContent?.includes('kB'));
  await settled(page);
}

let opened: Opened;
/** A browser without WebGPU. */
let without: Opened;
/** The site at the root of its host, where no other origin can be reached. */
let elsewhere: Opened;
beforeAll(async () => {
  opened = await open('');
  without = await open('', {
    before: () => void Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }),
  });
  const { url, server } = await serve(inject('siteFolder'), '/');
  elsewhere = await open('', { site: url, alone: true });
  return () => void server.close();
});
afterAll(async () => {
  for (const { wrong, close } of [opened, without, elsewhere]) {
    await close();
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  }
});

/** All that is read, seen or heard of a page, but for code, formulas, and what is marked as English. */
const texts = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found: string[] = [];
    const left = 'pre, code, math, [lang=en], script, style, .source nav, kbd';
    const walker = document.createTreeWalker(document.querySelector('#page')!, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      if (!node.parentElement!.closest(left)) found.push(node.textContent!.trim());
    for (const name of ['aria-label', 'title', 'aria-valuetext', 'placeholder', 'alt', 'aria-description'])
      for (const element of document.querySelectorAll(`#page [${name}]`))
        if (!element.closest(left)) found.push(element.getAttribute(name)!);
    found.push(document.title.replace(/ – Retrograd$/, ''));
    return [...new Set(found)];
  });

/** Code but for its notes, and the letters of formulas. */
const signs = (page: Page): Promise<string[]> =>
  page.$$eval('#page :is(pre code, math :is(mi, mo))', (found) =>
    found.map(({ textContent }) => textContent!.replace(/(#|\/\/).*/g, '')),
  );

/** Names, and the words that both languages write alike. */
const alike =
  /^(Retrograd|EN|FR|, English|, Français|English|Français|GPU|CPU|Code|Pause|PyTorch|Keras|JavaScript|Python|im2col|Images?|Mode|Notices?|Page|Note)$/;

describe.each(pages)('$name', ({ path }) => {
  test('is the same from another path, whether or not other origins can be reached', async () => {
    const seen: { text: string; picture: string }[] = [];
    for (const { page, load, wrong } of [opened, elsewhere]) {
      await load(`${path}#v=1&lang=en&theme=light`);
      await rested(page, path);
      // Drawn anew as a whole: what changed while the page loaded was drawn over what was there, in parts.
      await page.evaluate(() => {
        const { style } = document.body;
        style.display = 'none';
        void document.body.offsetHeight;
        style.display = '';
      });
      await settled(page);
      seen.push({
        text: await page.$eval('#page', (element) => element.outerHTML),
        picture: await page.screenshot({ encoding: 'base64' }),
      });
      expect(wrong).toEqual([]);
    }
    expect(seen[1]!.text).toBe(seen[0]!.text);
    expect(seen[1]!.picture === seen[0]!.picture, 'the same pixels').toBe(true);
  });

  test('says nothing in English where it speaks French, but for letters of formulas and code', async () => {
    const { page, hash, load, wrong } = opened;
    await load(`${path}#v=1&lang=en`);
    await rested(page, path);
    const english = new Set(await texts(page));
    const before = await signs(page);
    await hash('v=1&lang=fr');
    expect(await signs(page)).toEqual(before);
    if (path === 'conv/') expect(before.length).toBeGreaterThan(20);
    const both = (await texts(page)).filter((text) => english.has(text) && /\p{L}{3}/u.test(text) && !alike.test(text));
    expect(both).toEqual([]);
    expect(wrong).toEqual([]);
  });

  test('on paper is black on white, whole, without what only a screen can do, with addresses', async () => {
    const { page, hash, wrong } = opened;
    await hash('v=1&lang=en&theme=dark');
    await page.emulateMediaType('print');
    await settled(page);
    const paper = await page.evaluate(() => {
      const shown = (selector: string): string[] =>
        [...document.querySelectorAll(selector)]
          .filter((element) => element.checkVisibility())
          .map((element) => element.outerHTML.slice(0, 80));
      const style = (element: Element, pseudo?: string): CSSStyleDeclaration => getComputedStyle(element, pseudo);
      const links = [...document.querySelectorAll<HTMLAnchorElement>('main a[href]')].filter((link) =>
        link.checkVisibility(),
      );
      return {
        controls: shown('#page :is(button, input, select, .menu, .stepper, .page-footer, .skip)'),
        cut: [...document.querySelectorAll('figure, table, .matrix')]
          .filter((element) => element.checkVisibility() && style(element).breakInside !== 'avoid')
          .map((element) => element.outerHTML.slice(0, 80)),
        scrolling: [...document.querySelectorAll('.scroll-box')]
          .filter((box) => box.checkVisibility() && style(box).overflowX !== 'visible')
          .map((box) => box.outerHTML.slice(0, 80)),
        ink: style(document.body).color,
        unsaid: links
          .filter((link) => !style(link, '::after').content.includes('http'))
          .map((link) => link.outerHTML.slice(0, 80)),
        address: document.querySelector('.own-address')?.checkVisibility()
          ? document.querySelector('.own-address')!.textContent
          : null,
      };
    });
    expect(paper).toEqual({
      controls: [],
      cut: [],
      scrolling: [],
      ink: 'rgb(0, 0, 0)',
      unsaid: [],
      address: await page.evaluate(() => location.href),
    });
    expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(1000);
    expect(wrong).toEqual([]);
  });

  test.runIf(path !== 'train_once/')('works without WebGPU', async () => {
    const { page, load, wrong } = without;
    await load(`${path}#v=1&lang=en`);
    await page.waitForSelector('button.device.cpu');
    await rested(page, path);
    const notices = await page.$$eval('.notice', (found) =>
      found.flatMap((notice) => notice.getAttribute('data-code') ?? []),
    );
    // The lab's rows of the CPU are what it has then, and it says so.
    expect(notices).toEqual(path === 'bench/' ? ['E2'] : []);
    expect(wrong).toEqual([]);
  });
});

test('the explorer says nothing in English on its other tabs either', async () => {
  const { page, hash, load, wrong } = opened;
  await load('conv/#v=1&lang=en&device=cpu');
  for (const tab of ['gemm', 'dx', 'dw', 'transposed', 'image', 'stack', 'window&quiz=out', 'window&kh=7']) {
    const more = `&device=cpu&tab=${tab}${tab === 'transposed' ? '&op=transposed' : ''}`;
    await hash(`v=1&lang=en${more}`);
    const english = new Set(await texts(page));
    await hash(`v=1&lang=fr${more}`);
    const both = (await texts(page)).filter((text) => english.has(text) && /\p{L}{3}/u.test(text) && !alike.test(text));
    expect(both, tab).toEqual([]);
  }
  expect(wrong).toEqual([]);
});
