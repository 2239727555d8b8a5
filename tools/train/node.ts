// Training in Node on the CPU: the same code as in the page, loaded with the plugin that reads shaders.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runnerImport } from 'vite';

import { wgsl } from '../wgsl_plugin.ts';
import type { RunEvent, TrainTask } from './events.ts';
import type * as runModule from './run.ts';
import type { Trained } from './run.ts';

export async function trainInNode(
  root: string,
  dataFolder: string | null,
  task: TrainTask,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<Trained> {
  const { module } = await runnerImport<typeof runModule>('./tools/train/run.ts', {
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [wgsl()],
  });
  return module.train(task, {
    read: (name) => readFile(join(dataFolder ?? '', name)),
    emit,
    signal,
  });
}
