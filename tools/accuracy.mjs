// `node tools/accuracy.mjs`: measures every elementwise function in Chrome and writes docs/accuracy.md.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'chrome', 'tests/gpu/accuracy.test.ts'], {
  env: { ...process.env, VITE_WRITE_ACCURACY: resolve('docs/accuracy.md') },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
