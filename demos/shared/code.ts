// The same computation as code, in several frameworks, with a button that copies it.
import { button, segments } from './buttons.ts';
import { copyText } from './clipboard.ts';
import type { Context } from './context.ts';
import { html } from './dom.ts';
import { icon } from './icons.ts';
import { scrollBox } from './scroll_box.ts';

export interface CodePanel<Id extends string> {
  readonly samples: readonly { readonly id: Id; readonly title: string; readonly text: string }[];
  readonly chosen: Id;
  choose(id: Id): void;
}

export function codePanel<Id extends string>(
  context: Context,
  { samples, chosen, choose }: CodePanel<Id>,
): HTMLElement {
  const { shell: t } = context;
  const sample = samples.find(({ id }) => id === chosen) ?? samples[0]!;
  return html(
    'section',
    { class: 'code-panel', 'aria-label': t('code'), 'data-part': 'code', key: 'code-panel' },
    html(
      'div',
      { class: 'bar' },
      segments(t('code'), {
        value: sample.id,
        of: samples.map(({ id }) => id),
        name: (id) => samples.find((one) => one.id === id)!.title,
        set: choose,
      }),
      copyButton(context, sample.text),
    ),
    scrollBox(`${t('code')}, ${sample.title}`, html('pre', { lang: 'en' }, html('code', {}, sample.text)), 'code-box'),
  );
}

export const copyButton = (context: Context, text: string): HTMLElement =>
  button([icon('copy'), context.shell('copy')], () => void copyText(context, text));
