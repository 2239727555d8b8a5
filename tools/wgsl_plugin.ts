// The Vite plugin that makes `import shader from './foo.wgsl'` yield a Shader record, and keeps the types beside it.
import { relative, sep } from 'node:path';

import type { Plugin } from 'vite';

import { reflectFile, writeTypes } from './wgsl_types.ts';

export function wgsl(): Plugin {
  let root = '';
  let production = false;
  const updateTypes = (warn: (message: string) => void): void => {
    // A shader that does not reflect fails where it is imported; here it must not stop work on the others.
    for (const error of writeTypes(root)) warn(error.message);
  };
  return {
    name: 'retrograd:wgsl',
    enforce: 'pre',
    configResolved(config) {
      root = config.root;
      production = config.command === 'build';
      if (!production) updateTypes((message) => config.logger.warn(message));
    },
    buildStart() {
      if (production) updateTypes((message) => this.error(message));
    },
    watchChange(id) {
      if (id.endsWith('.wgsl')) updateTypes((message) => this.warn(message));
    },
    load: {
      filter: { id: /\.wgsl$/ },
      handler(id) {
        const file = relative(root, id).split(sep).join('/');
        const { shader, imports } = reflectFile(root, file, production);
        for (const name of imports) this.addWatchFile(`${root}/shaders/${name}`);
        const code = `export default /* @__PURE__ */ Object.freeze(${JSON.stringify(shader)});\n`;
        return { code, map: null, moduleType: 'js' };
      },
    },
  };
}
