// The static site: every page of demos/, in files that work below any path. `vite build --config tools/site_config.ts`.
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';

import { defineConfig } from 'vite';

import { pages } from './page_plugin.ts';
import { withoutSamples } from './samples_plugin.ts';
import { siteWeight, workerWeight } from './site_weight.ts';
import { builtSource } from './source_plugin.ts';
import { wgsl } from './wgsl_plugin.ts';

const repository = resolve(import.meta.dirname, '..');
const root = resolve(repository, 'demos');

// The engine stays out of the pages' own files: it has its own weight, and a page loads only what it uses of it.
const engine = {
  name: 'engine',
  test: /[\\/](src|shaders)[\\/][^?]*$/,
  entriesAware: true,
  includeDependenciesRecursively: false,
};
const sourceText = { name: 'source-text', test: /\.(ts|css|html)\?raw$/ };

/** Measures the ops' own samples, which other bundles leave out. */
const benchWorker = /[\\/]demos[\\/]bench[\\/]worker\.ts/;

/** Page names and their HTML: `index` and each folder of demos/ that has one. */
const folders = readdirSync(root).filter((name) => existsSync(resolve(root, name, 'index.html')));
const input = Object.fromEntries([
  ['index', resolve(root, 'index.html')],
  ...folders.map((name) => [name, resolve(root, name, 'index.html')] as const),
]);

export default defineConfig({
  root,
  base: './',
  publicDir: false,
  plugins: [wgsl(repository), withoutSamples(repository), pages(), builtSource(repository), siteWeight()],
  worker: {
    format: 'es',
    plugins: () => [wgsl(repository), withoutSamples(repository, benchWorker), workerWeight()],
    rolldownOptions: { output: { codeSplitting: { groups: [engine, sourceText] } } },
  },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 1000,
    outDir: resolve(repository, 'site'),
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input,
      output: {
        codeSplitting: {
          // The shell is one file for all pages: it comes from the cache with the second one, and small files pack badly.
          groups: [engine, sourceText, { name: 'shell', test: /[\\/]demos[\\/]shared[\\/]/ }],
        },
      },
    },
  },
});
