// The user's copy of Fashion-MNIST: downloaded once, every file checked against its published contents.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 and size of the files that github.com/zalandoresearch/fashion-mnist publishes. */
export const fashionMnistFiles: readonly PublishedFile[] = [
  ['train-images-idx3-ubyte.gz', 26_421_880, '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84'],
  ['train-labels-idx1-ubyte.gz', 29_515, 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845'],
  ['t10k-images-idx3-ubyte.gz', 4_422_102, '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073'],
  ['t10k-labels-idx1-ubyte.gz', 5_148, '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5'],
].map(([name, size, sha256]) => ({ name, size, sha256 }) as PublishedFile);

export interface PublishedFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** Tried in order; the first has no https, which the checksums make up for. */
const sources = [
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion',
];

/** By size only: what was written here had been verified, and arrived by rename. */
export async function cacheIsComplete(folder: string, files = fashionMnistFiles): Promise<boolean> {
  const sizes = await Promise.all(
    files.map(({ name }) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => -1,
      ),
    ),
  );
  return files.every(({ size }, i) => sizes[i] === size);
}

/** Downloads what is missing or differs; rejects with one sentence when a file is to be had nowhere. */
export async function fillCache(folder: string, files = fashionMnistFiles, from = sources): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of files) {
    const path = join(folder, file.name);
    const present = await readFile(path).catch(() => null);
    if (present && digest(present) === file.sha256) continue;
    const bytes = await download(file, from);
    // By rename, so that a run that is cut short never leaves half a file under the final name.
    const partial = `${path}.${process.pid}.part`;
    try {
      await writeFile(partial, bytes);
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
  }
}

async function download(file: PublishedFile, from: readonly string[]): Promise<Uint8Array> {
  const reasons: string[] = [];
  for (const source of from) {
    const { host } = new URL(source);
    try {
      const bytes = await fetchBytes(`${source}/${file.name}`, file.size);
      if (digest(bytes) === file.sha256) return bytes;
      reasons.push(`${host}: the contents of ${file.name} differ from those published (SHA-256)`);
    } catch (error) {
      const { message, cause } = error as Error & { cause?: Error };
      reasons.push(`${host}: ${cause?.message || message}`);
    }
  }
  throw new Error(reasons.join('; '));
}

/** Gives up after 20 s without an answer or without data, and on more bytes than the file has. */
async function fetchBytes(url: string, size: number): Promise<Uint8Array> {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error('no answer for 20 s')), 20_000);
  };
  heard();
  try {
    const response = await fetch(url, { signal: silence.signal });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const parts: Uint8Array[] = [];
    let total = 0;
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      heard();
      total += part.length;
      if (total > size) throw new Error(`more than the ${size} bytes expected`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  } finally {
    clearTimeout(timer);
  }
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
