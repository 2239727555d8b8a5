// A page of the built site in the run's browser, with all that went wrong in it.
import puppeteer, { type Browser, type Page } from 'puppeteer';
import { inject } from 'vitest';

export interface Opened {
  readonly page: Page;
  /** Errors of scripts and the console, and requests that failed or left the origin. */
  readonly wrong: string[];
  /** The same page with another link, without loading it again. */
  hash(hash: string): Promise<void>;
  /** Another page, or the same from the start, in this tab: quicker than `open`, with storage as empty as there. */
  load(path: string, viewport?: Viewport): Promise<void>;
  close(): Promise<void>;
}

interface Viewport {
  readonly width?: number;
  readonly height?: number;
  /** A phone: touched, not pointed at. */
  readonly touch?: boolean;
  /** Movement is unwanted. */
  readonly still?: boolean;
}

let browser: Promise<Browser> | null = null;

const connected = (): Promise<Browser> =>
  (browser ??= puppeteer.connect({ browserWSEndpoint: inject('siteBrowser'), protocolTimeout: 0 }));

export interface Options extends Viewport {
  /** Run in the page before its own scripts. */
  readonly before?: (() => void) | readonly (() => void)[];
  readonly javaScript?: boolean;
  /** Requests that do not come through. */
  readonly block?: RegExp;
  /** Requests that get no answer. */
  readonly hold?: RegExp;
  /** Runs in each of the page's workers before its own program. */
  readonly worker?: string;
  /** Another address of the site than this run's own. */
  readonly site?: string;
  /** What leaves the site's origin does not come through. In either case it is in `wrong`. */
  readonly alone?: boolean;
}

/** `path` is below the site: `conv/#v=1&step=3`. Each page has storage of its own. */
export async function open(path: string, options: Options = {}): Promise<Opened> {
  const { before, javaScript = true, block, hold, worker, alone = false } = options;
  // To hold each request back for a verdict takes time, and one of a worker is not always let go again (Puppeteer 24).
  const judged = alone || block !== undefined || hold !== undefined;
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
  await page.setRequestInterception(judged);
  page.on('request', (request) => {
    const url = request.url();
    if (!isInside(url)) wrong.push(`outside: ${url}`);
    if (judged && !hold?.test(url)) void (isInside(url) && !block?.test(url) ? request.continue() : request.abort());
  });
  for (const one of before ? [before].flat() : []) await page.evaluateOnNewDocument(one);
  if (worker) await page.evaluateOnNewDocument(startWith, worker);
  await page.setJavaScriptEnabled(javaScript);
  const visit = async (
    to: string,
    { width = 1280, height = 800, touch = false, still = false }: Viewport,
  ): Promise<void> => {
    if (still) await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    await page.setViewport({ width, height, isMobile: touch, hasTouch: touch });
    await page.goto(`${site}${to}`, { waitUntil: 'load', timeout: 0 });
    if (javaScript && !block) await page.waitForSelector('#content', { timeout: 0 });
  };
  await visit(path, options);
  return {
    page,
    wrong,
    async hash(hash) {
      await page.evaluate((next) => {
        location.hash = next;
      }, hash);
      await settled(page);
    },
    async load(to, viewport = {}) {
      // From an empty page, for a link of which only the hash differs would load nothing.
      await page.goto('about:blank');
      const session = await page.createCDPSession();
      await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
      await session.detach();
      // Puppeteer forgets the features with the type.
      await page.emulateMediaType();
      await page.mouse.move(0, 0);
      await visit(to, viewport);
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
