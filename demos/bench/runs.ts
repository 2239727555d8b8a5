// Runs that can be shown and compared: the page's own, those kept with the site, saved ones of this browser, and files.

import schemaFile from './bench.schema.json';
import type { BenchResult } from './core/result.ts';
import { faultsIn, type Fault, type Schema } from './core/schema.ts';

export interface Run {
  /** `now`, or `kept:`, `saved:`, `file:` and the name. */
  readonly id: string;
  readonly name: string;
  readonly result: BenchResult;
}

const schema = schemaFile as unknown as Schema;

/** A value that is no result: the first few places in which it is not. */
export class ResultError extends Error {
  constructor(readonly faults: readonly Fault[]) {
    super('this is no result');
  }
}

/** A file's text as a result. SyntaxError where it is no JSON, else ResultError. */
export function readResult(text: string): BenchResult {
  const value: unknown = JSON.parse(text);
  const faults = faultsIn(value, schema).slice(0, 3);
  if (faults.length > 0) throw new ResultError(faults);
  return value as BenchResult;
}

const files = import.meta.glob<string>('./results/*.json', { query: '?url', import: 'default', eager: true });

/** Runs that come with the site, by their names. */
export const keptNames: readonly string[] = Object.keys(files).map((path) =>
  path.replace('./results/', '').replace('.json', ''),
);

export async function loadKept(name: string): Promise<BenchResult> {
  const response = await fetch(new URL(files[`./results/${name}.json`]!, location.href));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return readResult(await response.text());
}

const database = 'retrograd-lab';
const store = 'runs';

function open(): Promise<IDBDatabase> {
  return settled(indexedDB.open(database, 1), (request) => {
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(store));
  });
}

function settled<T, R extends IDBRequest<T>>(request: R, prepare?: (request: R) => void): Promise<T> {
  prepare?.(request);
  return new Promise((resolve, fail) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => fail(request.error ?? new Error('IndexedDB failed')));
  });
}

async function within<T>(mode: IDBTransactionMode, use: (runs: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opened = await open();
  try {
    const transaction = opened.transaction(store, mode);
    // Where there is no room a request succeeds, and then its transaction does not.
    const written = new Promise<void>((resolve, fail) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => fail(transaction.error ?? new Error('IndexedDB failed')));
    });
    const [value] = await Promise.all([settled<T, IDBRequest<T>>(use(transaction.objectStore(store))), written]);
    return value;
  } finally {
    opened.close();
  }
}

export const savedNames = async (): Promise<string[]> =>
  (await within('readonly', (runs) => runs.getAllKeys())).map(String);
export const loadSaved = async (name: string): Promise<BenchResult> =>
  readResult(JSON.stringify(await within('readonly', (runs) => runs.get(name) as IDBRequest<unknown>)));
export const saveRun = async (name: string, result: BenchResult): Promise<unknown> =>
  within('readwrite', (runs) => runs.put(result, name));
export const deleteSaved = async (name: string): Promise<unknown> => within('readwrite', (runs) => runs.delete(name));
