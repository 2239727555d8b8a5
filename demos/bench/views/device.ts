// The device panel: what the numbers were measured on, as far as the browser tells.

import { copyText } from '../../shared/clipboard.ts';
import { html } from '../../shared/dom.ts';
import { icon } from '../../shared/icons.ts';
import type { Known } from '../adapter.ts';
import type { LabContext } from '../words.ts';

export function deviceView(context: LabContext, known: Known): HTMLElement {
  const { t } = context;
  const facts = factsOf(context, known);
  return html(
    'details',
    { class: 'device-panel', key: 'device', 'data-part': 'device', open: true },
    html('summary', {}, t('device panel')),
    html(
      'dl',
      { id: 'device' },
      facts.map(([name, value]) => html('div', {}, html('dt', {}, name), html('dd', {}, value))),
    ),
    html(
      'button',
      { type: 'button', id: 'copy-device', on: { click: () => void copyText(context, deviceText(context, known)) } },
      icon('copy'),
      t('copy device'),
    ),
  );
}

/** The panel as lines, for copies. */
export const deviceText = (context: LabContext, known: Known): string =>
  factsOf(context, known)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

function factsOf({ t }: LabContext, { device, host, clock, source }: Known): [string, string][] {
  const told = (text: string): string => text || t('not disclosed');
  const yes = (is: boolean): string => t(is ? 'yes' : 'no');
  const gpu: [string, string][] =
    device.kind === 'cpu'
      ? []
      : [
          [t('vendor'), told(device.vendor)],
          [t('architecture'), told(device.architecture)],
          [t('device name'), told(device.name)],
          [t('description'), told(device.details)],
          ['isFallbackAdapter', yes(device.fallback)],
          [t('adapter kind'), t(`adapter ${device.adapter}`)],
          [
            t('subgroups'),
            device.subgroups
              ? t('from to', { low: device.subgroups.least, high: device.subgroups.most })
              : t('not disclosed'),
          ],
          [t('power preference'), t('none asked')],
          [t('features'), device.features.join(', ') || t('none')],
          ...Object.entries(device.limits).map(([name, value]): [string, string] => [name, t.number(value)]),
        ];
  return [
    [t('computes with'), device.description],
    ...gpu,
    [t('user agent'), host.userAgent],
    [t('system'), t('system cores', { name: host.platform, n: host.cores })],
    ['crossOriginIsolated', yes(host.crossOriginIsolated)],
    [
      t('clock'),
      clock
        ? t('clock says', {
            kind: t(`clock ${clock.kind}`),
            quantum: t.number(clock.quantumNs),
            empty: t.number(clock.emptySubmitNs / 1000, { maximumSignificantDigits: 3 }),
          })
        : t('not measured'),
    ],
    [
      t('library'),
      `retrograd ${source.version}, ${source.commit ?? t('no commit')}${source.dirty ? ` ${t('dirty')}` : ''}`,
    ],
  ];
}
