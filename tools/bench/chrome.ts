// Pages in headless Chrome from this machine only, isolated across origins, which is what gives them a fine clock and
// threads; browser and server are closed whatever happens.

import type { Browser, Page } from 'puppeteer';
import { createServer, type ViteDevServer } from 'vite';

import type { BenchEvent, BenchRequest } from '../../demos/bench/core/run.ts';
import type { BenchResult } from '../../demos/bench/core/result.ts';
import { launchBrowser } from '../launch.mjs';
import { wgsl } from '../wgsl_plugin.ts';
import type { PageReport } from './page.ts';

/** Without both there is no SharedArrayBuffer, and clocks are rounded to 100 µs. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Serves the sources; `use` gets the address. */
export async function withServer<T>(root: string, use: (origin: string) => Promise<T>): Promise<T> {
  const server: ViteDevServer = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [wgsl()],
    optimizeDeps: { noDiscovery: true },
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null, headers: isolation },
  });
  try {
    await server.listen();
    const address = server.httpServer?.address();
    return await use(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  } finally {
    await server.close();
  }
}

export async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  const browser = await launchBrowser();
  try {
    return await use(browser);
  } finally {
    const process = browser.process();
    await browser.close().catch(() => process?.kill('SIGKILL'));
  }
}

/**
 * What `work` gives, unless the page or the browser fails first, which `work` might never hear of. `stray` hears of errors
 * that nothing in the page caught; without it they end the work.
 */
export function guarded<T>(
  browser: Browser,
  page: Page,
  work: () => Promise<T>,
  stray?: (error: Error) => void,
): Promise<T> {
  const failure = new Promise<never>((_, fail) => {
    page.on('error', (error) => fail(new Error(`the page crashed: ${error.message}`)));
    const uncaught = stray ?? fail;
    page.on('pageerror', (error) => uncaught(error instanceof Error ? error : new Error(String(error))));
    browser.on('disconnected', () => fail(new Error('Chrome ended during the run')));
  });
  // The browser also ends after the work is done, when nobody waits for this any more.
  failure.catch(() => undefined);
  return Promise.race([work(), failure]);
}

export function benchInChrome(
  root: string,
  request: BenchRequest,
  emit: (event: BenchEvent) => void,
): Promise<BenchResult> {
  return withServer(root, (origin) =>
    withBrowser(async (browser) => {
      const page = await browser.newPage();
      const report = await guarded<PageReport>(browser, page, async () => {
        let done!: (report: PageReport) => void;
        const finished = new Promise<PageReport>((resolve) => (done = resolve));
        await page.exposeFunction('benchRequest', () => request);
        await page.exposeFunction('benchEvent', emit);
        await page.exposeFunction('benchDone', done);
        await page.goto(`${origin}/tools/bench/index.html`, { timeout: 0 });
        return finished;
      });
      if ('result' in report) return report.result;
      throw Object.assign(new Error(report.error.message), { name: report.error.name });
    }),
  );
}
