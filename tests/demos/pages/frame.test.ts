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
  expect(digits, 'TH-2').toBeGreaterThanOrEqual(20);
  await close();
});

test('nothing plays by itself, and not even from a link where movement is unwanted', async () => {
  const output = 'document.querySelector(".stepper output").textContent';
  const still = await open('widgets/#v=1&lang=en&play=1&speed=8', {
    before: () => {
      const original = window.matchMedia.bind(window);
      window.matchMedia = (query) => original(query.includes('reduced-motion') ? 'all' : query);
    },
  });
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
