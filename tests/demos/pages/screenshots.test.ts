// Not a test of its own: pictures of every page for people to judge, by `npm run screenshots`. They go to tests/__artifacts__/.

import { mkdirSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Page } from 'puppeteer';
import { expect, test } from 'vitest';

import { open, settled } from './open.ts';
import { pages } from './page_list.ts';

const folder = resolve(import.meta.dirname, '../../__artifacts__/pages');
const repository = resolve(import.meta.dirname, '../../..');

/** Beside each page as it opens: what it becomes. */
const more: Readonly<
  Record<string, readonly { readonly name: string; readonly hash: string; act?(page: Page): Promise<unknown> }[]>
> = {
  conv: ['gemm', 'dx', 'dw', 'transposed', 'image', 'stack'].map((tab) => ({
    name: tab,
    hash: `&tab=${tab}${tab === 'transposed' ? '&op=transposed' : ''}&step=3`,
  })),
  train_once: [
    {
      name: 'trained',
      hash: '&images=200&epochs=2',
      act: async (page) => {
        await page.$eval('#train', (button) => (button as HTMLElement).click());
        // Beside it the last training's file is still offered.
        await page.waitForSelector('#stop');
        await page.waitForSelector('#download');
      },
    },
    { name: 'lost', hash: '&force=E7' },
    { name: 'no_gpu', hash: '&force=E3' },
  ],
};

test.runIf(process.env.RETROGRAD_SCREENSHOTS === '1').each(pages)(
  '$name',
  { timeout: 600_000 },
  async ({ name, path }) => {
    mkdirSync(folder, { recursive: true });
    const { page, hash, wrong, close } = await open(path);
    const written: string[] = [];
    const take = async (file: string): Promise<void> => {
      await settled(page);
      const whole = resolve(folder, `${name}-${file}.png`);
      rmSync(whole, { force: true });
      await page.screenshot({ path: whole as `${string}.png`, fullPage: true });
      written.push(relative(repository, whole));
    };
    for (const width of [1280, 390]) {
      await page.setViewport({ width, height: 844 });
      for (const lang of ['en', 'fr']) {
        for (const theme of ['light', 'dark', 'projector']) {
          await hash(`v=1&lang=${lang}&theme=${theme}`);
          await take(`${theme}-${lang}-${width}`);
        }
        for (const [i, { name: state, hash: link, act }] of (more[name] ?? []).entries()) {
          const theme = (i % 2 === 0) === (lang === 'en') ? 'light' : 'dark';
          await hash(`v=1&lang=${lang}&theme=${theme}${link}`);
          await act?.(page);
          await take(`${state}-${theme}-${lang}-${width}`);
        }
      }
    }
    await page.setViewport({ width: 1280, height: 844 });
    await hash('v=1&lang=en&theme=light');
    await page.emulateMediaType('print');
    await take('paper-en-1280');
    console.log(written.join('\n'));
    expect(wrong).toEqual([]);
    await close();
  },
);
