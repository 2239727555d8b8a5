// `npm run types`: writes the declarations of all shaders, through Vite because Node 20 does not read TypeScript.
import { runnerImport } from 'vite';

const root = process.cwd();
const { module } = await runnerImport('./tools/wgsl_types.ts', { configFile: false, root, logLevel: 'error' });
/** @type {Error[]} */
const errors = module.writeTypes(root);
for (const error of errors) console.error(error.message);
process.exitCode = errors.length > 0 ? 1 : 0;
