// The kernel lab's runs on one opened page: saved, copied, as pictures, dropped as files, measured again; and that nothing is
// measured unless it is asked for. Until the last test no kernel is run here.

import { afterAll, beforeAll, expect, test } from 'vitest';

import schemaFile from '../../../demos/bench/bench.schema.json';
import kept from '../../../demos/bench/results/bench-google-swiftshader.json';
import type { BenchResult } from '../../../demos/bench/core/result.ts';
import { validate, type Schema } from '../../../demos/bench/core/schema.ts';
import { downloadOf, downloaded, measured, patience, ready, texts } from './bench_page.ts';
import { settled, type Opened } from './open.ts';

const keptId = 'kept:bench-google-swiftshader';
const found = kept.rows.filter(({ subject, preferred }) => subject.startsWith('conv2d') && preferred);

/** What the page has begun and copied. */
interface Noted {
  started: number;
  copied: string;
}
const noted = (): Promise<Noted> => lab.page.evaluate(() => (window as unknown as { noted: Noted }).noted);

let lab: Opened;
beforeAll(async () => {
  lab = await ready(`lang=en&theme=light&run=${keptId}&find=conv2d&show=preferred&sort=median&down=1`, {
    before: () => {
      const seen: Noted = { started: 0, copied: '' };
      (window as unknown as { noted: Noted }).noted = seen;
      const Original = Worker;
      window.Worker = class extends Original {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          seen.started++;
        }
      };
      const writeText = (text: string): Promise<void> => Promise.resolve(void (seen.copied = text));
      Object.defineProperty(navigator, 'clipboard', { value: { writeText } });
    },
  });
  await lab.page.waitForSelector('#rows tbody[aria-busy=false] tr');
}, patience.timeout);
afterAll(() => lab.close());

const copiedBy = async (button: string): Promise<string> => {
  await lab.page.click(button);
  await settled(lab.page);
  return (await noted()).copied;
};

test('a run is copied and saved as text, as the table stands', async () => {
  const shown = await texts(lab.page, '#rows tbody .c-shape');
  expect(shown.toSorted()).toEqual(found.map(({ shape }) => shape).toSorted());
  const lines = (await copiedBy('#copy-markdown')).split('\n').slice(2);
  expect(lines.map((line) => line.split(' | ')[4])).toEqual(shown);
  const csv = await copiedBy('#copy-csv');
  expect(csv.split('\r\n')).toHaveLength(shown.length + 2);
  const file = await downloadOf(lab.page, '#save-csv');
  expect([file.name, file.type, new TextDecoder().decode(file.bytes)]).toEqual(['bench.csv', 'text/csv', csv]);

  const json = JSON.parse(await copiedBy('#copy-json')) as BenchResult;
  expect(json).toEqual(kept);
  expect(validate(json, schemaFile as unknown as Schema)).toEqual([]);
  expect(await downloaded(lab.page, '#export-json')).toBe(`${JSON.stringify(kept)}\n`);
  const device = await copiedBy('#copy-device');
  expect(device).toContain(kept.device.description);
  for (const fact of ['Vendor', 'Architecture', 'Description', 'isFallbackAdapter', 'Subgroup sizes', 'Features']) {
    expect(device, 'KB-7').toContain(fact);
  }
  for (const fact of [
    'maxBufferSize',
    'Browser',
    'System',
    'crossOriginIsolated',
    'Power preference',
    'Clock',
    'Library',
  ]) {
    expect(device, 'KB-7').toContain(fact);
  }
});

test('the table keeps its heads in sight, and tells of each time its spread and how its FLOPs are counted', async () => {
  const { page } = lab;
  const heads = await page.$$eval('#rows thead th', (found) => found.map((head) => getComputedStyle(head).position));
  expect(new Set(heads)).toEqual(new Set(['sticky']));
  const line = await page.$eval('#rows tbody tr', (row) => ({
    at: Number(row.dataset['row']),
    range: row.querySelector('.c-median small')!.textContent,
    bar: row.querySelector<HTMLElement>('.c-median .bar')!.getBoundingClientRect().width,
    formula: row.querySelector('.c-gflops')!.getAttribute('title'),
  }));
  const { summary, flops } = kept.rows[line.at - 1]!;
  const digits = (ns: number): string => (ns / 1e6).toLocaleString('en', { maximumSignificantDigits: 3 });
  expect(line.range).toBe(`${digits(summary!.p10)} to ${digits(summary!.p90)}`);
  expect(line.bar).toBeGreaterThan(20);
  expect(line.formula).toContain(`= ${flops.toLocaleString('en')} FLOP;`);
});

test('its roofline is saved as SVG and as PNG', async () => {
  const { page } = lab;
  await page.waitForSelector('#roofline-picture');
  await page.$eval('.roofline details summary', (element) => (element as HTMLElement).click());
  const svg = await downloadOf(page, '.roofline details li:nth-child(1) button');
  expect([svg.name, svg.type]).toEqual(['Roofline.svg', 'image/svg+xml']);
  const drawn = await page.evaluate((text) => {
    const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
    const texts = [...parsed.querySelectorAll('[data-measured] text')].map((one) => one.textContent);
    const shapes = [...parsed.querySelectorAll('[data-row] path[fill]')];
    return {
      error: parsed.querySelector('parsererror')?.textContent,
      rows: [...parsed.querySelectorAll('[data-row]')].length,
      fills: new Set(shapes.map((shape) => shape.getAttribute('fill'))).size,
      classes: parsed.querySelectorAll('[class], [style]').length,
      ceilings: texts.map((said) => said.replace(/: [\d.,]+ /, ' ')),
    };
  }, new TextDecoder().decode(svg.bytes));
  expect(drawn).toMatchObject({ rows: found.length, classes: 0 });
  expect(drawn.error).toBeUndefined();
  expect(drawn.ceilings).toEqual(['measured GFLOP/s, multiply-adds', 'measured GB/s, stream copy']);
  expect(drawn.fills, 'colours are written out').toBeGreaterThan(0);

  const png = await downloadOf(page, '.roofline details li:nth-child(2) button');
  expect([png.name, png.type]).toEqual(['Roofline.png', 'image/png']);
  const { colours, ...size } = await page.evaluate(
    async (bytes) => {
      const picture = await createImageBitmap(new Blob([Uint8Array.from(bytes)], { type: 'image/png' }));
      const pen = new OffscreenCanvas(picture.width, picture.height).getContext('2d')!;
      pen.drawImage(picture, 0, 0);
      const { data } = pen.getImageData(0, 0, picture.width, picture.height);
      const { width, height } = document.querySelector<SVGSVGElement>('#roofline-picture')!.viewBox.baseVal;
      return {
        width: picture.width / width,
        height: picture.height / height,
        colours: new Set(new Uint32Array(data.buffer)).size,
      };
    },
    [...png.bytes],
  );
  expect(size, 'twice as fine').toEqual({ width: 2, height: 2 });
  expect(colours, 'it is not empty').toBeGreaterThan(8);
});

test('the method and the samples that are said are those of the run, and of the row, on show', async () => {
  const { page } = lab;
  const said = await page.$eval('#method-run', (element) => element.textContent);
  const { leastSamples, mostMs, sampleNs, text } = kept.method;
  expect(said).toBe(
    `This run: ${leastSamples} samples or ${mostMs / 1000} s a kernel, each sample at least ${sampleNs / 1e6} ms long.`,
  );
  expect(text).toContain(`${leastSamples} samples`);
  await page.click('#rows .more');
  await settled(page);
  const number = Number(await page.$eval('#rows tbody tr', (line) => (line as HTMLElement).dataset.row));
  const { summary, repeats } = kept.rows[number - 1]!;
  const details = await page.$eval('tr.detail', (element) => element.textContent);
  expect(details).toContain(`${summary!.n}, each of ${repeats.toLocaleString('en')} repetitions`);
  await page.click('#rows .more');
});

const drop = (files: readonly { name: string; text: string }[]): Promise<void> =>
  lab.page.evaluate((given) => {
    const dataTransfer = new DataTransfer();
    for (const { name, text } of given) dataTransfer.items.add(new File([text], name, { type: 'application/json' }));
    document.querySelector('#main')!.dispatchEvent(new DragEvent('drop', { bubbles: true, dataTransfer }));
  }, files);
const few = JSON.stringify({ ...kept, rows: kept.rows.slice(0, 3) });

test('files that are dropped together are all there, and one that is none is named', async () => {
  const { page } = lab;
  await drop([
    { name: 'first.json', text: few },
    { name: 'wrong.json', text: '{"rows": []}' },
    { name: 'second.json', text: few },
  ]);
  await page.waitForSelector('#choose-run option[value="file:second"]');
  expect(await texts(page, '#choose-run optgroup[label="From files"] option')).toEqual(['first', 'second']);
  expect(await page.$eval('#choose-run', (field) => (field as HTMLSelectElement).value)).toBe('file:second');
  expect(await page.$eval('[data-code=E12]', (element) => element.textContent)).toMatch(
    /wrong\.json.*schema: is missing/,
  );
  await page.waitForFunction(() => document.querySelector('[aria-live=polite]')?.textContent === '2 files opened');
});

test(
  'nothing is measured by a link with everything in it, by loading again, going back, or another look',
  patience,
  async () => {
    const { page, hash } = lab;
    await drop([{ name: 'few.json', text: few }]);
    await page.waitForFunction(() => document.querySelector<HTMLSelectElement>('#choose-run')?.value === 'file:few');
    await page.type('#save-name', 'mine');
    await page.click('#save');
    await page.waitForSelector('#choose-run option[value="saved:mine"]');
    const own = encodeURIComponent('@compute @workgroup_size(1) fn f() {}');
    const everything =
      'v=1&lang=en&suites=gemm,steps,scaling&gemm=8x8x8&size=full&dtype=f16&variants=naive&roofs=0&repeat=2&sort=median&down=1' +
      `&find=multiply&show=right&run=saved:mine&base=${keptId}&own=${own}&ownop=relu&ownshape=64&theme=dark`;
    await hash(everything);
    await page.waitForSelector('#rows tbody tr');
    await page.reload();
    await page.waitForSelector('#rows tbody tr');
    await page.waitForSelector('#run:not([aria-disabled=true])');
    expect(await texts(page, '#status')).toEqual(['Nothing runs until you press Run.']);
    await page.select('#choose-run', keptId);
    await settled(page);
    await page.goBack();
    await page.waitForFunction(() => document.querySelector<HTMLSelectElement>('#choose-run')?.value === 'saved:mine');
    for (const look of ['theme=light&lang=fr', 'device=cpu']) {
      await hash(`${everything}&${look}`);
    }
    await page.keyboard.press('Enter');
    expect((await noted()).started).toBe(0);
    expect(page.workers()).toEqual([]);
  },
);

test('rows that were taken while the page was hidden are flagged, and measured again alone', patience, async () => {
  const { page, hash } = lab;
  await hash('v=1&lang=en&device=cpu&suites=softmax&softmax=4x10;3x7');
  const hide = (hidden: boolean): Promise<void> =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await hide(true);
  await measured(page);
  const before = JSON.parse(await downloaded(page, '#export-json')) as BenchResult;
  expect(before.rows.every(({ flags }) => flags.includes('hidden'))).toBe(true);
  expect(await texts(page, '#rows tbody .flag')).toContain('page was hidden');
  await hide(false);
  await measured(page, '#again');
  const after = JSON.parse(await downloaded(page, '#export-json')) as BenchResult;
  expect(after.rows.map(({ work, variant }) => `${work} ${variant}`)).toEqual(
    before.rows.map(({ work, variant }) => `${work} ${variant}`),
  );
  expect(after.rows.flatMap(({ flags }) => flags.filter((flag) => flag === 'hidden'))).toEqual([]);
  expect((await noted()).started).toBe(2);
  expect(lab.wrong, 'on the whole way here').toEqual([]);
});
