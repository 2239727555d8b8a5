// A reader's own kernel: its WGSL, the op it stands beside, and what is wrong with it.

import { html, type Child } from '../../shared/dom.ts';
import example from '../own_matmul.wgsl?raw';
import { familyNames, familyOps } from '../core/families.ts';
import type { Row } from '../core/result.ts';
import { medianText } from '../format.ts';
import { isRunning } from '../lab.ts';
import { isTooShort, isWrong, numbered, type Numbered } from '../rows.ts';
import type { LabState } from '../state.ts';
import type { LabContext } from '../words.ts';
import { textField } from './controls.ts';

/** How its rows are called. */
export const ownName = 'own.wgsl';

export function ownView(
  context: LabContext,
  state: LabState,
  failure: string,
  measure: () => void,
  canRun: boolean,
  rows: readonly Row[],
): HTMLElement {
  const { t, set } = context;
  const ready = canRun && !isRunning() && state.own.trim() !== '';
  const lineNumber = /own\.wgsl:(\d+)/.exec(failure)?.[1];
  return html(
    'details',
    { class: 'own', key: 'own', 'data-part': 'own', open: state.own !== '' },
    html('summary', {}, t('own kernel')),
    html('p', {}, t('own says')),
    html(
      'div',
      { class: 'choices' },
      textField(t('own op'), state.ownop, 'matmul', (ownop) => set({ ownop })),
      textField(t('own shapes'), state.ownshape, t('own shapes hint'), (ownshape) => set({ ownshape })),
    ),
    html(
      'p',
      { class: 'hint' },
      t('own op hint', { ops: familyNames.flatMap((family) => familyOps[family]).join(', ') }),
    ),
    html(
      'label',
      { class: 'typed' },
      html('span', { class: 'name' }, 'WGSL'),
      html('textarea', {
        id: 'own-code',
        rows: 14,
        spellcheck: 'false',
        autocomplete: 'off',
        value: state.own,
        'aria-describedby': failure ? 'own-failure' : null,
        'aria-invalid': failure !== '' && lineNumber !== undefined,
        on: { change: (event) => set({ own: (event.currentTarget as HTMLTextAreaElement).value }) },
      }),
    ),
    failure === ''
      ? null
      : html('pre', { id: 'own-failure', class: 'failure', role: 'alert', 'data-line': lineNumber }, failure),
    lineNumber === undefined
      ? null
      : html(
          'p',
          { class: 'buttons' },
          html(
            'button',
            { type: 'button', id: 'own-line', on: { click: () => goTo(Number(lineNumber)) } },
            t('go to line', { line: lineNumber }),
          ),
        ),
    html(
      'p',
      { class: 'buttons' },
      html(
        'button',
        {
          type: 'button',
          id: 'own-run',
          class: 'primary',
          'aria-disabled': !ready,
          on: { click: () => (ready ? measure() : undefined) },
        },
        t('own run'),
      ),
      html(
        'button',
        {
          type: 'button',
          id: 'own-example',
          on: { click: () => set({ own: example, ownop: 'matmul', ownshape: '64x64x64; 33x17x65' }, 'push') },
        },
        t('own example'),
      ),
    ),
    cameOf(context, rows),
    html('p', { class: 'hint' }, t('own rules')),
  );
}

/** Its rows in short, since the table may be far away. */
function cameOf({ t }: LabContext, rows: readonly Row[]): Child {
  const own = numbered(rows).filter(({ row }) => row.variant === ownName && row.summary);
  if (own.length === 0) return null;
  const placeOf = ({ row, best }: Numbered): string => {
    if (isWrong(row)) return row.check.message;
    const ratio = row.summary!.median / best!;
    return ratio === 1
      ? t('fastest')
      : t('times the fastest', { ratio: t.number(ratio, { maximumFractionDigits: 2 }) });
  };
  return html(
    'ul',
    { id: 'own-rows' },
    own.map((one) => {
      const { row } = one;
      const time = `${medianText(t, row)}${isTooShort(row) ? '' : ' ms'}`;
      return html(
        'li',
        {},
        [t(`check ${row.check.state}`), `${row.subject} ${row.shape}`, time, placeOf(one)].join(' · '),
      );
    }),
  );
}

/** The line of the text is marked, and in sight. */
function goTo(line: number): void {
  const field = document.querySelector<HTMLTextAreaElement>('#own-code')!;
  const lines = field.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  field.focus();
  field.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  field.scrollTop = ((line - 3) * field.scrollHeight) / lines.length;
}
