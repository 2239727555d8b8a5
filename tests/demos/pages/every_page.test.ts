// Every page of the built site, served below a path: access, languages, themes, widths, requests, keyboard.

import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { axeViolations, clipped, keyboardGaps, smallTargets, stillFigure, tooWide } from './checks.ts';
import { open, settled, type Opened } from './open.ts';
import { pages } from './page_list.ts';

test('every page of demos/ is checked here', () => {
  const demos = resolve(import.meta.dirname, '../../../demos');
  const found = readdirSync(demos).filter((name) => existsSync(resolve(demos, name, 'index.html')));
  expect(pages.map(({ name }) => name).toSorted()).toEqual(['index', ...found].toSorted());
});

let opened: Opened;
/** Without JavaScript. */
let plain: Opened;
beforeAll(async () => {
  opened = await open('');
  plain = await open('', { javaScript: false });
});
afterAll(async () => {
  const { wrong } = opened;
  await opened.close();
  await plain.close();
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});

/** Each two of a width, a language and a theme; in the long tests all three. A projector is wide. */
const looks = [
  [1280, 'en', 'light'],
  [1280, 'en', 'projector'],
  [1280, 'fr', 'dark'],
  [1280, 'fr', 'projector'],
  [390, 'en', 'dark'],
  [390, 'fr', 'light'],
  ...(process.env.VITE_LONG === '1'
    ? ([
        [1280, 'en', 'dark'],
        [1280, 'fr', 'light'],
        [390, 'en', 'light'],
        [390, 'fr', 'dark'],
      ] as const)
    : []),
] as const;

describe.each(pages)('$name', ({ path, h1, small = '' }) => {
  test('has no axe violation in either language, any theme, wide or narrow', async () => {
    const { page, hash, load } = opened;
    await load(path);
    const found: string[] = [];
    for (const [width, lang, theme] of looks) {
      await page.setViewport({ width, height: 844 });
      await hash(`v=1&lang=${lang}&theme=${theme}${small}`);
      const where = await page.evaluate(() => ({
        lang: document.documentElement.lang,
        theme: document.documentElement.dataset.theme,
        h1: [...document.querySelectorAll('h1')].map((element) => element.textContent),
      }));
      expect(where).toEqual({ lang, theme, h1: [h1[lang]] });
      found.push(...(await axeViolations(page)).map((one) => `${lang} ${theme} ${width}: ${one}`));
    }
    expect(found).toEqual([]);
  });

  test('fits 320 and 360 px, large text and longer words, and has targets of 24 px', async () => {
    const { page, hash } = opened;
    for (const [width, link, size] of [
      [360, 'lang=fr', ''],
      [320, 'lang=en', ''],
      [360, 'lang=xx', ''],
      [640, 'lang=fr', '200%'],
      [390, 'lang=fr&theme=projector', ''],
    ] as const) {
      await page.setViewport({ width, height: 640 });
      await hash(`v=1&${link}`);
      await page.evaluate((text) => (document.documentElement.style.fontSize = text), size);
      await settled(page);
      expect(await tooWide(page), `${width} px, ${link} ${size}`).toEqual([]);
      expect(await clipped(page), `${width} px, ${link} ${size}`).toEqual([]);
      expect(await smallTargets(page), `${width} px, ${link} ${size}`).toEqual([]);
    }
  });

  test('is reached by keyboard alone, names its landmarks, and gives way inside a slide', async () => {
    const { page, hash, load } = opened;
    await load(path);
    const frame = await page.evaluate(() => ({
      landmarks: ['header', 'main', 'footer'].map((name) => document.querySelectorAll(`#page > ${name}`).length),
      zoom: document.querySelector('meta[name=viewport]')!.getAttribute('content'),
      live: document.querySelector('[aria-live=polite]') !== null,
    }));
    expect(frame).toEqual({ landmarks: [1, 1, 1], zoom: 'width=device-width, initial-scale=1', live: true });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => [document.activeElement?.id, location.hash])).toEqual(['main', '']);
    await hash('v=1&lang=en&theme=light');
    expect(await keyboardGaps(page)).toEqual([]);
    await hash('v=1&embed=1');
    const shown = await page.evaluate(() => ({
      header: document.querySelector('header')!.checkVisibility(),
      footer: document.querySelector('footer')!.checkVisibility(),
      paper: getComputedStyle(document.documentElement).backgroundColor,
    }));
    expect(shown).toEqual({ header: false, footer: false, paper: 'rgba(0, 0, 0, 0)' });
  });

  test('has targets of 44 px under a finger, and stands still where movement is unwanted', async () => {
    const { page, load } = opened;
    // The link asks for steps that play, which these readers want no page to do by itself.
    await load(`${path}#v=1&lang=fr&play=1&speed=8`, { width: 360, height: 640, touch: true, still: true });
    const first = await page.$eval('#content', (content) => content.querySelector('.stepper output')?.textContent);
    await settled(page);
    const moving = await page.evaluate(() => ({
      animations: document.getAnimations().length,
      changing: [...document.querySelectorAll('#page *')]
        .filter((element) => {
          const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
          return /[1-9]/.test(transitionDuration) || animationName !== 'none' || scrollBehavior === 'smooth';
        })
        .map((element) => element.outerHTML.slice(0, 80)),
    }));
    expect(moving).toEqual({ animations: 0, changing: [] });
    expect(await page.evaluate(() => matchMedia('(pointer: coarse)').matches)).toBe(true);
    const small = await page.$$eval('#page :is(button, select, input[type=range], a.icon)', (targets) =>
      targets
        // Terms within a line of a formula are as high as the line (WCAG's exception for targets within text).
        .filter((target) => target.checkVisibility() && !target.closest('[data-roving]'))
        .filter((target) => target.getBoundingClientRect().height < 43.5)
        .map((target) => target.outerHTML.slice(0, 120)),
    );
    expect(small).toEqual([]);
    expect(await tooWide(page)).toEqual([]);
    const last = await page.$eval('#content', (content) => content.querySelector('.stepper output')?.textContent);
    expect(last, 'no step was taken').toBe(first);
  });

  test('E18: says what it needs where JavaScript is off, beside a still figure', async () => {
    const { page, load } = plain;
    await load(path);
    const text = await page.$eval('noscript', (element) => element.textContent);
    expect(text).toContain('needs JavaScript');
    expect(text).toContain('a besoin de JavaScript');
    const said = await page.$$eval('noscript p, .unloaded p', (lines) => lines.map((line) => line.checkVisibility()));
    expect(said, 'that, and not that something has not come').toEqual([true, true, false, false]);
    const edges = await page.$$eval('noscript p, .unloaded svg', (all) =>
      all.map((one) => one.getBoundingClientRect().x),
    );
    expect(new Set(edges), 'words and figure are one column').toEqual(new Set([32]));
    await stillFigure(page);
  });

  test('E17: lists what it corrected in its link, and its notice can be dismissed', async () => {
    const { page, load } = opened;
    await load(`${path}#v=2&lang=de&embed=maybe&z=!!`);
    const items = await page.$$eval('[data-code=E17] li', (found) => found.map((item) => item.textContent));
    expect(items).toHaveLength(4);
    await page.click('[data-code=E17] button.icon');
    await settled(page);
    expect(await page.$('[data-code=E17]')).toBeNull();
  });
});

test('every card leads to a page, and every page for readers has a card or a link', async () => {
  const { page, load } = opened;
  await load('');
  await page.waitForFunction(() => document.querySelector('.facts')?.textContent?.includes('kB'));
  const cards = await page.$$eval('.card', (found) =>
    found.map((card) => ({
      picture: card.querySelector('svg') !== null,
      sentence: card.querySelector('p')!.textContent!.length > 20,
      facts: card.querySelector('.facts')!.innerHTML.split('<br>'),
    })),
  );
  for (const { picture, sentence, facts } of cards) {
    expect([picture, sentence]).toEqual([true, true]);
    expect(facts).toEqual([
      expect.stringMatching(/GPU|CPU/),
      expect.stringMatching(/\d kB/),
      expect.stringMatching(/\p{L}/u),
    ]);
  }
  const links = await page.$$eval('.card a', (found) => found.map((link) => link.getAttribute('href')!));
  const source = await page.$eval('header a[href*=source]', (link) => link.getAttribute('href')!);
  const named = [...links, source].map((href) => href.split(/[#?]/)[0]!.replace('./', ''));
  // The widgets' page is for those who write pages.
  const readers = pages.map(({ path }) => path).filter((path) => path !== '' && path !== 'widgets/');
  expect(named.toSorted()).toEqual(readers.toSorted());
  for (const href of links) {
    const response = await page.goto(new URL(href, inject('siteUrl')).href);
    expect(response!.status()).toBe(200);
  }
});
