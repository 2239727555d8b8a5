// Training in Node on the CPU: the same code as in the page, loaded with the plugin that reads shaders.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runnerImport } from 'vite';

import type { Store } from '../../src/io/store.ts';
import { wgsl } from '../wgsl_plugin.ts';
import type { RunEvent, TrainTask } from './events.ts';
import type * as runModule from './run.ts';
import type { Trained } from './run.ts';

export async function trainInNode(
  root: string,
  dataFolder: string | null,
  task: TrainTask,
  store: Store,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<Trained> {
  const { train } = await importWithShaders<typeof runModule>(root, './tools/train/run.ts');
  return train(task, {
    read: (name) => readFile(join(dataFolder ?? '', name)),
    store,
    emit,
    signal,
  });
}

/** A module that reads shaders, for Node. */
export async function importWithShaders<T>(root: string, file: string): Promise<T> {
  const { module } = await runnerImport<T>(file, { root, configFile: false, logLevel: 'error', plugins: [wgsl()] });
  return module;
}
