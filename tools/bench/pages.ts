// The peers' packages, and the pages that run them: installed, bundled as an app would ship them, and served with the
// files that their wasm backends load.

import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';

import { build } from 'vite';

import { wgsl } from '../wgsl_plugin.ts';
import { isolation } from './chrome.ts';

const folderOf = (root: string): string => join(root, 'demos/bench/peers');

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

const readLock = (path: string): Lock => JSON.parse(readFileSync(path, 'utf8')) as Lock;

/** By content: an installation of other versions is replaced. No install script of any package is run. */
export function installPeers(root: string, say: (line: string) => void): void {
  const folder = folderOf(root);
  const wanted = readLock(join(folder, 'package-lock.json')).packages;
  const installed = join(folder, 'node_modules/.package-lock.json');
  const present = existsSync(installed) ? readLock(installed).packages : {};
  if (Object.entries(wanted).every(([path, { version }]) => path === '' || present[path]?.version === version)) return;
  say('installing the peers (npm ci --ignore-scripts)');
  const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`the peers could not be installed: ${stderr.trim()}`);
}

/** Versions by package name, Retrograd's own among them. */
function versionsOf(root: string): Record<string, string> {
  const { packages } = readLock(join(folderOf(root), 'package-lock.json'));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    retrograd: version,
    ...Object.fromEntries(
      Object.entries(packages).flatMap(([path, own]) =>
        own.version ? [[path.replace('node_modules/', ''), own.version]] : [],
      ),
    ),
  };
}

// The wasm backend of tfjs gives its threads the text of a function, which asks for a variable outside it by name: neither
// may its name change nor the question be answered beforehand.
const keepsNames = (entry: string): boolean => entry.endsWith('tfjs-wasm');

/** Bundles pages to a folder of their own, minified, as an app would ship them: all engines', or of Retrograd's starts alone. */
export async function bundlePages(root: string, which: 'all' | 'own starts'): Promise<string> {
  const folder = folderOf(root);
  const all = which === 'all';
  const out = mkdtempSync(join(tmpdir(), 'retrograd-peers-'));
  process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  const entries = (all ? ['frames', 'starts'] : ['starts'])
    .flatMap((kind) => readdirSync(join(folder, kind)).map((file) => [kind, basename(file, '.ts')] as const))
    .filter(([, name]) => all || name.startsWith('retrograd-'))
    .map(([kind, name]): [string, string] => [`${kind}/${name}`, join(folder, kind, `${name}.ts`)]);
  if (all) entries.push(['page', join(folder, 'page.ts')]);
  const parts = [
    { small: true, input: entries.filter(([name]) => !keepsNames(name)) },
    { small: false, input: entries.filter(([name]) => keepsNames(name)) },
  ].filter(({ input }) => input.length > 0);
  for (const { small, input } of parts) {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      plugins: [wgsl()],
      base: './',
      define: { VERSIONS: JSON.stringify(versionsOf(root)) },
      build: {
        outDir: out,
        emptyOutDir: false,
        target: 'es2022',
        modulePreload: false,
        minify: small,
        rolldownOptions: {
          input: Object.fromEntries(input),
          output: {
            entryFileNames: '[name].js',
            chunkFileNames: 'chunks/[name]-[hash].js',
            ...(small ? {} : { minify: { mangle: false, compress: false, codegen: { removeWhitespace: true } } }),
          },
        },
      },
    });
  }
  return out;
}

const types: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html; charset=utf-8',
};

/** A page with nothing but its script. */
const html = (script: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>peers</title><link rel="icon" href="data:,"></head>` +
  `<body><script type="module" src="./${script}.js"></script></body></html>`;

/** Serves the bundle, the wasm files, and a page for every script: page.html, and with ?engine=… frame.html, start.html. */
export async function servePages(root: string, bundle: string): Promise<{ origin: string; close(): Promise<void> }> {
  const modules = join(folderOf(root), 'node_modules');
  const folders: Record<string, string> = {
    ort: join(modules, 'onnxruntime-web/dist'),
    tfjs: join(modules, '@tensorflow/tfjs-backend-wasm/dist'),
  };
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const name = decodeURIComponent(url.pathname.slice(1));
    const headers = { ...isolation, 'Cross-Origin-Resource-Policy': 'same-origin', 'Cache-Control': 'no-store' };
    const page = { 'page.html': 'page', 'frame.html': 'frames', 'start.html': 'starts' }[name];
    if (page) {
      const engine = (url.searchParams.get('engine') ?? '').replaceAll(/[^a-z0-9-]/g, '');
      response.writeHead(200, { ...headers, 'Content-Type': types['.html'] });
      response.end(html(page === 'page' ? page : `${page}/${engine}`));
      return;
    }
    const [folder = '', ...rest] = name.split('/');
    const own = Object.hasOwn(folders, folder);
    const path = own ? join(folders[folder]!, ...rest) : join(bundle, name);
    const inside = path.startsWith(own ? folders[folder]! : bundle);
    if (!inside || !existsSync(path) || !statSync(path).isFile()) {
      response.writeHead(404, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, 'Content-Type': types[extname(path)] ?? 'application/octet-stream' });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}
