// Whatever a link holds, a page shows something: random states of each page's own fields, and links cut or scrambled.

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { fields as bench } from '../../../demos/bench/state.ts';
import { fields as conv } from '../../../demos/conv/page_state.ts';
import { shellFields } from '../../../demos/shared/shell_fields.ts';
import { serialise, type Fields } from '../../../demos/shared/state.ts';
import { fields as source } from '../../../demos/source/state.ts';
import { fields as training } from '../../../demos/train_once/state.ts';
import { fields as widgets } from '../../../demos/widgets/state.ts';
import { generator, randomState } from '../random_state.ts';
import { open, type Opened } from './open.ts';

const count = process.env.VITE_LONG === '1' ? 200 : 12;

let opened: Opened;
beforeAll(async () => {
  opened = await open('');
});
afterAll(() => opened.close());

const shortened = (given: Fields): Fields =>
  'own' in given ? { ...given, own: { ...given.own, longest: 300 } as typeof bench.own } : given;

test.each<[string, Fields]>([
  ['', {}],
  ['bench/', bench],
  ['conv/', conv],
  ['source/', source],
  ['train_once/', training],
  ['widgets/', widgets],
])('%s is never blank', async (path, given) => {
  const { page, wrong } = opened;
  await opened.load(`${path}#v=1&lang=en&device=cpu`);
  const { lang: _, device: __, force: ___, ...shell } = shellFields as Fields;
  const all = shortened({ ...given, ...shell });
  const next = generator(path.length + 11);
  const links = Array.from({ length: count }, (____, i) => {
    const link = serialise(all, { ...randomState(all, next), play: false });
    if (i % 4 < 3) return link;
    // Cut somewhere, with some signs changed for others.
    const cut = link.slice(0, 10 + Math.floor(next() * link.length));
    return cut.replace(/[=&,:%x]/g, (sign) => (next() < 0.2 ? '=&,:%x-'[Math.floor(next() * 7)]! : sign));
  });
  const blank = await page.evaluate(async (hashes) => {
    const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));
    const found: string[] = [];
    for (const hash of hashes) {
      location.hash = `${hash}&lang=en&device=cpu`;
      await new Promise((resolve) => setTimeout(resolve, 0));
      await frame();
      await frame();
      const content = document.querySelector('#content');
      if (!content || content.textContent.trim() === '' || content.getBoundingClientRect().height < 20)
        found.push(hash);
    }
    return found;
  }, links);
  expect(blank).toEqual([]);
  expect(wrong.splice(0).filter((text) => !text.startsWith(`failed: ${inject('siteUrl')}`))).toEqual([]);
});
