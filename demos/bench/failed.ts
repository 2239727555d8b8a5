// What befell a run, as a state of the page: the engine's and the GPU's errors by the shell's one table.

import type { SentError } from '../../src/train/worker/messages.ts';
import { html } from '../shared/dom.ts';
import type { Acts } from '../shared/errors.ts';
import { scrollBox } from '../shared/scroll_box.ts';
import type { LabContext } from './words.ts';

/** Whether a run of the reader's own kernel failed by the kernel's text, beside which it is said, and not by the GPU. */
export const isOfText = ({ name, reason = '' }: SentError): boolean =>
  name !== 'DeviceError' || ['shader', 'validation'].includes(reason);

/** An op or a shape that was typed and cannot be has no code: it is for the reader to correct. */
export function sayFailure(context: LabContext, sent: SentError, acts: Acts): void {
  if (sent.name !== 'OptionError' && sent.name !== 'ShapeError') {
    context.fail(Object.assign(new Error(sent.message), sent), { what: () => context.t('measuring program') }, acts);
    return;
  }
  context.notice({
    name: 'run failed',
    tone: 'error',
    title: () => context.t('run failed'),
    body: () => [
      html('p', {}, context.t('run failed next')),
      scrollBox(context.errors('detail'), html('pre', { class: 'detail', lang: 'en' }, sent.message), 'detail'),
    ],
  });
}
