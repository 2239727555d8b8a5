// The training page's numbers: which examples come in which order, how often losses are read and shown, and how much memory.

import type { Page } from 'puppeteer';
import { expect, test } from 'vitest';

import { shuffleOrder } from '../../../src/data/split.ts';
import { click, opened, short, status, text } from './train_page.ts';

const losses = (page: Page): Promise<number[]> =>
  page.evaluate(() => (window as unknown as { losses: number[] }).losses);

test('the seed shown in the settings decides the order of the images, alike on the CPU and the GPU', async () => {
  const size = 20;
  // At rate 0 and an image at a time, each loss tells which image it is of.
  const link = (more: string): string => `v=1&lang=en&images=${size}&batch=1&rate=0&${more}`;
  const { page, hash, wrong } = await opened(`train_once/#${link('seed=7&epochs=2')}`, {
    before: () => {
      const all: number[] = [];
      Object.assign(window, { losses: all });
      const Original = Worker;
      window.Worker = class extends Original {
        constructor(...given: ConstructorParameters<typeof Worker>) {
          super(...given);
          this.addEventListener(
            'message',
            ({ data }: MessageEvent<{ kind: string; logs: [number, { loss: number }][] }>) => {
              if (data.kind === 'batches') all.push(...data.logs.map(([, { loss }]) => loss));
            },
          );
        }
      };
    },
  });
  expect(await page.$eval('input[aria-label=Seed]', (input) => (input as HTMLInputElement).value)).toBe('7');
  const trained = async (button: string, count: number): Promise<number[]> => {
    const before = (await losses(page)).length;
    await click(page, button);
    await page.waitForFunction(
      (wanted) => (window as unknown as { losses: number[] }).losses.length === wanted,
      {},
      before + count,
    );
    await page.waitForSelector('#train');
    return (await losses(page)).slice(before);
  };
  const first = await trained('#train', 2 * size);
  // Loaded anew and on the CPU: what the browser kept goes on by another seed, and the training begins again by the first.
  await page.evaluate((next) => (location.hash = next), link('seed=8&epochs=3&device=cpu'));
  await page.reload();
  await page.waitForSelector('button.device.cpu');
  const third = await trained('#go-on', size);
  await hash(link('seed=7&epochs=2&device=cpu'));
  const again = await trained('#train', 2 * size);

  const [order, next, other] = [shuffleOrder(size, 7, 0), shuffleOrder(size, 7, 1), shuffleOrder(size, 8, 2)];
  const lossOf = new Map([...order].map((image, place) => [image, first[place]!]));
  const expected = (places: Uint32Array): number[] => [...places].map((image) => lossOf.get(image)!);
  const apart = (seen: readonly number[], wanted: readonly number[]): number =>
    Math.max(...seen.map((loss, place) => Math.abs(loss - wanted[place]!)));
  expect(apart(first.slice(size), expected(next)), 'the second epoch').toBeLessThan(1e-4);
  expect(apart(again, first), 'after a reload, on the CPU').toBeLessThan(1e-4);
  expect(apart(third, expected(other)), 'of another seed').toBeLessThan(1e-4);
  for (const places of [next, other, shuffleOrder(size, 7, 2)])
    expect(apart(first.slice(0, size), expected(places)), 'other orders are told apart').toBeGreaterThan(1e-2);
  expect(wrong).toEqual([]);
});

/** Reads and memory of the worker's device, told to the page. */
const counting = `
const page = new BroadcastChannel('counted');
const map = GPUBuffer.prototype.mapAsync;
GPUBuffer.prototype.mapAsync = function (...given) {
  page.postMessage({ read: this.label, at: performance.now() });
  return map.apply(this, given);
};
const create = GPUDevice.prototype.createBuffer;
GPUDevice.prototype.createBuffer = function (descriptor) {
  page.postMessage({ bytes: descriptor.size });
  return create.call(this, descriptor);
};
const destroy = GPUBuffer.prototype.destroy;
GPUBuffer.prototype.destroy = function () {
  page.postMessage({ bytes: -this.size });
  destroy.call(this);
};`;

interface Counted {
  readonly reads: { readonly read: string; readonly at: number }[];
  most: number;
  readonly shown: number[];
}

test('on a phone small defaults, the memory said first, and losses read and shown ten times a second', async () => {
  const { page, hash, wrong } = await opened('train_once/#v=1&lang=en', {
    width: 390,
    height: 844,
    touch: true,
    worker: counting,
    before: () => {
      const counted: Counted = { reads: [], most: 0, shown: [] };
      Object.assign(window, { counted });
      let bytes = 0;
      new BroadcastChannel('counted').addEventListener('message', ({ data }: MessageEvent) => {
        if ('read' in data) counted.reads.push(data);
        else counted.most = Math.max(counted.most, (bytes += data.bytes));
      });
      let last = '';
      new MutationObserver(() => {
        const now = document.querySelector('#progress')?.textContent ?? '';
        if (now !== '' && now !== last) counted.shown.push(performance.now());
        if (now !== '') last = now;
      }).observe(document, { subtree: true, childList: true, characterData: true });
    },
  });
  expect(await page.evaluate(() => matchMedia('(pointer: coarse)').matches)).toBe(true);
  const field = (name: string): Promise<string> =>
    page.$eval(`input[aria-label="${name}"]`, (input) => (input as HTMLInputElement).value);
  expect(await field('Images to train on')).toBe('2000');
  expect(await text(page, '#memory')).toMatch(/^Memory: about [\d.]+ MiB on the device, for cnn-s .* 2,000 images/);
  const before = await page.evaluate(() => {
    const [memory, button] = [document.querySelector('#memory')!, document.querySelector('#train')!];
    return memory.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING;
  });
  expect(before, 'said before the button').toBeTruthy();

  // Steps of one image are quick ones.
  await hash('v=1&lang=en&images=400&batch=1&epochs=1');
  const [, said] = /about ([\d.]+) MiB/.exec(await text(page, '#memory'))!;
  await click(page, '#train');
  await status(page, 'Done');
  const { reads, most, shown } = await page.evaluate(() => (window as unknown as { counted: Counted }).counted);
  const rows = reads.filter(({ read }) => read.startsWith('tracked rows'));
  const pauses = rows.slice(1).map(({ at }, i) => at - rows[i]!.at);
  // What is left at the end of the epoch, of the validation and of the test is read at once.
  const quick = pauses.filter((pause) => pause < 100);
  expect(rows.length).toBeGreaterThan(3);
  expect(quick.length, `losses are read ten times a second at most: ${pauses.join(' ')}`).toBeLessThanOrEqual(3);
  // A change is shown by the first frame after its turn, which may be as late as the next turn.
  expect(shown.length, 'and shown as often').toBeLessThanOrEqual(2 + (shown.at(-1)! - shown[0]!) / 99);
  expect(shown.length).toBeGreaterThan(0);
  const share = Number(said) / (most / 2 ** 20);
  expect(share, `${said} MiB said, ${most} bytes taken`).toBeGreaterThan(0.8);
  expect(share, `${said} MiB said, ${most} bytes taken`).toBeLessThan(1.25);
  expect(wrong).toEqual([]);
});

test('on the CPU too the time left is measured, and stands there after three steps', async () => {
  const { page } = await opened(`${short}&epochs=50&device=cpu`);
  await click(page, '#train');
  await page.waitForFunction(() => document.querySelector('#left')?.textContent !== '');
  const [left, place] = await page.evaluate(() =>
    ['#left', '#progress'].map((id) => document.querySelector(id)!.textContent),
  );
  expect(left).toMatch(/^About \d+ (second|minute)s? left\.$/);
  const [epoch, batch] = /epoch (\d+) of 50, batch (\d) of 3/.exec(place!)!.slice(1).map(Number) as [number, number];
  expect(3 * (epoch - 1) + batch).toBeGreaterThanOrEqual(3);
  expect(await text(page, '#log')).toMatch(/^device {2}cpu/i);
  await click(page, '#stop');
  await status(page, 'Stopped');
  expect(await text(page, '#left')).toBe('');
});
