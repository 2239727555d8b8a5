// What the page holds beside its link: the run in progress and the runs that were loaded.

import { SCHEMA, type BenchResult, type Method, type Row } from './core/result.ts';
import { roofsOf, withRoof } from './core/roofline.ts';
import type { BenchEvent, BenchRequest } from './core/run.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

type Head = Extract<BenchEvent, { kind: 'device' }>['session'];

export interface Progress {
  readonly phase: 'running' | 'done' | 'stopped' | 'failed';
  readonly request: BenchRequest;
  /** The reader's kernel that is measured, if one is. */
  readonly own: Started['own'];
  readonly began: number;
  /** Milliseconds it took; null while it runs. */
  readonly took: number | null;
  readonly done: number;
  /** 0 until it is known. */
  readonly total: number;
  readonly head: Head | null;
  readonly method: Method | null;
  readonly rows: readonly Row[];
}

export interface Started {
  readonly request: BenchRequest;
  readonly own: { readonly name: string; readonly code: string } | null;
  /** Rows that stand already, where some of them are measured again. */
  readonly before?: readonly Row[];
}

let worker: Worker | null = null;
let current: Progress | null = null;
let replaced: readonly Row[] = [];

export const progress = (): Progress | null => current;
export const isRunning = (): boolean => current?.phase === 'running';

/** Begins a run; `changed` is called after each event. One that runs already is ended first. */
export function start({ request, own, before = [] }: Started, changed: (event: FromWorker) => void): void {
  stop();
  replaced = before;
  // Rows that stand are shown with the device and the method they are of, until this run tells its own.
  const { head, method } = before.length > 0 && current ? current : { head: null, method: null };
  current = {
    phase: 'running',
    request,
    own,
    began: performance.now(),
    took: null,
    done: 0,
    total: 0,
    head,
    method,
    rows: before,
  };
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
    take(data);
    changed(data);
  });
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    const message = event.message || 'the worker could not be started';
    const failure = { kind: 'failed', error: { name: 'DeviceError', reason: 'worker', message } } as const;
    take(failure);
    changed(failure);
  });
  tell({ kind: 'hidden', hidden: document.hidden });
  tell({ kind: 'start', request, own });
}

const tell = (message: ToWorker): void => worker?.postMessage(message);

/** Ends the run at once, in the middle of whatever it does: its thread and its device go. Rows that are there stay. */
export function stop(): void {
  if (isRunning()) end('stopped');
}

function end(phase: 'done' | 'stopped' | 'failed'): void {
  worker?.terminate();
  worker = null;
  current = { ...current!, phase, took: performance.now() - current!.began };
}

function take(event: FromWorker): void {
  if (!isRunning()) return;
  const now = current!;
  switch (event.kind) {
    case 'device':
      current = { ...now, head: event.session };
      break;
    case 'method':
      current = { ...now, method: event.method };
      break;
    case 'total':
      current = { ...now, total: event.cases };
      break;
    case 'rows':
      current = { ...now, done: Math.max(now.done, event.done), rows: withRows(now.rows, event.rows) };
      break;
    case 'done':
      end('done');
      break;
    case 'failed':
      end('failed');
      break;
  }
}

const workOf = ({ suite, work }: Row): string => `${suite} ${work}`;

/** New rows take the place of those of the same work, where that is measured again. */
function withRows(rows: readonly Row[], fresh: readonly Row[]): Row[] {
  const works = new Set(replaced.length > 0 ? fresh.map(workOf) : []);
  const at = rows.findIndex((row) => works.has(workOf(row)));
  const kept = rows.filter((row) => !works.has(workOf(row)));
  const roofs = roofsOf(rows);
  const whole = fresh.map((row) => (row.roof || row.suite === 'roofs' ? row : withRoof(row, roofs)));
  return at < 0 ? [...rows, ...whole] : kept.toSpliced(Math.min(at, kept.length), 0, ...whole);
}

/** What there is of the run as a result: whole, or what a stopped one left. Null before the device has answered. */
export function resultNow(): BenchResult | null {
  if (!current?.head || !current.method) return null;
  const { request, head, method, rows, phase } = current;
  return {
    schema: SCHEMA,
    tool: 'bench',
    created: createdOf(current),
    source: request.source,
    command: request.command,
    host: head.host,
    device: head.info,
    clock: head.clock,
    method,
    rows,
    notes: [
      ...(head.info.adapter === 'software' ? ['Software adapter: times say nothing about hardware.'] : []),
      ...(phase === 'stopped' ? ['Stopped before the end.'] : []),
    ],
  };
}

const times = new WeakMap<BenchRequest, string>();

/** One time for a run, however often it is looked at. */
function createdOf({ request }: Progress): string {
  let time = times.get(request);
  if (!time) times.set(request, (time = new Date().toISOString()));
  return time;
}

document.addEventListener('visibilitychange', () => tell({ kind: 'hidden', hidden: document.hidden }));
