// A baseline against the run on show, row by row, with how sure each difference is.

import { html, type Child } from '../../shared/dom.ts';
import { icon } from '../../shared/icons.ts';
import { scrollBox } from '../../shared/scroll_box.ts';
import { compared, differences, isCompared, needsConsent, pairsOf, type Pair } from '../compare.ts';
import { change, milliseconds } from '../format.ts';
import { isRunning } from '../lab.ts';
import type { Run } from '../runs.ts';
import type { LabContext } from '../words.ts';

/** Pairs of runs that the reader wants to see side by side although one is software and the other is not. */
const consented = new Set<string>();

export function compareView(context: LabContext, base: Run, current: Run): HTMLElement {
  const { t } = context;
  const pairs = pairsOf(base.result.rows, current.result.rows);
  const key = JSON.stringify([base.id, current.id]);
  const asks = needsConsent(base.result, current.result) && !consented.has(key);
  const unlike = differences(base.result, current.result, pairs);
  return html(
    'section',
    { class: 'compare', key: 'compare', 'data-part': 'compare', 'aria-label': t('compare') },
    html('h2', {}, t('compare')),
    html('p', {}, t('compare of', { base: base.name, current: current.name })),
    unlike.length === 0
      ? null
      : banner('unlike', t('unlike', { what: t.list(unlike.map((one) => t(`unlike ${one}`))) }), 'information'),
    asks
      ? banner(
          'consent',
          t('consent'),
          'warning',
          html(
            'button',
            {
              type: 'button',
              id: 'consent',
              on: {
                click() {
                  consented.add(key);
                  context.refresh();
                },
              },
            },
            t('compare anyway'),
          ),
        )
      : pairs.length === 0
        ? html('p', { id: 'no-pairs' }, t('no pairs'))
        : tableOf(context, pairs),
  );
}

export function banner(name: string, text: string, tone: 'information' | 'warning', offer?: Child): HTMLElement {
  return html(
    'div',
    { class: `notice ${tone}`, key: name, 'data-banner': name },
    icon(tone === 'warning' ? 'warning' : 'information'),
    html('div', { class: 'text' }, html('p', {}, text), offer ? html('p', { class: 'offers' }, offer) : null),
  );
}

/** Intervals are computed a few at a time, so that the page stays free. */
const budgetMs = 20;
let waiting = false;

function tableOf(context: LabContext, pairs: readonly Pair[]): HTMLElement {
  const { t } = context;
  const began = performance.now();
  const ready = (pair: Pair): boolean =>
    isCompared(pair) || (!isRunning() && performance.now() - began < budgetMs && compared(pair) !== null);
  const lines = pairs.map((pair) => lineOf(context, pair, ready(pair)));
  if (!waiting && !isRunning() && pairs.some((pair) => !isCompared(pair))) {
    waiting = true;
    setTimeout(() => {
      waiting = false;
      context.refresh();
    });
  }
  const heads = ['kernel', 'variant', 'shape', 'baseline', 'current', 'change', 'interval', 'verdict'] as const;
  return scrollBox(
    t('compare'),
    html(
      'table',
      { class: 'rows', id: 'compared' },
      html('caption', { class: 'unseen' }, t('compare')),
      html(
        'thead',
        {},
        html(
          'tr',
          {},
          heads.map((name) => html('th', { scope: 'col' }, t(`head ${name}`))),
        ),
      ),
      html('tbody', {}, lines),
    ),
    'compare-box',
  );
}

function lineOf({ t }: LabContext, pair: Pair, ready: boolean): HTMLElement {
  const { base, current } = pair;
  const found = ready ? compared(pair) : null;
  const verdicts = { faster: 'faster', slower: 'slower', 'no difference shown': 'same' } as const;
  const says = found && verdicts[found.verdict];
  return html(
    'tr',
    { 'data-verdict': says },
    html('th', { scope: 'row' }, current.subject),
    html('td', {}, current.variant),
    html('td', {}, current.shape),
    html('td', {}, milliseconds(t, base.summary!.median)),
    html('td', {}, milliseconds(t, current.summary!.median)),
    html('td', {}, found ? change(t, found.ratio) : '…'),
    html('td', {}, found ? t('range', { low: change(t, found.low), high: change(t, found.high) }) : '…'),
    html('td', { class: says }, says ? t(`verdict ${says}`) : '…'),
  );
}
