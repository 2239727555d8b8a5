// The convolution explorer's numbers and pictures, without a page.

import { describe, expect, test } from 'vitest';
import { arithmeticOf, backward, finiteDifference, forward, lossOf } from '../../demos/conv/arithmetic.ts';
import type { Cell, Figure, MatrixFigure } from '../../demos/conv/figure.ts';
import { hitsOf, inputGradientFigure } from '../../demos/conv/gradient_figure.ts';
import { insertedState } from '../../demos/conv/inserted_figure.ts';
import { presets } from '../../demos/conv/presets.ts';
import { settled, type ConvState } from '../../demos/conv/state.ts';
import { momentAt, stepsOf, walkOf } from '../../demos/conv/steps.ts';
import { paintsOf, transposedFigure } from '../../demos/conv/transposed_figure.ts';
import { weightGradientFigure } from '../../demos/conv/weight_gradient_figure.ts';
import { impossibleText } from '../../demos/conv/views/facts.ts';
import { windowFigure } from '../../demos/conv/window_figure.ts';
import { words, type ConvContext } from '../../demos/conv/words.ts';
import { translator } from '../../demos/shared/language.ts';
import { named, possible, stateOf } from './conv_states.ts';

const resultOf = (state: ConvState) => forward(possible(state), state).y;
const rows = (values: readonly number[], columns: number) =>
  Array.from({ length: values.length / columns }, (_, row) =>
    values.slice(row * columns, (row + 1) * columns).join(' '),
  );
function gradientsOf(state: ConvState) {
  const a = possible(state);
  return backward(a, state, lossOf(state, resultOf(state)).dy);
}

describe('golden values', () => {
  test('G1: vertical edges', () => {
    expect(rows(resultOf(named('edge')), 4)).toEqual(['0 30 30 0', '0 30 30 0', '0 30 30 0', '0 30 30 0']);
  });
  test('G2: sharpening, with and without padding, and its gradients', () => {
    const state = named('sharpen_back');
    expect(rows(resultOf(state), 2)).toEqual(['6 7', '10 11']);
    const padded = { ...state, pad: 'explicit', pt: 1, pb: 1, pl: 1, pr: 1 } as ConvState;
    expect(rows(resultOf(padded), 4)).toEqual(['-2 0 2 9', '9 6 7 17', '17 10 11 25', '42 32 34 53']);
    const { dx, dk, db } = gradientsOf(state);
    expect(rows(dx, 4)).toEqual(['0 -1 -1 0', '-1 3 3 -1', '-1 3 3 -1', '0 -1 -1 0']);
    expect(dk).toEqual([14, 18, 22, 30, 34, 38, 46, 50, 54]);
    expect(db).toEqual([4]);
  });
  test('G3: how often each element is read', () => {
    const { dx, hits } = gradientsOf(named('overlap'));
    expect(rows(dx, 4)).toEqual(['1 2 2 1', '2 4 4 2', '2 4 4 2', '1 2 2 1']);
    expect(hits).toEqual(dx);
  });
  test('G4: a remainder is floored, and the way back needs output padding', () => {
    const forth = stateOf({ h: 6, w: 6, pad: 'explicit', pt: 1, pl: 1, pb: 1, pr: 1, sy: 2, sx: 2 });
    expect(possible(forth).axes[0]).toMatchObject({ output: 3, remainder: 1 });
    const back = { ...forth, op: 'transposed', h: 3, w: 3, opy: 1, opx: 1 } as ConvState;
    expect(possible(settled(back)).output).toEqual([1, 6, 6]);
    expect(possible(settled({ ...back, opy: 0, opx: 0 })).output).toEqual([1, 5, 5]);
  });
  test('G5: the checkerboard of stride 2', () => {
    const y = rows(resultOf(named('checkerboard')), 7);
    expect(y).toEqual([
      '1 1 2 1 2 1 1',
      '1 1 2 1 2 1 1',
      '2 2 4 2 4 2 2',
      '1 1 2 1 2 1 1',
      '2 2 4 2 4 2 2',
      '1 1 2 1 2 1 1',
      '1 1 2 1 2 1 1',
    ]);
  });
  test("G6: Keras's and PyTorch's 'same' read different pixels", () => {
    const keras = named('same_twice');
    expect(rows(resultOf(keras), 3)).toEqual(['2 4 6', '2 4 6', '2 4 6']);
    expect(rows(resultOf({ ...keras, pad: 'torch' }), 3)).toEqual(['1 3 5', '1 3 5', '1 3 5']);
  });
  test('the lecture: a 6×6 image under a kernel of decimals', () => {
    const y = resultOf(named('lecture'));
    expect(y[0]).toBeCloseTo(469.05, 2);
    expect(y[1]).toBeCloseTo(486.58, 2);
    expect(y[4]).toBeCloseTo(303.74, 2);
    expect(y[15]).toBeCloseTo(450.28, 2);
  });
  test.each([
    ['no_padding_no_strides', 2],
    ['arbitrary_padding_no_strides', 6],
    ['same_padding_no_strides', 5],
    ['full_padding_no_strides', 7],
    ['no_padding_strides', 2],
    ['padding_strides', 3],
    ['padding_strides_odd', 3],
    ['dilation', 3],
    ['no_padding_no_strides_transposed', 4],
    ['arbitrary_padding_no_strides_transposed', 5],
    ['same_padding_no_strides_transposed', 5],
    ['full_padding_no_strides_transposed', 5],
    ['no_padding_strides_transposed', 5],
    ['padding_strides_transposed', 5],
    ['padding_strides_odd_transposed', 6],
  ])('%s has %i rows and columns', (id, size) => {
    expect(possible(named(id)).output).toEqual([1, size, size]);
  });
});

const has = (cell: Cell, mark: Cell['marks'][number]) => cell.marks.includes(mark);
const byName = (figure: Figure, name: MatrixFigure['name']) => figure.matrices.filter((matrix) => matrix.name === name);
const cellsIn = (figure: Figure, name: MatrixFigure['name'], mark: Cell['marks'][number]) =>
  byName(figure, name).flatMap(({ cells }) => cells.filter((cell) => has(cell, mark)));
const placeOf = ({ data }: Cell) => `${data.channel}:${data.place}`;

/** Every moment of a state's walk whose steps are sums; of those whose steps are products about 40, evenly spread. */
function* momentsOf(state: ConvState) {
  for (const grain of ['cell', 'product'] as const) {
    const grained = { ...state, grain };
    const walk = walkOf(grained, possible(grained));
    const count = stepsOf(walk, grain);
    const stride = grain === 'cell' ? 1 : Math.max(1, Math.floor(count / 40));
    for (let step = 0; step < count; step += stride) yield { state: grained, moment: momentAt(walk, grain, step) };
  }
}

describe('pictures of one step agree', () => {
  test.each(presets.filter(({ state }) => state.op !== 'transposed').map(({ id }) => id))('%s', (id) => {
    const first = { ...named(id), tab: 'window' } as ConvState;
    const a = possible(first);
    for (const { state, moment } of momentsOf(first)) {
      const figure = windowFigure(state, a, moment);
      const [now] = cellsIn(figure, 'output', 'now');
      const window = cellsIn(figure, 'input', 'in').map(placeOf).sort();
      expect(cellsIn(figure, 'output', 'now')).toHaveLength(1);
      expect(now!.data.o).toBe(moment.unit);
      expect(window).toEqual(cellsIn(figure, 'columns', 'in').map(placeOf).sort());
      expect(figure.equation!.terms.map(({ place }) => place).sort()).toEqual(window);
      if (state.op === 'conv') {
        expect(cellsIn(figure, 'product', 'now').map(({ data }) => data.at)).toEqual([now!.data.at]);
        const weights = cellsIn(figure, 'weightRows', 'in').map(({ data }) => data.w);
        expect(weights).toEqual(figure.equation!.terms.map(({ w }) => w));
        expect(new Set(weights)).toEqual(new Set(cellsIn(figure, 'kernel', 'in').map(({ data }) => data.w)));
      }
      const sum = figure.equation!;
      if (sum.kind === 'sum' && sum.whole) {
        const total = sum.terms.reduce((s, { left, right }) => s + left * right!, 0) / sum.divisor + (sum.bias ?? 0);
        expect(sum.result).toBeCloseTo(total, 9);
        expect(now!.value).toBe(sum.result);
      }
    }
  });

  test.each([
    ...presets.filter(({ state }) => state.op !== 'transposed').map(({ id }) => [id, 'zeros'] as const),
    ['lecture', 'reflect'],
    ['gaussian5', 'circular'],
    ['emboss', 'replicate'],
  ] as const)('the scatter of %s (%s) ends at the gradient of the input', (id, mode) => {
    // Only in padding does one mode differ from another.
    const pad = mode === 'zeros' ? named(id).pad : 'same';
    const state = { ...named(id), tab: 'dx', mode, pad } as ConvState;
    const a = possible(state);
    const walk = walkOf(state, a);
    const figure = inputGradientFigure(state, a, momentAt(walk, 'cell', walk.units - 1));
    const { dx, hits } = gradientsOf(state);
    const cells = byName(figure, 'inputGradient').flatMap((matrix) => matrix.cells.filter((cell) => !has(cell, 'pad')));
    cells.forEach((cell, i) => expect(cell.value).toBeCloseTo(dx[i]!, 9));
    if (state.op === 'conv' && a.output[0] === 1) expect(cells.map(({ count }) => count)).toEqual(hits);
    if (mode !== 'zeros') {
      const padding = byName(figure, 'inputGradient').flatMap((matrix) =>
        matrix.cells.filter((cell) => has(cell, 'pad')),
      );
      expect(padding.length).toBeGreaterThan(0);
      // Each tap of each window meets the image, be it in the mirror.
      expect(hits.reduce((sum, n) => sum + n)).toBe(a.positions * state.k.values.length);
    }
    expect(hitsOf(state, a, 0, lossOf(state, resultOf(state)).dy)).toHaveLength(walk.sizeOf(0));
  });

  test.each(presets.filter(({ state }) => (state.op ?? 'conv') === 'conv').map(({ id }) => id))(
    'the products of %s end at the gradient of the weights',
    (id) => {
      const state = { ...named(id), tab: 'dw' } as ConvState;
      const a = possible(state);
      const { dk, db } = gradientsOf(state);
      for (const { state: grained, moment } of momentsOf(state)) {
        if (!moment.whole) continue;
        const figure = weightGradientFigure(grained, a, moment);
        expect(figure.equation!.result).toBeCloseTo(dk[moment.unit]!, 8);
        expect(cellsIn(figure, 'weightGradient', 'now')[0]!.value).toBe(dk[moment.unit]);
        expect(byName(figure, 'biasGradient')[0]!.cells.find(({ marks }) => marks.includes('in'))!.value).toBe(
          db[Math.floor(moment.unit / (dk.length / db.length))],
        );
      }
    },
  );
});

test.each(['emboss', 'cs231n', 'depthwise', 'max_pool', 'average_pool', 'same_twice', 'doubling'])(
  'finite differences of %s are the gradients',
  (id) => {
    for (const loss of ['ones', 'mse'] as const) {
      const state = { ...named(id), loss } as ConvState;
      const a = possible(state);
      const { dx, dk, db } = gradientsOf(state);
      // The loss is at most quadratic, so central differences are exact but for rounding.
      for (const at of [0, 7]) expect(finiteDifference(a, state, 'x', at)).toBeCloseTo(dx[at] ?? NaN, 5);
      if (dk.length > 0) expect(finiteDifference(a, state, 'k', 3)).toBeCloseTo(dk[3]!, 5);
      if (state.bias) expect(finiteDifference(a, state, 'b', 1)).toBeCloseTo(db[1]!, 5);
    }
  },
);

describe('a transposed convolution three ways', () => {
  const cases = [
    ...presets.filter(({ state }) => state.op === 'transposed').map(({ id, state }) => [id, state] as const),
    [
      'groups, dilation, bias',
      { op: 'transposed', h: 3, w: 2, kh: 2, cin: 4, cout: 2, g: 2, dy: 2, sy: 3, opx: 0, bias: true, div: 4 },
    ] as const,
  ];
  test.each(cases)('%s', (_, change) => {
    const state = { ...stateOf(change), tab: 'transposed' } as ConvState;
    const a = possible(state);
    const y = resultOf(state);
    for (const view of ['scatter', 'insert', 'matrix'] as const) {
      const viewed = { ...state, view };
      const walk = walkOf(viewed, a);
      const figure = transposedFigure(viewed, a, momentAt(walk, 'product', stepsOf(walk, 'product') - 1));
      const cells = byName(figure, 'output').flatMap((matrix) => matrix.cells.filter((cell) => !has(cell, 'pad')));
      expect(cells).toHaveLength(y.length);
      cells.forEach(({ value }, o) => expect(value).toBeCloseTo(y[o]!, 9));
    }
    const overlap = byName(transposedFigure(state, a, momentAt(walkOf(state, a), 'cell', 0)), 'overlap')[0]!;
    const counts = overlap.cells.map(() => 0);
    const perGroup = state.cin / state.g;
    for (let x = 0; x < state.h * state.w * perGroup; x++)
      for (const { o } of paintsOf(state, a, x)) if (o >= 0 && o < counts.length) counts[o]! += 1 / perGroup;
    expect(overlap.cells.map(({ value }) => value)).toEqual(counts);
    expect(insertedState(state, a)).not.toBeNull();
  });
});

test.each([
  [
    { h: 5, kh: 4, dy: 2 },
    { rule: 'window', dimension: 1, value: 7, most: 5 },
  ],
  [
    { w: 3, kw: 3, pad: 'explicit', pr: 3, mode: 'reflect' },
    { rule: 'mirror', dimension: 2, value: 3, most: 2 },
  ],
  [
    { op: 'max', kh: 2, pad: 'explicit', pt: 2 },
    { rule: 'empty window', dimension: 1, value: 2, most: 1 },
  ],
  [
    { op: 'transposed', h: 2, pad: 'explicit', pt: 2, pb: 3 },
    { rule: 'cut', dimension: 1, value: 5, most: 3 },
  ],
  [
    { op: 'transposed', sx: 2, opx: 2 },
    { rule: 'output padding', dimension: 2, value: 2, most: 1 },
  ],
  [
    { op: 'transposed', pad: 'same', sy: 2, opy: 1 },
    { rule: 'output padding', dimension: 1, value: 1, most: 0 },
  ],
] as const)('what does not fit is told with its numbers, in both languages: %j', (change, misfit) => {
  expect(arithmeticOf(stateOf(change))).toEqual({ impossible: misfit });
  for (const language of ['en', 'fr'] as const) {
    const text = impossibleText({ t: translator(words, language) } as ConvContext, misfit);
    expect(text).toContain(String(misfit.value));
    expect(text).toContain(String(misfit.most));
    expect(/\b(the|of)\b/.test(text)).toBe(language === 'en');
  }
});

test('numbers drawn from a seed keep their places when the matrix grows', () => {
  const [small, large] = [stateOf({ h: 3, w: 3 }), stateOf({ h: 4, w: 5 })];
  expect(small.x.values).toEqual([0, 1, 2].flatMap((row) => large.x.values.slice(row * 5, row * 5 + 3)));
  expect(stateOf({ seed: 1 }).x.values).not.toEqual(stateOf({ seed: 2 }).x.values);
});
