// The measuring itself, in a thread of its own: the page stays free, and ending the thread ends whatever runs in it.

import { sentError } from '../../src/train/worker/messages.ts';
import type { Adapter } from './adapters/adapter.ts';
import { casesOf, runBench } from './core/run.ts';
import type { Method, Row } from './core/result.ts';
import type { BenchRequest } from './core/run.ts';
import { methodOf } from './core/session.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

let hidden = false;

const say = (message: FromWorker): void => (self as unknown as Worker).postMessage(message);

async function run({ request, own }: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  try {
    say({ kind: 'method', method: methodOf(request.quick, request.repeat) });
    const source = own ? { ...own, file: own.name, library: await libraryTexts() } : null;
    const reflect = own ? (await import('./core/reflect.ts')).reflectSource : undefined;
    const result = await runBench({ ...request, own: source }, { emit: say, hidden: () => hidden, refused, reflect });
    const others = Object.values(adapters);
    if (others.length > 0) await measureOthers(request, result.method, others);
    say({ kind: 'done', result });
  } catch (error) {
    say({ kind: 'failed', error: sentError(error) });
  }
}

const refused = (error: Error): void => say({ kind: 'refused', error: sentError(error) });

/** Readers' own; none comes with the pages. */
const adapters = import.meta.glob<{ adapter: Adapter }>('./adapters/*.local.ts');

async function measureOthers(
  request: BenchRequest,
  method: Method,
  load: readonly (() => Promise<{ adapter: Adapter }>)[],
): Promise<void> {
  const { measureAdapters } = await import('./adapters/measure.ts');
  const loaded = await Promise.all(load.map(async (one) => (await one()).adapter));
  const emit = (rows: readonly Row[]): void => say({ kind: 'rows', rows, done: 0 });
  await measureAdapters(loaded, casesOf(request), { method, hidden: () => hidden, emit });
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
