// What a page is counted to weigh: chunks that it loads at once or later, each once, the engine's apart, texts in neither.

import { gzipSync } from 'node:zlib';
import type { Rolldown } from 'vite';
import { expect, test } from 'vitest';

import { siteWeight, weigh } from '../../tools/site_weight.ts';

interface Given {
  readonly name?: string;
  readonly entry?: string;
  readonly modules: readonly string[];
  readonly imports?: readonly string[];
  readonly later?: readonly string[];
}
/** Numbers that do not repeat, so that gzip makes little of them. */
const codeOf = (seed: number, length: number): string =>
  Array.from({ length }, (_, i) => ((i + 1) * 2654435761 * (seed + 1)) % 1000003).join();

function bundleOf(files: Readonly<Record<string, Given>>, length = 300): Rolldown.OutputBundle {
  const chunks = Object.entries(files).map(([fileName, { name, entry, modules, imports = [], later = [] }], i) => [
    fileName,
    {
      type: 'chunk',
      fileName,
      name: name ?? fileName,
      isEntry: entry !== undefined,
      facadeModuleId: entry ?? null,
      moduleIds: modules,
      imports,
      dynamicImports: later,
      code: codeOf(i, length),
    },
  ]);
  return Object.fromEntries([
    ...chunks,
    ['style.css', { type: 'asset', fileName: 'style.css', source: 'a{}' }],
  ]) as never;
}
const heavy = (bundle: Rolldown.OutputBundle, ...names: string[]): number =>
  names.reduce(
    (sum, name) => sum + gzipSync((bundle[name] as Rolldown.OutputChunk).code, { level: 9 }).length / 1000,
    0,
  );

const files: Readonly<Record<string, Given>> = {
  'a.js': {
    name: 'a',
    entry: '/site/demos/a/index.html',
    modules: ['/site/demos/a/index.ts'],
    imports: ['shared.js'],
    later: ['late.js'],
  },
  'b.js': { name: 'b', entry: '/site/demos/b/index.html', modules: ['/site/demos/b/index.ts'], imports: ['shared.js'] },
  'shared.js': { modules: ['/site/demos/shared/page.ts'], imports: ['a.js'] },
  'late.js': { modules: ['/site/demos/a/late.ts'], imports: ['shared.js', 'engine.js', 'mixed.js', 'text.js'] },
  'engine.js': { modules: ['/site/src/index.ts', '/site/shaders/add.wgsl'] },
  'mixed.js': { modules: ['/site/src/index.ts', '/site/demos/a/more.ts'] },
  'text.js': { modules: ['/site/src/ops/add.ts?raw'] },
  'other.js': { name: 'other', entry: '/site/demos/other.ts', modules: ['/site/demos/other.ts'] },
};

test('a page weighs all that it loads, also later, each chunk once; the engine only where a chunk is nothing else', () => {
  const bundle = bundleOf(files);
  const weights = weigh(bundle);
  // The shared chunk leads back to the page `a`, as shared code does that Rolldown puts into an entry.
  const all = heavy(bundle, 'a.js', 'shared.js', 'late.js', 'mixed.js');
  expect(Object.keys(weights)).toEqual(['a', 'b']);
  expect(weights.a!.page).toBeCloseTo(all, 9);
  expect(weights.a!.engine).toBeCloseTo(heavy(bundle, 'engine.js'), 9);
  expect(weights.b!.page).toBeCloseTo(all + heavy(bundle, 'b.js'), 9);
});

test('a page that is too heavy stops the build, the explorer at 60 kB and any other at 120', () => {
  const plugin = siteWeight() as unknown as { generateBundle(this: object, options: object, bundle: object): void };
  const built = (name: string, length: number): { emitted: unknown[]; refused: string[] } => {
    const emitted: unknown[] = [];
    const refused: string[] = [];
    const bundle = bundleOf(
      { 'x.js': { name, entry: `/site/demos/${name}/index.html`, modules: ['/site/demos/x.ts'] } },
      length,
    );
    plugin.generateBundle.call(
      { emitFile: (file: unknown) => emitted.push(file), error: (text: string) => refused.push(text) },
      {},
      bundle,
    );
    return { emitted, refused };
  };
  const light = built('conv', 300);
  expect(light.refused).toEqual([]);
  expect(light.emitted).toEqual([expect.objectContaining({ fileName: 'sizes.json' })]);
  // About 3 bytes of gzip a number.
  const [conv, other, most] = [built('conv', 30_000), built('widgets', 30_000), built('widgets', 60_000)];
  expect(conv.refused).toEqual([expect.stringMatching(/^the page conv is .* kB gzipped; its limit is 60 kB$/)]);
  expect(other.refused).toEqual([]);
  expect(most.refused).toEqual([expect.stringMatching(/^the page widgets is .* its limit is 120 kB$/)]);
});
