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
  /** Runs in each of the page's workers before its own program. */
  readonly worker?: string;
  /** Another address of the site than this run's own. */
  readonly site?: string;
  /** Requests go where they want: what leaves the site's origin is in `wrong`. */
  readonly free?: boolean;
}

/** `path` is below the site: `conv/#v=1&step=3`. Each page has storage of its own. */
export async function open(path: string, options: Options = {}): Promise<Opened> {
  const { width = 1280, height = 800, before, javaScript = true, block, touch = false, worker } = options;
  // A request of a worker that is held back is not always let go again (Puppeteer 24), and hangs.
  const free = options.free ?? worker !== undefined;
  const context = await (await connected()).createBrowserContext();
  const page = await context.newPage();
  const site = options.site ?? inject('siteUrl');
  const { origin } = new URL(site);
  const isInside = (url: string): boolean => url.startsWith(`${origin}/`) || /^(data|blob):/.test(url);
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(`script: ${String(error)}`));
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(`console: ${message.text()} ${message.location().url ?? ''}`);
  });
  page.on('requestfailed', (request) => wrong.push(`failed: ${request.url()}`));
  page.on('response', (response) => {
    if (response.status() >= 400) wrong.push(`${response.status()}: ${response.url()}`);
  });
  page.setDefaultTimeout(60_000);
  await page.setRequestInterception(!free);
  page.on('request', (request) => {
    const url = request.url();
    if (!isInside(url)) wrong.push(`outside: ${url}`);
    if (!free) void (isInside(url) && !block?.test(url) ? request.continue() : request.abort());
  });
  if (before) await page.evaluateOnNewDocument(before);
  if (worker) await page.evaluateOnNewDocument(startWith, worker);
  await page.setJavaScriptEnabled(javaScript);
  await page.setViewport({ width, height, isMobile: touch, hasTouch: touch });
  await page.goto(`${site}${path}`, { waitUntil: 'load', timeout: 0 });
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

/** Workers begin with `patch`, as a module imported before their own. */
function startWith(patch: string): void {
  const urlOf = (text: string): string => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const Original = Worker;
  window.Worker = class extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      const own = new URL(url, location.href).href;
      super(urlOf(`import ${JSON.stringify(urlOf(patch))};\nimport ${JSON.stringify(own)};`), options);
    }
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
