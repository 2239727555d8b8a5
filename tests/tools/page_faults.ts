// The page of page_faults.test.ts: trains one of the cases of tests/train/resume_cases.ts from what its store holds.

import { DeviceError, type StoreError } from '../../src/core/errors.ts';
import { createWebGPUDevice } from '../../src/gpu/device.ts';
import { indexedDbStore, opfsStore } from '../../src/io/page_stores.ts';
import { continued, type Ended, resumeCases, uninterrupted } from '../train/resume_cases.ts';

export interface Told {
  /** That something may befall the page now. */
  readonly step?: number;
  readonly error?: string;
  /** The first step of the last training. */
  readonly began?: number | null;
  readonly result?: Ended;
  /** What checkpoints that were not written said. */
  readonly errors?: readonly string[];
  /** Why the first device ended. */
  readonly lost?: string;
  /** At the end, and the frames drawn since it was hidden. */
  readonly visibility?: string;
  readonly frames?: number;
}

declare const stepped: (step: number) => Promise<void>;
declare const ended: (told: string) => Promise<void>;

const wanted = new URLSearchParams(location.search);
const one = resumeCases[wanted.get('case')!]!;
const at = Number(wanted.get('at') ?? Infinity);
const fault = wanted.get('fault') ?? 'close';
const name = `${wanted.get('name') ?? 'closed'} ${wanted.get('case')}`;
const store = wanted.get('store') === 'opfs' ? opfsStore(name) : indexedDbStore(name);

const errors: string[] = [];
const onError =
  fault === 'quota' ? ({ name: kind, message }: Error) => void errors.push(`${kind}: ${message}`) : undefined;
let frames = 0;

async function hidden(): Promise<void> {
  while (document.visibilityState !== 'hidden') await new Promise((done) => setTimeout(done, 10));
  const drawn = (): void => {
    frames++;
    requestAnimationFrame(drawn);
  };
  requestAnimationFrame(drawn);
}

/** Trains until something befalls the page at step `at`, or to the end. */
async function train(until: number): Promise<Told> {
  const device = await createWebGPUDevice({ label: 'of a page' });
  if (wanted.has('whole')) return { result: await uninterrupted(one, device) };
  let began: number | null = null;
  const onStepEnd = async ({ step }: { step: number }): Promise<void> => {
    began ??= step;
    const told = step === until ? stepped(step) : null;
    if (fault === 'quota') await told;
    if (fault === 'hide' && told) await told.then(hidden);
    // Otherwise it comes in the three steps from here on or in what they write, and the next one waits for it.
    if (fault === 'close' && step >= until + 3) await new Promise(() => {});
    if (fault === 'crash' && step >= until + 3) await device.lost;
  };
  const result = await continued(one, Number(wanted.get('every')), device, store, { onStepEnd }, onError);
  return { began, result };
}

/** Writes what the space that `stepped` leaves is enough for, and then more than that. */
async function large(): Promise<Told> {
  const small = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
  await stepped(0);
  await store.write('run', small);
  try {
    await store.write('run', new Uint8Array(4 * 2 ** 20).fill(7));
  } catch (error) {
    const { name: kind, reason, message } = error as StoreError;
    const kept = await store.read('run');
    const whole = kept?.length === small.length && kept.every((byte, i) => byte === small[i]);
    return { errors: whole ? [`${kind} ${reason}: ${message}`] : ['what was kept is lost'] };
  }
  return { errors: [] };
}

async function all(): Promise<Told> {
  if (fault === 'large') return large();
  try {
    const told = await train(at);
    if (fault === 'quota') return { ...told, errors };
    return fault === 'hide' ? { ...told, visibility: document.visibilityState, frames } : told;
  } catch (error) {
    if (fault !== 'crash' || !(error instanceof DeviceError)) throw error;
    return { ...(await train(Infinity)), lost: error.reason };
  }
}

all().then(
  (told) => ended(JSON.stringify(told)),
  (error: unknown) => ended(JSON.stringify({ error: String(error) })),
);
