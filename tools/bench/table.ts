// Rows as text for a terminal.

import { layerRatios } from '../../demos/bench/core/layer_ratios.ts';
import { byWork, type BenchResult, type Row } from '../../demos/bench/core/result.ts';

const headings = ['kernel', 'median', 'p10–p90', 'n×batch', 'GFLOP/s', 'GB/s', 'of roof', 'compile', 'error/bound', ''];

/** A table of the rows of one piece of work: a line each, the fastest right one marked. */
export function tableOf(rows: readonly Row[]): string {
  const best = Math.min(
    ...rows.filter(({ check }) => check.state !== 'wrong').map(({ summary }) => summary?.median ?? Infinity),
  );
  // Only rows that do the same have a fastest.
  const ranked = new Set(rows.map(({ work }) => work)).size === 1 && rows.length > 1;
  const lines = rows.map((row) => cells(row, ranked ? best : Infinity));
  const counted = rows.flatMap(({ counts, variant, parts }) => countLines(variant, counts, parts));
  return [alignColumns([headings, ...lines]), ...counted].join('\n');
}

/** Only what a training step tells; the rest is in the JSON. */
function countLines(variant: string, counts: Row['counts'], parts: Row['parts']): string[] {
  if (counts['augmentationShare'] !== undefined) {
    const { augmentationShare: share, nanosecondsPerImage: each } = counts;
    return [`  ${variant}: augmentation adds ${(100 * share).toFixed(1)} % to the step; ${duration(each!)} an image`];
  }
  const said: string[] = [];
  const say = (name: string, text: (value: number) => string): void => {
    if (counts[name] !== undefined) said.push(text(counts[name]));
  };
  if (counts['stepsPerSecond'] !== undefined) {
    say('stepsPerSecond', (value) => `${digits(value)} steps/s`);
    say('imagesPerSecond', (value) => `${digits(value)} examples/s`);
    say('dispatches', (value) => `${value} dispatches`);
    say('submitsPerStep', (value) => `${digits(value)} submits a step`);
    say('javaScriptNs', (value) => `JavaScript ${duration(value)} a step by itself`);
    say('javaScriptInRowNs', (value) => `${duration(value)} of steps in a row`);
    say('gpuShare', (value) => `GPU busy ${(100 * value).toFixed(0)} %`);
    say('buffersCreated', (value) => `${value} buffers`);
    say('pipelinesCreated', (value) => `${value} pipelines made meanwhile`);
  }
  say('predictedBytes', (value) => `predicted ${value} bytes`);
  say('liveBytes', (value) => `live ${value} bytes`);
  if (said.length === 0) return [];
  const slowest = [...parts].sort((a, b) => b.nanoseconds - a.nanoseconds).slice(0, 6);
  return [
    `  ${variant}: ${said.join(', ')}`,
    ...slowest.map(({ op, label, kernel, nanoseconds }) => `    ${duration(nanoseconds)}  ${op} ${label} (${kernel})`),
  ];
}

/** Lines of cells under each other; the first and the last column begin at the left. */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (i === 0 || i === line.length - 1 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cells(row: Row, best: number): string[] {
  const name = nameOf(row);
  const { summary, check } = row;
  if (!summary)
    return [
      name,
      '',
      '',
      '',
      '',
      '',
      '',
      compiled(row),
      '',
      [check.message.split('\n')[0], row.skipped].filter(Boolean).join('; '),
    ];
  const wrong = check.state === 'wrong';
  const remarks = [
    ...(wrong ? [`WRONG: ${check.message}`] : []),
    ...(!wrong && summary.median === best ? ['fastest'] : []),
    ...(!wrong && summary.median > best ? [`${(summary.median / best).toFixed(2)}× the fastest`] : []),
    ...row.flags,
  ];
  return [
    wrong ? `✗ ${name}` : name,
    row.flags.includes('below resolution') ? '< resolution' : duration(summary.median),
    `${duration(summary.p10)}–${duration(summary.p90)}`,
    `${summary.n}×${row.repeats}`,
    row.gflops === null ? '' : digits(row.gflops),
    row.gigabytesPerSecond === null ? '' : digits(row.gigabytesPerSecond),
    row.roof === null ? '' : `${(100 * row.roof.share).toFixed(0)} % ${row.roof.bound}`,
    compiled(row),
    check.state === 'ok' ? check.worst.toFixed(2) : '',
    remarks.join(', '),
  ];
}

/** What a plan takes has a star; rows of one table that are of several ops have the op's name. */
function nameOf({ suite, subject, variant, preferred }: Row): string {
  if (suite === 'layers') return `${subject} ${variant}`;
  return preferred && (suite === 'shapes' || suite === 'samples') ? `${variant} *` : variant;
}

function compiled({ compileMs }: Row): string {
  return compileMs === null ? '' : `${compileMs.toFixed(0)} ms`;
}

export function duration(nanoseconds: number): string {
  if (nanoseconds >= 1e9) return `${digits(nanoseconds / 1e9)} s`;
  if (nanoseconds >= 1e6) return `${digits(nanoseconds / 1e6)} ms`;
  return nanoseconds >= 1e3 ? `${digits(nanoseconds / 1e3)} µs` : `${nanoseconds.toFixed(0)} ns`;
}

/** Three digits that mean something. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function titleOf({ suite, subject, shape }: Row): string {
  if (suite === 'layers') return `layer ${shape}`;
  return `${suite === 'roofs' ? 'roof: ' : suite === 'shapes' || suite === 'samples' ? '' : `${suite}: `}${subject} ${shape}`;
}

/** What stands above all tables. */
export function headOf({
  info,
  host,
  clock,
}: {
  info: BenchResult['device'];
  host: BenchResult['host'];
  clock: BenchResult['clock'];
}): string {
  const lanes = info.subgroups ? `, subgroups of ${info.subgroups.least} to ${info.subgroups.most}` : '';
  return [
    `device   ${info.description}${lanes}`,
    `host     ${host.userAgent}, ${host.cores} cores`,
    `clock    ${clock.kind}, step ${duration(clock.quantumNs)}, empty submit ${duration(clock.emptySubmitNs)}`,
    ...(info.adapter === 'software' ? ['note     software adapter: times say nothing about hardware'] : []),
  ].join('\n');
}

/** What the gradients of the reference layers take beside the forward pass; empty where they were not measured. */
export function layerText(rows: readonly Row[]): string {
  return layerRatios(rows)
    .map(({ row, ratio, interval: { low, high }, limit }) => {
      const met = ratio <= limit ? `at most ${limit}× is asked` : `ABOVE the ${limit}× that are asked`;
      const range = `95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}`;
      return `${row.subject} ${row.shape}: ${ratio.toFixed(2)}× the forward pass (${range}), ${met}`;
    })
    .join('\n');
}

/** The wrong rows, in a line each. */
export function wrongRows(rows: readonly Row[]): string[] {
  return [...byWork(rows).values()]
    .flat()
    .filter(({ check }) => check.state === 'wrong')
    .map(({ subject, shape, variant, check }) => `${subject} ${shape}: ${variant}: ${check.message}`);
}
