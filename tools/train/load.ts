// The task's images in memory: read from IDX files or drawn, cut to the limit, and split.

import { dataset, take, type Dataset } from '../../src/data/dataset.ts';
import { glyphs } from '../../src/data/glyphs.ts';
import { loadIdx } from '../../src/data/idx.ts';
import { split } from '../../src/data/split.ts';
import type { DataFileNames, DataSource } from './data.ts';

export interface Images {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly classes: number;
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
  const [trainX, trainY, testX, testY] = await Promise.all([
    load(files.trainImages),
    load(files.trainLabels),
    load(files.testImages),
    load(files.testLabels),
  ]);
  let classes = 0;
  for (const { data } of [trainY, testY]) for (const label of data) classes = Math.max(classes, label + 1);
  return { train: dataset({ x: trainX, y: trainY, classes }), test: dataset({ x: testX, y: testY, classes }), classes };
}

/** The first `limit` images, a tenth of them for validation with every class's share kept, and at most `limit` for the test. */
export function splitImages({ train, test, classes }: Images, limit: number | null, seed: number): SplitImages {
  const first = (set: Dataset): Dataset => (limit === null || limit >= set.size ? set : take(set, limit));
  return { ...split(first(train), { validation: 0.1, seed, stratified: true }), test: first(test), classes };
}
