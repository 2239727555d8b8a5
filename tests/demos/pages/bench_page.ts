// The kernel lab as its tests open, press and read it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'puppeteer';
import { expect, onTestFinished, vi } from 'vitest';

import { open, settled, type Opened, type Options } from './open.ts';

// The software adapter shares its cores with whatever else runs; quiet, each of these takes seconds.
export const patience = { timeout: 300_000 };

export const small = 'lang=en&theme=light&suites=gemm&gemm=16x24x32;8x8x8&variants=naive&roofs=0';

export async function ready(hash: string, options: Options = {}): Promise<Opened> {
  const opened = await open(`bench/#v=1&${hash}`, options);
  await opened.page.waitForSelector('#run:not([aria-disabled=true])', { timeout: 0 });
  return opened;
}

export interface Status {
  readonly began: string | undefined;
  readonly phase: string | undefined;
}
export const statusOf = (page: Page): Promise<Status> =>
  page.$eval('#status', (element) => {
    const { began, phase } = (element as HTMLElement).dataset;
    return { began, phase };
  });

/** Presses a button that begins a run, and waits for that run's end. */
export async function runBy(page: Page, button: string): Promise<string | undefined> {
  const { began } = await statusOf(page);
  await page.click(button);
  await page.waitForFunction(
    (before) => {
      const { began: now, phase } = document.querySelector<HTMLElement>('#status')!.dataset;
      return now !== before && ['done', 'failed', 'stopped'].includes(phase ?? '');
    },
    { timeout: 0 },
    began,
  );
  await settled(page);
  return (await statusOf(page)).phase;
}

/** A thread that is ended while it computes takes a moment to go. */
export const threadGone = (page: Page): Promise<boolean> =>
  vi.waitUntil(() => page.workers().length === 0, { timeout: 30_000 });

export async function measured(page: Page, button = '#run'): Promise<void> {
  expect(await runBy(page, button)).toBe('done');
}

export const texts = (page: Page, selector: string): Promise<string[]> =>
  page.$$eval(selector, (found) => found.map((element) => element.textContent ?? ''));

/** What the next download holds, without a file. */
export const downloaded = async (page: Page, button: string): Promise<string> =>
  new TextDecoder().decode((await downloadOf(page, button)).bytes);

export interface Download {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export async function downloadOf(page: Page, button: string): Promise<Download> {
  const { bytes, ...rest } = await page.evaluate(async (selector) => {
    const original = URL.createObjectURL.bind(URL);
    const made = new Promise<Blob>((resolve) => {
      URL.createObjectURL = (blob) => {
        resolve(blob as Blob);
        URL.createObjectURL = original;
        return original(blob);
      };
    });
    const named = new Promise<string>((resolve) => {
      const click = HTMLAnchorElement.prototype.click;
      HTMLAnchorElement.prototype.click = function () {
        HTMLAnchorElement.prototype.click = click;
        resolve(this.download);
      };
    });
    document.querySelector<HTMLButtonElement>(selector)!.click();
    const blob = await made;
    return { name: await named, type: blob.type, bytes: [...new Uint8Array(await blob.arrayBuffer())] };
  }, button);
  return { ...rest, bytes: Uint8Array.from(bytes) };
}

export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'retrograd-lab-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export async function importFile(page: Page, path: string): Promise<void> {
  const field = (await page.$('#import')) as unknown as { uploadFile(path: string): Promise<void> };
  await field.uploadFile(path);
  await settled(page);
}
