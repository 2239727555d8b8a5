// Measuring in Node: the same core as in the page, on the CPU or, through the npm package webgpu, on a GPU.

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { runnerImport } from 'vite';

import type * as runModule from '../../demos/bench/core/run.ts';
import type { BenchEvent, BenchRequest } from '../../demos/bench/core/run.ts';
import { reflectSource } from '../../demos/bench/core/reflect.ts';
import type { BenchResult } from '../../demos/bench/core/result.ts';
import { wgsl } from '../wgsl_plugin.ts';

/** Node's own `import`, by a file's address. */
export type Load = (url: string) => Promise<unknown>;

export async function benchInNode(
  root: string,
  request: BenchRequest,
  emit: (event: BenchEvent) => void,
  load: Load,
): Promise<BenchResult> {
  const { module } = await runnerImport<typeof runModule>('./demos/bench/core/run.ts', {
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [wgsl()],
  });
  const gpu = request.device === 'webgpu' ? await nodeGpu(root, load) : undefined;
  // Node 20 has no `navigator` that tells it.
  const cores = availableParallelism();
  const told = (event: BenchEvent): void =>
    emit(
      event.kind === 'device'
        ? { ...event, session: { ...event.session, host: { ...event.session.host, cores } } }
        : event,
    );
  const result = await module.runBench(request, { emit: told, gpu, reflect: reflectSource });
  return { ...result, host: { ...result.host, cores } };
}

/** Dawn for Node. It is no dependency: who has a GPU and no browser installs it. */
export async function nodeGpu(root: string, load: Load): Promise<GPU> {
  interface Dawn {
    create(flags: string[]): GPU;
    globals: object;
  }
  let dawn: Dawn;
  try {
    const path = createRequire(join(root, 'package.json')).resolve('webgpu');
    dawn = (await load(pathToFileURL(path).href)) as Dawn;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error('--runtime node needs the npm package webgpu: npm install --no-save webgpu@0.6.2', {
      cause: error,
    });
  }
  Object.assign(globalThis, dawn.globals);
  // Timestamps in whole nanoseconds instead of rounded ones.
  return dawn.create(['disable-dawn-features=timestamp_quantization']);
}
