// The Vite plugin that leaves the worker's address to the bundlers of those who use the library: in the library's own build
// `new URL('../../worker.ts', import.meta.url)` becomes the same with `.js`, and no second copy of the engine is made.
import type { Plugin } from 'vite';

const source = "new URL('../../worker.ts', import.meta.url)";
const placeholder = '__RETROGRAD_WORKER__';

export function workerFile(): Plugin {
  return {
    name: 'retrograd:worker-file',
    apply: 'build',
    enforce: 'pre',
    transform: {
      filter: { id: /train\/worker\/trainer\.ts$/ },
      handler(code) {
        if (!code.includes(source)) this.error(`expected ${source}`);
        return { code: code.replace(source, placeholder), map: null };
      },
    },
    renderChunk(code) {
      if (!code.includes(placeholder)) return null;
      return { code: code.replace(placeholder, source.replace('worker.ts', 'worker.js')), map: null };
    },
  };
}
