// Pictures of one's own in the explorer: a file, a drop, a paste, the camera, and what is said where one cannot be had.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElementHandle, Page } from 'puppeteer';
import { expect, inject, onTestFinished, test } from 'vitest';

import { open } from './open.ts';

const start = async (before?: () => void): Promise<Page> => {
  const { page, close } = await open('conv/#v=1&lang=en&tab=image&device=cpu', before ? { before } : {});
  onTestFinished(() => close());
  await page.waitForSelector('[data-device] canvas');
  return page;
};

/** The size of the picture that is shown before the filter. */
const size = async (page: Page, wanted: string): Promise<unknown> =>
  page.waitForFunction(
    (expected) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.image-tab canvas[tabindex="0"]');
      return canvas !== null && `${canvas.width}x${canvas.height}` === expected;
    },
    {},
    wanted,
  );
const notice = async (page: Page, code: string): Promise<string> => {
  await page.waitForSelector(`.notice[data-code=${code}]`);
  return page.$eval(`.notice[data-code=${code}]`, (element) => element.textContent ?? '');
};

test('a file, a drop and a paste are taken; what is no picture is named, and the last one stays (E12)', async () => {
  const page = await start();
  const folder = mkdtempSync(join(tmpdir(), 'retrograd-picture-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'torn.png');
  writeFileSync(file, 'not a picture');
  const input = (await page.$('.image-tab input[type=file]')) as ElementHandle<HTMLInputElement>;
  const pictures = (): Promise<string[]> =>
    page.$$eval('.image-tab canvas', (all) => all.map((canvas) => canvas.toDataURL()));
  const refused = async (): Promise<void> => {
    const before = await pictures();
    expect(before).toHaveLength(2);
    await input.uploadFile(file);
    expect(await notice(page, 'E12')).toContain('torn.png: expected a picture this browser can read');
    expect(await pictures(), 'before and after the filter').toEqual(before);
  };
  await refused();

  /** As a reader brings it: `DataTransfer` with a picture drawn here. */
  const bring = (kind: 'drop' | 'paste', width: number, height: number): Promise<void> =>
    page.evaluate(
      async (how, w, h) => {
        const canvas = new OffscreenCanvas(w, h);
        canvas.getContext('2d')!.fillRect(0, 0, 1, 1);
        const data = new DataTransfer();
        data.items.add(new File([await canvas.convertToBlob()], 'drawn.png', { type: 'image/png' }));
        const options = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(
          how === 'drop'
            ? new DragEvent('drop', { ...options, dataTransfer: data })
            : new ClipboardEvent('paste', { ...options, clipboardData: data }),
        );
      },
      kind,
      width,
      height,
    );
  await bring('drop', 20, 10);
  await size(page, '20x10');
  expect(await page.$('.notice'), 'the next picture ends the notice').toBeNull();
  await page.waitForFunction(() => document.querySelector<HTMLCanvasElement>('[data-device] canvas')!.width <= 20);
  await refused();
  await bring('paste', 12, 24);
  await size(page, '12x24');
  await bring('drop', 1000, 500);
  await size(page, '512x256');
});

const cameraButton = (page: Page): Promise<void> =>
  page.$eval('.image-tab .bar > button', (button) => (button as HTMLElement).click());

test('the camera’s picture is taken (a made-up one)', async () => {
  const page = await start();
  await page.browserContext().overridePermissions(new URL(inject('siteUrl')).origin, ['camera']);
  await cameraButton(page);
  await page.waitForSelector('.image-tab video');
  await cameraButton(page);
  await page.waitForFunction(() => document.querySelector('.image-tab video') === null);
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.image-tab canvas[tabindex="0"]');
    return canvas !== null && canvas.width !== 192;
  });
  expect(await page.$('.notice')).toBeNull();
});

test('E7: a GPU that is lost is asked again, then the CPU goes on, and the picture follows all the while', async () => {
  const { page, close } = await open('conv/#v=1&lang=en&tab=image&kh=1&kw=1&k=1x1x1x1:1&range=clamp', {
    before: () => {
      // The devices as they come; `losing` loses each at once. All of it happens within half a minute, on any machine.
      const gpu = Object.assign(window, { losing: false, last: null as GPUDevice | null });
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...given) {
        const device = await request.apply(this, given);
        if (gpu.losing) device.destroy();
        return (gpu.last = device);
      };
      const now = Date.now.bind(Date);
      Date.now = () => now() / 100;
    },
  });
  onTestFinished(() => close());
  /** A pixel of the sun is k times as bright. */
  const follows = (device: string, weight: number): Promise<unknown> =>
    page.waitForFunction(
      (by, k) => {
        const before = document.querySelector<HTMLCanvasElement>('.image-tab canvas[tabindex="0"]');
        const after = document.querySelector<HTMLCanvasElement>(`[data-device=${by}] canvas`);
        const [from, to] = [before, after].map(
          (canvas) => canvas?.getContext('2d')?.getImageData(150, 38, 1, 1).data[0],
        );
        return from !== undefined && to !== undefined && from > 100 && Math.abs(to - from * k) <= 1;
      },
      {},
      device,
      weight,
    );
  const weigh = async (weight: string): Promise<void> => {
    await page.focus('[data-matrix=kernel] [role=gridcell]');
    await page.keyboard.type(weight);
    await page.keyboard.press('Enter');
  };
  const lose = (all: boolean): Promise<void> =>
    page.evaluate((each) => {
      const gpu = window as unknown as { losing: boolean; last: GPUDevice };
      gpu.losing = each;
      gpu.last.destroy();
    }, all);
  await follows('gpu', 1);
  await lose(false);
  await weigh('0.5');
  expect(await notice(page, 'E7')).toContain('it was switched off');
  await follows('gpu', 0.5);
  await lose(true);
  await weigh('0.8');
  await follows('cpu', 0.8);
  await weigh('0.3');
  await follows('cpu', 0.3);
  expect(await notice(page, 'E7')).toContain('go on with the CPU');
  await page.evaluate(() => Object.assign(window, { losing: false }));
  await page.$$eval('.notice[data-code=E7] .offers button', (all) =>
    all.find(({ textContent }) => textContent === 'Go on')!.click(),
  );
  await follows('gpu', 0.3);
  expect(await page.$('.notice')).toBeNull();
});

test('a camera that is refused says so, and files go on working (E13)', async () => {
  const page = await start();
  const session = await page.createCDPSession();
  const { origin } = new URL(inject('siteUrl'));
  await session.send('Browser.setPermission', {
    origin,
    permission: { name: 'camera' },
    setting: 'denied',
    browserContextId: page.browserContext().id!,
  });
  await cameraButton(page);
  expect(await notice(page, 'E13')).toContain('Choose a file instead');
  expect(await page.$('.image-tab input[type=file]')).not.toBeNull();
});
