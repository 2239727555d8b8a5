// Which run is on show and which it is compared with; saving, importing, exporting.

import { html, type Child } from '../../shared/dom.ts';
import { icon } from '../../shared/icons.ts';
import { listed, type Shelf } from '../shelf.ts';
import type { LabState } from '../state.ts';
import type { LabContext } from '../words.ts';

/** Typed, not yet a state: the name a run is to be saved under. */
let name = '';

export function runsView(context: LabContext, state: LabState, shelf: Shelf): HTMLElement {
  const { t } = context;
  const shown = shelf.shown(state);
  return html(
    'section',
    { class: 'runs', key: 'runs', 'data-part': 'runs', 'aria-label': t('runs') },
    html('h2', {}, t('runs')),
    html(
      'div',
      { class: 'choices' },
      picker(context, t('run shown'), shown?.id ?? '', shelf, 'run'),
      picker(context, t('baseline'), state.base, shelf, 'base'),
    ),
    html(
      'div',
      { class: 'files' },
      html(
        'label',
        { class: 'file' },
        html('input', {
          type: 'file',
          class: 'unseen',
          id: 'import',
          accept: '.json,application/json',
          multiple: true,
          on: {
            change(event) {
              const field = event.currentTarget as HTMLInputElement;
              void shelf.importFiles([...(field.files ?? [])]).then(() => (field.value = ''));
            },
          },
        }),
        html('span', {}, t('import')),
      ),
      html('p', { class: 'hint' }, t('drop hint')),
    ),
    shown === null ? null : html('div', { class: 'files' }, exporting(context, shelf, shown.id)),
  );
}

function picker(
  { t, set }: LabContext,
  label: string,
  value: string,
  shelf: Shelf,
  field: 'run' | 'base',
): HTMLElement {
  const groups = listed(shelf);
  const ids = groups.flatMap(({ entries }) => entries.map(({ id }) => id));
  return html(
    'label',
    { class: 'typed' },
    html('span', { class: 'name' }, label),
    html(
      'select',
      {
        id: `choose-${field}`,
        on: {
          change(event) {
            const id = (event.currentTarget as HTMLSelectElement).value;
            set(field === 'run' ? { run: id } : { base: id }, 'push');
          },
        },
      },
      html(
        'option',
        { value: '', selected: !ids.includes(value) },
        field === 'run' ? t('latest run') : t('no baseline'),
      ),
      groups.map(({ group, entries }) =>
        html(
          'optgroup',
          { label: t(`runs ${group}`) },
          entries.map((entry) =>
            html('option', { value: entry.id, selected: entry.id === value }, entry.name || t('this run')),
          ),
        ),
      ),
    ),
  );
}

function exporting(context: LabContext, shelf: Shelf, id: string): Child {
  const { t } = context;
  const saved = id.startsWith('saved:');
  return [
    html(
      'button',
      { type: 'button', id: 'export-json', on: { click: () => shelf.exportJson(id) } },
      icon('download'),
      t('export json'),
    ),
    html(
      'button',
      { type: 'button', id: 'copy-json', on: { click: () => shelf.copyJson(id) } },
      icon('copy'),
      t('copy json'),
    ),
    html(
      'label',
      { class: 'typed' },
      html('span', { class: 'name' }, t('name to save')),
      html('input', {
        type: 'text',
        id: 'save-name',
        value: name,
        maxlength: 80,
        autocomplete: 'off',
        on: { input: (event) => (name = (event.currentTarget as HTMLInputElement).value) },
      }),
    ),
    html(
      'button',
      {
        type: 'button',
        id: 'save',
        on: {
          click() {
            if (name.trim() === '') document.getElementById('save-name')?.focus();
            else void shelf.save(id, name.trim());
          },
        },
      },
      t('save'),
    ),
    saved
      ? html('button', { type: 'button', id: 'delete', on: { click: () => void shelf.remove(id) } }, t('delete saved'))
      : null,
  ];
}
