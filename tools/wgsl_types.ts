// Writes foo.d.wgsl.ts beside every foo.wgsl, so that names in WGSL are checked where TypeScript uses them.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { reflectShader, type Reflection } from './wgsl_reflection.ts';
import { directiveOf, gatherSources } from './wgsl_source.ts';

const folders = ['shaders', 'tests', 'demos'];

/** By the file's name and its text, imports included: declarations and the program ask for the same, one after the other. */
const known = new Map<string, Reflection>();

/** Reflects a file given by its path from `root`; import comments are relative to shaders/. */
export function reflectFile(root: string, file: string, strip = false): Reflection {
  const texts: string[] = [];
  const read = (name: string): string => {
    const text = readFileSync(join(root, name), 'utf8');
    texts.push(name, text);
    return text;
  };
  const importPath = (name: string): string => `shaders/${name}`;
  try {
    gatherSources(file, read, importPath);
  } catch {
    // What cannot be read is told of below, with the file's name.
  }
  const key = [strip, ...texts].join('\0');
  let reflection = known.get(key);
  if (!reflection) {
    reflection = reflectShader(file, { read, importPath, strip });
    // What shaders import is put behind their own declarations, where no directive may stand.
    const directive = file.startsWith('shaders/lib/') ? directiveOf(reflection.shader.code) : null;
    if (directive) throw new Error(`${file}: has '${directive}', expected that in the shaders that import this file`);
    known.set(key, reflection);
  }
  return reflection;
}

/** Rewrites declarations that changed and removes those whose shader is gone; returns what failed to reflect. */
export function writeTypes(root: string): Error[] {
  const errors: Error[] = [];
  for (const file of folders.flatMap((folder) => list(root, folder))) {
    if (file.endsWith('.d.wgsl.ts')) {
      if (!existsSync(join(root, shaderOf(file)))) rmSync(join(root, file), { force: true });
      continue;
    }
    try {
      writeIfChanged(join(root, declarationOf(file)), declarationText(file, reflectFile(root, file).uses));
    } catch (error) {
      errors.push(error as Error);
    }
  }
  return errors;
}

/** The declaration's text for the shader `file` (a path from the root, with '/'). */
export function declarationText(file: string, uses: Reflection['uses']): string {
  const up = '../'.repeat(file.split('/').length - 1);
  const union = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(' | ') || 'never';
  const entries = Object.entries(uses).map(
    ([name, use]) =>
      `  ${name}: {\n    bindings: ${union(use.bindings)};\n    params: ${union(use.params)};\n` +
      `    constants: ${union(use.constants)};\n    hooks: ${union(use.hooks)};\n  };\n`,
  );
  return [
    `// Generated from ${file}; never edited by hand.`,
    `import type { Shader } from '${up}src/kernel/shader.ts';`,
    `declare const shader: Shader<${entries.length > 0 ? `{\n${entries.join('')}}` : 'Record<never, never>'}>;`,
    'export default shader;',
    '',
  ].join('\n');
}

const declarationOf = (file: string): string => file.replace(/\.wgsl$/, '.d.wgsl.ts');
const shaderOf = (file: string): string => file.replace(/\.d\.wgsl\.ts$/, '.wgsl');

/** Shaders and their declarations below `folder`; what is installed there is passed by. */
function list(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== 'node_modules') found.push(...list(root, path));
    else if (entry.isFile() && /(\.wgsl|\.d\.wgsl\.ts)$/.test(entry.name)) found.push(path);
  }
  return found.sort();
}

/** By rename, so a test run starting beside this one never reads half a file. */
function writeIfChanged(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
