// The training page: it trains in a worker, is held and goes on; and each error state at its true cause.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElementHandle, Page } from 'puppeteer';
import { describe, expect, inject, onTestFinished, test } from 'vitest';

import { cnnS, readSafetensors, saveModel, writeSafetensors } from '../../../src/index.ts';
import { downloadOf } from './bench_page.ts';
import { clipped, smallTargets, tooWide } from './checks.ts';
import { settled } from './open.ts';
import { click, countLocks, locks, logged, opened, press, short, state, status, text } from './train_page.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'retrograd-files-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function give(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder(), name);
  writeFileSync(path, bytes);
  await ((await page.$('#open')) as ElementHandle<HTMLInputElement>).uploadFile(path);
}

test('trains in a worker, pauses, stops, goes on, and gives its training as a file', async () => {
  // So many that a fast machine is not through with them before the pause is pressed.
  const epochs = 12;
  const { page, wrong } = await opened(`${short}&epochs=${epochs}`, {
    before: () => {
      const request = GPUAdapter.prototype.requestDevice;
      const counts = { devices: 0, heard: [] as [number, string][] };
      Object.assign(window, { counts });
      GPUAdapter.prototype.requestDevice = function (...given) {
        counts.devices++;
        return request.apply(this, given);
      };
      // Of every region that screen readers listen to.
      new MutationObserver((records) => {
        for (const { target } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          const region = element?.closest('[aria-live], [role=status], [role=alert], [role=log], [role=timer]');
          const said = region?.textContent ?? '';
          if (said && said !== counts.heard.at(-1)?.[1]) counts.heard.push([performance.now(), said]);
        }
      }).observe(document, { subtree: true, childList: true, characterData: true });
    },
  });
  await click(page, '#train');
  await logged(page, 'epoch 1');
  expect(page.workers()).toHaveLength(1);
  await click(page, '#pause');
  await status(page, 'Paused');
  // Steps that were on their way still arrive; then it rests, before the training's end.
  let place = '';
  await expect
    .poll(
      async () => {
        const earlier = place;
        place = await text(page, '#progress');
        return place === earlier;
      },
      { interval: 300, timeout: 20_000 },
    )
    .toBe(true);
  expect(place).toMatch(/epoch ([1-9]|1[01]) of 12, batch \d of 3, loss \d/);
  await click(page, '#stop');
  await status(page, 'Stopped');
  await expect.poll(() => page.workers().length).toBe(0);
  const [label] = await page.$$eval('#go-on', (found) => found.map((button) => button.textContent));
  expect(label).toMatch(/^Go on after epoch ([1-9]|1[01])$/);
  await click(page, '#go-on');
  await status(page, 'Done');
  const log = await text(page, '#log');
  expect(log.match(/^epoch \d+/gm)).toEqual(Array.from({ length: epochs }, (_, at) => `epoch ${at + 1}`));
  expect(log).toMatch(/test accuracy 0\.\d/);
  expect(await text(page, '.model')).toMatch(/Layer \(type\).*conv1 \(Conv2d\).*9,098/);
  await page.evaluate(() => (location.hash = location.hash.replace('lang=en', 'lang=fr')));
  await page.waitForFunction(() => document.documentElement.lang === 'fr');
  await settled(page);
  const [line, last] = [...(await text(page, '#log')).matchAll(/^(époque 1 |exactitude).*$/gm)].map(([all]) => all);
  expect(line).toMatch(
    /^époque 1 {2}perte \d,\d{4} {2}validation\u202F: perte \d,\d{4} {2}exactitude \(accuracy\) \d,\d{3}$/,
  );
  expect(last).toMatch(/^exactitude \(accuracy\) sur le jeu de test \d,\d{3}$/);
  expect(await text(page, '.model')).toMatch(
    /^Modèle cnn-sCouche \(type\)SortieParamètresMFLOP par exemple.*9\u202F098/,
  );
  expect(await page.$$eval('#content [lang=en]', (found) => found.length)).toBe(0);
  await page.setViewport({ width: 640, height: 640 });
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await settled(page);
  expect([await tooWide(page), await clipped(page), await smallTargets(page)]).toEqual([[], [], []]);
  await page.waitForFunction(
    () => (window as unknown as { counts: { heard: [number, string][] } }).counts.heard.at(-1)?.[1] === 'Done.',
  );
  const { devices, heard } = await page.evaluate(
    () => (window as unknown as { counts: { devices: number; heard: [number, string][] } }).counts,
  );
  expect(devices, 'the badge asks for a device; all else is the worker’s').toBe(1);
  const pauses = heard.slice(1).map(([at], i) => at - heard[i]![0]);
  // What is said within a longer task is seen at its end.
  expect(Math.min(...pauses), JSON.stringify(heard)).toBeGreaterThan(1500);

  const downloads = folder();
  const session = await page.createCDPSession();
  await session.send('Browser.setDownloadBehavior', {
    behavior: 'allow',
    downloadPath: downloads,
    browserContextId: page.browserContext().id!,
  });
  await click(page, '#download');
  await expect.poll(() => readdirSync(downloads)).toEqual(['cnn-s.safetensors']);
  const bytes = readFileSync(join(downloads, 'cnn-s.safetensors'));
  await page.evaluate(() => (location.hash = 'v=1&lang=en&images=120&batch=40&epochs=13'));
  await page.reload();
  await page.waitForSelector('#go-on');
  expect(await text(page, '#go-on'), 'kept by the browser').toBe('Go on after epoch 12');
  await give(page, 'mine.safetensors', bytes);
  await page.waitForSelector('#download');
  await click(page, '#go-on');
  await status(page, 'Done');
  expect((await text(page, '#log')).match(/^epoch \d+/gm)).toEqual(['epoch 13']);
  expect(wrong).toEqual([]);
});

test('a loss that is no number: restored with a tenth of the rate, or clipped (E10)', async () => {
  const { page } = await opened(`${short}&epochs=1&rate=1e14`);
  await countLocks(page);
  await click(page, '#train');
  expect(await state(page, 'E10')).toMatch(/Step \d+: the loss is no longer a number/);
  expect(await locks(page), 'the screen may go off after a failure').toEqual({ asked: 1, released: 1 });
  await press(page, 'Restore, rate ÷ 10');
  await page.waitForFunction(() => /rate=10000000000000\b/.test(location.hash));
  await status(page, 'Ended');
  await press(page, 'Clip gradients at 1');
  await page.waitForFunction(() => location.hash.includes('clip=1'));
});

describe('its worker', () => {
  test('does not come (E18)', async () => {
    const { page } = await opened(short, {
      before: () => {
        const Original = Worker;
        window.Worker = class extends Original {
          constructor(_: string | URL, options?: WorkerOptions) {
            super(new URL('./no-such-worker.js', location.href), options);
          }
        };
      },
    });
    await click(page, '#train');
    expect(await state(page, 'E18')).toContain('The worker that computes has ended');
    await status(page, 'Ended');
  });

  test('ends without a word: that is said after ten seconds, and the training goes on from what was kept', async () => {
    const { page } = await opened(`${short}&epochs=100`, {
      before: () => {
        // A clock that runs eight times as fast.
        const now = performance.now.bind(performance);
        performance.now = () => 8 * now();
      },
    });
    await click(page, '#train');
    await logged(page, 'epoch 1');
    await page.workers()[0]!.evaluate('self.close()');
    // What the worker said last may come late, and take the notice away once more.
    await page.waitForFunction(() => {
      const notice = [...document.querySelectorAll('.notice')].find((one) => one.textContent?.includes('said nothing'));
      notice?.querySelector<HTMLButtonElement>('.offers button')!.click();
      return document.querySelector('#status')?.textContent === 'Stopped.';
    });
    await click(page, '#go-on');
    await status(page, 'Training');
    expect(page.workers()).toHaveLength(1);
  });
});

test('the engine does not come (E11)', async () => {
  const { page } = await opened(short, { block: /assets\/train-[^/]*\.js$/ });
  await page.waitForSelector('#train');
  await click(page, '#train');
  expect(await state(page, 'E11')).toContain('Could not load the engine');
});

test('parts of other pages do not come (E11)', async () => {
  const { page } = await opened('#v=1&lang=en', { block: /sizes\.json$/ });
  expect(await state(page, 'E11')).toContain('Could not load the sizes of the downloads');
  expect(await page.$$eval('.card a', (links) => links.length), 'the cards stand without them').toBeGreaterThan(1);
  const source = await opened('source/#v=1&lang=en', { block: /source-text[^/]*\.js$/ });
  expect(await state(source.page, 'E11')).toContain('Could not load index.ts');
});

test('files that are no training, or one of another network (E12, E16)', async () => {
  const { page, wrong } = await opened(short);
  const bytes = await saveModel(cnnS());
  await give(page, 'first.safetensors', bytes);
  await page.waitForSelector('#download');
  const goOn = await text(page, '#go-on');
  await give(page, 'torn.safetensors', bytes.slice(0, 1000));
  expect(await state(page, 'E12')).toContain('torn.safetensors: expected a training that this page saved');
  await give(page, 'other.safetensors', await saveModel(cnnS({ inputShape: [32, 32, 3] })));
  expect(await state(page, 'E16')).toContain('fc/kernel: [1024,10] in the file, expected [784,10]');
  expect(await page.$('[data-code=E12]')).toBeNull();
  await page.evaluate(() => (location.hash = location.hash.replace('lang=en', 'lang=fr')));
  await page.waitForFunction(() =>
    document.querySelector('[data-code=E16]')?.textContent?.includes('[1024,10] dans le fichier, attendu [784,10]'),
  );
  // A file of every kind of difference at once.
  const { tensors, metadata } = readSafetensors(bytes);
  const { 'fc/bias': renamed, ...rest } = tensors;
  const whole = { ...rest['conv1/bias']!, dtype: 'u32', data: new Uint32Array(8) } as const;
  await give(page, 'mixed.safetensors', writeSafetensors({ ...rest, 'conv1/bias': whole, out: renamed! }, metadata));
  const french = [
    'u32 dans le fichier, attendu f32/f16',
    'absent du fichier, attendu [10]',
    'dans le fichier seulement, [10]',
  ];
  await page.waitForFunction(
    (parts) => {
      const text = document.querySelector('[data-code=E16]')?.textContent ?? '';
      return parts.every((part) => text.includes(part));
    },
    {},
    french,
  );
  // What was opened first is still what is gone on from.
  expect(await text(page, '#go-on')).toBe(goOn.replace('Go on after epoch', 'Continuer après l’époque'));
  expect((await downloadOf(page, '#download')).bytes).toEqual(Uint8Array.from(bytes));
  await give(page, 'right.safetensors', bytes);
  await page.waitForFunction(() => !document.querySelector('.notice'));
  expect(wrong).toEqual([]);
});

test('a browser that keeps nothing offers the file instead, and the training goes on (E14)', async () => {
  const { page } = await opened(`${short}&epochs=2`);
  await countLocks(page);
  const session = await page.createCDPSession();
  const { origin } = new URL(inject('siteUrl'));
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  await click(page, '#train');
  await status(page, 'Done');
  expect(await locks(page), 'the screen may go off at the end').toEqual({ asked: 1, released: 1 });
  expect(await state(page, 'E14')).toContain('could not keep it');
  expect(await page.$$eval('[data-code=E14] .offers button', (found) => found.map((one) => one.textContent))).toEqual([
    'Download',
  ]);
});

test('a page that nobody sees pauses, and says so; one that is seen keeps its screen on and tells of epochs (E15)', async () => {
  const { page } = await opened(`${short}&epochs=100`, {
    before: () => {
      const later = window.setTimeout.bind(window) as (act: unknown, ms: number, ...given: unknown[]) => number;
      // The pauses between two messages to screen readers, in a tenth of their time.
      window.setTimeout = ((act: unknown, ms = 0, ...given: unknown[]) =>
        later(act, ms === 2000 ? 200 : ms, ...given)) as typeof setTimeout;
    },
  });
  await countLocks(page);
  // Hidden before its first step.
  await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }));
  await click(page, '#train');
  await status(page, 'Paused');
  expect(await state(page, 'E15')).toContain('Paused while this tab was hidden');
  expect(await locks(page), 'browsers refuse it to hidden pages').toEqual({ asked: 0, released: 0 });
  await page.evaluate(() => {
    delete (document as { hidden?: boolean }).hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  expect(await locks(page), 'asked for as soon as the page is seen').toEqual({ asked: 1, released: 0 });
  await press(page, 'Resume');
  await logged(page, 'epoch 1');
  await page.waitForFunction(() =>
    /^Epoch \d+ of 100, validation accuracy \d+%$/.test(document.querySelector('[aria-live=polite]')!.textContent!),
  );
  const front = await page.browserContext().newPage();
  await front.bringToFront();
  await page.bringToFront();
  await status(page, 'Paused');
  expect(await state(page, 'E15')).toContain('Paused while this tab was hidden');
  expect(await locks(page), 'and again').toEqual({ asked: 2, released: 0 });
  await press(page, 'Resume');
  await status(page, 'Training');
  expect(await page.$('.notice')).toBeNull();
  await click(page, '#stop');
  await status(page, 'Stopped');
  expect(await locks(page), 'a stop lets the screen go off').toEqual({ asked: 2, released: 1 });
});

test('by http WebGPU is not there, and the training runs on the CPU (E1)', async () => {
  const { page } = await opened(`${short}&epochs=1`, {
    site: inject('siteUrl').replace('127.0.0.1', 'insecure.test'),
  });
  expect(await state(page, 'E1')).toContain('this page is http');
  expect(await page.$('button.device.cpu')).not.toBeNull();
});
