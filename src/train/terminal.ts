// The lines that training prints, as text: one formatter for the command line, workers and pages. It never emits a
// colour or a cursor movement; who writes to a terminal adds the carriage return and the throttle.

import { checkOptions } from '../core/errors.ts';
import { sparkline } from './sparkline.ts';
import {
  bytesText,
  clockText,
  durationText,
  flopsText,
  metricText,
  plainText,
  rateText,
  shortNumber,
  stepTimeText,
  thousands,
} from './text.ts';

export { sparkline };
export { redrawSeconds, terminalMode } from './terminal_mode.ts';

export interface TextOptions {
  /** Only ASCII characters, for terminals that are not UTF-8; false unless given. */
  ascii?: boolean;
}

/** Values by history key: `loss, accuracy, val_loss, val_accuracy`. */
export type Metrics = Readonly<Record<string, number>>;

export interface HeaderInfo {
  /** `['NVIDIA ada-lovelace', 'WebGPU/Dawn', 'f32', 'subgroups 32']` */
  device: readonly string[];
  data: { name: string; train: number; validation?: number; test?: number };
  /** `bytes`: of the parameters. `flopsPerSample`: forward. */
  model: { name: string; params: number; bytes: number; flopsPerSample?: number };
  run: { path?: string; seed: number };
}

/** The four lines before training: device, data, model and run. */
export function headerLines(info: HeaderInfo, options: TextOptions = {}): string[] {
  checkOptions('headerLines', options, ['ascii']);
  checkOptions('headerLines', info, ['device', 'data', 'model', 'run']);
  const { device, data, model, run } = info;
  const dot = options.ascii === true ? ' - ' : ' · ';
  const counts = [`train ${thousands(data.train)}`];
  if (data.validation !== undefined) counts.push(`val ${thousands(data.validation)}`);
  if (data.test !== undefined) counts.push(`test ${thousands(data.test)}`);
  const work = model.flopsPerSample === undefined ? '' : `  ${flopsText(model.flopsPerSample)}/sample`;
  const path = run.path === undefined ? '' : `${run.path}  `;
  return [
    row('device', device.join(dot)),
    row('data', [data.name, ...counts].join('  ')),
    row('model', `${model.name}  ${thousands(model.params)} params (${bytesText(model.bytes)})${work}`),
    row('run', `${path}seed ${run.seed}`),
  ];
}

/** The first step's note: shader compilation, which rates and the time left exclude. */
export function compiledLine(info: { pipelines: number; seconds: number }): string {
  checkOptions('compiledLine', info, ['pipelines', 'seconds']);
  return `compiled ${info.pipelines} ${info.pipelines === 1 ? 'pipeline' : 'pipelines'} in ${durationText(info.seconds)}`;
}

/** Why there is no GPU and, after a few timed steps, what to expect of the CPU. */
export function cpuLine(info: { reason: string; secondsPerEpoch: number }): string {
  checkOptions('cpuLine', info, ['reason', 'secondsPerEpoch']);
  const seconds =
    info.secondsPerEpoch >= 10 ? Math.round(info.secondsPerEpoch) : Number(info.secondsPerEpoch.toPrecision(2));
  return plainText(`no WebGPU adapter (${info.reason}); using CPU, expect about ${seconds} s/epoch`);
}

export interface LiveState {
  /** From 1. */
  epoch: number;
  epochs: number;
  /** Steps done in this epoch. */
  step: number;
  steps: number;
  /** Since the epoch began. */
  seconds: number;
  /** The part of `seconds` that the first step took, where it compiled shaders: not counted in rate and time left. */
  firstStepSeconds?: number;
  metrics: Metrics;
}

/**
 * The line of a running epoch, at most `width` columns. Where it does not fit, the bar shrinks from 20 cells to 10 and
 * then goes, then the step time goes, then the end is cut, so that the metrics stay longest. `bar: false` gives the
 * line for logs.
 */
export function liveLine(state: LiveState, width: number, options: TextOptions & { bar?: boolean } = {}): string {
  checkOptions('liveLine', options, ['ascii', 'bar']);
  checkOptions('liveLine', state, ['epoch', 'epochs', 'step', 'steps', 'seconds', 'firstStepSeconds', 'metrics']);
  const { epoch, epochs, step, steps, seconds, firstStepSeconds, metrics } = state;
  const { ascii = false, bar = true } = options;
  const done = steps > 0 ? Math.min(1, step / steps) : 0;
  const timed = firstStepSeconds === undefined ? step : step - 1;
  const stepSeconds = timed > 0 ? Math.max(0, seconds - (firstStepSeconds ?? 0)) / timed : undefined;
  const left = stepSeconds === undefined ? '-:--' : clockText(stepSeconds * Math.max(0, steps - step));

  const progress = `${epochPrefix(epoch, epochs)}  ${String(step).padStart(String(steps).length)}/${steps}`;
  const percent = `${Math.floor(done * 100)}%`.padStart(4);
  const times = `elapsed ${clockText(seconds)}  left ${left}`;
  const speed = stepSeconds === undefined ? [] : [stepTimeText(stepSeconds, ascii)];
  const line = (cells: number, withSpeed: boolean): string =>
    [
      `${progress}${cells > 0 ? ` ${progressBar(done, cells, ascii)}` : ''} ${percent}`,
      times,
      ...(withSpeed ? speed : []),
      ...metricTexts(metrics),
    ].join('  ');

  const choices = bar
    ? [line(20, true), line(10, true), line(0, true), line(10, false), line(0, false)]
    : [line(0, true), line(0, false)];
  return choices.find((text) => text.length <= width) ?? choices.at(-1)!.slice(0, Math.max(0, width));
}

export interface EpochState {
  /** From 1. */
  epoch: number;
  epochs: number;
  /** Of training, without the first step's compilation where there was one. */
  seconds: number;
  samplesPerSecond: number;
  /** What a sample is called: `img` unless given. */
  unit?: string;
  /** Training metrics and, with `val_`, validation metrics. */
  metrics: Metrics;
  /** The best so far of what is monitored; marked `*`. */
  best?: boolean;
}

/** The permanent line of a finished epoch. It is never cut. */
export function epochLine(state: EpochState): string {
  checkOptions('epochLine', state, ['epoch', 'epochs', 'seconds', 'samplesPerSecond', 'unit', 'metrics', 'best']);
  const { epoch, epochs, seconds, samplesPerSecond, unit = 'img', metrics, best = false } = state;
  const train = Object.entries(metrics).filter(([key]) => !key.startsWith('val_'));
  const validation = Object.entries(metrics).filter(([key]) => key.startsWith('val_'));
  const parts = [
    epochPrefix(epoch, epochs),
    durationText(seconds),
    `${rateText(samplesPerSecond)} ${plainText(unit)}/s`,
    ...metricTexts(Object.fromEntries(train)),
  ].join('  ');
  const after = validation.length > 0 ? ` | ${metricTexts(Object.fromEntries(validation)).join('  ')}` : '';
  return `${parts}${after}${best ? ' *' : ''}`;
}

export interface RunSummary {
  /** The best epoch (from 1) and its metrics. */
  best: { epoch: number; metrics: Metrics };
  test?: Metrics;
  /** One value an epoch for each metric. */
  history: Readonly<Record<string, readonly number[]>>;
  /** Why training ended before its last epoch: `epoch 7: val_loss did not improve for 2 epochs`. */
  stopped?: string;
  /** The file written. */
  saved?: string;
  /** The exact command that repeats the run. */
  command?: string;
}

/** The lines after training: best epoch, test metrics, a sparkline and last value for each metric, file and command. */
export function summaryLines(summary: RunSummary, options: TextOptions = {}): string[] {
  checkOptions('summaryLines', options, ['ascii']);
  checkOptions('summaryLines', summary, ['best', 'test', 'history', 'stopped', 'saved', 'command']);
  const { best, test, history, stopped, saved, command } = summary;
  const lines: string[] = [];
  if (stopped !== undefined) lines.push(row('stopped', stopped));
  lines.push(row('best', [`epoch ${best.epoch}`, ...metricTexts(best.metrics)].join('  ')));
  if (test !== undefined) lines.push(row('test', metricTexts(test).join('  ')));

  const curves = Object.entries(history).filter(([, values]) => values.length > 0);
  const nameWidth = Math.max(0, ...curves.map(([key]) => shortName(key).length));
  const sparks = curves.map(([, values]) => sparkline(values, options));
  const sparkWidth = Math.max(0, ...sparks.map((spark) => spark.length));
  curves.forEach(([key, values], i) => {
    const spark = sparks[i]!.padEnd(sparkWidth);
    lines.push(
      row(i === 0 ? 'curves' : '', `${shortName(key).padEnd(nameWidth)}  ${spark}  ${metricText(values.at(-1)!)}`),
    );
  });
  if (saved !== undefined) lines.push(row('saved', saved));
  if (command !== undefined) lines.push(row('repeat', command));
  return lines;
}

export interface NonFinite {
  /** The step whose loss is not finite, and that loss. */
  step: number;
  loss: number;
  lastFinite?: { loss: number; step: number };
  /** The first tensor, in the order of the step, that holds such a value. */
  tensor?: string;
  /** The step of the last checkpoint that was kept. */
  checkpointStep?: number;
  /** The rate in use; a tenth of it is suggested. */
  learningRate?: number;
}

/** What to print when the loss is NaN or infinite: where it began, what is kept, what to try. */
export function nonFiniteLine(found: NonFinite): string {
  checkOptions('nonFiniteLine', found, ['step', 'loss', 'lastFinite', 'tensor', 'checkpointStep', 'learningRate']);
  const { step, loss, lastFinite, tensor, checkpointStep, learningRate } = found;
  const before = lastFinite
    ? ` (last finite ${Number(lastFinite.loss.toPrecision(3))} at step ${lastFinite.step})`
    : '';
  const first = tensor === undefined ? '' : `; first non-finite tensor: ${plainText(tensor)}`;
  const kept = checkpointStep === undefined ? '' : ` Kept checkpoint of step ${checkpointStep}.`;
  const rate = learningRate === undefined ? 'a smaller --lr' : `--lr ${shortNumber(learningRate / 10)}`;
  return `step ${step}: loss is ${metricText(loss)}${before}${first}.${kept} Try ${rate} or --clip-norm 1.`;
}

function row(label: string, text: string): string {
  return plainText(`${label.padEnd(8)}${text}`);
}

function epochPrefix(epoch: number, epochs: number): string {
  return `  ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
}

function progressBar(done: number, cells: number, ascii: boolean): string {
  const [full, head, empty] = ascii ? ['=', '>', '-'] : ['━', '╸', '─'];
  const filled = Math.floor(done * cells);
  return filled === cells
    ? `[${full!.repeat(cells)}]`
    : `[${full!.repeat(filled)}${head}${empty!.repeat(cells - filled - 1)}]`;
}

/** Keras's history keys as the terminal prints them. */
function shortName(key: string): string {
  return plainText(key).replace(/^(val_)?accuracy$/, '$1acc');
}

function metricTexts(metrics: Metrics): string[] {
  return Object.entries(metrics).map(([key, value]) => `${shortName(key)} ${metricText(value)}`);
}
