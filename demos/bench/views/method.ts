// How it is measured, with the numbers of the run on show.

import { html } from '../../shared/dom.ts';
import type { BenchResult } from '../core/result.ts';
import type { LabContext } from '../words.ts';

const points = ['check', 'compile', 'warm', 'samples', 'clock', 'span', 'turns', 'safety'] as const;

export function methodView({ t }: LabContext, result: BenchResult | null): HTMLElement {
  const method = result?.method;
  return html(
    'details',
    { class: 'method', key: 'method', 'data-part': 'method', open: true },
    html('summary', {}, t('method')),
    html(
      'ul',
      {},
      points.map((point) => html('li', {}, t(`method ${point}`))),
    ),
    method
      ? html(
          'p',
          { id: 'method-run' },
          t('method run', {
            least: method.leastSamples,
            most: t.number(method.mostMs / 1000),
            sample: t.number(method.sampleNs / 1e6, { maximumSignificantDigits: 3 }),
          }),
        )
      : null,
  );
}
