// Training in headless Chrome: serves the page and the data on this machine only, and closes both whatever happens.

import type { Browser, Page } from 'puppeteer';
import { createServer, type ViteDevServer } from 'vite';

import { DeviceError, type DeviceErrorReason } from '../../src/core/errors.ts';
import { dataFiles, dataPrefix } from '../data_plugin.ts';
import { launchBrowser } from '../launch.mjs';
import { wgsl } from '../wgsl_plugin.ts';
import type { RunEvent, TrainTask } from './events.ts';
import type { PageReport } from './main_page.ts';
import type { Trained } from './run.ts';

export interface Chrome {
  train(task: TrainTask, emit: (event: RunEvent) => void): Promise<Trained>;
  /** Asks the run to end after the step it is in. */
  stop(): void;
  /** A PNG of an SVG drawing, two pixels for each of its units. */
  picture(svg: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

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
    browser = await launchKeepingSignals();
    return session(browser, server, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Puppeteer ends Chrome on Ctrl-C; here the run is to finish its step and save first. */
async function launchKeepingSignals(): Promise<Browser> {
  const before = process.listeners('SIGINT');
  const browser = await launchBrowser();
  for (const listener of process.listeners('SIGINT')) {
    if (!before.includes(listener)) process.off('SIGINT', listener);
  }
  return browser;
}

function session(browser: Browser, server: ViteDevServer, close: () => Promise<void>): Chrome {
  let page: Page | null = null;
  return {
    async train(task, emit) {
      const opened = await browser.newPage();
      page = opened;
      const report = await new Promise<PageReport>((done, fail) => {
        opened.on('error', (error) => fail(new Error(`the page crashed: ${error.message}`)));
        opened.on('pageerror', (error) => fail(error instanceof Error ? error : new Error(String(error))));
        browser.on('disconnected', () => fail(new Error('Chrome ended during the run')));
        const address = server.httpServer?.address();
        const port = typeof address === 'object' ? address?.port : undefined;
        Promise.all([
          opened.exposeFunction('retrogradTask', () => ({ task, dataPrefix })),
          opened.exposeFunction('retrogradEvent', emit),
          opened.exposeFunction('retrogradDone', done),
        ])
          .then(() => opened.goto(`http://127.0.0.1:${port}/tools/train/index.html`, { timeout: 0 }))
          .catch(fail);
      });
      if (!('error' in report)) {
        const weights = report.weights === null ? null : new Uint8Array(Buffer.from(report.weights, 'base64'));
        return { outcome: report.outcome, weights };
      }
      const { name, message, reason } = report.error;
      if (name === 'DeviceError') throw new DeviceError(reason as DeviceErrorReason, message);
      throw Object.assign(new Error(message), { name });
    },
    stop() {
      // A page that is gone has no run to stop.
      page?.evaluate(() => window.retrogradStop()).catch(() => undefined);
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
}
