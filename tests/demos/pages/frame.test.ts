// The frame's own manners: whose language and theme, stillness, what a screen reader hears and how often.

import { expect, test } from 'vitest';

import { open, settled } from './open.ts';

test('the language is the link’s, else the one chosen before, else the browser’s', async () => {
  const before = (): void =>
    void Object.defineProperty(navigator, 'languages', { get: () => ['de-DE', 'fr-CA', 'en'] });
  const { page, hash, close } = await open('', { before });
  const lang = (): Promise<string> => page.evaluate(() => document.documentElement.lang);
  expect(await lang(), 'the first of the browser’s that there is').toBe('fr');
  await page.evaluate(() => localStorage.setItem('retrograd.language', 'en'));
  await page.reload();
  await page.waitForSelector('#content');
  expect(await lang(), 'chosen before').toBe('en');
  await hash('v=1&lang=fr');
  expect(await lang(), 'the link’s').toBe('fr');
  await hash('v=1&lang=xx');
  expect(await lang()).toBe('en-x-pseudo');
  await close();
});

test('a page stands before its view is made, whose parts are made in tasks of their own', async () => {
  const { page, close } = await open('conv/#v=1&lang=en', {
    before: () => {
      // The first of the parameters and the first of the pictures: what stood by then, and whether anything could come between.
      const made: Record<string, { stands: boolean; content: boolean; task: number }> = {};
      const create = document.createElement.bind(document);
      let task = 0;
      document.createElement = ((tag: string) => {
        if (tag === 'optgroup' || tag === 'figcaption') {
          const stands = document.querySelector('header') !== null;
          made[tag] ??= { stands, content: document.querySelector('#content') !== null, task };
          setTimeout(() => task++);
        }
        return create(tag);
      }) as typeof document.createElement;
      Object.assign(window, { made });
    },
  });
  const made = await page.evaluate(
    () => (window as unknown as { made: Record<string, { stands: boolean; content: boolean; task: number }> }).made,
  );
  expect(made.optgroup).toEqual({ stands: true, content: false, task: 0 });
  expect(made.figcaption).toMatchObject({ stands: true, content: false });
  expect(made.figcaption!.task).toBeGreaterThan(0);
  await close();
});

test('the theme follows the system while it is not chosen', async () => {
  const { page, hash, close } = await open('');
  const theme = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset.theme);
  for (const value of ['dark', 'light']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
    await settled(page);
    expect(await theme()).toBe(value);
  }
  await hash('v=1&theme=projector');
  expect(await theme()).toBe('projector');
  const digits = await page.evaluate(() => {
    const probe = document.createElement('td');
    probe.style.fontSize = 'var(--digit)';
    document.body.append(probe);
    return Number.parseFloat(getComputedStyle(probe).fontSize);
  });
  expect(digits).toBeGreaterThanOrEqual(20);
  await close();
});

test('nothing plays by itself, and not even from a link where movement is unwanted', async () => {
  const output = 'document.querySelector(".stepper output").textContent';
  const still = await open('widgets/#v=1&lang=en&play=1&speed=8', { still: true });
  const playing = await open('widgets/#v=1&lang=en&play=1&speed=8');
  await playing.page.waitForFunction(`!/step 1 /.test(${output})`);
  expect(await still.page.evaluate(output)).toBe('step 1 of 12');
  await still.close();
  await playing.close();
});

test('a screen reader hears at most one message in two seconds, the latest', async () => {
  const { page, close } = await open('widgets/#v=1&lang=en');
  await page.evaluate(() => {
    const heard: [number, string][] = [];
    Object.assign(window, { heard });
    new MutationObserver(([record]) => heard.push([performance.now(), record!.target.textContent!])).observe(
      document.querySelector('[aria-live=polite]')!,
      { childList: true },
    );
  });
  for (const typed of ['a', 'b', 'c', 'd']) {
    await page.click('input.digits', { count: 3 });
    await page.keyboard.type(typed);
    await page.keyboard.press('Enter');
  }
  await page.waitForFunction(() => (window as unknown as { heard: unknown[] }).heard.length === 2);
  const heard = await page.evaluate(() => (window as unknown as { heard: [number, string][] }).heard);
  expect(heard.map(([, text]) => text)).toEqual(['“a” is not a number.', '“d” is not a number.']);
  expect(heard[1]![0] - heard[0]![0]).toBeGreaterThan(1990);
  await close();
});

test('the head holds the title, the languages, the themes, the link, the keys and the source', async () => {
  const { page, wrong, close } = await open('conv/#v=1&lang=en&step=3');
  const head = await page.evaluate(() => ({
    title: document.querySelector('header h1')!.textContent,
    languages: [...document.querySelectorAll('header .segments button')].map((one) => one.textContent),
    themes: [...document.querySelectorAll<HTMLOptionElement>('header option')].map(({ value }) => value),
    source: document.querySelector('header a.icon')!.getAttribute('href'),
  }));
  expect(head).toEqual({
    title: 'Convolution arithmetic',
    languages: ['EN, English', 'FR, Français'],
    themes: ['auto', 'light', 'dark', 'projector'],
    source: expect.stringContaining('source/') as string,
  });
  await page.evaluate(() => {
    const told = Object.assign(window, { copied: '', full: 0 });
    Object.defineProperty(navigator, 'clipboard', {
      value: { writeText: (text: string) => Promise.resolve((told.copied = text)) },
    });
    document.documentElement.requestFullscreen = () => Promise.resolve(void told.full++);
  });
  await page.click('header button[aria-label="Copy link"]');
  await page.waitForSelector('.notice');
  await page.keyboard.press('f');
  const told = await page.evaluate(() => {
    const { copied, full } = window as unknown as { copied: string; full: number };
    return { copied, full };
  });
  expect(told, 'F asks for the full screen').toEqual({ copied: page.url(), full: 1 });
  expect(page.url()).toMatch(/#v=1&step=3&lang=en$/);
  expect(wrong).toEqual([]);
  await close();
});

test('the badge names the GPU as the browser does, and says a software GPU and the CPU', async () => {
  const { page, hash, wrong, close } = await open('widgets/#v=1&lang=en', {
    before: () => {
      const info = {
        vendor: 'nvidia',
        architecture: 'ada-lovelace',
        device: '',
        description: '',
        isFallbackAdapter: false,
      };
      const device = { destroy: () => undefined };
      const adapter = { info, requestDevice: () => Promise.resolve(device) };
      const gpu = { requestAdapter: () => Promise.resolve(adapter) };
      Object.defineProperty(navigator, 'gpu', { value: gpu });
      Object.assign(window, { info });
    },
  });
  const badge = async (kind: string): Promise<string> => {
    const found = await page.waitForSelector(`header button.device.${kind}`);
    return found!.$eval('span:last-child', (name) => name.textContent);
  };
  expect(await badge('gpu')).toBe('GPU · nvidia ada-lovelace');
  await hash('v=1&lang=en&device=cpu');
  expect(await badge('cpu')).toBe('CPU');
  await page.evaluate(() =>
    Object.assign((window as unknown as { info: object }).info, { vendor: 'google', architecture: 'swiftshader' }),
  );
  await hash('v=1&lang=en');
  expect(await badge('software')).toBe('GPU (software)');
  expect(wrong).toEqual([]);
  await close();
});

test('the ring of focus stands out by 3 : 1 wherever it may stand, in every theme', async () => {
  const { page, hash, close } = await open('conv/');
  for (const theme of ['light', 'dark', 'projector']) {
    await hash(`v=1&lang=en&theme=${theme}&pad=same&step=3&bias=1`);
    const rings = await page.evaluate(() => {
      const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
      const luminance = (...layers: readonly string[]): number => {
        for (const layer of layers) {
          pen.fillStyle = layer;
          pen.fillRect(0, 0, 1, 1);
        }
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((part) => {
          const share = part / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        }) as [number, number, number];
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      /** The backgrounds from the page's to the element's. */
      const behind = (element: Element | null): string[] =>
        element ? [...behind(element.parentElement), getComputedStyle(element).backgroundColor] : [];
      const stops = [
        ...document.querySelectorAll<HTMLElement>(
          '#page :is(a[href], button, select, input, summary, [role=gridcell]):not(:disabled)',
        ),
      ].filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('dialog'));
      return stops.map((stop) => {
        stop.focus({ focusVisible: true } as FocusOptions);
        const { outlineColor, outlineStyle, outlineOffset } = getComputedStyle(stop);
        const ring = luminance(outlineColor);
        const paper = luminance(...behind(Number.parseFloat(outlineOffset) < 0 ? stop : stop.parentElement));
        const ratio = (Math.max(ring, paper) + 0.05) / (Math.min(ring, paper) + 0.05);
        return { ratio: outlineStyle === 'none' ? 0 : ratio, name: stop.outerHTML.slice(0, 120) };
      });
    });
    expect(rings.length).toBeGreaterThan(60);
    expect(
      rings.filter(({ ratio }) => ratio < 3).map(({ ratio, name }) => `${theme} ${ratio.toFixed(2)} ${name}`),
    ).toEqual([]);
  }
  await close();
});
