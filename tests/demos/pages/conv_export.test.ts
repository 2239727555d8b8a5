// Every figure of the explorer, taken away: as a file of what it shows, and as links that open it again.

import { expect, test } from 'vitest';

import { open, settled, type Opened } from './open.ts';
import { pages } from './page_list.ts';

/** A state, and what of it can be taken away. */
const cases: readonly (readonly [link: string, figures: readonly string[]])[] = [
  ['&tab=window&pad=same&div=9&step=4', ['pictures']],
  ['&tab=window&h=6&w=6&cin=4&cout=4&g=2&pad=same&sy=2&sx=2&step=5', ['pictures', 'wiring', 'same']],
  ['&tab=window&h=6&w=8&sx=3&sy=2&step=1', ['pictures']],
  ['&tab=window&op=max&kh=2&kw=2&cin=2&step=3', ['pictures']],
  ['&tab=gemm&h=9&w=9&step=30', ['pictures']],
  ['&tab=dx&loss=mse&step=2', ['pictures']],
  ['&tab=dw&bias=1&grain=product&step=13', ['pictures']],
  ['&tab=transposed&op=transposed&h=2&w=2&sy=2&sx=2&step=2', ['pictures']],
  ['&tab=transposed&op=transposed&h=2&w=2&sy=2&sx=2&view=insert&step=7', ['pictures']],
  ['&tab=transposed&op=transposed&h=2&w=2&sy=2&sx=2&view=matrix&step=9', ['pictures']],
  ['&tab=image&device=cpu', ['before', 'kernel', 'after']],
  ['&tab=stack', []],
];

interface Taken {
  readonly files: { readonly name: string; readonly blob: Blob }[];
  readonly copied: string[];
}

/** In place of the clipboard and the browser's downloads. */
const keep = (): void => {
  const taken: Taken = { files: [], copied: [] };
  Object.assign(window, { taken });
  const writeText = (text: string): Promise<void> => Promise.resolve(void taken.copied.push(text));
  Object.defineProperty(navigator, 'clipboard', { value: { writeText } });
  const blobs = new Map<string, Blob>();
  const create = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob) => {
    const url = create(blob);
    if (blob instanceof Blob) blobs.set(url, blob);
    return url;
  };
  HTMLAnchorElement.prototype.click = function () {
    const blob = blobs.get(this.href);
    if (!blob) return HTMLElement.prototype.click.call(this);
    taken.files.push({ name: this.download, blob });
  };
};

/** What each export of the page gives, beside what the page shows in its place. */
const takeAll = ({ page }: Opened) =>
  page.evaluate(async () => {
    const { taken } = window as unknown as { taken: Taken };
    const content = (element: Element | null): string => element?.firstChild?.textContent ?? '';
    const number = (text: string): number => Number(text.replace('−', '-').replaceAll(',', ''));
    const subject = (menu: Element): string => {
      if (menu.closest('.wiring')) return 'wiring';
      if (menu.closest('.same-twice')) return 'same';
      if (!menu.closest('.image-tab')) return 'pictures';
      const parent = menu.parentElement!;
      return parent.dataset.device ? 'after' : parent.querySelector('canvas') ? 'before' : 'kernel';
    };
    const place = (menu: Element, of: string): Element =>
      of === 'pictures' ? document.querySelector('.pictures')! : menu.parentElement!;
    /** The matrices of a place: their names and numbers; of a large one only how many. */
    const shown = (root: Element, of: string) =>
      [...root.querySelectorAll<HTMLElement>('[data-matrix]')].map((figure) => {
        const [, divisor = ''] = / (÷ \d+)/.exec(figure.querySelector('.shape')!.textContent) ?? [];
        const name =
          of === 'same' ? figure.closest('[data-same]')!.querySelector('h3')! : figure.querySelector('figcaption');
        const cells = [...figure.querySelectorAll('td')].map(content).filter((text) => text !== '');
        const isLarge = figure.querySelector('canvas') !== null;
        return {
          name: [content(name), divisor].filter(Boolean).join(' '),
          numbers: isLarge ? Number(figure.dataset.rows) * Number(figure.dataset.columns) : cells.map(number),
        };
      });
    const drawn = (svg: Element, root: Element) => {
      const figures = root.querySelectorAll('[data-matrix]');
      return [...svg.querySelectorAll(':scope > g')].map((group, i) => {
        const numbers = [...group.querySelectorAll(':scope > g text')].map((text) => Number(text.textContent));
        const isLarge = figures[i]?.querySelector('canvas');
        return { name: content(group.querySelector('text')), numbers: isLarge ? numbers.length : numbers };
      });
    };
    const wires = (svg: Element, colour: (line: Element) => string) =>
      [...svg.querySelectorAll('line, text')].map((one) => (one.textContent ? one.textContent : colour(one)));
    const pixels = async (blob: Blob, canvas: HTMLCanvasElement) => {
      const head = new DataView(await blob.slice(0, 24).arrayBuffer());
      const bitmap = await createImageBitmap(blob);
      const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
      pen.drawImage(bitmap, 0, 0);
      const [got, wanted] = [pen, canvas.getContext('2d')!].map(
        (one) => one.getImageData(0, 0, bitmap.width, bitmap.height).data,
      ) as [Uint8ClampedArray, Uint8ClampedArray];
      const differing = got.reduce((count, value, i) => count + (value === wanted[i] ? 0 : 1), 0);
      return {
        signature: [head.getUint32(0), head.getUint32(4)],
        size: [head.getUint32(16), head.getUint32(20)],
        canvas: [canvas.width, canvas.height],
        differing,
      };
    };
    const all = [];
    for (const menu of document.querySelectorAll('#content [data-part=export]')) {
      taken.files.length = taken.copied.length = 0;
      for (const button of menu.querySelectorAll('button')) button.click();
      while (taken.files.length < 1 || taken.copied.length < 2) await new Promise((done) => setTimeout(done, 5));
      const [{ name: file, blob }] = taken.files as [Taken['files'][0]];
      const link = /^\[(.*)\]\((.*)\)$/.exec(taken.copied.find((text) => text.startsWith('['))!)!;
      const stage = document.createElement('template');
      stage.innerHTML = taken.copied.find((text) => text.startsWith('<'))!;
      const frame = stage.content.querySelector('iframe')!;
      const of = subject(menu);
      const root = place(menu, of);
      // A file's name has no strokes.
      const names = [
        ...[link[1]!, frame.title].map((name) => name.replaceAll('/', '-')),
        file.replace(/\.(svg|png)$/, ''),
      ];
      const links = [link[2]!, frame.getAttribute('src')!];
      if (blob.type === 'image/png') {
        all.push({ of, file, names, links, png: await pixels(blob, root.querySelector('canvas')!) });
        continue;
      }
      const svg = new DOMParser().parseFromString(await blob.text(), 'image/svg+xml').documentElement;
      const onPage: unknown[] =
        of === 'wiring'
          ? wires(root.querySelector(':scope > svg')!, (line) => getComputedStyle(line).stroke)
          : shown(root, of);
      const inFile: unknown[] = of === 'wiring' ? wires(svg, (line) => line.getAttribute('stroke')!) : drawn(svg, root);
      all.push({ of, file, names, links, svg: svg.nodeName, type: blob.type, onPage, inFile });
    }
    const loose = [...document.querySelectorAll('#content figure')].filter(
      // Those of the worksheet are for paper only.
      (figure) => figure.checkVisibility() && !figure.closest('.pictures, .wiring, .same-twice, .image-tab'),
    );
    return { all, loose: loose.length };
  });

/** All that the figures show, as text. */
const seen = ({ page }: Opened): Promise<string> =>
  page.evaluate(() => {
    const step = document.querySelector('.stepper .count')?.textContent ?? '';
    const after = document.querySelector<HTMLCanvasElement>('[data-device] canvas')?.toDataURL() ?? '';
    return `${step} ${document.querySelector('#panel')!.querySelector('.pictures')?.textContent ?? ''} ${after}`;
  });

test('every figure is saved as it stands, and its links open it again', async () => {
  const opened = await open('conv/#v=1&lang=en', { before: keep });
  const { page, hash, wrong } = opened;
  const kept = new Map<string, string>();
  for (const [link, figures] of cases) {
    await hash(`v=1&lang=en&theme=light${link}`);
    await page.waitForSelector(`#tab-${/tab=(\w+)/.exec(link)![1]}[aria-selected=true]`);
    if (figures.includes('after')) await page.waitForSelector('[data-device] canvas');
    const state = await seen(opened);
    const { all, loose } = await takeAll(opened);
    expect(loose, `${link}: figures without an export`).toBe(0);
    expect(all.map(({ of }) => of).toSorted(), link).toEqual(figures.toSorted());
    for (const { of, file, names, links, ...made } of all) {
      expect(new Set(names).size, `${link}: ${names.join(', ')}`).toBe(1);
      expect(links[0]).toBe(page.url());
      expect(links[1]).toBe(`${links[0]}&embed=1`);
      kept.set(links[0]!, state);
      if ('png' in made) {
        expect(file).toMatch(/\.png$/);
        const size = of === 'after' ? [190, 190] : [192, 192];
        expect(made.png).toMatchObject({ signature: [0x89504e47, 0x0d0a1a0a], size, canvas: size });
        // The cross stands on the page's own picture only.
        expect(made.png!.differing).toBeLessThan(of === 'before' ? 3 * 36 : 1);
        continue;
      }
      expect([file.slice(-4), made.svg, made.type]).toEqual(['.svg', 'svg', 'image/svg+xml']);
      expect(made.onPage!.length).toBeGreaterThan(0);
      expect(made.inFile, `${link}: ${of}`).toEqual(made.onPage);
    }
  }
  // Each link is the page's address, which others hold to its state; a few are followed, the last into a slide.
  const [first, middle, last] = [...kept].filter((_, i) => i % 5 === 0) as [string, string][];
  for (const [link, state] of [first!, middle!, last!, [`${first![0]}&embed=1`, first![1]] as const]) {
    await hash(new URL(link).hash.slice(1));
    await expect.poll(() => seen(opened), { timeout: 30_000, message: link }).toBe(state);
  }
  await page.waitForSelector('html[data-embed]');
  expect(wrong).toEqual([]);
  await opened.close();
});

/** Where pages have figures that their bare link does not open. */
const opening: Readonly<Record<string, readonly string[]>> = {
  bench: ['run=kept:bench-google-swiftshader&find=conv2d&show=preferred'],
  conv: ['', 'pad=same&sy=2&h=6&w=6&cin=2&cout=2&g=2', 'tab=dx', 'tab=image&device=cpu'],
};

/** Saves every picture of the page: how many of its visible figures there are, and those that are on none. */
const notSaved = (): Promise<{ figures: number; missed: string[] }> => {
  const { taken } = window as unknown as { taken: Taken };
  taken.files.length = 0;
  const isShown = (element: Element): boolean => element.checkVisibility({ visibilityProperty: true });
  const menus = [...document.querySelectorAll('#content [data-part=export]')].filter(isShown);
  for (const menu of menus) menu.querySelector('button')!.click();
  const nameOf = (element: Element | null | undefined): string => element?.firstChild?.textContent?.trim() ?? '';
  const check = async (): Promise<{ figures: number; missed: string[] }> => {
    while (taken.files.length < menus.length) await new Promise((done) => setTimeout(done, 5));
    const texts = await Promise.all(
      taken.files.filter(({ blob }) => blob.type === 'image/svg+xml').map(({ blob }) => blob.text()),
    );
    const drawn = texts.flatMap((text) =>
      [...new DOMParser().parseFromString(text, 'image/svg+xml').querySelectorAll('text')].map(nameOf),
    );
    const figures = [...document.querySelectorAll('#content figure')].filter(isShown);
    const missed = figures.filter((figure) => {
      if (figure.querySelector('[data-part=export]')) return false;
      // One picture has all matrices of a tab, each under its name.
      const names = [figure.querySelector('figcaption'), figure.parentElement!.querySelector('h3')].map(nameOf);
      return !names.some((name) => name !== '' && drawn.some((text) => text.replace(/ ÷ .*/, '') === name));
    });
    return { figures: figures.length, missed: missed.map((figure) => figure.outerHTML.slice(0, 120)) };
  };
  return check();
};

test('on every page each visible figure is on a picture that an export of the page saves', async () => {
  const found: Record<string, number> = {};
  const opened = await open('', { before: keep });
  const { page, wrong } = opened;
  for (const { name, path } of pages)
    for (const link of opening[name] ?? ['']) {
      await opened.load(`${path}#v=1&lang=en&theme=light&${link}`);
      if (name === 'bench') {
        await page.waitForSelector('#rows tbody[aria-busy=false] tr');
        await page.$eval('#rows .more', (more) => (more as HTMLElement).click());
        await page.waitForSelector('figure.samples');
      }
      if (link.startsWith('tab=image')) await page.waitForSelector('[data-device] canvas');
      await settled(page);
      const { figures, missed } = await page.evaluate(notSaved);
      expect(missed, `${name} ${link}`).toEqual([]);
      found[name] = (found[name] ?? 0) + figures;
    }
  expect(found).toMatchObject({ index: 0, bench: 2, source: 0, train_once: 0, widgets: 2 });
  expect(found.conv).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
  await opened.close();
});
