// The Vite plugin that makes `import shader from './foo.wgsl'` yield a Shader record, and keeps the types beside it.
import { relative, sep } from 'node:path';

import type { Plugin } from 'vite';

import type { Shader } from '../src/kernel/shader.ts';

import { reflectFile, writeTypes } from './wgsl_types.ts';

/** `folder` is the repository's where Vite's root is another one. */
export function wgsl(folder?: string): Plugin {
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
      root = folder ?? config.root;
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
        const { shader, imports, parts } = reflectFile(root, file, production);
        for (const name of imports) this.addWatchFile(`${root}/shaders/${name}`);
        const code = production ? splitModule(root, file, shader, imports, parts) : wholeModule(shader);
        return { code, map: null, moduleType: 'js' };
      },
    },
  };
}

const wholeModule = (shader: Shader): string =>
  `export default /* @__PURE__ */ Object.freeze(${JSON.stringify(shader)});\n`;

/** The same with imported WGSL in modules of its own, so that a library holds the text of each file once. */
function splitModule(
  root: string,
  file: string,
  { code: _, ...shader }: Shader,
  imports: readonly string[],
  [own, ...libraries]: readonly string[],
): string {
  if (file.startsWith('shaders/lib/')) return `export default ${JSON.stringify(own)};\n`;
  if (libraries.length === 0) return wholeModule({ ...shader, code: own! });
  const lines = imports.map((name, i) => `import l${i} from '${root}/shaders/${name}';`);
  const texts = [JSON.stringify(own), ...libraries.map((__, i) => `l${i}`)].join(', ');
  return [
    `import { joined } from '${root}/src/kernel/shader.ts';`,
    ...lines,
    `const code = /* @__PURE__ */ joined(${texts});`,
    `export default /* @__PURE__ */ Object.freeze({ ...${JSON.stringify(shader)}, code });`,
    '',
  ].join('\n');
}
