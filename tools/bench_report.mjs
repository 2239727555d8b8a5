// `npm run bench:report`: loads the command through Vite, because Node 20 reads no TypeScript, and ends with its exit code.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runnerImport } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { module } = await runnerImport('./tools/bench/report.ts', { configFile: false, root, logLevel: 'error' });
process.exit(module.main(root));
