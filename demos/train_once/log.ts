// What a training says of itself, kept as data and written in the language of the page: the model as a table, the rest as lines.

import { html, type Child } from '../shared/dom.ts';
import { scrollBox } from '../shared/scroll_box.ts';
import type { SummaryRow, SummaryTotals } from '../../src/index.ts';
import type { Own } from './run.ts';

export interface Model {
  readonly name: string;
  readonly rows: readonly SummaryRow[];
  readonly totals: SummaryTotals;
}

export type Entry =
  | { readonly of: 'device'; readonly name: string }
  | { readonly of: 'model'; readonly model: Model }
  | {
      readonly of: 'epoch';
      readonly epoch: number;
      readonly loss: number;
      readonly validationLoss: number;
      readonly accuracy: number;
    }
  | { readonly of: 'test'; readonly accuracy: number };

export function logView(context: Own, entries: readonly Entry[]): Child {
  if (entries.length === 0) return null;
  const { t } = context;
  const text = entries.flatMap((entry) => lineOf(context, entry) ?? []).join('\n');
  const models = entries.flatMap((entry) => (entry.of === 'model' ? [entry.model] : []));
  return [
    models.map((model) => scrollBox(t('model', { name: model.name }), modelTable(context, model), 'model-box')),
    scrollBox(t('log'), html('pre', { id: 'log' }, `${text}\n`), 'log-box'),
  ];
}

function lineOf({ t }: Own, entry: Entry): string | null {
  const fixed = (value: number, digits: number): string =>
    t.number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  switch (entry.of) {
    case 'model':
      return null;
    case 'device':
      // The engine names a software adapter in English.
      return t('log device', { name: entry.name.replace('(software)', `(${t('software')})`) });
    case 'epoch': {
      const { epoch, loss, validationLoss, accuracy } = entry;
      const said = { loss: fixed(loss, 4), validationLoss: fixed(validationLoss, 4), accuracy: fixed(accuracy, 3) };
      return t('log epoch', { epoch, ...said });
    }
    case 'test':
      return t('log test', { accuracy: fixed(entry.accuracy, 3) });
  }
}

function modelTable({ t }: Own, { name, rows, totals }: Model): HTMLElement {
  const head = (['layer', 'output', 'parameters', 'work'] as const).map((key) => html('th', { scope: 'col' }, t(key)));
  const work = (flops: number): string =>
    flops === 0 ? '' : t.number(flops / 1e6, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
  return html(
    'table',
    { class: 'plain model' },
    html('caption', {}, t('model', { name })),
    html('thead', {}, html('tr', {}, head)),
    html(
      'tbody',
      {},
      rows.map((row) =>
        html(
          'tr',
          {},
          html('th', { scope: 'row' }, `${row.name} (${row.type})`),
          html('td', {}, row.output),
          html('td', {}, t.number(row.params)),
          html('td', {}, work(row.flopsPerSample)),
        ),
      ),
    ),
    html(
      'tfoot',
      {},
      html(
        'tr',
        {},
        html('th', { scope: 'row', colspan: 2 }, t('all', { kibibytes: t.number(totals.bytes / 1024, oneDigit) })),
        html('td', {}, t.number(totals.trainable + totals.frozen)),
        html('td', {}, work(totals.flopsPerSample)),
      ),
    ),
  );
}

const oneDigit = { maximumFractionDigits: 1 };
