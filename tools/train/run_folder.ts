// The folder that keeps a run: its name, and the files in it.

import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { UsageError } from './options.ts';

export interface RunFolder {
  /** As told to the user: from where the command was started when below it, else absolute. */
  readonly name: string;
  readonly written: readonly string[];
  write(file: string, contents: string | Uint8Array): void;
  /** Removes the folder if nothing was written and the command made it. */
  discard(): void;
}

/** `out`, or else the next free `runs/<model>-NNNN` below `root`. */
export function createRunFolder(root: string, model: string, out: string | null): RunFolder {
  const path = out ?? nextFolder(join(root, 'runs'), model);
  if (out !== null) {
    if (existsSync(out) && !statSync(out).isDirectory()) throw new UsageError(`--out: ${out} is a file`);
    if (existsSync(join(out, 'model.safetensors'))) {
      throw new UsageError(`--out: ${out} holds a run already; name another folder or remove it`);
    }
  }
  const made = out === null || mkdirSync(out, { recursive: true }) !== undefined;
  const below = relative(process.cwd(), path);
  const written: string[] = [];
  return {
    name: below.startsWith('..') ? path : below || '.',
    written,
    write(file, contents) {
      writeFileSync(join(path, file), contents);
      written.push(file);
    },
    discard() {
      if (made && written.length === 0) rmdirSync(path);
    },
  };
}

/** Made at once, so that two commands started together get two folders. */
function nextFolder(runs: string, model: string): string {
  mkdirSync(runs, { recursive: true });
  const pattern = new RegExp(`^${model}-(\\d+)$`);
  const numbers = readdirSync(runs).map((name) => Number(pattern.exec(name)?.[1] ?? 0));
  for (let next = Math.max(0, ...numbers) + 1; ; next++) {
    const path = join(runs, `${model}-${String(next).padStart(4, '0')}`);
    try {
      mkdirSync(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
