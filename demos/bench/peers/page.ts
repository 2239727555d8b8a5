// The page that holds every engine in a frame of its own and lets them take turns at the same work.

import { rates } from '../core/measure.ts';
import { notChecked } from '../core/check.ts';
import type { Check, Method, Row } from '../core/result.ts';
import { sampleInTurns, type Timed } from '../core/sampling.ts';
import { wallQuantum } from '../core/clock.ts';
import { hostInfo } from '../core/described.ts';
import { openSession } from '../core/session.ts';
import { median, summarize } from '../core/statistics.ts';
import type { BenchResult } from '../core/result.ts';
import type { EngineEntry } from './engines.ts';
import type { Peer } from './frame.ts';
import { compare, referenceOf } from './reference.ts';
import { workById, type Work } from './work.ts';

export interface PeersRequest {
  readonly engines: readonly EngineEntry[];
  readonly works: readonly string[];
  readonly method: Method;
}

export type PeersEvent =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'rows'; readonly rows: readonly Row[] };

export type PeersPart = Pick<BenchResult, 'host' | 'device' | 'clock' | 'rows'> & {
  readonly versions: Readonly<Record<string, string>>;
};

declare global {
  interface Window {
    peersRequest(): Promise<PeersRequest>;
    peersEvent(event: PeersEvent): Promise<void>;
    peersDone(report: PeersPart | { error: string }): Promise<void>;
  }
}

interface Running {
  readonly entry: EngineEntry;
  readonly peer: Peer;
}

// A frame whose engine does not come up, or whose work never ends, must not hold up the others.
const patienceMs = 240_000;

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what} took more than ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function open(entry: EngineEntry): Promise<Running> {
  const frame = document.createElement('iframe');
  frame.src = `frame.html?engine=${entry.id}`;
  const loaded = new Promise<void>((done) => frame.addEventListener('load', () => done(), { once: true }));
  document.body.append(frame);
  await loaded;
  return { entry, peer: await within(frame.contentWindow!.peer, `${entry.name}: its start`) };
}

/** An engine's repetitions, less what it takes to wait for none. */
function timedOf({ peer }: Running, waitNs: number): Timed {
  return {
    async sample(repeats) {
      // Threads of the engine before may still look for work.
      await new Promise((done) => setTimeout(done, 10));
      return Math.max(1, (await peer.sample(repeats)) - waitNs);
    },
  };
}

async function measure(work: Work, running: readonly Running[], method: Method, quantumNs: number): Promise<Row[]> {
  const expected = await referenceOf(work);
  const rows: Row[] = [];
  const ready: { one: Running; row: Row; waitNs: number }[] = [];
  for (const one of running) {
    const row = blank(work, one.entry);
    try {
      if (!(await within(one.peer.prepare(work.id), `${one.entry.name}: ${work.id}`))) continue;
      const check: Check = compare(work, await one.peer.read(), expected);
      const waits = [];
      for (let i = 0; i < 5; i++) waits.push(await one.peer.sample(0));
      ready.push({ one, row: { ...row, check }, waitNs: median(waits) });
    } catch (error) {
      one.peer.dispose();
      rows.push({ ...row, check: { ...notChecked((error as Error).message), state: 'wrong' }, skipped: 'it failed' });
    }
  }
  const samples = await sampleInTurns(
    ready.map(({ one, waitNs }) => timedOf(one, waitNs)),
    { method, clock: { quantumNs }, hidden: () => document.hidden },
  );
  samples.forEach((taken, i) => {
    const { one, row } = ready[i]!;
    const summary = summarize(taken.samplesNs);
    rows.push({ ...row, ...taken, summary, ...rates(work, summary.median), counts: countsOf(work, summary.median) });
    one.peer.dispose();
  });
  return running.flatMap(({ entry }) => rows.filter(({ variant }) => variant === entry.name));
}

function countsOf({ batch }: Work, nanoseconds: number): Record<string, number> {
  return batch ? { stepsPerSecond: 1e9 / nanoseconds, imagesPerSecond: (batch * 1e9) / nanoseconds } : {};
}

function blank(work: Work, entry: EngineEntry): Row {
  return {
    suite: 'peers',
    work: work.id,
    subject: work.kind,
    variant: entry.name,
    preferred: entry.id === 'retrograd-webgpu',
    shape: work.id,
    dtype: 'f32',
    flops: work.flops,
    bytes: work.bytes,
    samplesNs: [],
    repeats: 0,
    summary: null,
    compileMs: null,
    gflops: null,
    gigabytesPerSecond: null,
    roof: null,
    check: notChecked(''),
    counts: {},
    parts: [],
    flags: [],
    skipped: '',
  };
}

async function run(): Promise<PeersPart> {
  const { engines, works, method } = await window.peersRequest();
  const note = (text: string): void => void window.peersEvent({ kind: 'note', text });
  const running: Running[] = [];
  for (const entry of engines) {
    try {
      running.push(await open(entry));
    } catch (error) {
      note(`${entry.name}: ${(error as Error).message}`);
    }
  }
  const session = await openSession('webgpu');
  const { info } = session;
  session.dispose();
  const quantumNs = wallQuantum();
  const rows: Row[] = [];
  for (const id of works) {
    const found = await measure(workById(id), running, method, quantumNs);
    rows.push(...found);
    void window.peersEvent({ kind: 'rows', rows: found });
  }
  return {
    host: hostInfo(),
    device: info,
    clock: { kind: 'wall', quantumNs, emptySubmitNs: 0 },
    rows,
    versions: Object.fromEntries(running.map(({ entry, peer }) => [entry.name, peer.version])),
  };
}

await window.peersDone(await run().catch((error: Error) => ({ error: error.message })));
