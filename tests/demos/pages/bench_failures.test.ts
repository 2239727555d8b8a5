// What befalls the kernel lab at its true causes: the GPU goes, memory is short, no shader compiles, a file is none, and there is
// no room. The rows that are there stand.

import { expect, inject, onTestFinished, test } from 'vitest';

import kept from '../../../demos/bench/results/bench-google-swiftshader.json';
import type { BenchResult } from '../../../demos/bench/core/result.ts';
import { downloaded, folder, importFile, patience, ready, small, texts } from './bench_page.ts';
import { broken, remember, shortOf } from './gpu_patches.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer';
import type { Options } from './open.ts';
import { press, state } from './train_page.ts';

async function lab(hash: string, options: Options = {}): Promise<Page> {
  const made = await ready(hash, options);
  onTestFinished(() => made.close());
  return made.page;
}
const phase = (page: Page, wanted: string): Promise<unknown> =>
  page.waitForFunction((name) => document.querySelector<HTMLElement>('#status')?.dataset.phase === name, {}, wanted);
const run = async (page: Page): Promise<void> => {
  await page.$eval('#run', (button) => (button as HTMLElement).click());
};
const offers = (page: Page, code: string): Promise<string[]> =>
  texts(page, `.notice[data-code=${code}] .offers button`);
const french = async (page: Page, code: string, wanted: string): Promise<void> => {
  await page.evaluate(() => (location.hash = location.hash.replace('lang=en', 'lang=fr')));
  await page.waitForFunction(
    (name, part) => document.querySelector(`.notice[data-code=${name}] .text`)?.textContent?.includes(part),
    {},
    code,
    wanted,
  );
};

test(
  'E7: the worker’s device is lost in the middle of a run: its rows stay, and the reader goes on',
  patience,
  async () => {
    // It is lost as soon as there are rows.
    const worker = `${remember}
    const post = self.postMessage.bind(self);
    self.postMessage = (message) => {
      post(message);
      if (message.kind === 'rows') self.last?.destroy();
    };`;
    const page = await lab(small, { worker });
    await run(page);
    expect(await state(page, 'E7')).toMatch(
      /The GPU was lost \(it was switched off\).*Reload the page, or go on with the CPU/,
    );
    await phase(page, 'failed');
    expect(await offers(page, 'E7')).toEqual(['Go on', 'Reload', 'Use the CPU']);
    await page.waitForSelector('#rows tbody tr');
    const shapes = await texts(page, '#rows tbody .c-shape');
    expect(shapes).toEqual(['16x24x32']);
    expect(await texts(page, '#rows tr.wrong'), 'what came after the loss is no kernel’s fault').toEqual([]);
    await french(page, 'E7', 'Le GPU a été perdu (il a été arrêté).');
    expect(await offers(page, 'E7')).toEqual(['Continuer', 'Recharger', 'Utiliser le CPU']);
    const began = await page.$eval('#status', (element) => (element as HTMLElement).dataset.began);
    await press(page, 'Continuer');
    await page.waitForFunction(
      (before) => document.querySelector<HTMLElement>('#status')?.dataset.began !== before,
      {},
      began,
    );
    expect(await texts(page, '#rows tbody .c-shape'), 'until it is measured again').toEqual(shapes);
    await state(page, 'E7');
    await press(page, 'Utiliser le CPU');
    await page.waitForFunction(() => location.hash.includes('device=cpu'));
    await run(page);
    await phase(page, 'done');
    expect(await page.$('.notices')).toBeNull();
  },
);

test(
  'E8: a shape for which memory is short: its row says so, the reader is told, and the others are measured',
  patience,
  async () => {
    const page = await lab('lang=en&theme=light&suites=gemm&gemm=128x128x128;8x8x8&variants=naive&roofs=0', {
      worker: shortOf(60_000),
    });
    await run(page);
    expect(await state(page, 'E8')).toMatch(/Not enough GPU memory.*smaller shapes.*go on with the CPU/);
    expect(await offers(page, 'E8')).toEqual(['Use the CPU']);
    await phase(page, 'done');
    await page.waitForFunction(() => document.querySelectorAll('#rows tbody tr').length === 2);
    expect(await texts(page, '#rows tr[data-check=ok] .c-shape')).toEqual(['8x8x8']);
    await french(page, 'E8', 'Mémoire GPU insuffisante.');
  },
);

test('E9: no shader compiles: the report has what was said, the device panel and the link', patience, async () => {
  const page = await lab(small, { worker: broken });
  await page.evaluate(() => {
    const writeText = (copied: string): Promise<void> => Promise.resolve(void Object.assign(window, { copied }));
    Object.defineProperty(navigator, 'clipboard', { value: { writeText } });
  });
  await run(page);
  expect(await state(page, 'E9')).toMatch(/The GPU refused a kernel.*\.wgsl:\d+:\d+/);
  expect(await offers(page, 'E9')).toEqual(['Copy the report', 'Use the CPU']);
  await press(page, 'Copy the report');
  await page.waitForFunction(() => 'copied' in window);
  const report = await page.evaluate(() => (window as unknown as { copied: string }).copied);
  for (const part of ['.wgsl', 'maxBufferSize: ', 'Chrome/', 'bench/#v=1']) expect(report).toContain(part);
  await french(page, 'E9', 'Le GPU a refusé un noyau de calcul.');
});

test('shapes that cannot be are no error of the page: they are named, to be corrected', patience, async () => {
  const page = await lab('lang=en&device=cpu&suites=gemm&gemm=8x9&roofs=0');
  await run(page);
  await page.waitForSelector('.notices');
  expect(await texts(page, '.notices .text')).toEqual([
    expect.stringMatching(/^The run cannot be made as it was asked for.*Correct the op or the shapes.*8x9/s),
  ]);
  expect(await page.$('.notices [data-code]')).toBeNull();
});

test(
  'E12, E14: files that are no runs change nothing, each told in the reader’s language; without room a run becomes a file',
  patience,
  async () => {
    const id = 'kept:bench-google-swiftshader';
    const page = await lab(`lang=en&theme=light&run=${id}&find=softmax_grad`);
    await page.waitForSelector('#rows tbody[aria-busy=false] tr');
    const shown = (): Promise<string> => page.$eval('#rows', (table) => table.textContent ?? '');
    const before = await shown();
    const directory = folder();
    const wrong = { ...kept, tool: 'saw', rows: [{ ...kept.rows[0]!, repeats: 1.5 }] };
    writeFileSync(join(directory, 'wrong.json'), JSON.stringify(wrong));
    writeFileSync(join(directory, 'torn.json'), '{"schema": 1,\n "rows" []}');
    await importFile(page, join(directory, 'wrong.json'));
    await importFile(page, join(directory, 'torn.json'));
    const told = (): Promise<string[]> => texts(page, '.notice[data-code=E12] .text');
    await page.waitForFunction(() => document.querySelectorAll('[data-code=E12]').length === 2);
    expect(await told()).toEqual([
      expect.stringMatching(
        /^wrong\.json: expected a result of this page.*rows\[0\]\.repeats: expected a whole number, got 1\.5/s,
      ),
      expect.stringMatching(/^torn\.json: expected a result.*line 2, column \d+: this is no JSON/s),
    ]);
    expect(await shown(), 'the run on show stays').toBe(before);
    await french(page, 'E12', 'attendu un nombre entier, trouvé 1.5');
    expect((await told())[1]).toMatch(/ligne 2, colonne \d+\u202F: ce n’est pas du JSON/);
    expect(await page.$$eval('.notice [lang=en]', (all) => all.length), 'nothing in English').toBe(0);
    expect(await texts(page, '#choose-run option[value^="file:"]')).toEqual([]);

    const session = await page.createCDPSession();
    const { origin } = new URL(inject('siteUrl'));
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await page.type('#save-name', 'mine');
    await page.$eval('#save', (button) => (button as HTMLElement).click());
    expect(await state(page, 'E14')).toContain('stockage plein ou privé');
    expect(await texts(page, '#choose-run option[value="saved:mine"]')).toEqual([]);
    const saved = JSON.parse(await downloaded(page, '.notice[data-code=E14] .offers button')) as BenchResult;
    expect(saved).toEqual(kept);
  },
);
