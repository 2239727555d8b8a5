// The development server's pages: the index opens, and a click on the training page trains, with no request elsewhere.

import { createServer } from 'vite';
import { expect, test } from 'vitest';
import { launchBrowser } from '../../tools/launch.mjs';

test(
  'the pages open in development, and the training page prints its test accuracy',
  { timeout: 120_000 },
  async () => {
    const server = await createServer({ logLevel: 'error', server: { port: 0, hmr: false, watch: null } });
    await server.listen();
    const origin = server.resolvedUrls!.local[0]!;
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const elsewhere: string[] = [];
      const errors: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) elsewhere.push(request.url());
      });
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.goto(`${origin}demos/#v=1&lang=en`);
      await page.waitForSelector('.card a[href="./train_once/"]', { timeout: 0 });
      await page.click('.card a[href="./train_once/"]');
      await page.waitForSelector('#train', { timeout: 0 });
      await page.evaluate(() => (location.hash = 'v=1&lang=en'));
      await page.click('#train');
      await page.waitForFunction(() => /^(Done|Ended)/.test(document.querySelector('#status')!.textContent), {
        timeout: 0,
      });
      const text = await page.$eval('#log', (log) => log.textContent);
      expect(await page.$eval('#status', (status) => status.textContent)).toBe('Done.');
      expect(text).toMatch(/epoch 4 {2}loss \d/);
      expect(Number(/test accuracy ([\d.]+)/.exec(text)![1])).toBeGreaterThan(0.9);
      expect(elsewhere).toEqual([]);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
    }
  },
);
