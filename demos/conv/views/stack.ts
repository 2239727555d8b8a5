// A table of layers with their sizes, parameters and receptive fields, as an exercise on paper asks for them.

import './stack.css';
import { button, iconButton, select } from '../../shared/buttons.ts';
import { html, type Child, type Properties } from '../../shared/dom.ts';
import { numberControl } from '../../shared/controls.ts';
import { scrollBox } from '../../shared/scroll_box.ts';
import { isNarrow } from '../../shared/sheet.ts';
import { kinds, layersOf, numbersOfLayers, stackOf, type StackLayer } from '../stack.ts';
import type { ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';
import { impossibleText } from './facts.ts';

export function stackView(context: ConvContext, state: ConvState): Child {
  const { t, set } = context;
  const layers = layersOf(state.stack);
  const { rows, impossible } = stackOf(state.in, layers);
  const change = (next: readonly StackLayer[]): void => set({ stack: numbersOfLayers(next) });
  const shown = layers.map((_, i) => shownOf(context, layers, i, rows[i], change));
  const sum = (key: 'parameters' | 'multiplyAddsPerSample'): string =>
    t.number(rows.reduce((total, { explanation }) => total + explanation[key], 0));
  const totals: readonly Total[] = [
    { name: 'stack parameters', text: sum('parameters'), data: 'parameters' },
    { name: 'stack macs', text: sum('multiplyAddsPerSample'), data: 'macs' },
  ];
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
    isNarrow()
      ? [
          html(
            'ol',
            { class: 'layer-cards', key: 'cards' },
            shown.map((layer, i) => card(context, layer, i)),
          ),
          html(
            'p',
            { key: 'totals' },
            html('strong', {}, `${t('stack total')} `),
            totals.map(({ name, text, data }, i) => [
              i > 0 ? '; ' : '',
              `${t(name)} `,
              html('strong', { 'data-total': data }, text),
            ]),
          ),
        ]
      : scrollBox(t('tab stack'), table(context, shown, totals), 'layers'),
    impossible === null
      ? null
      : html(
          'p',
          { class: 'impossible', 'data-part': 'impossible' },
          `#${rows.length + 1}: ${impossibleText(context, impossible)}`,
        ),
    button(t('stack add'), () => change([...layers, layers.at(-1)!]), { disabled: layers.length >= 12 }),
  );
}

type Column = (typeof columns)[number];
const columns = [
  'stack layer',
  'stack filters',
  'stack kernel',
  'strides',
  'padding',
  'stack size',
  'stack output',
  'stack parameters',
  'stack macs',
  'stack sees',
] as const;

/** What stands in each column of a layer's row, and the button that removes it. */
interface Shown {
  readonly cells: Readonly<Record<Column, Child>>;
  /** Attributes of cells. */
  readonly data: { readonly [Key in Column]?: Properties };
  readonly remove: HTMLElement;
}
interface Total {
  readonly name: Column;
  readonly text: string;
  readonly data: string;
}

function table({ t }: ConvContext, layers: readonly Shown[], totals: readonly Total[]): HTMLElement {
  const head = ['#', ...columns.map((name) => t(name))].map((name) => html('th', { scope: 'col' }, name));
  const row = ({ cells, data, remove }: Shown, i: number): Child =>
    html(
      'tr',
      { key: i, 'data-layer': i },
      html('th', { scope: 'row' }, i + 1),
      columns.map((name) => html('td', data[name] ?? {}, cells[name])),
      html('td', {}, remove),
    );
  return html(
    'table',
    { class: 'layers' },
    html('thead', {}, html('tr', {}, head, html('td', {}))),
    html('tbody', {}, layers.map(row)),
    html(
      'tfoot',
      {},
      html(
        'tr',
        {},
        html('th', { scope: 'row', colspan: 8 }, t('stack total')),
        totals.map(({ text, data }) => html('td', { 'data-total': data }, text)),
        html('td', { colspan: 2 }),
      ),
    ),
  );
}

/** A layer on a phone: the same under each other, each with its name. */
function card({ t }: ConvContext, { cells, data, remove }: Shown, i: number): HTMLElement {
  const [layer, ...rest] = columns;
  return html(
    'li',
    { key: i, 'data-layer': i },
    html('div', { class: 'bar' }, html('strong', {}, i + 1), cells[layer], remove),
    html(
      'dl',
      {},
      rest.map((name) => html('div', {}, html('dt', {}, t(name)), html('dd', data[name] ?? {}, cells[name]))),
    ),
  );
}

function shownOf(
  context: ConvContext,
  layers: readonly StackLayer[],
  i: number,
  row: ReturnType<typeof stackOf>['rows'][number] | undefined,
  change: (next: readonly StackLayer[]) => void,
): Shown {
  const { t } = context;
  const layer = layers[i]!;
  const put = (part: Partial<StackLayer>): void =>
    change(layersOf(numbersOfLayers(layers.map((old, k) => (k === i ? { ...old, ...part } : old)))));
  const number = (key: 'filters' | 'kernel' | 'stride' | 'padding', name: Column, min: number, max: number): Child =>
    numberControl(context, {
      label: t('stack cell', { name: t(name), n: i + 1 }),
      value: layer[key],
      min,
      max,
      slider: false,
      set: (value) => put({ [key]: value }),
    });
  const shape = (numbers: readonly number[]): string => numbers.map((n) => t.number(n)).join(' × ');
  const kind = select(
    { value: layer.kind, of: kinds, name: (one) => t(`op ${one}`), set: (one) => put({ kind: one, filters: 16 }) },
    { 'aria-label': t('stack cell', { name: t('stack layer'), n: i + 1 }) },
  );
  const remove = iconButton('×', t('stack remove', { n: i + 1 }), () => change(layers.filter((_, k) => k !== i)), {
    disabled: layers.length === 1,
  });
  const { outputShape = [], parameters, multiplyAddsPerSample = 0, axes = [] } = row?.explanation ?? {};
  const [axis] = axes;
  const weights = row && 'weightShape' in row.explanation ? row.explanation.weightShape : null;
  return {
    cells: {
      'stack layer': kind,
      'stack filters': layer.kind === 'conv' ? number('filters', 'stack filters', 1, 4096) : '–',
      'stack kernel': number('kernel', 'stack kernel', 1, 64),
      strides: number('stride', 'strides', 1, 64),
      padding: number('padding', 'padding', 0, 64),
      'stack size': axis
        ? `⌊(${axis.input} + 2·${axis.padBefore} − ${axis.kernel})/${axis.stride}⌋ + 1 = ${axis.output}`
        : '',
      'stack output': shape(outputShape.slice(1)),
      'stack parameters': [
        parameters === undefined ? '' : t.number(parameters),
        weights && html('small', {}, ` = (${weights.slice(0, -1).join('·')}+1)·${weights.at(-1)}`),
      ],
      'stack macs': row ? t.number(multiplyAddsPerSample) : '',
      'stack sees': row ? shape(row.sees.map(({ size }) => size)) : '',
    },
    data: {
      'stack output': { 'data-output': outputShape.slice(1).join('x') },
      'stack parameters': { 'data-parameters': parameters },
    },
    remove,
  };
}
