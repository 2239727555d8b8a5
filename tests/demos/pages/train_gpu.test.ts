// The error states of a GPU at their true causes, on the training page: what the worker's WebGPU does is what goes wrong.

import { describe, expect, test } from 'vitest';

import { broken, remember, shortOf } from './gpu_patches.ts';
import { click, logged, opened, press, short, state, status, text } from './train_page.ts';

describe('its GPU', () => {
  test('is lost: the training goes on by itself from what was kept, and not for ever (E7)', async () => {
    const { page } = await opened(`${short}&epochs=100`, {
      worker: remember,
      before: () => {
        // All of it happens within half a minute, however long this machine takes.
        const now = Date.now.bind(Date);
        Date.now = () => now() / 100;
      },
    });
    await click(page, '#train');
    for (const epoch of [1, 2, 3]) {
      await logged(page, `epoch ${epoch}  `);
      await page.workers()[0]!.evaluate('self.last.destroy()');
      if (epoch < 3) {
        await page.waitForFunction(
          (least) => {
            const [, shown] =
              /Resumed from epoch (\d+)/.exec(document.querySelector('[data-code=E7]')?.textContent ?? '') ?? [];
            return Number(shown) >= least;
          },
          {},
          epoch,
        );
        await status(page, 'Training');
      }
    }
    await page.waitForFunction(() => /several times/.test(document.querySelector('[data-code=E7]')?.textContent ?? ''));
    expect(await text(page, '[data-code=E7]')).toContain('it was switched off');
    await expect.poll(() => page.workers().length).toBe(0);
    await press(page, 'Go on');
    await status(page, 'Training');
  });

  test('has less memory than a batch wants: half of it is offered and trains (E8)', async () => {
    const { page } = await opened(`${short}&epochs=1`, { worker: shortOf(9e5) });
    await click(page, '#train');
    expect(await state(page, 'E8')).toContain('a batch of 40');
    await press(page, 'Half the batch');
    await status(page, 'Done');
    expect(await page.evaluate(() => location.hash)).toContain('batch=20');
    expect(await page.$('.notice')).toBeNull();
  });

  test('has a smaller limit than the batch wants (E6)', async () => {
    const worker = `Object.defineProperty(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', { get: () => 2 ** 19 });`;
    const { page } = await opened(`${short}&epochs=1`, { worker });
    await click(page, '#train');
    expect(await state(page, 'E6')).toMatch(/needs [\d.]+ MiB, and the device gives 0\.5 MiB/);
    await press(page, 'Smaller batch');
    await page.waitForFunction(() => location.hash.includes('batch=20'));
  });

  test('refuses a kernel: file, line and the report to copy (E9)', async () => {
    const { page } = await opened(`${short}&epochs=1`, { worker: broken });
    await click(page, '#train');
    expect(await state(page, 'E9')).toMatch(/\.wgsl:\d+:\d+: entry '/);
    await page.evaluate(() => {
      Object.defineProperty(navigator.clipboard, 'writeText', {
        value: (copied: string) => Promise.resolve(Object.assign(window, { copied })),
      });
    });
    await press(page, 'Copy the report');
    await page.waitForFunction(() => 'copied' in window);
    const report = await page.evaluate(() => (window as unknown as { copied: string }).copied);
    for (const part of ['.wgsl', 'device ', 'Chrome/', 'train_once/#v=1', '"batch":40']) expect(report).toContain(part);
  });

  test('is gone by the time the training asks (E3)', async () => {
    const { page } = await opened(`${short}&epochs=1`, { worker: `GPU.prototype.requestAdapter = async () => null;` });
    await click(page, '#train');
    expect(await state(page, 'E3')).toContain('no GPU was offered');
    await press(page, 'Use the CPU');
    await page.waitForFunction(() => location.hash.includes('device=cpu'));
  });
});
