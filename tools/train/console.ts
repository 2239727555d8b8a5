// What the user sees: progress on stderr as lines or one live line, results or JSON on stdout.

import {
  compiledLine,
  epochLine,
  headerLines,
  liveLine,
  summaryLines,
  terminalMode,
  type TextOptions,
} from '../../src/train/terminal.ts';
import { confusionLines } from './confusion_text.ts';
import type { EpochEvent, ResultEvent, RunEvent, RunOutcome, StartEvent, StepEvent } from './events.ts';
import type { CommandOptions } from './options.ts';
import { historyOf } from './record.ts';
import type { RunFolder } from './run_folder.ts';

export interface Screen {
  /** A line to know, before and during the run. */
  note(text: string): void;
  event(event: RunEvent): void;
  /** What a quiet command tells as well. */
  error(text: string): void;
  /** The summary, or the last JSON event. */
  end(outcome: RunOutcome, folder: RunFolder, command: string): void;
}

type Streams = Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>;

export function createConsole(options: CommandOptions, { stdout, stderr, env }: Streams): Screen {
  const { live: redraws, ascii } = terminalMode(env, stderr.isTTY);
  const live = redraws && options.progress && !options.quiet;
  const text: TextOptions = { ascii };
  // What stands on the live line now; overwritten with blanks, so that no escape code is needed.
  let shown = 0;

  const clear = (): void => {
    if (shown > 0) stderr.write(`\r${' '.repeat(shown)}\r`);
    shown = 0;
  };
  const line = (words: string): void => {
    if (options.quiet) return;
    clear();
    stderr.write(`${words}\n`);
  };
  const redraw = (words: string): void => {
    stderr.write(`\r${words.padEnd(shown)}`);
    shown = words.length;
  };
  const json = (event: object): void => {
    if (options.json) stdout.write(`${JSON.stringify(event)}\n`);
  };

  const screen: Screen = {
    note(words) {
      line(words);
      json({ event: 'note', text: words });
    },
    event(event) {
      if (event.event === 'note') return screen.note(event.text);
      if (event.event === 'step') {
        const { logged, ...rest } = event;
        // One column stays free: a full line would wrap, and the carriage return come too late.
        if (live) redraw(liveLine(liveState(event), (stderr.columns || 80) - 1, text));
        if (logged) line(liveLine(liveState(event), Infinity, { ...text, bar: false }));
        if (logged) json(rest);
        return;
      }
      json(event);
      if (event.event === 'start') for (const words of headerLines(headerOf(event), text)) line(words);
      if (event.event === 'compile') line(compiledLine({ pipelines: event.pipelines, seconds: event.seconds }));
      if (event.event === 'epoch') line(epochLine(epochState(event)));
      if (event.event === 'stop' && event.message !== undefined) screen.error(event.message);
    },
    error(words) {
      clear();
      stderr.write(`${words}\n`);
    },
    end(outcome, folder, command) {
      clear();
      if (options.json) return json(resultOf(outcome, folder));
      const { confusion } = outcome;
      const byClass = confusion ? [...confusionLines(confusion), ''] : [];
      for (const words of [...byClass, ...summaryOf(outcome, folder, command, text)]) stdout.write(`${words}\n`);
    },
  };
  return screen;
}

function headerOf({
  device,
  data,
  model,
  params,
  mflopPerSample,
  run,
  seed,
}: StartEvent): Parameters<typeof headerLines>[0] {
  return {
    device: [...device.split(' · '), 'f32'],
    data,
    model: { name: model, params, bytes: 4 * params, flopsPerSample: mflopPerSample * 1e6 },
    run: { path: run, seed },
  };
}

function liveState({ epoch, epochs, step, steps, seconds, loss, accuracy }: StepEvent): Parameters<typeof liveLine>[0] {
  return { epoch, epochs, step, steps, seconds, metrics: { loss, accuracy } };
}

function epochState(event: EpochEvent): Parameters<typeof epochLine>[0] {
  const { epoch, epochs, seconds, imagesPerSecond, best, loss, accuracy, val_loss, val_accuracy } = event;
  return {
    epoch,
    epochs,
    seconds,
    samplesPerSecond: imagesPerSecond,
    best,
    metrics: { loss, accuracy, val_loss, val_accuracy },
  };
}

function resultOf({ start, test, confusion, imagesPerSecond, seconds }: RunOutcome, folder: RunFolder): ResultEvent {
  return {
    event: 'result',
    testAccuracy: test?.accuracy ?? null,
    testLoss: test?.loss ?? null,
    ...(confusion && { confusion }),
    imagesPerSecond,
    seconds,
    device: start.device,
    run: folder.name,
  };
}

function summaryOf(
  { epochs, stop, test }: RunOutcome,
  folder: RunFolder,
  command: string,
  text: TextOptions,
): string[] {
  const best = epochs.findLast((one) => one.best);
  const { val_loss = 0, val_accuracy = 0 } = best ?? {};
  const stopped = {
    finished: undefined,
    interrupted: `after epoch ${stop.epochs}, by Ctrl-C`,
    'non-finite': `after epoch ${stop.epochs}`,
  };
  const reason = stopped[stop.reason];
  const lines = summaryLines(
    {
      best: { epoch: best?.epoch ?? 0, metrics: { val_loss, val_accuracy } },
      ...(test && { test: { accuracy: test.accuracy, loss: test.loss } }),
      history: historyOf(epochs),
      ...(reason !== undefined && { stopped: reason }),
      saved: `${folder.name}: ${folder.written.join(', ')}`,
      command,
    },
    text,
  );
  return best ? lines : lines.filter((line) => !line.startsWith('best'));
}
