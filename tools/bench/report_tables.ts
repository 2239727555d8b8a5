// The results as Markdown tables.

import { byWork, ranked, type Row } from '../../demos/bench/core/result.ts';
import { leastTime, type Roofs } from '../../demos/bench/core/roofline.ts';
import { ratiosOf, type Ratio } from '../../demos/bench/peers/ratios.ts';
import { digits, duration } from './table.ts';

export function markdown(headings: readonly string[], lines: readonly (readonly string[])[]): string {
  if (lines.length === 0) return '';
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(headings), row(headings.map((_, i) => (i === 0 ? '---' : '---:'))), ...lines.map(row)].join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const time = (row: Row): string => (row.summary ? duration(row.summary.median) : '');

/** Retrograd on WebGPU against the fastest peer of each kind. */
export function ratioTable(rows: readonly Row[], roofs: Roofs | null): string {
  const groups = new Map<string, Partial<Record<Ratio['against'], Ratio>>>();
  for (const ratio of ratiosOf(rows)) groups.set(ratio.work, { ...groups.get(ratio.work), [ratio.against]: ratio });
  const lines = [...groups].map(([work, { WebGPU: webgpu, 'no GPU': other }]) => {
    const { own } = (webgpu ?? other)!;
    const cell = (ratio: Ratio | undefined): string[] => {
      if (!ratio) return ['', ''];
      const aim =
        ratio.aim === null ? '' : ratio.ratio >= ratio.aim ? ` (aim ${ratio.aim}×)` : ` (**below ${ratio.aim}×**)`;
      return [`${ratio.peer.variant} ${time(ratio.peer)}`, `${digits(ratio.ratio)}×${aim}`];
    };
    return [work, time(own), shareOf(own, roofs), ...cell(webgpu), ...cell(other)];
  });
  const headings = [
    'work',
    'Retrograd',
    'of the roof',
    'fastest WebGPU peer',
    'faster',
    'fastest without a GPU',
    'faster',
  ];
  return markdown(headings, lines);
}

function shareOf(row: Row, roofs: Roofs | null): string {
  if (!roofs || !row.summary || row.flops + row.bytes === 0) return '';
  const { seconds, bound } = leastTime(row, roofs);
  return `${percent(seconds / (row.summary.median / 1e9))} ${bound}`;
}

/** Every engine's median; a wrong result is named, not timed. */
export function engineTable(rows: readonly Row[]): string {
  const of = rows.filter(({ suite }) => suite === 'peers');
  const names = [...new Set(of.map(({ variant }) => variant))];
  const lines = [...byWork(of).values()].map((group) => [
    group[0]!.work,
    ...names.map((name) => {
      const row = group.find(({ variant }) => variant === name);
      if (!row) return '';
      return row.check.state === 'wrong' ? (row.summary ? 'wrong result' : 'fails') : time(row);
    }),
  ]);
  return markdown(['work', ...names], lines);
}

export function startTable(rows: readonly Row[]): string {
  const groups = [...byWork(rows.filter(({ suite }) => suite === 'start')).values()];
  return groups
    .map((group) => {
      const sorted = ranked(group).sort((a, b) => a.summary!.median - b.summary!.median);
      return `${group[0]!.work}: ${sorted.map((row) => `${row.variant} ${time(row)}`).join(', ')}.`;
    })
    .join('\n\n');
}

export function roofTable(rows: readonly Row[]): string {
  const of = rows.filter(({ suite, check }) => suite === 'roofs' && check.state === 'ok');
  const lines = of.map(({ subject, variant, gflops, gigabytesPerSecond }) => {
    if (subject === 'exponentials') return [subject, variant, `${digits(gflops ?? 0)} billion exponentials/s`];
    if (subject === 'storage_loads') return ['storage loads', variant, `${digits(gflops ?? 0)} billion loads/s`];
    if (subject === 'stream_copy') return ['stream copy', variant, `${digits(gigabytesPerSecond ?? 0)} GB/s`];
    return ['multiply-add', variant, `${digits(gflops ?? 0)} GFLOP/s`];
  });
  return markdown(['roof, measured', 'kernel', 'reaches'], lines);
}

/** What a plan takes by itself, and the fastest where that is another. */
export function shapeTable(rows: readonly Row[]): string {
  const groups = [...byWork(rows.filter(({ suite }) => suite === 'shapes')).values()];
  const lines = groups.flatMap((group) => {
    const row = group.find(({ preferred }) => preferred);
    if (!row?.summary) return [];
    const best = ranked(group).reduce((a, b) => (b.summary!.median < a.summary!.median ? b : a), row);
    const faster = best === row ? '' : `${best.variant} ${(row.summary.median / best.summary!.median).toFixed(2)}×`;
    return [
      [
        `${row.subject} ${row.shape}`,
        row.check.state === 'wrong' ? `${row.variant} (wrong)` : row.variant,
        time(row),
        row.gflops === null ? '' : digits(row.gflops),
        row.gigabytesPerSecond === null ? '' : digits(row.gigabytesPerSecond),
        row.roof ? `${percent(row.roof.share)} ${row.roof.bound}` : '',
        row.counts['multiplyAddsPerLoadSlot'] === undefined ? '' : digits(row.counts['multiplyAddsPerLoadSlot']),
        faster,
      ],
    ];
  });
  const headings = [
    'op and shape',
    'kernel',
    'median',
    'GFLOP/s',
    'GB/s',
    'of the roof',
    'multiply-adds per load',
    'faster here',
  ];
  const note =
    'Multiply-adds per load: in the time it took, the device could have made so many loads (by the loads roof) that this ' +
    'many multiply-adds go to each; a kernel bound by its loads does at least as many.';
  const table = markdown(headings, lines);
  return table === '' ? '' : `${table}\n\n${note}`;
}

export function stepTable(rows: readonly Row[]): string {
  const of = rows.filter(({ suite }) => suite === 'steps');
  const lines = of.map((row) => {
    const { counts } = row;
    const said = (name: string, text: (value: number) => string): string =>
      counts[name] === undefined ? '' : text(counts[name]);
    return [
      row.work,
      row.check.state === 'wrong' ? `wrong: ${row.check.message}` : time(row),
      said('imagesPerSecond', digits),
      said('dispatches', String),
      said('submitsPerStep', digits),
      said('javaScriptNs', duration),
      said('javaScriptInRowNs', duration),
      said('gpuShare', percent),
      row.roof ? `${percent(row.roof.share)} ${row.roof.bound}` : '',
    ];
  });
  const headings = [
    'step',
    'median',
    'examples/s',
    'dispatches',
    'submits',
    'JavaScript',
    'in a row',
    'GPU busy',
    'of the roof',
  ];
  const slowest = of.flatMap(({ work, parts }) => {
    const sorted = [...parts].sort((a, b) => b.nanoseconds - a.nanoseconds).slice(0, 5);
    if (sorted.length === 0) return [];
    return [
      `${work}, the longest dispatches: ${sorted.map(({ op, kernel, nanoseconds }) => `${op} (${kernel}) ${duration(nanoseconds)}`).join(', ')}.`,
    ];
  });
  return [markdown(headings, lines), ...slowest].filter((part) => part !== '').join('\n\n');
}

export function memoryTable(rows: readonly Row[]): string {
  const lines = rows
    .filter(({ suite }) => suite === 'memory')
    .map(({ shape, counts, check }) => [
      shape,
      ...['predictedBytes', 'liveBytes', 'slotsBytes', 'slotsLowerBound'].map((name) => String(counts[name])),
      check.state === 'ok' ? 'equal' : check.message,
    ]);
  return markdown(['training', 'predicted bytes', 'live bytes', 'activations', 'their lower bound', ''], lines);
}

/** Steps whose batches are picked on the device: what an image costs, and what augmentation adds. */
export function dataTable(rows: readonly Row[]): string {
  const lines = rows
    .filter(({ suite }) => suite === 'data')
    .map((row) => [
      row.variant,
      time(row),
      digits(row.counts['imagesPerSecond']!),
      duration(row.counts['nanosecondsPerImage']!),
      row.counts['augmentationShare'] === undefined ? '' : percent(row.counts['augmentationShare']),
    ]);
  return markdown(['images', 'median step', 'images/s', 'an image', 'augmentation adds, of the step'], lines);
}

export function transferTable(rows: readonly Row[]): string {
  const lines = rows
    .filter(({ suite }) => suite === 'transfers')
    .map((row) => [
      row.work,
      time(row),
      row.gigabytesPerSecond === null ? '' : `${digits(row.gigabytesPerSecond)} GB/s`,
    ]);
  return markdown(['transfer', 'median', 'rate'], lines);
}
