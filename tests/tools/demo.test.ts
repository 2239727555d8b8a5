// The page that `npm run dev` opens: a click trains, with no request off its origin.

import { createServer } from 'vite';
import { expect, test } from 'vitest';
import { launchBrowser } from '../../tools/launch.mjs';

test('the first page trains and prints its test accuracy', { timeout: 120_000 }, async () => {
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
    await page.goto(`${origin}demos/`);
    await page.click('#train');
    await page.waitForFunction(() => document.querySelector('#status')?.textContent !== 'training…', { timeout: 0 });
    const text = await page.$eval('#log', (log) => log.textContent);
    expect(await page.$eval('#status', (status) => status.textContent)).toBe('done');
    expect(text).toMatch(/epoch 4 {2}loss \d/);
    expect(Number(/test accuracy ([\d.]+)/.exec(text)![1])).toBeGreaterThan(0.9);
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
});
