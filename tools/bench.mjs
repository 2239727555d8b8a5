// `npm run bench`: loads the command through Vite, because Node 20 reads no TypeScript, and ends with its exit code.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runnerImport } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { module } = await runnerImport('./tools/bench/command.ts', { configFile: false, root, logLevel: 'error' });
// Explicitly, since a browser's or server's last handles must not keep a finished command alive.
// It imports packages through this file: the loader above takes no more when the command runs.
process.exit(await module.main(process.argv.slice(2), root, (/** @type {string} */ url) => import(url)));
