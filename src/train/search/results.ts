// What came of a study: a row for each setting with means and deviations over its runs, as data, as text and as CSV.

import { OptionError, suggestion } from '../../core/errors.ts';
import { shortNumber } from '../text.ts';

/** A setting's values by name: what setups are called with, and what tables show. */
export type Params = Readonly<Record<string, string | number | boolean>>;

/** One training that ended. */
export interface StudyRecord<P = Params> {
  /** Among the study's runs; what its store calls it. */
  readonly key: string;
  readonly params: P;
  /** Of a random search, from 0. */
  readonly round: number;
  /** From 0; null where one part was held out. */
  readonly fold: number | null;
  /** From 0. */
  readonly repeat: number;
  readonly seed: number;
  /** Whole epochs done. */
  readonly epochs: number;
  readonly seconds: number;
  /**
   * Loss and metrics of the last epoch, and as `val_…` those of the weights that training left, which early stopping may
   * have taken from an earlier epoch. Empty where it failed.
   */
  readonly metrics: Readonly<Record<string, number>>;
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** Why there are no metrics: a loss or gradient became NaN or infinite. */
  readonly failed?: string;
}

export interface Statistic {
  readonly mean: number;
  /** The sample's standard deviation, √(Σ(x − mean)² / (n − 1)); null where there is one value. */
  readonly sd: number | null;
  readonly n: number;
}

/** The runs of one setting. */
export interface StudyRow<P = Params> {
  readonly params: P;
  readonly round: number;
  readonly runs: number;
  readonly failed: number;
  /** Over the runs that did not fail. */
  readonly metrics: Readonly<Record<string, Statistic>>;
}

export interface StudyResult<P = Params> {
  /** In the order in which settings were tried. */
  readonly table: readonly StudyRow<P>[];
  /** The row with the best mean of `monitor` among those whose runs all succeeded. */
  readonly best: StudyRow<P> | null;
  readonly records: readonly StudyRecord<P>[];
  /** What rows are compared by. */
  readonly monitor: string;
  /** Whether the study was aborted before its last run. */
  readonly stopped: boolean;
}

export function statistic(values: readonly number[]): Statistic {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, sd: null, n };
  return { mean, sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)), n };
}

export function rowsOf<P>(records: readonly StudyRecord<P>[]): StudyRow<P>[] {
  const bySetting = new Map<string, StudyRecord<P>[]>();
  for (const record of records) {
    const id = idOf(record);
    bySetting.set(id, [...(bySetting.get(id) ?? []), record]);
  }
  return [...bySetting.values()].map((runs) => {
    const ended = runs.filter(({ failed }) => failed === undefined);
    const names = Object.keys(ended[0]?.metrics ?? {});
    return {
      params: runs[0]!.params,
      round: runs[0]!.round,
      runs: runs.length,
      failed: runs.length - ended.length,
      metrics: Object.fromEntries(names.map((name) => [name, statistic(ended.map(({ metrics }) => metrics[name]!))])),
    };
  });
}

const idOf = ({ round, params }: { readonly round: number; readonly params: unknown }) =>
  JSON.stringify([round, params]);

/** Whether both are of one setting and round; results may have been written and read since. */
export function isRow<P>(row: StudyRow<P>, other: StudyRow<P> | null): boolean {
  return other !== null && idOf(row) === idOf(other);
}

export interface Monitoring {
  /** A history key; 'val_accuracy' unless given, or 'val_loss' where accuracy is not measured. */
  readonly monitor?: string;
  /** 'auto' unless given: the larger the better for accuracy, the smaller for all else. */
  readonly mode?: 'auto' | 'min' | 'max';
}

/** The name rows are compared by; OptionError where no run has measured it. */
export function monitorOf<P>(where: string, records: readonly StudyRecord<P>[], { monitor }: Monitoring): string {
  const known = Object.keys(records.find(({ failed }) => failed === undefined)?.metrics ?? {});
  const name = monitor ?? (known.includes('val_accuracy') || known.length === 0 ? 'val_accuracy' : 'val_loss');
  if (known.length === 0 || known.includes(name)) return name;
  throw new OptionError(`${where}: no metric '${name}'${suggestion(name, known)}; known: ${known.join(', ')}`);
}

/** The row with the best mean; the first of equals. */
export function bestOf<P>(
  rows: readonly StudyRow<P>[],
  monitor: string,
  mode: Monitoring['mode'] = 'auto',
): StudyRow<P> | null {
  const sign = mode === 'max' || (mode === 'auto' && monitor.endsWith('accuracy')) ? 1 : -1;
  let best: StudyRow<P> | null = null;
  for (const row of rows) {
    const mean = row.metrics[monitor]?.mean ?? NaN;
    if (row.failed > 0 || Number.isNaN(mean)) continue;
    if (!best || sign * mean > sign * best.metrics[monitor]!.mean) best = row;
  }
  return best;
}

/** `0.8712 ± 0.0034`, the mean alone where there is one run. */
export function statisticText({ mean, sd }: Statistic, ascii = false): string {
  return sd === null ? mean.toFixed(4) : `${mean.toFixed(4)} ${ascii ? '+-' : '±'} ${sd.toFixed(4)}`;
}

/** The table in columns, the best row marked by a star; a row of failed runs says how many. */
export function studyText<P extends Params>(result: StudyResult<P>, { ascii = false } = {}): string {
  const { table, best } = result;
  const params = Object.keys(table[0]?.params ?? {});
  const metrics = metricNames(result);
  const lines = [
    ['', ...params, 'runs', ...metrics],
    ...table.map((row) => [
      isRow(row, best) ? '*' : '',
      ...params.map((name) => valueText(row.params[name]!)),
      row.failed > 0 ? `${row.runs} (${row.failed} failed)` : String(row.runs),
      ...metrics.map((name) => (row.metrics[name] ? statisticText(row.metrics[name], ascii) : '-')),
    ]),
  ];
  const widths = lines[0]!.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One line for each setting: its values, runs, failed, and each metric's mean and sd. */
export function studyCsv<P extends Params>(result: StudyResult<P>): string {
  const params = Object.keys(result.table[0]?.params ?? {});
  const metrics = metricNames(result);
  const header = ['round', ...params, 'runs', 'failed', ...metrics.flatMap((name) => [`${name}_mean`, `${name}_sd`])];
  const lines = result.table.map(({ params: values, round, runs, failed, metrics: found }) => [
    round,
    ...params.map((name) => values[name]!),
    runs,
    failed,
    ...metrics.flatMap((name) => [found[name]?.mean ?? '', found[name]?.sd ?? '']),
  ]);
  return csv([header, ...lines]);
}

/** One line for each run: its setting, place and seed, epochs, seconds, metrics, and why it failed. */
export function recordsCsv<P extends Params>(result: StudyResult<P>): string {
  const { records } = result;
  const params = Object.keys(records[0]?.params ?? {});
  const metrics = metricNames(result);
  const header = ['run', 'round', ...params, 'repeat', 'fold', 'seed', 'epochs', 'seconds', ...metrics, 'failed'];
  const lines = records.map((record) => [
    record.key,
    record.round,
    ...params.map((name) => record.params[name]!),
    record.repeat,
    record.fold ?? '',
    record.seed,
    record.epochs,
    Number(record.seconds.toFixed(3)),
    ...metrics.map((name) => record.metrics[name] ?? ''),
    record.failed ?? '',
  ]);
  return csv([header, ...lines]);
}

/** What a setting is called in legends: `learningRate 0.01, batchSize 32`. */
export function paramsText(params: Params): string {
  return Object.entries(params)
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ');
}

const valueText = (value: string | number | boolean): string =>
  typeof value === 'number' ? shortNumber(value) : String(value);

function metricNames<P>({ table }: StudyResult<P>): string[] {
  return [...new Set(table.flatMap(({ metrics }) => Object.keys(metrics)))];
}

/** RFC 4180, with line feeds. */
function csv(lines: readonly (readonly (string | number | boolean)[])[]): string {
  const cell = (value: string | number | boolean): string => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return lines.map((line) => `${line.map(cell).join(',')}\n`).join('');
}
