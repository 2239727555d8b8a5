// `npm run test:long`: the tests that take minutes, which `npm test` leaves out; arguments go to Vitest.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const files = [
  'tests/tools/train.test.ts',
  'tests/tools/page_faults.test.ts',
  'tests/ops/races.test.ts',
  'tests/train/resume.test.ts',
  'tests/gpu/kernels.test.ts',
  'tests/gpu/metrics.test.ts',
  'tests/gpu/resume.test.ts',
  'tests/gpu/soak.test.ts',
  'tests/gpu/latency.test.ts',
  'tests/demos/pages/long_tasks.test.ts',
  'tests/demos/pages/states.test.ts',
  'tests/demos/pages/every_page.test.ts',
];
const given = process.argv.slice(2);
const { status } = spawnSync('npx', ['vitest', 'run', ...(given.length > 0 ? given : files)], {
  cwd: dirname(dirname(fileURLToPath(import.meta.url))),
  env: { ...process.env, VITE_LONG: '1' },
  stdio: 'inherit',
});
process.exit(status ?? 1);
