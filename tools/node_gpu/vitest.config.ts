// The GPU tests without a browser: `npm run test:node`, on the npm package webgpu (Dawn), which is no dependency. The Vulkan
// driver is the system's, or the one that VK_ICD_FILENAMES names.
import { defineConfig } from 'vitest/config';

import { wgsl } from '../wgsl_plugin.ts';

export default defineConfig({
  plugins: [wgsl()],
  root: `${import.meta.dirname}/../..`,
  test: {
    reporters: ['default', './tools/summary_reporter.ts'],
    include: ['tests/gpu/**/*.test.ts'],
    // These need a browser: its GPU process, its page, or its workers.
    exclude: ['tests/gpu/crash.test.ts', 'tests/gpu/trainer.test.ts', 'tests/gpu/latency.test.ts'],
    setupFiles: ['tools/node_gpu/setup.ts', 'tests/gpu/setup.ts'],
    testTimeout: 120_000,
    // One process and one device for all files.
    isolate: false,
    fileParallelism: false,
  },
});
