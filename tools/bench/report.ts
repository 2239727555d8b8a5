// `npm run bench:report`: writes the tables of docs/performance.md and its plots from the results that were kept.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { plotSvg, type Curve } from '../../demos/bench/core/plot.ts';
import type { BenchResult, Row } from '../../demos/bench/core/result.ts';
import { roofsOf } from '../../demos/bench/core/roofline.ts';
import {
  engineTable,
  memoryTable,
  ratioTable,
  roofTable,
  shapeTable,
  startTable,
  stepTable,
  dataTable,
  transferTable,
} from './report_tables.ts';
import { keptResults } from './results.ts';
import { slug } from './source.ts';
import { layerText } from './table.ts';

const opening = '<!-- from here to the end of the tables written by npm run bench:report -->';
const closing = '<!-- the end of the tables -->';

export function main(root: string): number {
  try {
    const results = keptResults(root);
    if (results.length === 0) throw new Error('no results; npm run bench -- --keep and npm run bench:peers make them');
    const path = join(root, 'docs/performance.md');
    const text = readFileSync(path, 'utf8');
    const [begin, end] = [text.indexOf(opening), text.indexOf(closing)];
    if (begin < 0 || end < begin) throw new Error(`${path}: the two comments around the tables are missing`);
    const devices = [...new Set(results.map(({ device }) => slug(device)))];
    const sections = devices.map((device) => section(root, device, results));
    writeFileSync(path, `${text.slice(0, begin)}${opening}\n\n${sections.join('\n\n')}\n\n${text.slice(end)}`);
    process.stdout.write(`docs/performance.md: ${devices.join(', ')}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`bench:report: ${(error as Error).message}\n`);
    return 1;
  }
}

function section(root: string, device: string, results: readonly BenchResult[]): string {
  const own = results.filter((result) => slug(result.device) === device);
  const bench = own.find(({ tool }) => tool === 'bench');
  const peers = own.find(({ tool }) => tool === 'peers');
  const [any] = own as [BenchResult];
  const roofs = bench ? roofsOf(bench.rows) : null;
  const scaling = bench ? writePlot(root, device, bench.rows) : null;
  const parts = [
    `## ${any.device.description}`,
    ...(any.device.adapter === 'software'
      ? ['A software adapter: no GPU. What is measured here says nothing about hardware.']
      : []),
    ...(peers ? [`### Beside other engines\n\n${provenance(peers)}`, ratioTable(peers.rows, roofs)] : []),
    ...(peers
      ? ['Medians, and what an engine cannot do left out:', engineTable(peers.rows), startTable(peers.rows)]
      : []),
    ...(peers ? [`Engines: ${peers.notes.join(', ')}. ${peers.method.text}`] : []),
    ...(bench ? [`### Kernels and steps\n\n${provenance(bench)}`, roofTable(bench.rows)] : []),
    ...(bench
      ? [
          shapeTable(bench.rows),
          layerText(bench.rows).replaceAll('\n', '\n\n'),
          stepTable(bench.rows),
          memoryTable(bench.rows),
        ]
      : []),
    ...(bench ? [transferTable(bench.rows), dataTable(bench.rows)] : []),
    ...(scaling ? [`### Cost as work grows\n\n![Step time against the size of the work](${scaling})`] : []),
    ...(bench ? [bench.method.text] : []),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function provenance({ created, source, host, command }: BenchResult): string {
  const commit = source.commit ? source.commit.slice(0, 12) : 'no commit';
  const changed = source.dirty ? ' with changes' : '';
  return `\`${command}\` on ${created.slice(0, 10)}, Retrograd ${source.version} (${commit}${changed}); ${host.userAgent}, ${host.cores} cores.`;
}

/** The curves of the scaling suite as one picture beside the page; its name, or null without such rows. */
function writePlot(root: string, device: string, rows: readonly Row[]): string | null {
  const curves = new Map<string, Curve & { points: { x: number; y: number }[] }>();
  for (const { suite, subject, counts, summary, check } of rows) {
    if (suite !== 'scaling' || !summary || check.state === 'wrong') continue;
    const xName = subject.split(' by ')[1]!.split(',')[0]!;
    const curve = curves.get(subject) ?? { title: subject, xName, points: [] };
    curve.points.push({ x: counts['x']!, y: summary.median / 1e6 });
    curves.set(subject, curve);
  }
  if (curves.size === 0) return null;
  const name = `performance_${device}.svg`;
  writeFileSync(join(root, 'docs', name), plotSvg([...curves.values()], 'ms a step'));
  return name;
}
