// A table of layers with their sizes, parameters and receptive fields, as an exercise on paper asks for them.

import './stack.css';
import { html, type Child } from '../../shared/dom.ts';
import { numberControl } from '../../shared/controls.ts';
import { scrollBox } from '../../shared/scroll_box.ts';
import { kinds, layersOf, numbersOfLayers, stackOf, type StackLayer } from '../stack.ts';
import type { ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';
import { impossibleText } from './facts.ts';

export function stackView(context: ConvContext, state: ConvState): Child {
  const { t, set } = context;
  const layers = layersOf(state.stack);
  const { rows, impossible } = stackOf(state.in, layers);
  const change = (next: readonly StackLayer[]): void => set({ stack: numbersOfLayers(next) });
  const sum = (key: 'parameters' | 'multiplyAddsPerSample'): string =>
    t.number(rows.reduce((total, { explanation }) => total + explanation[key], 0));
  const sides = [t('height'), t('width'), t('channels in')];
  return html(
    'div',
    { class: 'stack-tab', key: 'stack' },
    html('p', { class: 'hint' }, t('stack hint')),
    html(
      'div',
      { class: 'pair', role: 'group', 'aria-label': t('stack input') },
      html('span', {}, t('stack input')),
      state.in.map((value, i) => [
        i > 0 ? html('span', { 'aria-hidden': 'true' }, '×') : null,
        numberControl(context, {
          label: `${t('stack input')}, ${sides[i]!}`,
          value,
          min: 1,
          max: 1024,
          slider: false,
          set: (next) => set({ in: state.in.map((old, k) => (k === i ? next : old)) }),
        }),
      ]),
    ),
    scrollBox(
      t('tab stack'),
      html(
        'table',
        { class: 'layers' },
        html(
          'thead',
          {},
          html(
            'tr',
            {},
            [
              '#',
              t('stack layer'),
              t('stack filters'),
              t('stack kernel'),
              t('strides'),
              t('padding'),
              t('stack size'),
              t('stack output'),
              t('stack parameters'),
              t('stack macs'),
              t('stack sees'),
              null,
            ].map((name) => (name === null ? html('td', {}) : html('th', { scope: 'col' }, name))),
          ),
        ),
        html(
          'tbody',
          {},
          layers.map((layer, i) => layerRow(context, layers, layer, i, rows[i], change)),
        ),
        html(
          'tfoot',
          {},
          html(
            'tr',
            {},
            html('th', { scope: 'row', colspan: 8 }, t('stack total')),
            html('td', { 'data-total': 'parameters' }, sum('parameters')),
            html('td', { 'data-total': 'macs' }, sum('multiplyAddsPerSample')),
            html('td', { colspan: 2 }),
          ),
        ),
      ),
      'layers',
    ),
    impossible === null
      ? null
      : html(
          'p',
          { class: 'impossible', 'data-part': 'impossible' },
          `#${rows.length + 1}: ${impossibleText(context, impossible)}`,
        ),
    html(
      'button',
      {
        type: 'button',
        disabled: layers.length >= 12,
        on: {
          click: () =>
            change([...layers, layers.at(-1) ?? { kind: 'conv', filters: 16, kernel: 3, stride: 1, padding: 0 }]),
        },
      },
      t('stack add'),
    ),
  );
}

function layerRow(
  context: ConvContext,
  layers: readonly StackLayer[],
  layer: StackLayer,
  i: number,
  row: ReturnType<typeof stackOf>['rows'][number] | undefined,
  change: (next: readonly StackLayer[]) => void,
): Child {
  const { t } = context;
  const put = (part: Partial<StackLayer>): void =>
    change(layersOf(numbersOfLayers(layers.map((old, k) => (k === i ? { ...old, ...part } : old)))));
  const number = (key: 'filters' | 'kernel' | 'stride' | 'padding', name: string, min: number, max: number): Child =>
    html(
      'td',
      {},
      numberControl(context, {
        label: t('stack cell', { name, n: i + 1 }),
        value: layer[key],
        min,
        max,
        slider: false,
        set: (value) => put({ [key]: value }),
      }),
    );
  const shape = (numbers: readonly number[]): string => numbers.map((n) => t.number(n)).join(' × ');
  const axis = row?.explanation.axes[0];
  return html(
    'tr',
    { key: i, 'data-layer': i },
    html('th', { scope: 'row' }, i + 1),
    html(
      'td',
      {},
      html(
        'select',
        {
          'aria-label': t('stack cell', { name: t('stack layer'), n: i + 1 }),
          on: {
            change: (event) =>
              put({ kind: (event.currentTarget as HTMLSelectElement).value as StackLayer['kind'], filters: 16 }),
          },
        },
        kinds.map((kind) => html('option', { value: kind, selected: kind === layer.kind }, t(`op ${kind}`))),
      ),
    ),
    layer.kind === 'conv' ? number('filters', t('stack filters'), 1, 4096) : html('td', {}, '–'),
    number('kernel', t('stack kernel'), 1, 64),
    number('stride', t('strides'), 1, 64),
    number('padding', t('padding'), 0, 64),
    html(
      'td',
      { class: 'formula' },
      axis ? `⌊(${axis.input} + 2·${axis.padBefore} − ${axis.kernel})/${axis.stride}⌋ + 1 = ${axis.output}` : '',
    ),
    html(
      'td',
      { 'data-output': row?.explanation.outputShape.slice(1).join('x') },
      row ? shape(row.explanation.outputShape.slice(1)) : '',
    ),
    html('td', { 'data-parameters': row?.explanation.parameters }, row ? t.number(row.explanation.parameters) : ''),
    html('td', {}, row ? t.number(row.explanation.multiplyAddsPerSample) : ''),
    html('td', {}, row ? shape(row.sees.map(({ size }) => size)) : ''),
    html(
      'td',
      {},
      html(
        'button',
        {
          type: 'button',
          class: 'icon',
          'aria-label': t('stack remove', { n: i + 1 }),
          disabled: layers.length === 1,
          on: { click: () => change(layers.filter((_, k) => k !== i)) },
        },
        '×',
      ),
    ),
  );
}
