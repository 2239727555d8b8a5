// The Vite plugin that weighs the site's pages as they travel, gzipped, and stops a build in which one is too heavy.
import { gzipSync } from 'node:zlib';

import type { Plugin, Rolldown } from 'vite';

/** Kilobytes of a page's own JavaScript, the engine excluded. */
const limits: Record<string, number> = { conv: 60 };
const limit = 120;

type Chunk = Rolldown.OutputChunk;

export function siteWeight(): Plugin {
  return {
    name: 'retrograd:site-weight',
    apply: 'build',
    generateBundle(_, bundle) {
      const weights = weigh(bundle);
      this.emitFile({ type: 'asset', fileName: 'sizes.json', source: JSON.stringify(weights) });
      for (const [page, { page: own, engine }] of Object.entries(weights)) {
        const most = limits[page] ?? limit;
        console.log(`page ${page}: ${own.toFixed(1)} kB gzipped (at most ${most}), engine ${engine.toFixed(1)} kB`);
        if (own > most) this.error(`the page ${page} is ${own.toFixed(1)} kB gzipped; its limit is ${most} kB`);
      }
    },
  };
}

/** Of the workers that pages start, by the page's folder: each is a bundle of its own, made before the pages' one. */
const workers = new Map<string, Weight>();

/** The key of the library's own worker, which `trainer` starts. */
const library = '';
const trainer = /[\\/]src[\\/]train[\\/]worker[\\/]trainer\.ts$/;

/** Weighs a worker's bundle, for `siteWeight`. */
export function workerWeight(): Plugin {
  return {
    name: 'retrograd:worker-weight',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const entry of Object.values(bundle)) {
        if (entry.type !== 'chunk' || !entry.isEntry) continue;
        const id = entry.facadeModuleId ?? '';
        const folder = /demos[\\/]([^\\/]+)[\\/]/.exec(id)?.[1] ?? (/src[\\/]worker\.ts/.test(id) ? library : null);
        if (folder === null) continue;
        const { page, engine } = weighEntry(entry, bundle);
        // Nothing of a page is in the library's worker.
        workers.set(folder, folder === library ? { page: 0, engine: page + engine } : { page, engine });
      }
    },
  };
}

export interface Weight {
  /** The page's own scripts, those it loads later included. */
  readonly page: number;
  readonly engine: number;
}

export function weigh(bundle: Rolldown.OutputBundle): Record<string, Weight> {
  const entries = Object.values(bundle).filter(
    (file): file is Chunk => file.type === 'chunk' && file.isEntry && file.facadeModuleId?.endsWith('.html') === true,
  );
  return Object.fromEntries(
    entries.map((entry) => {
      const trains = [...reached(entry, chunksOf(bundle))].some(({ moduleIds }) =>
        moduleIds.some((id) => trainer.test(id)),
      );
      const all = [weighEntry(entry, bundle), workers.get(entry.name), trains ? workers.get(library) : undefined];
      const sum = (kind: keyof Weight): number => all.reduce((total, weight) => total + (weight?.[kind] ?? 0), 0);
      return [entry.name, { page: sum('page'), engine: sum('engine') }];
    }),
  );
}

function weighEntry(entry: Chunk, bundle: Rolldown.OutputBundle): Weight {
  const all = [...reached(entry, chunksOf(bundle))];
  const sum = (kind: Kind): number =>
    all
      .filter((chunk) => kindOf(chunk) === kind)
      .reduce((total, { code }) => total + gzipSync(code, { level: 9 }).length / 1000, 0);
  return { page: sum('page'), engine: sum('engine') };
}

const chunksOf = (bundle: Rolldown.OutputBundle): Map<string, Chunk> =>
  new Map(Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file]] : [])));

function reached(entry: Chunk, chunks: ReadonlyMap<string, Chunk>): Set<Chunk> {
  const found = new Set<Chunk>();
  const visit = (chunk: Chunk | undefined): void => {
    if (!chunk || found.has(chunk)) return;
    found.add(chunk);
    for (const name of [...chunk.imports, ...chunk.dynamicImports]) visit(chunks.get(name));
  };
  visit(entry);
  return found;
}

type Kind = 'page' | 'engine' | 'text';

/** A chunk is the engine's if all of it is, so that nothing of a page hides there. */
function kindOf({ moduleIds }: Chunk): Kind {
  const of = (test: (id: string) => boolean): boolean => moduleIds.length > 0 && moduleIds.every(test);
  if (of((id) => /[\\/](src|shaders)[\\/]/.test(id) && !id.includes('?raw'))) return 'engine';
  return of((id) => /[?&]raw$/.test(id)) ? 'text' : 'page';
}
