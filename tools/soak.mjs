// `npm run soak`: loads the command through Vite, because Node 20 reads no TypeScript, and ends with its exit code.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runnerImport } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { module } = await runnerImport('./tools/soak/command.ts', { configFile: false, root, logLevel: 'error' });
// Explicitly, since a browser's or server's last handles must not keep a finished command alive.
process.exit(await module.main(process.argv.slice(2), root));
