// `npm run study` from its arguments to its exit code: does the study in Chrome or in Node, and keeps what came of it.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Store } from '../../src/io/store.ts';
import { paramsText, recordsCsv, statisticText, studyCsv, studyText } from '../../src/train/search/results.ts';
import type { StudyEvent } from '../../src/train/search/study.ts';
import { finderSvg } from '../../src/train/search/finder_svg.ts';
import { studySvg } from '../../src/train/search/study_svg.ts';
import { durationText } from '../../src/train/text.ts';
import { dataPrefix } from '../data_plugin.ts';
import { fileStore, storeCalls } from '../file_store.ts';
import { UsageError } from '../flags.ts';
import { openChrome, pageError, whyNoGpu, type Chrome } from '../train/chrome.ts';
import { findData, type FoundData } from '../train/data.ts';
import { interruptSignal } from '../train/interrupts.ts';
import { importWithShaders } from '../train/node.ts';
import { createRunFolder, type RunFolder } from '../train/run_folder.ts';
import { parseOptions, usage, type StudyCommandOptions } from './options.ts';
import type { StudyPageReport } from './page.ts';
import type * as runModule from './run.ts';
import type { StudyOutcome, StudyTask } from './run.ts';

export async function main(argv: readonly string[], root: string): Promise<number> {
  let chrome: Chrome | null = null;
  try {
    const options = parseOptions(argv);
    if (options.help) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    const note = (text: string): void => void (options.quiet || process.stderr.write(`${text}\n`));
    const data = await findData(options, note);
    const folder = createRunFolder(root, options.kind, options.out);
    const path = options.out ?? resolve(folder.name);
    const command = commandOf(argv, folder);
    if (!existsSync(join(path, 'command.txt'))) folder.write('command.txt', `${command}\n`);
    note(`kept in ${folder.name}; to go on after an interruption: ${command}`);
    const store = fileStore(join(path, 'store'), { onDamage: note });
    const signal = interruptSignal();
    const tell = teller(note);

    let outcome: StudyOutcome | null = null;
    if (options.device !== 'cpu') {
      try {
        chrome = await openChrome(root, data.folder);
        outcome = await inChrome(chrome, taskFor(options, data, 'webgpu'), store, tell, signal);
      } catch (error) {
        const missing = whyNoGpu(error, chrome);
        if (missing === null) throw error;
        if (options.device === 'gpu') throw new Error(`no WebGPU adapter (${missing})`, { cause: error });
        note(`no WebGPU adapter (${missing}); using CPU`);
        await chrome?.close();
        chrome = null;
      }
    }
    outcome ??= await inNode(root, data, taskFor(options, data, 'cpu'), store, tell, signal);
    await keep(folder, options, command, outcome, chrome);
    const said = options.json ? JSON.stringify({ command, ...outcome, folder: folder.name }) : textOf(outcome);
    process.stdout.write(`${said}\n`);
    if (!options.json) process.stdout.write(`saved      ${folder.name}: ${folder.written.join(', ')}\n`);
    if (!outcome.stopped) return 0;
    note(`interrupted; to go on: ${command}`);
    return 130;
  } catch (error) {
    process.stderr.write(`study: ${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  } finally {
    await chrome?.close();
  }
}

function taskFor(options: StudyCommandOptions, { source }: FoundData, device: StudyTask['device']): StudyTask {
  return { options, source, device };
}

async function inChrome(
  chrome: Chrome,
  task: StudyTask,
  store: Store,
  emit: (event: StudyEvent) => void,
  signal: AbortSignal,
): Promise<StudyOutcome> {
  const exposed = {
    retrogradStudy: () => ({ task, dataPrefix, stopped: signal.aborted }),
    retrogradStudyEvent: emit,
    retrogradStore: storeCalls(store),
  };
  const report = await chrome.visit<StudyPageReport>('tools/study/index.html', exposed, signal);
  if ('error' in report) throw pageError(report.error);
  return report.outcome;
}

async function inNode(
  root: string,
  data: FoundData,
  task: StudyTask,
  store: Store,
  emit: (event: StudyEvent) => void,
  signal: AbortSignal,
): Promise<StudyOutcome> {
  const { runStudy } = await importWithShaders<typeof runModule>(root, './tools/study/run.ts');
  return runStudy(task, { read: (name) => readFile(join(data.folder ?? '', name)), store, emit, signal });
}

/** A line for each run that ended. */
function teller(note: (text: string) => void) {
  return (event: StudyEvent): void => {
    if (event.type !== 'result') return;
    const { index, runs, record, kept } = event;
    const { fold, repeat, params, metrics, failed, seconds } = record;
    const place = [fold === null ? '' : `fold ${fold + 1}`, repeat > 0 ? `repeat ${repeat + 1}` : ''].filter(Boolean);
    const measured = ['val_accuracy', 'val_loss', 'accuracy', 'loss'].filter((name) => name in metrics).slice(0, 2);
    const words = [
      `${String(index + 1).padStart(String(runs).length)}/${runs}`,
      [paramsText(params as Record<string, number>), ...place].filter(Boolean).join(', '),
      failed ?? measured.map((name) => `${name} ${metrics[name]!.toFixed(4)}`).join('  '),
      kept ? 'kept' : durationText(seconds),
    ];
    note(words.filter(Boolean).join('   '));
  };
}

/** The study's files: all of it as JSON, tables for other programs, and the picture. */
async function keep(
  folder: RunFolder,
  options: StudyCommandOptions,
  command: string,
  outcome: StudyOutcome,
  chrome: Chrome | null,
): Promise<void> {
  const { result, finder } = outcome;
  folder.write('study.json', `${JSON.stringify({ command, options, ...outcome }, null, 2)}\n`);
  if (finder) {
    const lines = finder.rates.map((rate, i) => [i, rate, finder.losses[i], finder.smoothed[i]].join(','));
    folder.write('finder.csv', `step,learning_rate,loss,smoothed\n${lines.map((line) => `${line}\n`).join('')}`);
  }
  const title = `${options.kind}: ${options.model} on ${outcome.images} images`;
  let svg: string;
  if (finder) svg = finderSvg(finder, { title });
  else if (result && result.records.length > 0) {
    folder.write('table.csv', studyCsv(result));
    folder.write('runs.csv', recordsCsv(result));
    svg = studySvg(result, { title });
  } else return;
  folder.write('curves.svg', svg);
  if (chrome) folder.write('curves.png', await chrome.picture(svg));
}

function textOf({ result, finder, ensemble, test, device, images }: StudyOutcome): string {
  const lines = [`device     ${device}; ${images} images`];
  if (result) lines.push(studyText(result));
  if (result?.best) {
    const { params, metrics } = result.best;
    lines.push(
      `best       ${paramsText(params) || 'all runs'}: ${result.monitor} ${statisticText(metrics[result.monitor]!)}`,
    );
  }
  if (finder) {
    const text = (rate: number | null) => (rate === null ? 'none' : rate.toPrecision(3));
    lines.push(`steepest   learning rate ${text(finder.suggestion)}; least loss at ${text(finder.minimum)}`);
    if (finder.stopped !== undefined) lines.push(`stopped    after ${finder.rates.length} steps: ${finder.stopped}`);
  }
  if (ensemble?.accuracy !== undefined) {
    const { accuracy, memberAccuracies, disagreement } = ensemble;
    const members = memberAccuracies!.map((value) => value.toFixed(4)).join(', ');
    lines.push(
      `test       ensemble ${accuracy.toFixed(4)}; members ${members}; disagreement ${disagreement!.toFixed(4)}`,
    );
  }
  if (test)
    lines.push(
      `test       accuracy ${test.accuracy.toFixed(4)}, loss ${test.loss.toFixed(4)}, trained on all ${images}`,
    );
  return lines.join('\n');
}

/** The command again, with the folder that it goes on in. */
function commandOf(argv: readonly string[], folder: RunFolder): string {
  const quoted = (word: string): string =>
    /^[\w./,+=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const words = argv.includes('--out') ? argv : [...argv, '--out', folder.name];
  return `npm run study -- ${words.map(quoted).join(' ')}`;
}
