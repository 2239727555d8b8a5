// The training page as its tests open, press and read it.

import type { Page } from 'puppeteer';
import { onTestFinished } from 'vitest';

import { open, type Opened, type Options } from './open.ts';

/** Three steps an epoch. */
export const short = 'train_once/#v=1&lang=en&images=120&batch=40';

export async function opened(path: string, options: Options = {}): Promise<Opened> {
  const made = await open(path, options);
  onTestFinished(() => made.close());
  // What the badge says is what is used, so the training waits for it.
  await made.page.waitForFunction(() => !document.querySelector('button.device.asking'));
  return made;
}

export const text = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? '');
/** In the place of the browser's wake lock, which headless browsers refuse: counts, and takes it from a hidden page as they do. */
export const countLocks = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const counts = { asked: 0, released: 0 };
    const held: { released: boolean }[] = [];
    const request = (): Promise<object> => {
      counts.asked++;
      const lock = {
        released: false,
        release() {
          if (!lock.released) counts.released++;
          lock.released = true;
          return Promise.resolve();
        },
      };
      held.push(lock);
      return Promise.resolve(lock);
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) for (const lock of held) lock.released = true;
    });
    Object.assign(window, { locks: counts });
  });
export const locks = (page: Page): Promise<{ asked: number; released: number }> =>
  page.evaluate(() => ({ ...(window as unknown as { locks: { asked: number; released: number } }).locks }));

/** Not by the pointer, from which a button may slip away while the page grows. */
export const click = (page: Page, selector: string): Promise<void> =>
  page.$eval(selector, (element) => (element as HTMLElement).click());
export const status = async (page: Page, wanted: string): Promise<unknown> =>
  page.waitForFunction((name) => document.querySelector('#status')?.textContent?.startsWith(name), {}, wanted);
export const state = async (page: Page, code: string): Promise<string> => {
  try {
    await page.waitForSelector(`.notice[data-code=${code}]`);
  } catch (error) {
    throw new Error(`no ${code}: ${await text(page, '#main')}`, { cause: error });
  }
  return text(page, `.notice[data-code=${code}]`);
};
export const press = (page: Page, label: string): Promise<void> =>
  page.$$eval(
    '.notice .offers button',
    (buttons, name) => buttons.find((button) => button.textContent === name)!.click(),
    label,
  );
export const logged = async (page: Page, line: string): Promise<unknown> =>
  page.waitForFunction((part) => document.querySelector('#log')?.textContent?.includes(part), {}, line);
