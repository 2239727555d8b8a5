// What stands below a row that is opened: how its FLOPs are counted, its samples, its parts.

import './details.css';
import { html, svg, type Child } from '../../shared/dom.ts';
import { exportMenu } from '../../shared/export.ts';
import type { Row } from '../core/result.ts';
import { formulaOf } from '../formulas.ts';
import { milliseconds, number } from '../format.ts';
import { skippedText } from '../skipped.ts';
import type { LabContext } from '../words.ts';

type T = LabContext['t'];

/** `2 · M · N · K = 524,288 FLOP; 49,152 bytes read and written`. */
export function formulaText(t: T, { subject, flops, bytes }: Row): string {
  const formula = formulaOf(subject) ?? t('counted by the op');
  return t('formula', { formula, flops: t.number(flops), bytes: t.number(bytes) });
}

export function detailsView(context: LabContext, row: Row): Child {
  const { t } = context;
  const { summary, repeats, compileMs, check, counts, parts, samplesNs } = row;
  const facts: [string, string][] = [
    [t('detail formula'), formulaText(t, row)],
    ...(summary ? [[t('detail samples'), t('samples', { n: summary.n, repeats })] as [string, string]] : []),
    [t('detail compile'), compileMs === null ? t('compiled before') : `${number(t, compileMs)} ms`],
    ...(check.message ? [[t('detail check'), check.message] as [string, string]] : []),
    ...(row.skipped ? [[t('detail skipped'), skippedText(t, row.skipped)] as [string, string]] : []),
    ...Object.entries(counts).map(([name, value]): [string, string] => [name, number(t, value)]),
  ];
  const longest = parts.toSorted((a, b) => b.nanoseconds - a.nanoseconds).slice(0, 12);
  return html(
    'div',
    { class: 'details' },
    html(
      'dl',
      {},
      facts.map(([name, value]) => html('div', {}, html('dt', {}, name), html('dd', {}, value))),
    ),
    samplesNs.length > 1 ? samplesFigure(context, row) : null,
    longest.length === 0
      ? null
      : html(
          'table',
          { class: 'plain' },
          html('caption', {}, t('parts')),
          html(
            'tbody',
            {},
            longest.map(({ op, label, kernel, nanoseconds }) =>
              html(
                'tr',
                {},
                html('th', { scope: 'row' }, `${op} ${label}`),
                html('td', {}, kernel),
                html('td', {}, `${milliseconds(t, nanoseconds)} ms`),
              ),
            ),
          ),
        ),
  );
}

/** Every sample in the order taken, from nothing to the longest. */
function samplesFigure(context: LabContext, { samplesNs, subject, variant, shape }: Row): HTMLElement {
  const { t } = context;
  const [width, height] = [320, 64];
  const most = Math.max(...samplesNs);
  const step = width / samplesNs.length;
  const name = t('samples figure', {
    n: samplesNs.length,
    low: milliseconds(t, Math.min(...samplesNs)),
    high: milliseconds(t, most),
  });
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': name, style: 'fill: var(--run-3)' },
    samplesNs.map((value, i) =>
      svg('rect', {
        x: (i * step + 0.1 * step).toFixed(2),
        y: (height - (value / most) * height).toFixed(2),
        width: (0.8 * step).toFixed(2),
        height: ((value / most) * height).toFixed(2),
      }),
    ),
  );
  return html(
    'figure',
    { class: 'samples' },
    picture,
    html('figcaption', {}, name),
    exportMenu(context, {
      key: 'export',
      name: `${subject} ${variant} ${shape} – ${t('detail samples')}`,
      picture: () => picture,
    }),
  );
}
