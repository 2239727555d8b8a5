// Where the images come from: a folder given, Debian's package, a cache filled from the public source, or synthetic.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { fillCache, cacheIsComplete } from './cache.ts';
import { UsageError } from './options.ts';

/** A data set of four IDX files by name, or the synthetic glyphs. */
export type DataSource =
  | { readonly name: string; readonly files: DataFileNames }
  | { readonly name: 'glyphs'; readonly files: null };

export interface DataFileNames {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages: string;
  readonly testLabels: string;
  /** Lines `train Hand/005628.jpeg`, what each image was before; where there is such a file. */
  readonly sources?: string;
}

export interface FoundData {
  readonly source: DataSource;
  /** Where the files lie; null for glyphs. */
  readonly folder: string | null;
}

export const debianFolder = '/usr/share/datasets/fashion-mnist';
const debianPackage = 'dataset-fashion-mnist';

/** XDG_CACHE_HOME must be absolute to count, says the XDG base directory specification. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'retrograd', 'fashion-mnist');
}

export async function findData(
  options: { data: 'fashion-mnist' | 'glyphs'; dataDir: string | null },
  note: (text: string) => void,
): Promise<FoundData> {
  if (options.dataDir !== null) return folderData(options.dataDir);
  if (options.data === 'glyphs') return { source: { name: 'glyphs', files: null }, folder: null };

  const cache = cacheFolder();
  for (const folder of [debianFolder, cache]) {
    if (folder === cache && !(await cacheIsComplete(folder))) continue;
    const files = dataFileNames(folder);
    if (files) return { source: { name: 'fashion-mnist', files }, folder };
  }
  const reasons: string[] = [];
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    note(`data: installing Debian's package ${debianPackage} (31 MB)`);
    const failure = installPackage();
    const files = dataFileNames(debianFolder);
    if (files) return { source: { name: 'fashion-mnist', files }, folder: debianFolder };
    reasons.push(`apt-get: ${failure ?? `${debianPackage} is installed, but ${debianFolder} lacks the files`}`);
  }
  note(`data: downloading Fashion-MNIST (31 MB) to ${cache}`);
  try {
    await fillCache(cache);
    const files = dataFileNames(cache);
    if (files) return { source: { name: 'fashion-mnist', files }, folder: cache };
  } catch (error) {
    reasons.push((error as Error).message);
  }
  note(`data: Fashion-MNIST could not be had (${reasons.join('; ')})`);
  note('data: training on synthetic glyphs instead: this run says nothing about Fashion-MNIST');
  return { source: { name: 'glyphs', files: null }, folder: null };
}

function folderData(folder: string): FoundData {
  const path = resolve(folder);
  if (!existsSync(path)) throw new UsageError(`--data-dir: ${path} does not exist`);
  const files = dataFileNames(path);
  if (!files) {
    throw new UsageError(
      `--data-dir: ${path} lacks a file; expected train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each plain or with .gz`,
    );
  }
  return { source: { name: basename(path), files }, folder: path };
}

/** The four files of an IDX data set in a folder, or null where one is missing. `t10k` is also called `test`. */
export function dataFileNames(folder: string): DataFileNames | null {
  if (!existsSync(folder)) return null;
  const names = readdirSync(folder).sort();
  const find = (pattern: RegExp): string | undefined => names.find((name) => pattern.test(name));
  const trainImages = find(/^train-images-idx[34]-ubyte(\.gz)?$/);
  const trainLabels = find(/^train-labels-idx1-ubyte(\.gz)?$/);
  const testImages = find(/^(t10k|test)-images-idx[34]-ubyte(\.gz)?$/);
  const testLabels = find(/^(t10k|test)-labels-idx1-ubyte(\.gz)?$/);
  const sources = find(/^source-files\.txt(\.gz)?$/);
  return trainImages && trainLabels && testImages && testLabels
    ? { trainImages, trainLabels, testImages, testLabels, ...(sources === undefined ? {} : { sources }) }
    : null;
}

/** Null when the package is in place afterwards, else why not. */
function installPackage(): string | null {
  const apt = (...args: string[]): string | null => {
    const { status, error, stderr } = spawnSync('apt-get', args, {
      encoding: 'utf8',
      timeout: 300_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (status === 0) return null;
    return error ? error.message : (stderr.trim().split('\n').at(-1) ?? `ended with ${status}`);
  };
  const install = (): string | null => apt('install', '-y', '--no-install-recommends', debianPackage);
  // A fresh image has no package lists; they are fetched only when they are needed.
  if (install() === null) return null;
  return apt('update') ?? install();
}
