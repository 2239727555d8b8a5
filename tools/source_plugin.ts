// The Vite plugin that tells a page which source it was built from: `import source from 'virtual:retrograd-source'`.
import type { Plugin } from 'vite';

import { sourceOf } from './bench/source.ts';

const name = 'virtual:retrograd-source';

/** `repository` is its folder where Vite's root is another one. */
export function builtSource(repository?: string): Plugin {
  let root = '';
  return {
    name: 'retrograd:source',
    configResolved(config) {
      root = repository ?? config.root;
    },
    resolveId: { filter: { id: /^virtual:retrograd-source$/ }, handler: () => `\0${name}` },
    load: {
      filter: { id: /virtual:retrograd-source$/ },
      handler: () => `export default ${JSON.stringify(sourceOf(root))};\n`,
    },
  };
}
