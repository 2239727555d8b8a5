// What every page must pass, as functions of a page in the browser.
import { createRequire } from 'node:module';

import type { Page } from 'puppeteer';
import { expect } from 'vitest';

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** axe reads the colours behind each text anew, and each takes it long: what a colour is written as is read once. */
function rememberColours(): void {
  interface Color extends Record<'r' | 'g' | 'b' | 'alpha', number> {
    parseString(written: string): Color;
  }
  const { Color } = (window as unknown as { axe: { commons: { color: { Color: { prototype: Color } } } } }).axe.commons
    .color;
  const parse = Color.prototype.parseString;
  const known = new Map<string, readonly [number, number, number, number]>();
  Color.prototype.parseString = function (written) {
    const before = known.get(written);
    if (before) [this.r, this.g, this.b, this.alpha] = before;
    else {
      parse.call(this, written);
      known.set(written, [this.r, this.g, this.b, this.alpha]);
    }
    return this;
  };
}

const levels = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** The violations of WCAG 2.0 to 2.2, levels A and AA, or of the rules named, each with its elements. */
export async function axeViolations(page: Page, rules = levels): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) {
    await page.addScriptTag({ path: axeFile });
    await page.evaluate(rememberColours);
  }
  return page.evaluate(async (runOnly) => {
    interface Result {
      violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
    }
    const { axe } = window as unknown as { axe: { run(root: Document, options: object): Promise<Result> } };
    const { violations } = await axe.run(document, {
      runOnly,
      resultTypes: ['violations'],
      // Style sheets are asked for by one rule, which is of level AAA.
      preload: false,
      // A single digit is text here.
      checks: { 'color-contrast': { options: { ignoreLength: true } } },
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    );
  }, rules);
}

/** Elements that make the page wider than its window. */
export async function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll('#page *')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth + 1 && !element.closest('[data-scrolls]'),
    );
    return [
      `${scrollWidth} px in ${clientWidth} px`,
      ...wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 120)),
    ];
  });
}

/** Texts that are cut off: their box hides what does not fit. */
export async function clipped(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('#page *')]
      .filter((element) => {
        const { overflowX, display } = getComputedStyle(element);
        // What a closed section holds keeps the sizes it had when it was last laid out.
        if (!element.checkVisibility()) return false;
        if (element.closest('.unseen, [data-scrolls], svg, math, select') || display === 'inline') return false;
        return /hidden|clip/.test(overflowX) && element.scrollWidth > element.clientWidth + 1;
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}

/** Pointer targets below 24 px (WCAG 2.2, 2.5.8), links within sentences excepted. */
export async function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('#page :is(a[href], button, select, input, summary, [role=gridcell])')]
      .filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        if (width === 0 || element.closest('.unseen, .skip, [hidden]') || element.closest('p a, li p a')) return false;
        return Math.min(width, height) < 23.5;
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}

/**
 * Presses Tab through the whole page: what can be pressed or filled and was not reached, and what was reached without a
 * visible ring. Members of one composite widget (a grid, a group of radio buttons) count as one.
 */
export async function keyboardGaps(page: Page): Promise<string[]> {
  const wanted = await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
    const selector = 'a[href], button, select, input, textarea, summary, [role=grid], [tabindex="0"]';
    const found = [...document.querySelectorAll<HTMLElement>(`#page :is(${selector})`)].filter(
      (element) =>
        element.checkVisibility({ visibilityProperty: true }) &&
        !element.closest('dialog:not([open])') &&
        !(element as HTMLButtonElement).disabled,
    );
    // Of tabs, and of terms that the arrow keys go through, only one has the Tab stop.
    const isMember = (element: HTMLElement): boolean =>
      element.getAttribute('role') === 'gridcell' ||
      (element.tabIndex < 0 && element.closest('[role=tablist], [data-roving]') !== null);
    const own = found.filter((element) => !isMember(element));
    // Not as attributes: a page that draws itself again meanwhile would take them off.
    (window as unknown as { wanted: HTMLElement[] }).wanted = own;
    return own.map((element) => element.outerHTML.slice(0, 100));
  });
  const reached = new Set<number>();
  const gaps: string[] = [];
  for (let presses = 0; presses < 3 * wanted.length + 10; presses++) {
    await page.keyboard.press('Tab');
    const { place, ring, name, end } = await page.evaluate(() => {
      const active = document.activeElement as HTMLElement | null;
      const all = (window as unknown as { wanted: HTMLElement[] }).wanted;
      const style = active ? getComputedStyle(active) : null;
      return {
        end: !active || active === document.body,
        place: all.findLastIndex((element) => element.contains(active)),
        ring: style ? style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2 : false,
        name: active?.outerHTML.slice(0, 100) ?? '',
      };
    });
    if (end || reached.has(place)) {
      if (end || reached.size === wanted.length) break;
      continue;
    }
    if (place >= 0) reached.add(place);
    if (!ring) gaps.push(`no focus ring: ${name}`);
  }
  return [...gaps, ...wanted.filter((_, i) => !reached.has(i)).map((name) => `not reached by Tab: ${name}`)];
}

/** The figure that stands where no program runs is seen, and has a text in both languages in its place. */
export async function stillFigure(page: Page): Promise<void> {
  const figure = await page.waitForSelector('.unloaded svg', { visible: true });
  const { width, height } = (await figure!.boundingBox())!;
  expect(Math.min(width, height)).toBeGreaterThan(90);
  const described = await page.accessibility.snapshot({ root: figure!, interestingOnly: false });
  expect(described).toMatchObject({
    role: 'image',
    name: expect.stringMatching(/A convolution: .*Une convolution : /) as string,
  });
  expect(
    await page.$eval('.unloaded figcaption', (caption) => caption.checkVisibility({ visibilityProperty: true })),
  ).toBe(true);
}
