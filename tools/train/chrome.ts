// Training in headless Chrome: serves the page and the data on this machine only, and closes both whatever happens.

import type { Browser, Page } from 'puppeteer';
import { createServer, type ViteDevServer } from 'vite';

import { DeviceError, type DeviceErrorReason } from '../../src/core/errors.ts';
import type { Store } from '../../src/io/store.ts';
import { storeCalls } from '../file_store.ts';
import { dataFiles, dataPrefix } from '../data_plugin.ts';
import { launchBrowser } from '../launch.mjs';
import { wgsl } from '../wgsl_plugin.ts';
import type { RunEvent, TrainTask } from './events.ts';
import type { PageReport } from './main_page.ts';
import type { ErrorReport } from './page_bytes.ts';
import type { Trained } from './run.ts';

export interface Chrome {
  /**
   * Opens the page at `path` with `exposed` as functions of its window, until it has called `retrogradDone`. Aborted,
   * `signal` calls its `retrogradStop`.
   */
  visit<Report>(path: string, exposed: Exposed, signal: AbortSignal): Promise<Report>;
  /** Aborted, `signal` ends the run after the step it is in. */
  train(task: TrainTask, store: Store, emit: (event: RunEvent) => void, signal: AbortSignal): Promise<Trained>;
  /** Bytes of JavaScript in the page visited last, once its garbage is collected. */
  heapBytes(): Promise<number>;
  /** A PNG of an SVG drawing, two pixels for each of its units. */
  picture(svg: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

export type Exposed = Readonly<Record<string, (...given: never[]) => unknown>>;

/** `dataFolder`: the one folder of data that the page may read. */
export async function openChrome(root: string, dataFolder: string | null): Promise<Chrome> {
  let server: ViteDevServer | null = null;
  let browser: Browser | null = null;
  const close = async (): Promise<void> => {
    const process = browser?.process();
    await browser?.close().catch(() => process?.kill('SIGKILL'));
    await server?.close();
  };
  try {
    server = await createServer({
      root,
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      plugins: [wgsl(), dataFiles(dataFolder ?? 'no data folder')],
      optimizeDeps: { noDiscovery: true },
      server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    });
    await server.listen();
    // On Ctrl-C the run is to finish its step and save before Chrome goes.
    browser = await launchBrowser([], { handleSIGINT: false });
    return session(browser, server, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function session(browser: Browser, server: ViteDevServer, close: () => Promise<void>): Chrome {
  let visited: Page | null = null;
  const chrome: Chrome = {
    async visit<Report>(path: string, exposed: Exposed, signal: AbortSignal) {
      const page = await browser.newPage();
      visited = page;
      // A page that is gone has no run to stop.
      signal.addEventListener('abort', () => void page.evaluate(() => window.retrogradStop()).catch(() => undefined));
      return new Promise<Report>((done, fail) => {
        page.on('error', (error) => fail(new Error(`the page crashed: ${error.message}`)));
        page.on('pageerror', (error) => fail(error instanceof Error ? error : new Error(String(error))));
        browser.on('disconnected', () => fail(new Error('Chrome ended during the run')));
        const address = server.httpServer?.address();
        const port = typeof address === 'object' ? address?.port : undefined;
        const functions = Object.entries<(...given: never[]) => unknown>({ ...exposed, retrogradDone: done });
        Promise.all(functions.map(([name, call]) => page.exposeFunction(name, call)))
          .then(() => page.goto(`http://127.0.0.1:${port}/${path}`, { timeout: 0 }))
          .catch(fail);
      });
    },
    async train(task, store, emit, signal) {
      const told = {
        retrogradTask: () => ({ task, dataPrefix, stopped: signal.aborted }),
        retrogradStore: storeCalls(store),
        retrogradEvent: emit,
      };
      const report = await chrome.visit<PageReport>('tools/train/index.html', told, signal);
      if ('error' in report) throw pageError(report.error);
      const weights = report.weights === null ? null : new Uint8Array(Buffer.from(report.weights, 'base64'));
      return { outcome: report.outcome, weights };
    },
    async heapBytes() {
      const session = await visited!.createCDPSession();
      await session.send('HeapProfiler.enable');
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      await session.detach();
      return usedSize;
    },
    async picture(svg) {
      const blank = await browser.newPage();
      await blank.setViewport({ width: 1200, height: 800, deviceScaleFactor: 2 });
      await blank.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`);
      const drawing = await blank.$('svg');
      if (!drawing) throw new Error('the curves are no SVG drawing');
      return drawing.screenshot();
    },
    close,
  };
  return chrome;
}

/** An error that a page has described. */
export function pageError({ name, message, reason }: ErrorReport): Error {
  if (name === 'DeviceError') return new DeviceError(reason as DeviceErrorReason, message);
  return Object.assign(new Error(message), { name });
}

/** Why there is no GPU to train on, in a few words; null when the error is another. */
export function whyNoGpu(error: unknown, chrome: Chrome | null): string | null {
  // Puppeteer adds pages of advice to its first line.
  if (chrome === null) return (error as Error).message.split('\n')[0]!.trim();
  if (!(error instanceof DeviceError)) return null;
  if (error.reason === 'unavailable') return 'this browser has no WebGPU or gave no device';
  return error.reason === 'no-adapter' ? 'the browser offers none' : null;
}
