// axe in what a page becomes while it is used: every tab, exercises, what plays, the open sheet, error states. The long
// tests see each state in all eight combinations of width, language and theme. Otherwise it is seen in two of them, which
// share nothing: once light, English and wide, once dark, French and narrow, and the other way round for what follows it.
// Colours come from the theme, texts from the language and places from the width, and each value of each is seen; two of
// them at once are seen with every page as it opens (every_page.test.ts).

import type { Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { presetState, fields, start } from '../../../demos/conv/page_state.ts';
import { presets } from '../../../demos/conv/presets.ts';
import { serialise } from '../../../demos/shared/state.ts';
import { axeViolations } from './checks.ts';
import { open, settled, type Opened } from './open.ts';

interface State {
  readonly name: string;
  readonly hash: string;
  /** What a reader does there. */
  readonly act?: (page: Page) => Promise<unknown>;
  /** Undoes it where the next link does not. */
  readonly after?: (page: Page) => Promise<unknown>;
}

const preset = (id: string, more = ''): string =>
  `${serialise(fields, { ...start, ...presetState(presets.find((one) => one.id === id)!) }).replace('v=1', '')}${more}`;
const handle = (page: Page): Promise<unknown> =>
  page.$eval('.sheet-handle', (button) => (button as HTMLElement).click());
const escape = (page: Page): Promise<unknown> => page.keyboard.press('Escape');

/** Small pictures: axe takes its time for each cell. */
const small = '&h=3&w=3&kh=2&kw=2';

const explorer: readonly State[] = [
  {
    name: 'a product at a time, mirrored padding',
    hash: `${small}&pad=explicit&pt=1&pl=1&mode=reflect&grain=product&step=4`,
  },
  { name: 'im2col', hash: `${small}&tab=gemm&cin=2&cout=2&g=2&bias=1&step=3` },
  { name: 'the input’s gradient, two channels', hash: `${small}&tab=dx&cin=2&loss=mse&step=2` },
  { name: 'the weights’ gradient, checked', hash: `${small}&tab=dw&bias=1&check=k1&step=1` },
  { name: 'painting kernels', hash: `${small}&tab=transposed&op=transposed&sy=2&sx=2&step=4` },
  { name: 'zeros in between', hash: `${small}&tab=transposed&op=transposed&sy=2&view=insert` },
  { name: 'the matrix of a transposed convolution', hash: `${small}&tab=transposed&op=transposed&view=matrix` },
  { name: 'an image', hash: '&tab=image&device=cpu', act: (page) => page.waitForSelector('[data-device] canvas') },
  { name: 'a stack of layers', hash: '&tab=stack' },
  { name: 'a stack that does not fit', hash: '&tab=stack&in=4,4,3' },
  { name: 'a large matrix as colours', hash: '&h=9&w=9&step=30' },
  { name: 'max-pooling', hash: preset('max_pool') },
  { name: 'two kinds of same', hash: preset('same_twice') },
  { name: 'never read', hash: '&h=6&w=6&sy=2&sx=2' },
  { name: 'impossible parameters', hash: '&kh=7' },
  {
    name: 'an exercise with a right and a wrong answer',
    hash: `${small}&x=1x3x3:1,1,1,1,1,1,1,1,1&k=1x1x2x2:1,1,1,1&quiz=out`,
    async act(page) {
      for (const [column, answer] of ['4', '99'].entries()) {
        await page.focus(`[data-matrix=output] [data-row="0"][data-column="${column}"]`);
        await page.keyboard.type(answer);
        await page.keyboard.press('Enter');
        await settled(page);
      }
    },
  },
  { name: 'an exercise of sizes', hash: `${small}&quiz=size` },
  { name: 'playing', hash: `${small}&play=1&speed=8`, act: (page) => page.waitForSelector('.icon-pause') },
  { name: 'on a projector', hash: `${small}&theme=projector&step=3` },
  { name: 'in a slide', hash: `${small}&embed=1&theme=light&step=3` },
  { name: 'the sheet of parameters moved', hash: `${small}&cin=2`, act: handle, after: handle },
  { name: 'the settings and the list of keys', hash: small, act: (page) => page.keyboard.press('?'), after: escape },
  { name: 'no GPU', hash: `${small}&force=E3` },
  { name: 'a corrected link', hash: `${small}&sy=99&mode=mirror` },
];

const others: Readonly<Record<string, readonly State[]>> = {
  'widgets/': [
    { name: 'playing', hash: '&play=1&speed=8' },
    { name: 'E2', hash: '&force=E2' },
    { name: 'a field being filled', hash: '', act: (page) => page.click('[role=gridcell]'), after: escape },
  ],
  'bench/': [
    { name: 'no GPU', hash: '&force=E3' },
    {
      name: 'a kept run',
      hash: '&run=kept:bench-google-swiftshader&find=softmax_grad',
      act: (page) => page.waitForSelector('#rows tbody tr', { timeout: 0 }),
    },
    { name: 'a kernel of one’s own', hash: '&own=fn&ownop=relu&suites=' },
  ],
  'source/': [{ name: 'another page’s source', hash: '&page=conv' }],
  'train_once/': [
    { name: 'no GPU', hash: '&force=E3' },
    {
      name: 'training',
      hash: '&images=100&epochs=100',
      async act(page) {
        await page.$eval('#train', (button) => (button as HTMLElement).click());
        await page.waitForSelector('#log');
      },
      async after(page) {
        await page.$eval('#stop', (button) => (button as HTMLElement).click());
        await page.waitForSelector('#train');
      },
    },
    { name: 'stopped', hash: '' },
  ],
};

let opened: Opened;
beforeAll(async () => {
  opened = await open('');
});
afterAll(() => opened.close());

const long = process.env.VITE_LONG === '1';
const looks = [
  ['en', 'light'],
  ['fr', 'dark'],
  ['fr', 'light'],
  ['en', 'dark'],
] as const;

async function visit(path: string, states: readonly State[], wide: boolean): Promise<string[]> {
  const { page, hash, load, wrong } = opened;
  await load(path, { width: wide ? 1280 : 390, height: 844 });
  const found: string[] = [];
  for (const [i, { name, hash: link, act, after }] of states.entries())
    for (const [lang, own] of long ? looks : [looks[(i % 2 === 0) === wide ? 0 : 1]]) {
      const theme = link.includes('theme=') ? '' : `&theme=${own}`;
      await hash(`v=1&lang=${lang}${theme}${link}`);
      await act?.(page);
      await settled(page);
      found.push(...(await axeViolations(page)).map((one) => `${name}, ${lang}${theme}: ${one}`));
      await after?.(page);
    }
  return [...found, ...wrong.splice(0)];
}

/** A few at a time, so that no test is a long one. */
const parts = Array.from({ length: Math.ceil(explorer.length / 6) }, (_, i) => explorer.slice(6 * i, 6 * i + 6));

describe.each([
  ['wide', true],
  ['narrow', false],
] as const)('%s', (_, wide) => {
  test.each([...parts.map((part) => ['conv/', part] as const), ...Object.entries(others)])(
    '%s has no axe violation in its states',
    { timeout: long ? 600_000 : 120_000 },
    async (path, states) => {
      expect(await visit(path, states, wide)).toEqual([]);
    },
  );
});
