// What a run leaves behind: the weights, the history with the configuration that made it, and its curves.

import { curvesSvg } from '../../src/train/curves.ts';
import type { Chrome } from './chrome.ts';
import type { EpochEvent, StartEvent } from './events.ts';
import type { CommandOptions } from './options.ts';
import type { Trained } from './run.ts';
import type { RunFolder } from './run_folder.ts';

/** The keys of a model's history, each with one value per epoch. */
export function historyOf(
  epochs: readonly EpochEvent[],
): Record<'loss' | 'accuracy' | 'val_loss' | 'val_accuracy', number[]> {
  return {
    loss: epochs.map(({ loss }) => loss),
    accuracy: epochs.map(({ accuracy }) => accuracy),
    val_loss: epochs.map(({ val_loss }) => val_loss),
    val_accuracy: epochs.map(({ val_accuracy }) => val_accuracy),
  };
}

/** The command that gives the same run again, whatever the defaults become. */
function repeatCommand(options: CommandOptions, start: StartEvent): string {
  const { model, epochs, batchSize, optimizer, schedule, learningRate, seed, data } = start;
  const words = ['npm run train --', `--model ${model}`, `--epochs ${epochs}`, `--batch-size ${batchSize}`];
  words.push(`--optimizer ${optimizer}`, `--lr ${learningRate}`, `--schedule ${schedule}`, `--seed ${seed}`);
  if (start.augment !== null) words.push(`--augment ${quoted(start.augment)}`);
  if (start.split !== 'given') words.push(`--split ${start.split}`);
  if (start.split === 'groups') words.push(`--block ${start.block}`);
  if (start.report && start.split === 'given') words.push('--report');
  if (start.limit !== null) words.push(`--limit ${start.limit}`);
  if (data.name === 'glyphs') words.push('--data glyphs');
  if (options.dataDir !== null) words.push(`--data-dir ${quoted(options.dataDir)}`);
  words.push(`--device ${start.device === 'CPU' ? 'cpu' : 'gpu'}`);
  return words.join(' ');
}

const quoted = (path: string): string =>
  /^[\w./+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;

/** Writes the run's files; returns the command that repeats it. */
export async function keepRun(
  folder: RunFolder,
  options: CommandOptions,
  { outcome, weights }: Trained,
  chrome: Chrome | null,
): Promise<string> {
  const { start, stop, epochs, test, confusion, imagesPerSecond, seconds } = outcome;
  if (weights) folder.write('model.safetensors', weights);
  const { event: _, run: __, ...config } = start;
  const command = repeatCommand(options, start);
  const history = historyOf(epochs);
  const result = { stopped: stop.reason, test, ...(confusion && { confusion }), imagesPerSecond, seconds };
  const record = { command, config, ...result, history };
  folder.write('history.json', `${JSON.stringify(record, null, 2)}\n`);
  if (epochs.length > 0) {
    const svg = curvesSvg(history, { title: `${start.model} on ${start.data.name}` });
    folder.write('curves.svg', svg);
    if (chrome) folder.write('curves.png', await chrome.picture(svg));
  }
  return command;
}
