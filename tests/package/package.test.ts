// The package as a user gets it: built, packed, installed without network in a new Vite app, bundled, and trained with
// in headless Chrome. Also what it weighs, and that it brings nothing else along.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

import type { Browser } from 'puppeteer';
import { build, createServer, preview } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../../tools/launch.mjs';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'retrograd-package-'));
const app = join(folder, 'app');
let packed: string[] = [];

const html = (script: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8" /><title>app</title><link rel="icon" href="data:," />
<script type="module" src="./${script}"></script></head><body></body></html>
`;

const trainerScript = (library: string, entry: string, worker = 'true'): string => `
  import { adam, blobs, dense, sequential } from '${library}';
  import { trainer } from '${entry}';
  try {
    const model = sequential([dense({ units: 16, activation: 'relu', inputShape: [2] }), dense({ units: 3 })]);
    const made = await trainer({ model, worker: ${worker}, prefer: ['webgpu'] });
    await made.compile({ optimizer: adam({ learningRate: 0.02 }), loss: 'sparseCategoricalCrossentropy' });
    const { loss } = (await made.fit(blobs({ size: 300, seed: 1 }), { epochs: 3, batchSize: 30 })).history;
    await window.report({ device: made.deviceName, losses: loss });
  } catch (error) {
    await window.report({ error: String(error) });
  }
`;

const appFiles = {
  'package.json': JSON.stringify({ name: 'app', private: true, type: 'module' }),
  'index.html': html('main.js'),
  'main.js': `
    import { adam, blobs, createDevice, dense, sequential } from 'retrograd';
    try {
      const device = await createDevice();
      const model = sequential([dense({ units: 16, activation: 'relu', inputShape: [2] }), dense({ units: 3 })]);
      await model.compile({ optimizer: adam({ learningRate: 0.02 }), loss: 'sparseCategoricalCrossentropy', device });
      const { loss } = (await model.fit(blobs({ size: 300, seed: 1 }), { epochs: 3, batchSize: 30 })).history;
      await window.report({ device: device.kind, losses: loss });
    } catch (error) {
      await window.report({ error: String(error) });
    }
  `,
  // Trains in the library's worker, whose file the bundler finds by itself.
  'trainer.html': html('trainer.js'),
  'trainer.js': trainerScript('retrograd', 'retrograd/trainer'),
  // The same in a worker file of the app's own.
  'own.html': html('own.js'),
  'own.js': trainerScript(
    'retrograd',
    'retrograd/trainer',
    "() => new Worker(new URL('./own_worker.js', import.meta.url), { type: 'module' })",
  ),
  'own_worker.js': `import { serveTrainer } from 'retrograd/trainer';\nserveTrainer();\n`,
  // The same without a bundler: the package's files as they are.
  'public/plain.html': html('plain.js'),
  'public/plain.js': trainerScript('./package/index.js', './package/trainer.js'),
  // Keeps every export, so that the bundle is the whole library.
  'whole.html': html('whole.js'),
  'whole.js': `import * as retrograd from 'retrograd';\nglobalThis.retrograd = retrograd;\n`,
  // Shows a convolution's arithmetic and computes nothing.
  'explain.html': html('explain.js'),
  'explain.js': `import { explain, receptiveField } from 'retrograd';\nglobalThis.shown = [explain, receptiveField];\n`,
};

const run = (command: string, args: string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(() => {
  run('npm', ['run', '-s', 'build:library'], root);
  const [report] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  ) as [{ filename: string; files: { path: string }[] }];
  packed = report.files.map(({ path }) => path);
  mkdirSync(join(app, 'public'), { recursive: true });
  for (const [name, text] of Object.entries(appFiles)) writeFileSync(join(app, name), text);
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, report.filename)], app);
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('holds the library, its types and the papers, and nothing else', () => {
  const expected = /^(package\.json|README\.md|LICENSE|dist\/[\w/.]+\.(js|d\.ts))$/;
  expect(packed.filter((path) => !expected.test(path) && path !== 'README.fr.md')).toEqual([]);
  expect(packed).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'LICENSE', 'README.md']));
});

test('has no runtime dependencies and no side effects', () => {
  const manifest = JSON.parse(readFileSync(join(app, 'node_modules/retrograd/package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  for (const key of ['dependencies', 'peerDependencies', 'optionalDependencies'])
    expect(manifest[key] ?? {}, key).toEqual({});
  expect(manifest.sideEffects).toBe(false);
  expect(readdirSync(join(app, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['retrograd']);
});

test('weighs less in a page that only trains dense layers (the build limits the whole)', async () => {
  const whole = weight(await bundle('whole.html'));
  const dense = weight(await bundle('index.html'));
  console.log(`gzipped: the whole library ${kB(whole)}, an app's dense trainer ${kB(dense)}`);
  expect(dense).toBeLessThan(0.8 * whole);
});

test('a page that only explains convolutions carries no shader', async () => {
  const [explaining, dense] = [await bundle('explain.html'), await bundle('index.html')];
  console.log(`gzipped: an app that imports only explain and receptiveField ${kB(weight(explaining))}`);
  expect(dense).toContain('@compute');
  expect(explaining).not.toContain('@compute');
  expect(weight(explaining)).toBeLessThan(8_000);
});

test('trains in headless Chrome from the bundled app, here and in workers', { timeout: 240_000 }, async () => {
  const input = ['index.html', 'trainer.html', 'own.html'].map((page) => join(app, page));
  await build({ root: app, configFile: false, logLevel: 'warn', build: { rolldownOptions: { input } } });
  cpSync(join(app, 'node_modules/retrograd/dist'), join(app, 'dist/package'), { recursive: true });
  const server = await preview({
    root: app,
    configFile: false,
    logLevel: 'warn',
    preview: { host: '127.0.0.1', port: 0 },
  });
  const browser = await launchBrowser();
  try {
    for (const name of ['index.html', 'trainer.html', 'own.html', 'plain.html']) {
      const report = await reportOf(browser, server.resolvedUrls!.local[0]! + name);
      expect(report.device, name).toMatch(/webgpu/i);
      expect(report.losses.length, name).toBeGreaterThan(1);
      expect(report.losses.at(-1)!, name).toBeLessThan(0.7 * report.losses[0]!);
    }
  } finally {
    await browser.close();
    await server.close();
  }
});

test('trains in a worker from a dev server that leaves the library as it is', { timeout: 120_000 }, async () => {
  const server = await createServer({
    root: app,
    configFile: false,
    logLevel: 'warn',
    optimizeDeps: { exclude: ['retrograd'] },
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
  });
  await server.listen();
  const browser = await launchBrowser();
  try {
    const report = await reportOf(browser, `${server.resolvedUrls!.local[0]!}trainer.html`);
    expect(report.device).toMatch(/webgpu/i);
  } finally {
    await browser.close();
    await server.close();
  }
});

interface Report {
  readonly device: string;
  readonly losses: readonly number[];
}

/** What the page reports, or its error. */
async function reportOf(browser: Browser, url: string): Promise<Report> {
  const page = await browser.newPage();
  try {
    return await new Promise<Report>((done, fail) => {
      page.on('pageerror', (error) => fail(error instanceof Error ? error : new Error(String(error))));
      page
        .exposeFunction('report', (value: Report | { error: string }) =>
          'error' in value ? fail(new Error(`${url}: ${value.error}`)) : done(value),
        )
        .then(() => page.goto(url))
        .catch(fail);
    });
  } finally {
    await page.close();
  }
}

/** The code of a page, minified. */
async function bundle(page: string): Promise<string> {
  const outDir = join(folder, `dist-${page}`);
  mkdirSync(outDir, { recursive: true });
  const result = await build({
    root: app,
    configFile: false,
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true, modulePreload: false, rolldownOptions: { input: join(app, page) } },
  });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((one) => ('output' in one ? one.output : []));
  return outputs.map((file) => (file.type === 'chunk' ? file.code : '')).join('\n');
}

const weight = (code: string): number => gzipSync(code, { level: 9 }).length;

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
