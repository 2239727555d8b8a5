// One configuration: the dev server with the demo pages, the library build, and the tests in Node and in Chrome.
import { defineConfig } from 'vitest/config';

import { dataFiles } from './tools/data_plugin.ts';
import { pages } from './tools/page_plugin.ts';
import { puppeteer } from './tools/puppeteer_provider.ts';
import { withoutSamples } from './tools/samples_plugin.ts';
import { builtSource } from './tools/source_plugin.ts';
import { wgsl } from './tools/wgsl_plugin.ts';
import { workerFile } from './tools/worker_plugin.ts';

const host = '127.0.0.1';

export default defineConfig({
  plugins: [
    wgsl(),
    workerFile(),
    withoutSamples(),
    pages(),
    builtSource(),
    dataFiles(process.env.RETROGRAD_DATA ?? '../shared/data'),
    dataFiles(process.env.RETROGRAD_CONFORMANCE ?? '../shared/conformance/onnx', '/__conformance/'),
  ],
  publicDir: false,
  server: { host },
  build: {
    target: 'es2022',
    minify: false,
    lib: { entry: ['src/index.ts', 'src/trainer.ts', 'src/worker.ts'], formats: ['es'] },
    rolldownOptions: {
      output: { preserveModules: true, preserveModulesRoot: 'src', entryFileNames: '[name].js' },
    },
  },
  test: {
    reporters: ['default', './tools/summary_reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/gpu/**', 'tests/demos/pages/**'],
          testTimeout: 30_000,
          isolate: false, // the engine is loaded once for all files
        },
      },
      {
        extends: true,
        test: {
          name: 'pages',
          include: ['tests/demos/pages/**/*.test.ts'],
          globalSetup: ['tests/demos/pages/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          include: ['tests/gpu/**/*.test.ts'],
          setupFiles: ['tests/gpu/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          isolate: false,
          browser: {
            enabled: true,
            headless: true,
            provider: puppeteer(),
            instances: [{ browser: 'chrome', name: 'chrome' }],
            api: { host },
            screenshotFailures: false,
          },
        },
      },
    ],
  },
});
