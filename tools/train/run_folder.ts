// The folder that keeps a run: its name, and the files in it.

import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import type { Store } from '../../src/io/store.ts';
import { fileStore } from '../file_store.ts';
import { UsageError } from './options.ts';

export interface RunFolder {
  /** As told to the user: from where the command was started when below it, else absolute. */
  readonly name: string;
  readonly written: readonly string[];
  write(file: string, contents: string | Uint8Array): void;
  /** What a run that was ended goes on from. */
  readonly store: Store;
  /** Takes that away, once the run has ended by itself. */
  finish(): void;
  /** Removes what is in it where training never began to be kept, and the folder if the command made it. */
  discard(): void;
}

/** Where in its folder a run keeps what it goes on from. */
const checkpoints = 'checkpoint';

/** The arguments of the command whose run `folder` holds. UsageError: it holds none that can go on. */
export async function keptArguments(folder: string): Promise<string[]> {
  const kept = await fileStore(join(folder, checkpoints)).read('arguments');
  if (!kept) throw new UsageError(`--resume: ${folder} holds no run that was ended`);
  return JSON.parse(new TextDecoder().decode(kept)) as string[];
}

/** `out`, or else the next free `runs/<model>-NNNN` below `root`; with `resume` a folder that holds a run. */
export function createRunFolder(root: string, model: string, out: string | null, resume = false): RunFolder {
  const path = out ?? nextFolder(join(root, 'runs'), model);
  if (out !== null) {
    if (existsSync(out) && !statSync(out).isDirectory()) throw new UsageError(`--out: ${out} is a file`);
    if (!resume && (existsSync(join(out, 'model.safetensors')) || existsSync(join(out, checkpoints)))) {
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
    store: fileStore(join(path, checkpoints)),
    finish: () => rmSync(join(path, checkpoints), { recursive: true, force: true }),
    discard() {
      if (written.length > 0 || existsSync(join(path, checkpoints, 'checkpoint.a'))) return;
      rmSync(join(path, checkpoints), { recursive: true, force: true });
      if (made && readdirSync(path).length === 0) rmdirSync(path);
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
