// The task's images in memory: read from IDX files or drawn, cut to the limit, and split.

import { dataset, take, type Dataset } from '../../src/data/dataset.ts';
import { glyphs } from '../../src/data/glyphs.ts';
import { loadIdx } from '../../src/data/idx.ts';
import { split } from '../../src/data/split.ts';
import type { DataFileNames, DataSource } from './data.ts';
import type { SplitName } from './events.ts';
import { neighbourGroups } from './neighbours.ts';

export interface Images {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly classes: number;
  /** What each image was before, those of the test last; null where it is not known. */
  readonly sources?: readonly string[] | null;
}

export interface SplitImages extends Images {
  readonly validation: Dataset;
}

const glyphCounts = { train: 6000, test: 1000 };

export async function loadImages(
  source: DataSource,
  seed: number,
  read: (name: string) => Promise<Uint8Array>,
): Promise<Images> {
  if (source.files) return loadFiles(source.files, read);
  const train = glyphs({ size: glyphCounts.train, seed });
  // Another seed draws other pictures; the exclusive or keeps it a 32-bit word.
  return { train, test: glyphs({ size: glyphCounts.test, seed: (seed ^ 0x7e57) >>> 0 }), classes: train.classes! };
}

async function loadFiles(files: DataFileNames, read: (name: string) => Promise<Uint8Array>): Promise<Images> {
  const load = async (name: string) => loadIdx(await read(name));
  const lines = files.sources === undefined ? null : await text(await read(files.sources));
  const sources = lines && ['train ', 'test '].flatMap((part) => lines.filter((line) => line.startsWith(part)));
  const [trainX, trainY, testX, testY] = await Promise.all([
    load(files.trainImages),
    load(files.trainLabels),
    load(files.testImages),
    load(files.testLabels),
  ]);
  let classes = 0;
  for (const { data } of [trainY, testY]) for (const label of data) classes = Math.max(classes, label + 1);
  const [train, test] = [dataset({ x: trainX, y: trainY, classes }), dataset({ x: testX, y: testY, classes })];
  return { train, test, classes, sources: sources?.map((line) => line.slice(line.indexOf(' ') + 1)) ?? null };
}

/** The lines of a text, plain or under gzip. */
async function text(bytes: Uint8Array): Promise<string[]> {
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const whole = await new Response(zipped ? stream.pipeThrough(new DecompressionStream('gzip')) : stream).text();
  return whole.split('\n').filter((line) => line !== '');
}

export interface SplitChoice {
  readonly limit: number | null;
  readonly seed: number;
  readonly split: SplitName;
  readonly block: number;
}

/**
 * The first `limit` images, a tenth of them for validation with every class's share kept, and at most `limit` for the test. Unless
 * the files' own test is `given`, all images are divided anew, 70 / 10 / 20: one by one, or in blocks of neighbours.
 */
export function splitImages(images: Images, { limit, seed, split: how, block }: SplitChoice): SplitImages {
  const { train, test, classes, sources = null } = images;
  const first = (set: Dataset): Dataset => (limit === null || limit >= set.size ? set : take(set, limit));
  if (how === 'given') {
    return { ...split(first(train), { validation: 0.1, seed, stratified: true }), test: first(test), classes };
  }
  const all = join(train, test);
  const groups = how === 'groups' ? { groups: neighbourGroups(all, block, sources) } : {};
  const parts = split(all, { validation: 0.1, test: 0.2, seed, stratified: true, ...groups });
  return { train: first(parts.train), validation: parts.validation, test: first(parts.test), classes };
}

/** The examples of two byte sets one after another. */
function join(a: Dataset, b: Dataset): Dataset {
  const x = new Uint8Array(a.x.data.length + b.x.data.length);
  x.set(a.x.data);
  x.set(b.x.data, a.x.data.length);
  const y = Int32Array.from([...a.y.data, ...b.y.data]);
  return dataset({ x, y, shape: a.x.shape, ...(a.classes === undefined ? {} : { classes: a.classes }) });
}
