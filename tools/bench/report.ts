// `npm run bench:report`: writes the tables of docs/performance.md and its plots from the results that were kept.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BenchResult } from '../../demos/bench/core/result.ts';
import { roofsOf } from '../../demos/bench/core/roofline.ts';
import { scalingNotes, scalingPlot, scalingTable } from './report_scaling.ts';
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
  const measured = own.filter(({ tool }) => tool === 'bench');
  const has = ({ rows }: BenchResult, scaling: boolean): boolean =>
    rows.some(({ suite }) => suite !== 'roofs' && (suite === 'scaling') === scaling);
  const bench = measured.find((result) => has(result, false)) ?? measured[0];
  const grown = measured.filter((result) => has(result, true)).sort((a, b) => b.created.localeCompare(a.created))[0];
  const peers = own.find(({ tool }) => tool === 'peers');
  const [any] = own as [BenchResult];
  const roofs = bench ? roofsOf(bench.rows) : null;
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
    ...(grown ? scalingSection(root, device, grown) : []),
    ...(bench ? [bench.method.text] : []),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function provenance({ created, source, host, command }: BenchResult): string {
  const commit = source.commit ? source.commit.slice(0, 12) : 'no commit';
  const changed = source.dirty ? ' with changes' : '';
  return `\`${command}\` on ${created.slice(0, 10)}, Retrograd ${source.version} (${commit}${changed}); ${host.userAgent}, ${host.cores} cores.`;
}

/** The scaling suite's picture beside the page, its table and what it leaves out; nothing without such rows. */
function scalingSection(root: string, device: string, result: BenchResult): string[] {
  const plot = scalingPlot(result.rows);
  if (plot === null) return [];
  const name = `performance_${device}.svg`;
  writeFileSync(join(root, 'docs', name), plot);
  return [
    `### Cost as work grows\n\n${provenance(result)}`,
    `![The cost of a training step as the work grows](${name})`,
    'Both axes are logarithmic; dashed is what the first point would grow to if time grew exactly as the multiply-adds, and ' +
      "JavaScript exactly as the dispatches. The powers are slopes of the straight lines through a curve's points.",
    scalingTable(result.rows),
    scalingNotes(result.rows),
  ];
}
