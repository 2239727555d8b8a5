// Once a run: the site is built, served below a path as a plain host would, and one browser is started for all files.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build } from 'vite';
import type { TestProject } from 'vitest/node';

import { launchBrowser } from '../../../tools/launch.mjs';
import { serve } from './serve.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The index's address, ending in a slash. */
    siteUrl: string;
    /** Where it was built. */
    siteFolder: string;
    /** Where Puppeteer connects to the one browser. */
    siteBrowser: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'retrograd-site-'));
  // Vitest says 'test' here; the site is what users get.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  await build({
    configFile: resolve(import.meta.dirname, '../../../tools/site_config.ts'),
    logLevel: 'warn',
    build: { outDir: folder },
  });
  process.env.NODE_ENV = NODE_ENV;
  const { url, server } = await serve(folder, '/courses/2026/retrograd/');
  const browser = await launchBrowser([
    '--host-resolver-rules=MAP insecure.test 127.0.0.1',
    '--use-fake-device-for-media-stream',
  ]);
  project.provide('siteUrl', url);
  project.provide('siteFolder', folder);
  project.provide('siteBrowser', browser.wsEndpoint());
  return async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
}
