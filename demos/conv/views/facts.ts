// What stands around the pictures in words and small figures: why there is none, what is never read, counts, groups.

import './facts.css';
import type { Misfit } from '../../../src/core/errors.ts';
import { html, svg, type Child } from '../../shared/dom.ts';
import { exportMenu } from '../../shared/export.ts';
import { arithmeticOf, forward, isPossible, type Arithmetic } from '../arithmetic.ts';
import type { ConvState } from '../state.ts';
import { isPool } from '../steps.ts';
import type { ConvContext } from '../words.ts';
import { depthOf } from '../gemm_figure.ts';
import { pictureOf } from '../picture.ts';
import { outputFigures } from '../window_figure.ts';
import { matrixView } from './matrix.ts';

/** What does not fit, with its numbers. */
export const impossibleText = ({ t }: ConvContext, { rule, dimension, value, most }: Misfit): string =>
  t(`impossible ${rule}`, { value, most, axis: t(dimension === 1 ? 'height' : 'width') });

/** "1 row and 1 column of the padded input are never read." */
export function neverText({ t }: ConvContext, a: Arithmetic): string | null {
  const [rows, columns] = a.axes.map((axis) => ('neverRead' in axis ? axis.neverRead.length : 0)) as [number, number];
  if (rows + columns === 0) return null;
  return t('never lines', { rows: t('rows', { n: rows }), columns: t('columns', { n: columns }) });
}

/** What was said of it last. */
let told: string | null = null;

export function factsView(context: ConvContext, state: ConvState, a: Arithmetic): Child {
  const { t } = context;
  const never = neverText(context, a);
  if (never !== null && never !== told) context.announce(never);
  told = never;
  const { parameters, multiplyAddsPerSample } = a.explanation;
  return [
    never === null ? null : html('p', { class: 'never-note', 'data-part': 'never' }, never),
    html(
      'p',
      { 'data-part': 'counts', 'data-parameters': parameters, 'data-macs': multiplyAddsPerSample },
      t('counts', { parameters, macs: multiplyAddsPerSample }),
    ),
    isPool(state) || state.op === 'transposed' ? null : duplicationView(context, state, a),
    wiringView(context, state, a),
  ];
}

function duplicationView({ t }: ConvContext, state: ConvState, a: Arithmetic): Child {
  const { explanation } = a;
  if (!('im2col' in explanation)) return null;
  const { imageElements, cells, duplication } = explanation.im2col;
  // One column for each of the output's positions on an image of 512 × 512, four bytes a number.
  const bytes = 4 * depthOf(a) * a.groups * Math.ceil(512 / state.sy) * Math.ceil(512 / state.sx);
  const size = t.number(bytes / 1e6, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 });
  const factor = t.number(duplication, { minimumFractionDigits: 1, maximumFractionDigits: 2 });
  return html(
    'p',
    { 'data-part': 'duplication', 'data-duplication': duplication },
    t('duplication', { input: imageElements, cells, factor, bytes: size }),
  );
}

const letters = 'ABCD';

/** Which channels lead to which filters, by colour and by letter. */
function wiringView(context: ConvContext, state: ConvState, a: Arithmetic): Child {
  const { t } = context;
  const { groups, filters } = a;
  if (isPool(state) || groups === 1) return null;
  const depth = state.cin / groups;
  const wires = Array.from({ length: groups }, (_, g) => {
    const inputs = Array.from({ length: depth }, (__, i) => g * depth + i);
    const outputs = Array.from({ length: filters }, (__, i) => g * filters + i);
    return { g, inputs, outputs };
  });
  const y = (i: number): number => 16 + 28 * i;
  const node = (x: number, i: number, g: number, anchor: string, label: string): Child => [
    svg('circle', { cx: x, cy: y(i), r: 10, class: `wire-${g + 1}` }),
    svg('text', { x, y: y(i), class: 'wire-letter' }, letters[g]!),
    svg('text', { x: anchor === 'end' ? x - 16 : x + 16, y: y(i), 'text-anchor': anchor, class: 'wire-name' }, label),
  ];
  const height = y(Math.max(state.cin, state.cout) - 1) + 16;
  return html(
    'figure',
    { class: 'wiring', 'data-part': 'wiring' },
    html('figcaption', {}, t('wiring')),
    svg(
      'svg',
      { viewBox: `0 0 320 ${height}`, width: 320, height, 'aria-hidden': true },
      wires.flatMap(({ g, inputs, outputs }) =>
        inputs.flatMap((i) =>
          outputs.map((o) => svg('line', { x1: 100, y1: y(i), x2: 220, y2: y(o), class: `wire-${g + 1}` })),
        ),
      ),
      wires.flatMap(({ g, inputs, outputs }) => [
        inputs.map((i) => node(90, i, g, 'end', t('wire input', { n: i + 1 }))),
        outputs.map((o) => node(230, o, g, 'start', t('wire output', { n: o + 1 }))),
      ]),
    ),
    exportMenu(context, {
      key: 'wiring-export',
      name: `${t('title')} – ${t('wiring')}`,
      // The one on the page, for its colours are those of its place there.
      picture: () => document.querySelector<SVGSVGElement>('.wiring > svg')!,
    }),
    wires.map(({ g, inputs, outputs }) =>
      html(
        'p',
        { class: 'unseen', 'data-group': letters[g] },
        t('wiring text', {
          letter: letters[g]!,
          inputs: t.list(inputs.map((i) => String(i + 1))),
          outputs: t.list(outputs.map((o) => String(o + 1))),
        }),
      ),
    ),
  );
}

/** Both kinds of 'same' beside each other, where they differ. */
export function sameTwiceView(context: ConvContext, state: ConvState): Child {
  const { t } = context;
  if (state.op !== 'conv' || (state.pad !== 'same' && state.pad !== 'torch')) return null;
  const both = (['same', 'torch'] as const).map((pad) => ({ pad, state: { ...state, pad } }));
  const found = both.map((one) => ({ ...one, a: arithmeticOf(one.state) }));
  if (!found.every(({ a }) => isPossible(a))) return null;
  const known = found as readonly { pad: 'same' | 'torch'; state: ConvState; a: Arithmetic }[];
  if (JSON.stringify(known[0]!.a.explanation.padding) === JSON.stringify(known[1]!.a.explanation.padding)) return null;
  const drawn = known.map(({ pad, state: one, a }) => {
    const [[before, after]] = a.explanation.padding as [[number, number]];
    const title = t(pad === 'same' ? 'same keras' : 'same torch', { before, after });
    const { y } = forward(a, one);
    const matrices = outputFigures(a, y, () => true, -1).map((matrix) => ({ ...matrix, id: `${pad}-${matrix.id}` }));
    return { pad, one, title, matrices };
  });
  return html(
    'section',
    { class: 'same-twice', 'data-part': 'same-twice' },
    html('h2', {}, t('same twice title')),
    html(
      'div',
      { class: 'row' },
      drawn.map(({ pad, one, title, matrices }) =>
        html(
          'div',
          { 'data-same': pad },
          html('h3', {}, title),
          matrices.map((matrix) => matrixView(context, one, matrix, {})),
        ),
      ),
    ),
    exportMenu(context, {
      key: 'same-export',
      name: `${t('title')} – ${t('same twice title')}`,
      picture: () =>
        pictureOf(
          drawn.map(({ matrices }) => matrices),
          (matrix) => drawn.find(({ matrices }) => matrices.includes(matrix))!.title,
        ),
    }),
  );
}
