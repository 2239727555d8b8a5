// The one training of this page: what it does at the moment, what may be done with it, and what befalls it.

import { stayAwake } from './awake.ts';
import { copyReport } from '../shared/clipboard.ts';
import type { Context } from '../shared/context.ts';
import type { Acts } from '../shared/errors.ts';
import { download as saveFile } from '../shared/export.ts';
import { failureOf, type Situation } from '../shared/failures.ts';
import { forgetLosses, mayRetry, wasLost } from '../shared/losses.ts';
import { differenceIn } from './differences.ts';
import type { Entry } from './log.ts';
import { timeLeft } from './time_left.ts';
import { remember } from './stored.ts';
import type { TrainState } from './state.ts';
import type { Controls, Kept, Stage } from './train.ts';
import type { words } from './words.ts';

export type Own = Context<TrainState, keyof typeof words.en>;

export type Status = 'idle' | 'loading' | Stage | 'paused' | 'stopping' | 'done' | 'stopped' | 'failed';

interface Place {
  readonly epoch: number;
  readonly batch: number;
  readonly steps: number;
  readonly loss: number;
  /** Milliseconds, by the steps so far. */
  readonly left: number | null;
}

interface Run {
  status: Status;
  log: readonly Entry[];
  place: Place | null;
  /** What of it is shown. */
  shown: Place | null;
  kept: Kept | null;
  controls: Controls | null;
  /** Ends the wait for a worker that says nothing. */
  abandon: (() => void) | null;
}

export const run: Run = {
  status: 'idle',
  log: [],
  place: null,
  shown: null,
  kept: null,
  controls: null,
  abandon: null,
};

/** Of the present training, and when it was paused. */
let timing = timeLeft();
let pausedAt = 0;

const resting: readonly Status[] = ['idle', 'done', 'stopped', 'failed'];
export const isBusy = (): boolean => !resting.includes(run.status);

/** Without a word from the worker for so long, the page offers to end it. */
const patience = 10_000;

/** Numbers that change with every batch are shown ten times a second at most. */
let soon: ReturnType<typeof setTimeout> | undefined;
function refreshSoon(context: Own): void {
  soon ??= setTimeout(() => {
    soon = undefined;
    run.shown = run.place;
    context.refresh();
  }, 100);
}

/** What is shown at once is heard in its turn: screen readers hear of no more than the live region lets through. */
function enter(context: Own, status: Exclude<Status, 'idle'>): void {
  run.status = status;
  context.announce(context.t(status));
  context.refresh();
}

/** Trains from the beginning, or on from what was kept. */
export async function start(context: Own, state: TrainState, from: Kept | null): Promise<void> {
  if (isBusy()) return;
  for (const code of ['E5', 'E6', 'E7', 'E8', 'E9', 'E10', 'E11', 'E12', 'E14', 'E15', 'E16', 'E18'])
    if (code !== 'E7' || !wasLost()) context.dismiss(code);
  if (!from) Object.assign(run, { log: [], kept: null });
  run.place = run.shown = null;
  timing = timeLeft();
  enter(context, 'loading');
  let last: number | undefined;
  let heard = performance.now();
  let stored = true;
  let offered = false;
  const watch = setInterval(() => {
    const silent = run.status !== 'paused' && performance.now() - heard > patience;
    if (silent === offered) return;
    offered = silent;
    if (silent) offerEnd(context);
    else context.dismiss('waiting');
  }, 1000);
  // What an abandoned worker says later is not of the training that follows it.
  let over = false;
  let ended: 'done' | 'stopped' | 'failed' = 'failed';
  const sleep = stayAwake();
  try {
    const abandoned = new Promise<never>((_, reject) => {
      run.abandon = () => reject(new Error('ended by its reader'));
    });
    const { train, keep } = await Promise.race([import('./train.ts'), abandoned]);
    const training = train({ ...state, prefer: prefer(context) }, from, {
      stage(stage) {
        if (over) return;
        heard = performance.now();
        if (run.status !== 'stopping') enter(context, stage);
        if (document.hidden) hide(context);
      },
      ready(controls) {
        if (over || run.status === 'stopping') controls.end();
        else run.controls = controls;
      },
      entry(entry) {
        if (over) return;
        run.log = [...run.log, entry];
        refreshSoon(context);
      },
      batch(place) {
        if (over) return;
        heard = performance.now();
        if (Number.isFinite(place.loss)) last = place.loss;
        const [done, all] = [place.epoch * place.steps + place.batch + 1, state.epochs * place.steps];
        run.place = { ...place, left: timing.step(done, all, heard) };
        refreshSoon(context);
      },
      kept(kept) {
        if (over) return;
        heard = performance.now();
        run.kept = kept;
        keep(kept).then(
          () => remember(kept.epoch),
          (error: unknown) => {
            if (stored) context.fail(error, { of: 'storage' }, { download: () => download() });
            stored = false;
          },
        );
      },
      epoch(epoch, value) {
        const accuracy = context.t.number(value, { style: 'percent' });
        context.announce(context.t('heard', { epoch, epochs: state.epochs, accuracy }));
      },
    });
    const accuracy = await Promise.race([training, abandoned]);
    ended = accuracy === null ? 'stopped' : 'done';
  } catch (error) {
    ended = run.status === 'stopping' ? 'stopped' : 'failed';
    if (ended === 'failed') befell(context, state, error, last);
  } finally {
    over = true;
    clearInterval(watch);
    context.dismiss('waiting');
    run.controls = run.abandon = null;
    sleep();
    enter(context, ended);
  }
}

/** What the badge says is what is used; a GPU that fails then is said, not passed over. */
const prefer = ({ device: { kind } }: Own): readonly ('webgpu' | 'cpu')[] =>
  kind === 'cpu' ? ['cpu'] : kind === 'asking' ? ['webgpu', 'cpu'] : ['webgpu'];

/** Says what ended the training, with what can be done from here. */
function befell(context: Own, state: TrainState, error: unknown, last: number | undefined): void {
  const again = (change: Partial<TrainState> = {}): void => {
    forgetLosses();
    if (Object.keys(change).length > 0) context.set(change, 'push');
    void start(context, { ...state, ...change }, run.kept);
  };
  const half = (): void => again({ batch: Math.max(1, Math.floor(state.batch / 2)) });
  const acts: Acts = {
    continue: () => again(),
    smaller: half,
    'half batch': half,
    restore: () => again({ rate: state.rate / 10 }),
    clip: () => again({ clip: true }),
    report: () => void copyReport(context, [String(error), JSON.stringify(state)]),
  };
  const situation: Situation = {
    batch: state.batch,
    epoch: run.kept?.epoch ?? 0,
    last,
    what: () => context.t('the engine'),
  };
  if (failureOf(error).code !== 'E7') return context.fail(error, situation, acts);
  if (!mayRetry()) return context.fail(error, { ...situation, gaveUp: true }, acts);
  context.fail(error, situation);
  // After this call's own end, which a new training must not overtake.
  setTimeout(() => void start(context, state, run.kept));
}

function offerEnd(context: Own): void {
  context.notice({
    name: 'waiting',
    tone: 'information',
    title: () => context.t('silent'),
    offers: [{ label: () => context.t('end'), act: () => end(context) }],
  });
}

function end(context: Own): void {
  enter(context, 'stopping');
  run.controls?.end();
  run.abandon?.();
}

export async function pause(context: Own): Promise<void> {
  if (run.status !== 'training') return;
  pausedAt = performance.now();
  enter(context, 'paused');
  await run.controls?.pause();
}

export function resume(context: Own): void {
  if (run.status !== 'paused') return;
  context.dismiss('E15');
  timing.paused(performance.now() - pausedAt);
  run.controls?.resume();
  enter(context, 'training');
}

export function stop(context: Own): void {
  if (!isBusy() || run.status === 'stopping') return;
  const steps = run.status === 'training' || run.status === 'paused';
  if (!steps) return end(context);
  enter(context, 'stopping');
  run.controls?.stop();
}

/** A page that nobody sees trains no further, and says so. */
function hide(context: Own): void {
  if (run.status !== 'training') return;
  void pause(context);
  context.report('E15', {}, { resume: () => resume(context) });
}

export function pauseWhileHidden(context: Own): void {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hide(context);
  });
}

/** What an earlier visit kept. */
export async function goOn(context: Own, state: TrainState): Promise<void> {
  if (run.kept) return start(context, state, run.kept);
  try {
    const last = import('./train.ts').then(async ({ lastKept }) => ({ kept: await lastKept() }));
    const found = await context.wait(last, { what: () => context.t('the engine') });
    if (!found) return;
    run.kept = found.kept;
    await start(context, state, run.kept);
  } catch (error) {
    remember(0);
    context.fail(error, { ...saved(context), of: 'storage', what: () => context.t('the engine') });
  }
}

const saved = (context: Own): Situation => ({ difference: (one) => differenceIn(context.t, one) });

/** Takes a saved training from a file, in the place of the one that is kept. */
export async function openFile(context: Own, file: File): Promise<void> {
  if (isBusy()) return;
  for (const code of ['E12', 'E16']) context.dismiss(code);
  try {
    const opening = Promise.all([import('./train.ts'), file.arrayBuffer()]);
    const read = opening.then(([{ keptOf }, bytes]) => keptOf(new Uint8Array(bytes)));
    const kept = await context.wait(read, { what: () => file.name });
    if (!kept) return;
    run.kept = kept;
    run.status = 'idle';
    context.announce(context.t('opened', { file: file.name }));
    context.refresh();
  } catch (error) {
    context.fail(error, { ...saved(context), of: 'file', file: file.name, what: () => context.t('model file') });
  }
}

export function download(): void {
  if (!run.kept) return;
  const blob = new Blob([run.kept.bytes as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' });
  saveFile('cnn-s.safetensors', blob);
}
