// The explorer's pictures after each of their steps, against plain loops: what is done, what has yet to come, and what each
// mark and arc denotes.

import { describe, expect, test } from 'vitest';

import { forward, lossOf } from '../../demos/conv/arithmetic.ts';
import type { Cell, Figure, MatrixName, Mark } from '../../demos/conv/figure.ts';
import { inputGradientFigure } from '../../demos/conv/gradient_figure.ts';
import { presets } from '../../demos/conv/presets.ts';
import { indexOf, type ConvState } from '../../demos/conv/state.ts';
import { momentAt, stepsOf, walkOf, type Moment } from '../../demos/conv/steps.ts';
import { transposedFigure } from '../../demos/conv/transposed_figure.ts';
import { windowFigure } from '../../demos/conv/window_figure.ts';
import { named, possible, stateOf } from './conv_states.ts';
import { tapsOf, type Tap } from './plain_loops.ts';

const matrices = (figure: Figure, name: MatrixName) => figure.matrices.filter((matrix) => matrix.name === name);
const cellsOf = (figure: Figure, name: MatrixName): Cell[] => matrices(figure, name).flatMap(({ cells }) => cells);
const marked = (figure: Figure, name: MatrixName, mark: Mark): Cell[] =>
  cellsOf(figure, name).filter(({ marks }) => marks.includes(mark));
const placeOf = ({ data }: Cell): string => `${data.channel}:${data.place}`;

/** Number for number, but for rounding. Vitest's own comparison of each takes many times as long. */
function same(found: readonly (number | null)[], expected: readonly (number | null)[]): void {
  const equal = expected.every((value, i) =>
    value === null || found[i] === null ? found[i] === value : Math.abs(found[i]! - value) < 1e-8,
  );
  if (!equal || found.length !== expected.length) expect(found).toEqual(expected);
  expect(equal).toBe(true);
}
const valuesOf = (cells: readonly Cell[]): (number | null)[] => cells.map(({ value }) => value);

/** Every step of that grain; beyond `all` one in seven, which no kernel's size divides. */
function* momentsOf(state: ConvState, grain: ConvState['grain'], all = 60): Generator<Moment> {
  const walk = walkOf(state, possible(state));
  const count = stepsOf(walk, grain);
  for (let step = 0; step < count; step += count > all ? 7 : 1) yield momentAt(walk, grain, step);
}

const windows: readonly [string, ConvState][] = [
  ...['edge', 'sobel_x', 'cs231n', 'same_twice', 'grouped', 'pointwise', 'max_pool', 'average_pool'].map(
    (id) => [id, named(id)] as [string, ConvState],
  ),
  ['divided, with a bias', stateOf({ h: 4, w: 5, pad: 'same', div: 4, bias: true, cout: 2 })],
];

describe('each product of a window', () => {
  test.each(windows)('%s: the sum so far is of the products done, and later outputs are blank', (_, given) => {
    const state: ConvState = { ...given, tab: 'window', grain: 'product' };
    const a = possible(state);
    const { y } = forward(a, state);
    for (const moment of momentsOf(state, 'product')) {
      const figure = windowFigure(state, a, moment);
      const { terms, result, bias } = figure.equation!;
      expect(terms.map(({ done }) => done)).toEqual(terms.map((__, i) => i <= moment.now));
      const products = terms
        .slice(0, moment.now + 1)
        .map(({ x, w }) => (x < 0 ? 0 : state.x.values[x]!) * (w < 0 ? 1 : state.k.values[w]!));
      const sum = products.reduce((total, product) => total + product, 0);
      const added = moment.whole && state.bias ? state.b.values[indexOf(moment.unit, a.output)[0]!]! : null;
      expect(bias).toBe(added);
      const average = 1 / (state.kh * state.kw);
      expect(result).toBeCloseTo(
        state.op === 'max' ? Math.max(...products) : sum * (state.op === 'average' ? average : 1 / state.div) + added!,
        9,
      );
      const shown = y.map((value, o) => (o < moment.unit || (o === moment.unit && moment.whole) ? value : null));
      same(valuesOf(cellsOf(figure, 'output')), shown);
      const product = cellsOf(figure, 'product');
      same(
        valuesOf(product),
        product.map(({ data }) => shown[data.o as number]!),
      );
    }
  });

  test.each(windows)('%s: the same product is marked in every picture', (_, given) => {
    const state: ConvState = { ...given, tab: 'window', grain: 'product' };
    const a = possible(state);
    for (const moment of momentsOf(state, 'product', 200)) {
      const figure = windowFigure(state, a, moment);
      const { place, w } = figure.equation!.terms[moment.now]!;
      expect(figure.equation!.terms.map(({ now }) => now).indexOf(true)).toBe(moment.now);
      expect(marked(figure, 'input', 'now').map(placeOf)).toEqual([place]);
      expect(marked(figure, 'columns', 'now').map(placeOf)).toEqual([place]);
      expect(marked(figure, 'columns', 'now')[0]!.data.position).toBe(moment.unit % a.positions);
      if (state.op !== 'conv') continue;
      expect(marked(figure, 'kernel', 'now').map(({ data }) => data.w)).toEqual([w]);
      expect(marked(figure, 'weightRows', 'now').map(({ data }) => data.w)).toEqual([w]);
      expect(marked(figure, 'product', 'now').map(({ data }) => data.o)).toEqual([moment.unit]);
    }
  });
});

const scattered: readonly [string, ConvState][] = [
  ['zeros, several filters and channels', named('cs231n')],
  ['groups in a circle', { ...named('grouped'), pad: 'same', mode: 'circular' }],
  ['each channel for itself', { ...named('depthwise'), h: 4, x: stateOf({ h: 4, cin: 4 }).x }],
  ['reflected under a stride', stateOf({ h: 6, w: 5, sy: 2, pad: 'full', mode: 'reflect', cout: 2 })],
  [
    'replicated, turned, divided',
    stateOf({ h: 4, w: 5, pad: 'explicit', pt: 2, pl: 1, pr: 3, mode: 'replicate', flip: true, div: 4 }),
  ],
  ['in a circle, dilated', stateOf({ h: 5, w: 6, pad: 'torch', mode: 'circular', dy: 2, kh: 2, cin: 2 })],
];

describe('the scatter of columns', () => {
  test.each(scattered)('%s: dcol, dX and its counts after each step', (_, given) => {
    const a = possible(given);
    const values = Array.from({ length: a.outputs }, (__, o) => (o % 5) - 2);
    const state: ConvState = { ...given, tab: 'dx', loss: 'own', t: { shape: a.output, values } };
    const { dy } = lossOf(state, forward(a, state).y);
    expect(dy).toEqual(state.t.values);
    const columns = new Map<number, Map<string, { value: number; tap: Tap }>>();
    for (const tap of tapsOf(state)) {
      const unit = tap.group * a.positions + tap.position;
      const column = columns.get(unit) ?? new Map<string, { value: number; tap: Tap }>();
      columns.set(unit, column);
      const key = `${tap.channel}:${tap.place}`;
      const value = (column.get(key)?.value ?? 0) + (state.k.values[tap.w]! / state.div) * dy[tap.o]!;
      column.set(key, { value, tap });
    }
    for (const grain of ['cell', 'product'] as const)
      for (const moment of momentsOf(state, grain)) {
        const figure = inputGradientFigure(state, a, moment);
        const [here, group] = [moment.unit % a.positions, Math.floor(moment.unit / a.positions)];
        const cells = cellsOf(figure, 'dColumns');
        const inColumn = Array.from({ length: a.positions }, (): Cell[] => []);
        for (const cell of cells) inColumn[cell.data.position as number]!.push(cell);
        const sums = new Map<string, { value: number; count: number }>();
        for (const [unit, column] of columns) {
          const [position, own] = [unit % a.positions, Math.floor(unit / a.positions)];
          // Rows in the order of the picture, which has each of the window's elements once.
          const rows = own === group ? inColumn[position]! : null;
          const keys = rows?.map(placeOf) ?? [...column.keys()];
          expect([keys.length, new Set(keys).size]).toEqual([column.size, column.size]);
          const done = (row: number) => unit < moment.unit || (unit === moment.unit && row <= moment.product);
          if (rows)
            same(
              valuesOf(rows),
              keys.map((key, row) => (done(row) ? column.get(key)!.value : null)),
            );
          keys.forEach((key, row) => {
            const { value, tap } = column.get(key)!;
            if (!done(row)) return;
            const to = tap.x < 0 ? key : `${tap.channel}:${tap.source.join()}`;
            const old = sums.get(to) ?? { value: 0, count: 0 };
            sums.set(to, { value: old.value + value, count: old.count + 1 });
          });
        }
        expect(marked(figure, 'dColumns', 'in').every(({ data }) => data.position === here)).toBe(true);
        const gradient = cellsOf(figure, 'inputGradient');
        const expected = gradient.map((cell) => sums.get(placeOf(cell)));
        same(
          gradient.map(({ count }) => count!),
          expected.map((sum) => sum?.count ?? 0),
        );
        same(
          valuesOf(gradient),
          expected.map((sum, i) => sum?.value ?? (gradient[i]!.marks.includes('pad') ? null : 0)),
        );
      }
  });

  test.each(scattered)('%s: arcs go from the padding of the present window to what is shown there', (_, given) => {
    const state: ConvState = { ...given, tab: 'dx' };
    const a = possible(state);
    const [[top], [left]] = a.explanation.padding as [[number, number], [number, number]];
    const taps = tapsOf(state);
    let drawn = 0;
    for (const moment of momentsOf(state, 'cell')) {
      const [here, group] = [moment.unit % a.positions, Math.floor(moment.unit / a.positions)];
      const gradient = matrices(inputGradientFigure(state, a, moment), 'inputGradient');
      const first = momentAt(walkOf({ ...state, tab: 'window' }, a), 'cell', group * a.filters * a.positions + here);
      const input = matrices(windowFigure({ ...state, tab: 'window' }, a, first), 'input');
      for (let channel = 0; channel < state.cin; channel++) {
        const expected = taps
          .filter((tap) => tap.oc === group * a.filters && tap.position === here && tap.channel === channel)
          .map(({ place, source, x }) => [place.split(',').map(Number), source, x] as const)
          .filter(([[row, column], source, x]) => x >= 0 && (row !== source[0] || column !== source[1]))
          .map(([[row, column], source]) => [
            [row! + top, column! + left],
            [source[0] + top, source[1] + left],
          ]);
        expect(new Set(gradient[channel]!.arcs!.map(String))).toEqual(new Set(expected.map(String)));
        expect(new Set(input[channel]!.arcs!.map(String))).toEqual(new Set(expected.map(String)));
        drawn += expected.length;
      }
    }
    expect(drawn > 0).toBe(state.mode !== 'zeros');
  });
});

const painted: readonly [string, ConvState][] = [
  ...presets.filter(({ state }) => state.op === 'transposed').map(({ id }) => [id, named(id)] as [string, ConvState]),
  [
    'groups, dilation, a bias',
    stateOf({
      op: 'transposed',
      h: 3,
      w: 2,
      kh: 2,
      cin: 4,
      cout: 2,
      g: 2,
      dy: 2,
      sy: 3,
      bias: true,
      div: 4,
      flip: true,
    }),
  ],
];

describe('a transposed convolution, step by step', () => {
  test.each(painted)('%s: painted, after each product', (_, given) => {
    const state: ConvState = { ...given, tab: 'transposed', view: 'scatter' };
    const a = possible(state);
    const [[top], [left]] = a.explanation.padding as [[number, number], [number, number]];
    const { kh, kw, sy, sx, dy, dx, flip, div } = state;
    const filters = state.cout / state.g;
    const sums = new Map<string, number>();
    const walk = walkOf(state, a);
    const shown = (figure: Figure): void => {
      const outputs = matrices(figure, 'output');
      outputs.forEach(({ cells }, part) =>
        same(
          valuesOf(cells),
          cells.map((cell) => {
            const base = cell.marks.includes('pad') ? null : state.bias ? state.b.values[part]! : 0;
            const sum = sums.get(`${part}:${cell.data.place}`);
            return sum === undefined ? base : sum + (base ?? 0);
          }),
        ),
      );
    };
    for (let unit = 0, step = 0; unit < walk.units; unit++) {
      const after = transposedFigure(state, a, momentAt(walk, 'cell', unit));
      const terms = after.equation!.terms;
      expect(terms).toHaveLength(walk.sizeOf(unit));
      for (const [product, { x, w, place }] of terms.entries()) {
        const [c, row, column] = indexOf(unit, a.input) as [number, number, number];
        const [channel, o, i, j] = indexOf(w, [state.cin, filters, kh, kw]) as [number, number, number, number];
        const [p, q] = flip ? [kh - 1 - i, kw - 1 - j] : [i, j];
        const oc = Math.floor(c / (state.cin / state.g)) * filters + o;
        const key = `${oc}:${row * sy + p * dy - top},${column * sx + q * dx - left}`;
        expect([channel, x, place]).toEqual([c, unit, key]);
        sums.set(key, (sums.get(key) ?? 0) + (state.x.values[unit]! * state.k.values[w]!) / div);
        if (step++ % 7 > 0) continue;
        const figure = transposedFigure(state, a, { unit, product, whole: product === terms.length - 1, now: product });
        expect(figure.equation!.terms.map((term) => [term.x, term.w, term.place])).toEqual([[unit, w, key]]);
        expect(marked(figure, 'input', 'now').map(({ data }) => data.x)).toEqual([unit]);
        expect(marked(figure, 'kernel', 'now').map(({ data }) => data.w)).toEqual([w]);
        const now = matrices(figure, 'output').flatMap(({ cells }, part) =>
          cells.filter(({ marks }) => marks.includes('now')).map(({ data }) => `${part}:${data.place}`),
        );
        expect(now).toEqual([key]);
        shown(figure);
      }
      shown(after);
    }
  });

  test.each(painted)('%s: as an ordinary convolution and as a matrix, each product', (_, given) => {
    for (const view of ['insert', 'matrix'] as const) {
      const state: ConvState = { ...given, tab: 'transposed', view };
      const a = possible(state);
      const { y } = forward(a, state);
      for (const moment of momentsOf(state, 'product')) {
        const figure = transposedFigure(state, a, moment);
        const term = figure.equation!.terms[moment.now];
        const bias = moment.whole && state.bias ? state.b.values[indexOf(moment.unit, a.output)[0]!]! : 0;
        const sum = figure
          .equation!.terms.slice(0, moment.now + 1)
          .reduce((total, { left, right }) => total + left * right!, 0);
        expect(figure.equation!.result).toBeCloseTo(sum / state.div + bias, 9);
        expect(marked(figure, 'output', 'now').map(({ data }) => data.o)).toEqual([moment.unit]);
        const shown = y.map((value, o) => (o < moment.unit || (o === moment.unit && moment.whole) ? value : null));
        same(valuesOf(cellsOf(figure, 'output')), shown);
        if (!term) continue;
        if (view === 'insert') {
          expect(marked(figure, 'inserted', 'now').map(placeOf)).toEqual([term.place]);
          expect(marked(figure, 'turned', 'now').map(({ data }) => data.w)).toEqual([term.w]);
          expect(marked(figure, 'inserted', 'in').map(placeOf).toSorted()).toEqual(
            figure.equation!.terms.map(({ place }) => place).toSorted(),
          );
        } else {
          expect(marked(figure, 'matrix', 'in').every(({ data }) => data.o === moment.unit)).toBe(true);
          expect(marked(figure, 'matrix', 'now').map(({ data }) => [data.x, data.w])).toEqual([[term.x, term.w]]);
          expect(marked(figure, 'inputVector', 'now').map(({ data }) => data.x)).toEqual([term.x]);
        }
      }
    }
  });
});
