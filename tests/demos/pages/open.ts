// A page of the built site in the run's browser, with all that went wrong in it.
import puppeteer, { type Browser, type Page } from 'puppeteer';
import { inject } from 'vitest';

export interface Opened {
  readonly page: Page;
  /** Errors of scripts and the console, and requests that failed or left the origin. */
  readonly wrong: string[];
  /** The same page with another link, without loading it again. */
  hash(hash: string): Promise<void>;
  close(): Promise<void>;
}

let browser: Promise<Browser> | null = null;

const connected = (): Promise<Browser> =>
  (browser ??= puppeteer.connect({ browserWSEndpoint: inject('siteBrowser'), protocolTimeout: 0 }));

export interface Options {
  readonly width?: number;
  readonly height?: number;
  /** Runs in the page before its own scripts. */
  readonly before?: () => void;
  readonly javaScript?: boolean;
  /** Requests that do not come through. */
  readonly block?: RegExp;
  /** A phone: touched, not pointed at. */
  readonly touch?: boolean;
}

/** `path` is below the site: `conv/#v=1&step=3`. Each page has storage of its own. */
export async function open(path: string, options: Options = {}): Promise<Opened> {
  const { width = 1280, height = 800, before, javaScript = true, block, touch = false } = options;
  const context = await (await connected()).createBrowserContext();
  const page = await context.newPage();
  const origin = new URL(inject('siteUrl')).origin;
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(`script: ${String(error)}`));
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(`console: ${message.text()} ${message.location().url ?? ''}`);
  });
  page.on('requestfailed', (request) => wrong.push(`failed: ${request.url()}`));
  page.on('response', (response) => {
    if (response.status() >= 400) wrong.push(`${response.status()}: ${response.url()}`);
  });
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    const inside = request.url().startsWith(`${origin}/`) || /^(data|blob):/.test(request.url());
    void (inside && !block?.test(request.url()) ? request.continue() : request.abort());
  });
  if (before) await page.evaluateOnNewDocument(before);
  await page.setJavaScriptEnabled(javaScript);
  await page.setViewport({ width, height, isMobile: touch, hasTouch: touch });
  await page.goto(`${inject('siteUrl')}${path}`, { waitUntil: 'load', timeout: 0 });
  if (javaScript && !block) await page.waitForSelector('#content', { timeout: 0 });
  return {
    page,
    wrong,
    async hash(hash) {
      await page.evaluate((next) => {
        location.hash = next;
      }, hash);
      await settled(page);
    },
    close: () => context.close(),
  };
}

/** Two frames and what they started: after it the page shows its state. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => resolve())), 30);
      }),
  );
}
