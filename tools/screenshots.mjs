// `npm run screenshots`: a picture of every page of the built site in every theme and both languages, wide and narrow.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'pages', 'tests/demos/pages/screenshots.test.ts'], {
  cwd: dirname(dirname(fileURLToPath(import.meta.url))),
  env: { ...process.env, RETROGRAD_SCREENSHOTS: '1' },
  stdio: 'inherit',
});
process.exit(status ?? 1);
