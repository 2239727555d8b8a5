// The measuring itself, in a thread of its own: the page stays free, and ending the thread ends whatever runs in it.

import { runBench } from './core/run.ts';
import { methodOf } from './core/session.ts';
import type { OwnKernel } from './core/own_kernel.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

let hidden = false;

const say = (message: FromWorker): void => (self as unknown as Worker).postMessage(message);

async function run({ request, own }: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  try {
    say({ kind: 'method', method: methodOf(request.quick, request.repeat) });
    const kernel = own ? await reflected(own) : null;
    const result = await runBench({ ...request, own: kernel }, { emit: say, hidden: () => hidden });
    say({ kind: 'done', result });
  } catch (error) {
    const { name, message } = error as Error;
    say({ kind: 'failed', name, message });
  }
}

const libraries = import.meta.glob<string>('../../shaders/lib/*.wgsl', { query: '?raw', import: 'default' });

/** Read like the shaders of this repository, import comments included. */
async function reflected({ name, code }: { name: string; code: string }): Promise<OwnKernel> {
  const { reflectShader } = await import('../../tools/wgsl_reflection.ts');
  const texts = Object.fromEntries(
    await Promise.all(
      Object.entries(libraries).map(async ([path, load]) => [path.replace('../../shaders/', ''), await load()]),
    ),
  ) as Record<string, string>;
  const read = (file: string): string => {
    if (file === name) return code;
    const text = texts[file];
    if (text === undefined) throw new Error(`no file '${file}'`);
    return text;
  };
  return { name, shader: reflectShader(name, { read }).shader };
}

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'hidden') hidden = data.hidden;
  else void run(data);
});
