// The last step of a build: completes the declarations, and prints and limits what the library weighs in a web app.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'vite';

// A page ships what it imports, not this; tests/package weighs such a page. Every op brings several kernels as WGSL text,
// a reference and its gradient, so the whole is far above a single network's needs. Mixed precision takes 6 kB of it,
// which a page loads only when it is asked for; einsum, grids, running products, and the places of maxima with unpooling
// 4.8 kB, which a page carries only where it calls them. The planner’s groups, memory and recomputation are 14 kB. Pooling by squares and
// by nines is 1.3 kB; augmentation, which a page carries only where it names a transformation, 8.5 kB.
// Studies, which a page carries only where it calls one, are 7.7 kB with the picture of their curves.
// Stores, resuming and callbacks are 5 kB; data in parts 3 kB, readers of images 1.5 kB; clipping, updates of several batches
// and the max-norm constraint 4 kB, regularizers and frozen weights 1.5 kB, checked programs 1.5 kB.
// `explain`, which a page that imports nothing else carries without a shader, is 2.9 kB.
// The slopes in products, sums beside products and totals of groups, which make a small training step of fewer launches, are 3 kB.
// Every kind of weight held in every layer, the checks of all options' values, and updates of several batches in mixed precision: 4 kB.
// Numbers that are set while training runs: 1.7 kB; options by kernel of separable layers, errors of stores, words in pictures: 0.8 kB.
// The gradient of normalization in two readings, and scores of -Infinity: 1 kB.
// What of sizes does not fit, as numbers beside the sentence: 0.3 kB.
// A shader file for each kind of pooling, each with its own list of what entries bind: 0.2 kB.
// The ends of steps asked about late, and refused submits told before a read returns: 0.2 kB.
// Losses read by the clock: 0.2 kB.
// The gradient of layer normalization in one reading: 1.8 kB; a shader file for each form of a gated recurrent unit: 0.4 kB.
// A smaller product that stands in for a large one: 0.1 kB.
// Inputs as before seen in one loop, powers for many steps together: 0.3 kB.
const limit = 272_200;

// tools/samples_plugin.ts leaves the ops' samples out, 15 kB.
for (const name of readdirSync('dist/ops').filter((file) => file.endsWith('.js'))) {
  if (/^\t*(get )?samples(\(|: (?!\[\]))/m.test(readFileSync(`dist/ops/${name}`, 'utf8'))) {
    console.error(`dist/ops/${name} has kept its samples`);
    process.exitCode = 1;
  }
}

for (const name of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue;
  const file = join('dist', name);
  const text = readFileSync(file, 'utf8');
  // tsc rewrites './x.ts' to './x.js' in JavaScript only.
  writeFileSync(file, text.replace(/(\bfrom |\bimport\(|\bimport )(['"])(\.{1,2}\/[^'"]*)\.ts\2/g, '$1$2$3.js$2'));
  if (/\.wgsl['"]/.test(text)) {
    console.error(`${file} refers to a .wgsl file, which is not shipped: write out the type of the exported value`);
    process.exitCode = 1;
  }
}

// One minified bundle, as a web app would ship it; dist/ itself stays readable.
const result = await build({
  configFile: false,
  logLevel: 'warn',
  build: {
    write: false,
    modulePreload: false,
    rolldownOptions: { input: 'dist/index.js', preserveEntrySignatures: 'strict' },
  },
});
const outputs = (Array.isArray(result) ? result : [result]).flatMap((one) => ('output' in one ? one.output : []));
const code = outputs.map((file) => (file.type === 'chunk' ? file.code : '')).join('\n');
const size = gzipSync(code, { level: 9 }).length;
console.log(`the whole library: ${(size / 1000).toFixed(1)} kB gzipped (at most ${limit / 1000} kB)`);
if (size > limit) {
  console.error('the library is too large; raise the limit in tools/finish_build.mjs only with a reason');
  process.exitCode = 1;
}
