// The kernel lab as a reader uses it: a run, a stop, wrong kernels, comparison, no GPU.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import schemaFile from '../../../demos/bench/bench.schema.json';
import type { BenchResult } from '../../../demos/bench/core/result.ts';
import { validate, type Schema } from '../../../demos/bench/core/schema.ts';
import {
  downloaded,
  folder,
  importFile,
  measured,
  patience,
  ready,
  runBy,
  small,
  texts,
  threadGone,
} from './bench_page.ts';
import { axeViolations, keyboardGaps, tooWide } from './checks.ts';
import { settled } from './open.ts';

test('measures when it is told to, and what it measured goes out and in again', patience, async () => {
  const { page, wrong, close } = await ready(small);
  expect(await page.$eval('#status', (element) => element.textContent)).toBe('Nothing runs until you press Run.');
  expect(page.workers(), 'nothing runs by itself').toEqual([]);
  expect(await page.$$eval('#device dt', (found) => found.length)).toBeGreaterThan(12);

  await measured(page);
  const checks = await texts(page, '#rows tbody .c-check');
  expect(checks.length).toBe(2);
  expect(checks.every((text) => text.startsWith('✓ right'))).toBe(true);
  await threadGone(page);
  expect(await page.$eval('#device', (element) => element.textContent)).toMatch(/empty submit takes/);
  expect(await page.$('[data-banner=software]'), 'KB-12').not.toBeNull();

  // Its formula is reached by keyboard: the row's number opens it.
  await page.focus('#rows .more');
  await page.keyboard.press('Enter');
  await settled(page);
  expect(await page.$eval('tr.detail', (element) => element.textContent)).toContain('2 · M · N · K = 24,576 FLOP');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-expanded'))).toBe('true');

  // Points are walked in the table's order.
  await page.waitForSelector('#roofline-picture');
  const first = await page.$eval('#roofline-picture [tabindex="0"]', (point) => (point as SVGElement).dataset.row);
  await page.$eval('#roofline-picture [tabindex="0"]', (point) => (point as SVGElement).focus());
  await page.keyboard.press('ArrowRight');
  await settled(page);
  const second = await page.$eval('#roofline-picture [tabindex="0"]', (point) => (point as SVGElement).dataset.row);
  expect([first, second]).toEqual(['1', '2']);
  expect(await page.$eval('#chosen-point', (element) => element.textContent)).toMatch(/^Row 2: matmul 8x8x8/);

  for (const theme of ['light', 'dark'] as const) {
    await page.select('select[aria-label=Theme]', theme);
    await settled(page);
    expect(await axeViolations(page), theme).toEqual([]);
  }
  expect(await keyboardGaps(page)).toEqual([]);
  await page.setViewport({ width: 390, height: 844 });
  await settled(page);
  expect(await tooWide(page)).toEqual([]);
  await page.setViewport({ width: 1280, height: 800 });

  const text = await downloaded(page, '#export-json');
  const result = JSON.parse(text) as BenchResult;
  expect(validate(result, schemaFile as unknown as Schema)).toEqual([]);
  expect(result.rows.map(({ samplesNs }) => samplesNs.length > 1)).not.toContain(false);
  expect(result.source.version).toMatch(/^\d+\.\d+\.\d+$/);

  // The same as if it came from hardware: asked for before it stands beside a software GPU.
  const directory = folder();
  const faster = result.rows.map((row) => ({ ...row, samplesNs: row.samplesNs.map((ns) => ns / 4) }));
  const timed = faster.map((row) => ({
    ...row,
    summary: row.summary && { ...row.summary, median: row.summary.median / 4 },
  }));
  const device = { ...result.device, adapter: 'discrete', fallback: false, description: 'a card' };
  writeFileSync(join(directory, 'hardware.json'), JSON.stringify({ ...result, device, rows: timed }));
  writeFileSync(join(directory, 'same.json'), text);
  writeFileSync(join(directory, 'bad.json'), JSON.stringify({ ...result, rows: [{ suite: 'shapes' }] }));

  await importFile(page, join(directory, 'bad.json'));
  expect(await page.$eval('[data-code=E12]', (element) => element.textContent)).toMatch(/bad\.json.*rows\[0\]/);
  await importFile(page, join(directory, 'same.json'));
  await page.waitForFunction(() => !document.querySelector('#compared')?.textContent?.includes('…'));
  expect(new Set(await texts(page, '#compared tbody td:last-child'))).toEqual(new Set(['no difference shown']));
  await importFile(page, join(directory, 'hardware.json'));
  expect(await page.$('#compared')).toBeNull();
  await page.click('#consent');
  await page.waitForFunction(() => document.querySelector('#compared')?.textContent?.includes('…') === false);
  expect(new Set(await texts(page, '#compared tbody td:last-child'))).toEqual(new Set(['slower']));
  expect(await page.$eval('[data-banner=unlike]', (element) => element.textContent)).toContain('the device');

  // Saved under a name, and there again.
  await page.type('#save-name', 'before');
  await page.click('#save');
  await page.waitForSelector('#choose-run option[value="saved:before"]');
  await page.reload();
  await page.waitForSelector('#choose-run option[value="saved:before"]');
  await page.select('#choose-run', 'saved:before');
  await page.waitForSelector('#rows tbody tr');
  expect(await page.$$eval('#rows tbody tr', (found) => found.length)).toBe(result.rows.length);
  expect(await page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get('run'))).toBe('saved:before');
  expect(wrong).toEqual([]);
  await close();
});

test('Stop acts at once, in the middle of a case, and keeps the rows that are there', patience, async () => {
  const { page, wrong, close } = await ready('lang=en&suites=gemm&gemm=8x8x8;2048x2048x2048&roofs=0&variants=naive');
  await page.click('#run');
  // The first case is done, and the second's reference keeps its thread busy for long.
  await page.waitForSelector('#rows tbody tr', { timeout: 0 });
  const took = await page.evaluate(async () => {
    const began = performance.now();
    document.querySelector<HTMLButtonElement>('#stop')!.click();
    const stopped = () => document.querySelector<HTMLElement>('#status')?.dataset.phase === 'stopped';
    while (!stopped()) await new Promise(requestAnimationFrame);
    return performance.now() - began;
  });
  expect(took, 'KB-10').toBeLessThan(300);
  await threadGone(page);
  const result = JSON.parse(await downloaded(page, '#export-json')) as BenchResult;
  expect(validate(result, schemaFile as unknown as Schema)).toEqual([]);
  expect(result.rows.length).toBeGreaterThan(0);
  expect(result.notes).toContain('Stopped before the end.');
  expect(wrong).toEqual([]);
  await close();
});

test(
  'a reader’s kernel is timed beside ours; a wrong one is struck and named, a broken one told its line',
  patience,
  async () => {
    const { page, wrong, close } = await ready('lang=en&roofs=0&variants=naive');
    await page.$eval('.own summary', (element) => (element as HTMLElement).click());
    await page.click('#own-example');
    await settled(page);
    await page.evaluate(() => {
      const code = document.querySelector<HTMLTextAreaElement>('#own-code')!;
      const field = document.querySelector<HTMLInputElement>('.own .choices label:nth-child(2) input')!;
      field.value = '8x8x8';
      field.dispatchEvent(new Event('change'));
      code.dispatchEvent(new Event('change'));
    });
    const write = async (from: string, to: string): Promise<void> => {
      await page.$eval(
        '#own-code',
        (element, [old, fresh]) => {
          const code = element as HTMLTextAreaElement;
          code.value = code.value.replace(old!, fresh!);
          code.dispatchEvent(new Event('change'));
        },
        [from, to],
      );
      await settled(page);
    };
    await measured(page, '#own-run');
    expect(await texts(page, '#rows tr[data-check=ok] .struck')).toContain('own.wgsl');
    expect(await texts(page, '#own-rows li')).toEqual([
      expect.stringMatching(/^✓ right · matmul 8x8x8 · [\d.]+ ms · (fastest|[\d.]+× the fastest)$/),
    ]);

    await write('] = sum;', '] = 0.0 * sum;');
    await measured(page, '#own-run');
    expect(await texts(page, '#rows tr.wrong .struck')).toEqual(['own.wgsl']);
    expect(await page.$eval('tr.wrong .struck', (element) => getComputedStyle(element).textDecorationLine)).toBe(
      'line-through',
    );
    expect((await texts(page, '.wrong-rows li'))[0]).toMatch(/^✗ matmul 8x8x8, own\.wgsl: output 0, element 0: got 0/);
    expect(await texts(page, '.legend li')).not.toContain('own.wgsl');

    // Wrong in one element alone.
    await write('] = 0.0 * sum;', '] = sum + select(0.0, 0.01, row == 7 && column == 6);');
    await measured(page, '#own-run');
    expect(await texts(page, '#rows tr.wrong .struck')).toEqual(['own.wgsl']);
    expect(await texts(page, '.wrong-rows li')).toEqual([
      expect.stringMatching(/^✗ matmul 8x8x8, own\.wgsl: output 0, element 62: got .* expected .* within /),
    ]);
    expect(await page.$('#own-failure'), 'it could be run').toBeNull();
    expect(await texts(page, '#own-rows li')).toEqual([expect.stringMatching(/^✗ wrong · .* element 62: got /)]);

    for (const [from, to, said] of [
      ['var sum = 0.0;', 'var sum = 1u;', /^own\.wgsl:\d+:\d+: no matching call to 'fma\(f32, f32, u32\)'/],
      ['size(16, 16)', 'size(16, 4096)', /^own\.wgsl:\d+:\d+: .*4096/],
      ['read_write> c', 'read> c', /^own\.wgsl:\d+:\d+: matmul writes 'c': expected var<storage, read_write>/],
      ['struct Params', 'struct', /^own\.wgsl:\d+:\d+: expected identifier/],
    ] as const) {
      await write(from, to);
      await runBy(page, '#own-run');
      const [failure, line, code] = await page.evaluate(() => [
        document.querySelector('#own-failure')!.textContent,
        document.querySelector<HTMLElement>('#own-failure')!.dataset.line,
        document.querySelector<HTMLTextAreaElement>('#own-code')!.value,
      ]);
      expect(failure).toMatch(said);
      const shown = failure!.split('\n').at(-2)!.split(' | ')[1];
      expect(code!.split('\n')[Number(line) - 1], 'the line of the pasted text').toBe(shown);
      await page.click('#own-line');
      const marked = await page.$eval('#own-code', (element) => {
        const { value, selectionStart, selectionEnd } = element as HTMLTextAreaElement;
        return document.activeElement === element ? value.slice(selectionStart, selectionEnd) : null;
      });
      expect(marked).toBe(shown);
      await write(to, from);
    }
    expect(wrong).toEqual([]);
    await close();
  },
);

test('without WebGPU the CPU’s rows and other runs are there', patience, async () => {
  const { page, wrong, close } = await ready('lang=en&suites=softmax&softmax=4x10', {
    before: () => void Object.defineProperty(navigator, 'gpu', { value: undefined }),
  });
  expect(await page.$('[data-code=E2]')).not.toBeNull();
  expect(await page.$('[data-banner=cpu]')).not.toBeNull();
  await measured(page);
  expect(new Set(await texts(page, '#rows .struck'))).toEqual(new Set(['reference']));
  await page.select('#choose-run', 'kept:bench-google-swiftshader');
  await page.waitForFunction(() => document.querySelectorAll('#rows tbody tr').length > 50, { timeout: 0 });
  expect(wrong).toEqual([]);
  await close();
});

test('settings stand in the link, and the link sets them', async () => {
  const { page, hash, close } = await ready('lang=en&suites=gemm,steps&gemm=9x9x9&size=full&sort=gflops&down=1');
  const labels = await page.$$eval('#parameters fieldset input:checked', (found) =>
    found.map((input) => input.closest('label')!.textContent),
  );
  expect(labels).toEqual(['Matrix products (GEMM)', 'Training steps of whole models']);
  await page.$eval('#parameters fieldset input', (input) => (input as HTMLInputElement).click());
  await page.waitForFunction(() => location.hash.includes('suites=steps&'));
  await hash('v=1&lang=fr&suites=conv,none');
  expect((await texts(page, '[data-code=E17] li'))[0]).toContain('suites');
  expect(await texts(page, '#parameters fieldset label:has(:checked)')).toEqual(['Convolution\u202F: avant, dX, dW']);
  await close();
});
