// The kernel lab: what to measure, the run, its rows as table and roofline, and other runs beside it.

import './bench.css';
import { html, type Child } from '../shared/dom.ts';
import { isOfText, sayFailure } from './failed.ts';
import { copyReport } from '../shared/clipboard.ts';
import type { Acts } from '../shared/errors.ts';
import { openPage } from '../shared/page.ts';
import source from 'virtual:retrograd-source';
import { askAdapter, knownOf, type Known } from './adapter.ts';
import { isSoftware } from './compare.ts';
import { isRunning, progress, resultNow, start, stop } from './lab.ts';
import { isDisturbed } from './rows.ts';
import { openShelf, type Shelf } from './shelf.ts';
import { fields, ownRequest, requestOf, type LabState } from './state.ts';
import type { FromWorker } from './protocol.ts';
import { banner, compareView } from './views/compare.ts';
import { controlsView, optional, type Optional } from './views/controls.ts';
import { deviceText, deviceView } from './views/device.ts';
import { methodView } from './views/method.ts';
import { ownName, ownView } from './views/own.ts';
import { rooflineView } from './views/roofline.ts';
import { keepTime, runBar, summaryView, type RunActs } from './views/run_bar.ts';
import { runsView } from './views/runs.ts';
import { tableView } from './views/table.ts';
import { words, type LabContext } from './words.ts';

let shelf: Shelf | null = null;
let adapter: Known | null = null;
let adapterOf = '';
/** What a reader's own kernel failed with. */
let ownFailure = '';

const lackedBy = (known: Known | null): Optional[] =>
  known?.device.kind === 'webgpu' ? optional.filter((feature) => !known.device.features.includes(feature)) : [];

/** What the badge says is what is used. */
const deviceOf = ({ device }: LabContext): 'webgpu' | 'cpu' => (device.kind === 'cpu' ? 'cpu' : 'webgpu');

function view(state: LabState, context: LabContext): Child {
  const { t } = context;
  shelf ??= openShelf(context);
  const shown = shelf.shown(state);
  const base = state.base === '' ? null : shelf.get(state.base);
  const acts = actsOf(state, context);
  const canRun = context.device.kind !== 'asking';
  askOnce(context);
  const software = shown
    ? isSoftware(shown.result) && shown.result.device.kind === 'webgpu'
    : context.device.kind === 'software';
  return [
    html('p', { class: 'intro', 'data-part': 'intro' }, t('intro')),
    context.device.kind === 'cpu' ? banner('cpu', t('cpu banner'), 'information') : null,
    software ? banner('software', t('software banner'), 'warning') : null,
    html(
      'div',
      { class: 'lab beside', key: 'lab' },
      controlsView(context, state, lackedBy(adapter)),
      html(
        'div',
        { class: 'stage', key: 'stage' },
        runBar(context, acts, canRun && state.suites.length > 0),
        shown ? summaryView(context, shown.result, shown.id === 'now' ? acts : null) : null,
        shown && shown.result.rows.length > 0
          ? [
              tableView(context, state, shown.result),
              // A run's picture is drawn once: drawn anew with each row it would hold up the page.
              shown.id === 'now' && isRunning()
                ? html('p', { class: 'hint', key: 'roofline waits' }, t('roofline waits'))
                : afterTable(context, () => rooflineView(context, state, shown.result)),
            ]
          : null,
        runsView(context, state, shelf),
        shown && base && base.id !== shown.id ? compareView(context, base, shown) : null,
        ownView(
          context,
          state,
          ownFailure,
          () => measureOwn(state, context),
          canRun && deviceOf(context) === 'webgpu',
          shown?.result.rows ?? [],
        ),
        panel(context, shown ? knownOf(shown.result) : adapter),
        methodView(context, shown?.result ?? null),
      ),
    ),
  ];
}

/** A picture that is not there yet comes in a frame of its own, after the table's. */
function afterTable(context: LabContext, picture: () => Child): Child {
  const there = document.querySelector('.roofline, [data-waits=roofline]');
  if (there) return picture();
  requestAnimationFrame(() => context.refresh());
  return html('div', { key: 'roofline later', 'data-waits': 'roofline' });
}

const panel = (context: LabContext, known: Known | null): Child => (known ? deviceView(context, known) : null);

function actsOf(state: LabState, context: LabContext): RunActs {
  return {
    run() {
      const request = requestOf(state, askedOf(context));
      begin(context, { request, own: null });
    },
    stop() {
      stop();
      shownAgain(context, 'phase stopped');
    },
    again() {
      const now = resultNow();
      if (!now) return;
      const rows = now.rows.filter(isDisturbed);
      const suites = new Set<string>(rows.map(({ suite }) => suite));
      const request = progress()!.request;
      begin(context, {
        request: {
          ...request,
          suites: request.suites.filter((suite) => suites.has(suite)),
          roofs: suites.has('roofs'),
          only: rows.map(({ work }) => work),
        },
        own: progress()!.own,
        before: now.rows,
      });
    },
  };
}

const askedOf = (context: LabContext) => ({ device: deviceOf(context), source, command: location.href });

function begin(context: LabContext, what: Parameters<typeof start>[0]): void {
  ownFailure = '';
  for (const name of ['E7', 'E8', 'E9', 'E18', 'run failed']) context.dismiss(name);
  start(what, (event) => heard(context, event));
  keepTime();
  context.set({ run: '' });
}

function measureOwn(state: LabState, context: LabContext): void {
  const request = ownRequest(state, askedOf(context));
  begin(context, { request, own: { name: ownName, code: state.own } });
}

/** What a reader can do about a run that failed: the rows that are there stand until they are measured again. */
function actsAfter(context: LabContext, said: string): Acts {
  const again = (): void => {
    const { request, own, rows } = progress()!;
    begin(context, { request, own, before: rows });
  };
  return {
    continue: again,
    retry: again,
    report() {
      const now = resultNow();
      const known = now ? knownOf(now) : adapter;
      void copyReport(context, [said, known ? deviceText(context, known) : '']);
    },
  };
}

/** The page is brought up to date at most once a second, and at the end. */
const restMs = 1000;
let scheduled: ReturnType<typeof setTimeout> | undefined;

function heard(context: LabContext, event: FromWorker): void {
  const now = progress()!;
  if (event.kind === 'failed') {
    if (now.own && isOfText(event.error)) ownFailure = event.error.message;
    else sayFailure(context, event.error, actsAfter(context, event.error.message));
    shownAgain(context, 'phase failed');
  } else if (event.kind === 'refused') {
    // Its row has the words; that memory is short is for the reader to mend.
    if (event.error.reason === 'out-of-memory')
      sayFailure(context, event.error, actsAfter(context, event.error.message));
  } else if (event.kind === 'done') {
    // A kernel that does not compile is a wrong row; its message belongs to the text it names.
    ownFailure = now.own
      ? (now.rows.find(({ variant, summary }) => variant === ownName && !summary)?.check.message ?? '')
      : '';
    shownAgain(context, 'phase done');
  } else {
    if (event.kind === 'rows') context.announce(context.t('progress heard', { done: now.done, total: now.total }));
    scheduled ??= setTimeout(() => {
      scheduled = undefined;
      context.refresh();
    }, restMs);
  }
}

function shownAgain(context: LabContext, phase: 'phase done' | 'phase stopped' | 'phase failed'): void {
  clearTimeout(scheduled);
  scheduled = undefined;
  context.announce(context.t(phase));
  context.refresh();
}

/** The panel is there before anything runs. */
function askOnce(context: LabContext): void {
  const { kind } = context.device;
  if (kind === 'asking' || adapterOf === kind) return;
  adapterOf = kind;
  void describe(context, kind === 'cpu' ? 'cpu' : 'gpu');
}

async function describe(context: LabContext, wanted: 'cpu' | 'gpu'): Promise<void> {
  const asked = askAdapter(wanted).catch(() => null);
  const known = await context.wait(asked, { what: () => context.t('device panel') });
  // The badge had a GPU, and this asks for the same.
  if (!known) context.report('E3');
  adapter = { ...(known ?? (await askAdapter('cpu'))), clock: null, source };
  context.refresh();
}

/** Files may be dropped anywhere on the page. */
function takeDrops(): void {
  document.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void shelf?.importFiles(files);
  });
  window.addEventListener('pagehide', () => {
    if (isRunning()) stop();
  });
}

void openPage({ id: 'bench', fields, words, title: 'title', device: 'wanted', view, opened: takeDrops });
