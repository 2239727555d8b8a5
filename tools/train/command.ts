// The command from its arguments to its exit code: finds the data, trains in Chrome or in Node, keeps the run.

import { openChrome, whyNoGpu, type Chrome } from './chrome.ts';
import { createConsole, type Screen } from './console.ts';
import { findData, type FoundData } from './data.ts';
import type { TrainTask } from './events.ts';
import { interruptSignal } from './interrupts.ts';
import { trainInNode } from './node.ts';
import { parseOptions, usage, UsageError, type CommandOptions } from './options.ts';
import { keepRun } from './record.ts';
import { createRunFolder, keptArguments, type RunFolder } from './run_folder.ts';
import type { Trained } from './run.ts';

const exitCodes = { finished: 0, 'non-finite': 3, interrupted: 130 } as const;

export async function main(argv: readonly string[], root: string): Promise<number> {
  let chrome: Chrome | null = null;
  let screen: Screen | null = null;
  try {
    const given = parseOptions(argv);
    if (given.help) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    const options = given.resume === null ? given : await resumed(given, given.resume);
    const shown = (screen = createConsole(options, process));
    const data = await findData(options, shown.note);
    const folder = createRunFolder(root, options.model, options.out, given.resume !== null);
    if (given.resume === null) await folder.store.write('arguments', new TextEncoder().encode(JSON.stringify(argv)));
    // However the command ends, a second Ctrl-C included.
    process.once('exit', () => folder.discard());
    const signal = interruptSignal();

    let missingGpu: string | null = null;
    let trained: Trained | null = null;
    if (options.device !== 'cpu') {
      try {
        chrome = await openChrome(root, data.folder);
        const task = taskFor(options, data, folder, 'webgpu', null);
        trained = await chrome.train(task, folder.store, shown.event, signal);
      } catch (error) {
        missingGpu = whyNoGpu(error, chrome);
        if (missingGpu === null) throw error;
        if (options.device === 'gpu') throw new Error(`no WebGPU adapter (${missingGpu})`, { cause: error });
        await chrome?.close();
        chrome = null;
      }
    }
    if (!trained) {
      const task = taskFor(options, data, folder, 'cpu', missingGpu);
      trained = await trainInNode(root, data.folder, task, folder.store, shown.event, signal);
    }

    const command = await keepRun(folder, options, trained, chrome);
    if (trained.outcome.stop.reason !== 'interrupted') folder.finish();
    shown.end(trained.outcome, folder, command);
    return exitCodes[trained.outcome.stop.reason];
  } catch (error) {
    const line = `train: ${(error as Error).message}`;
    if (screen) screen.error(line);
    else process.stderr.write(`${line}\n`);
    return error instanceof UsageError ? 2 : 1;
  } finally {
    await chrome?.close();
  }
}

/** The options of the run in `folder`, told as the command asks. */
async function resumed({ json, quiet, progress, logEvery }: CommandOptions, folder: string): Promise<CommandOptions> {
  const own = parseOptions(await keptArguments(folder));
  return { ...own, out: folder, resume: folder, json, quiet, progress, logEvery };
}

function taskFor(
  options: CommandOptions,
  { source }: FoundData,
  { name: run }: RunFolder,
  device: TrainTask['device'],
  missingGpu: string | null,
): TrainTask {
  const { model, epochs, batchSize, limit, lr, optimizer, schedule, augment, seed } = options;
  const { split, block, report, logEvery, checkpoint } = options;
  return {
    options: {
      model,
      epochs,
      batchSize,
      limit,
      lr,
      optimizer,
      schedule,
      augment,
      seed,
      split,
      block,
      report,
      logEvery,
      checkpoint,
    },
    resumes: options.resume !== null,
    source,
    device,
    run,
    missingGpu,
  };
}
