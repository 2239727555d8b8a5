// The measuring itself, in a thread of its own: the page stays free, and ending the thread ends whatever runs in it.

import { runBench } from './core/run.ts';
import { methodOf } from './core/session.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

let hidden = false;

const say = (message: FromWorker): void => (self as unknown as Worker).postMessage(message);

async function run({ request, own }: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  try {
    say({ kind: 'method', method: methodOf(request.quick, request.repeat) });
    const source = own ? { ...own, file: own.name, library: await libraryTexts() } : null;
    const reflect = own ? (await import('./core/reflect.ts')).reflectSource : undefined;
    const result = await runBench({ ...request, own: source }, { emit: say, hidden: () => hidden, reflect });
    say({ kind: 'done', result });
  } catch (error) {
    const { name, message } = error as Error;
    say({ kind: 'failed', name, message });
  }
}

const libraries = import.meta.glob<string>('../../shaders/lib/*.wgsl', { query: '?raw', import: 'default' });

/** What a kernel may import, by the names that import comments have. */
async function libraryTexts(): Promise<Record<string, string>> {
  const texts = Object.entries(libraries).map(async ([path, load]) => [
    path.replace('../../shaders/', ''),
    await load(),
  ]);
  return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
}

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'hidden') hidden = data.hidden;
  else void run(data);
});
