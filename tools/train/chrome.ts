// Training in headless Chrome: serves the page and the data on this machine only, and closes both whatever happens.

import type { Browser } from 'puppeteer';
import { createServer, type ViteDevServer } from 'vite';

import { DeviceError, type DeviceErrorReason } from '../../src/core/errors.ts';
import { dataFiles, dataPrefix } from '../data_plugin.ts';
import { launchBrowser } from '../launch.mjs';
import { wgsl } from '../wgsl_plugin.ts';
import type { RunEvent, TrainTask } from './events.ts';
import type { PageReport } from './main_page.ts';
import type { Trained } from './run.ts';

export interface Chrome {
  /** Aborted, `signal` ends the run after the step it is in. */
  train(task: TrainTask, emit: (event: RunEvent) => void, signal: AbortSignal): Promise<Trained>;
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
    // On Ctrl-C the run is to finish its step and save before Chrome goes.
    browser = await launchBrowser([], { handleSIGINT: false });
    return session(browser, server, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function session(browser: Browser, server: ViteDevServer, close: () => Promise<void>): Chrome {
  return {
    async train(task, emit, signal) {
      const page = await browser.newPage();
      // A page that is gone has no run to stop.
      signal.addEventListener('abort', () => void page.evaluate(() => window.retrogradStop()).catch(() => undefined));
      const report = await new Promise<PageReport>((done, fail) => {
        page.on('error', (error) => fail(new Error(`the page crashed: ${error.message}`)));
        page.on('pageerror', (error) => fail(error instanceof Error ? error : new Error(String(error))));
        browser.on('disconnected', () => fail(new Error('Chrome ended during the run')));
        const address = server.httpServer?.address();
        const port = typeof address === 'object' ? address?.port : undefined;
        Promise.all([
          page.exposeFunction('retrogradTask', () => ({ task, dataPrefix, stopped: signal.aborted })),
          page.exposeFunction('retrogradEvent', emit),
          page.exposeFunction('retrogradDone', done),
        ])
          .then(() => page.goto(`http://127.0.0.1:${port}/tools/train/index.html`, { timeout: 0 }))
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
