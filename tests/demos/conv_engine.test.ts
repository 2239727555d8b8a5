// The explorer's numbers against the engine's, its code panel's program run, its exercises and its links.

import { describe, expect, test } from 'vitest';
import { backward, forward, lossOf, numbersOf, type Arithmetic, type Numbers } from '../../demos/conv/arithmetic.ts';
import { askCpu } from '../../demos/conv/engine.ts';
import { planeOf, planesOf, shownOf, windowOf } from '../../demos/conv/image.ts';
import { countSteps, fields, presetOf, presetState, start } from '../../demos/conv/page_state.ts';
import { presets } from '../../demos/conv/presets.ts';
import { questionOf } from '../../demos/conv/question.ts';
import type { Figure } from '../../demos/conv/figure.ts';
import { inputGradientFigure } from '../../demos/conv/gradient_figure.ts';
import { answersOf, asked, scoreOf, truthOf } from '../../demos/conv/quiz.ts';
import { reproOf } from '../../demos/conv/repro.ts';
import { scene } from '../../demos/conv/scene.ts';
import { settled, type ConvState } from '../../demos/conv/state.ts';
import { layersOf, numbersOfLayers, stackOf } from '../../demos/conv/stack.ts';
import { isPool } from '../../demos/conv/steps.ts';
import { windowFigure } from '../../demos/conv/window_figure.ts';
import { parse, serialise } from '../../demos/shared/state.ts';
import * as retrograd from '../../src/index.ts';
import { cases, named, possible, stateOf } from './conv_states.ts';
import { printedBy } from './printed.ts';

describe.each(cases)('%s', (_, change) => {
  test('the engine agrees with forward and backward', () => {
    const state = stateOf(change);
    const answer = askCpu(state, possible(state));
    expect(answer).toMatchObject({ device: 'cpu', agrees: true, first: null });
  });
});

test('a picture that is not what the engine computes is told with its first cell, by its index in the picture', () => {
  const state = named('overlap');
  const a = possible(state);
  const wrong: Arithmetic = { ...a, products: (o) => (o === 3 ? a.products(o).slice(1) : a.products(o)) };
  const answer = askCpu(state, wrong);
  expect(answer).toMatchObject({ agrees: false, first: { of: 'y', at: 3, index: [0, 1, 1] } });
});

test('the program that repeats a difference prints the number of the cell that it is about', async () => {
  // What asks the GPU is run on the CPU, whose program gives the same but for its rounding to f32.
  const library = { ...retrograd, createWebGPUDevice: () => Promise.resolve(retrograd.createCpuDevice()) };
  const parts = { y: 'y', dx: 'dx', dw: 'dk', db: 'db' } as const;
  for (const [i, [name, change]] of cases.entries()) {
    const state = stateOf(change);
    const a = possible(state);
    const passes = (of: ConvState, given: Numbers, slope: readonly number[]) => ({
      y: forward(a, of, given).y,
      ...backward(a, of, slope, given),
    });
    const { x, k, b } = numbersOf(state);
    const { dy } = lossOf(state, forward(a, state).y);
    const values = passes(state, { x, k, b }, dy);
    const size = { x: x.map(Math.abs), k: k.map(Math.abs), b: b.map(Math.abs) };
    const sizes = passes(state.op === 'max' ? { ...state, op: 'average' } : state, size, dy.map(Math.abs));
    const of = (isPool(state) ? (['y', 'dx'] as const) : (['y', 'dx', 'dw', 'db'] as const)).at(
      i % (isPool(state) ? 2 : 4),
    )!;
    const at = (7 * i) % values[parts[of]].length;
    const cell = { of, at, picture: 0, engine: 0 };
    for (const [device, unit] of [
      ['cpu', 2 ** -52],
      ['gpu', 2 ** -23],
    ] as const) {
      const [printed] = await printedBy(reproOf(device, state, questionOf(state, a), cell), library);
      const off = Math.abs((printed as number) - values[parts[of]][at]!);
      // Fewer than 2¹⁰ roundings: of the factors, and of each sum's terms.
      expect(off, `${name}, ${of}[${at}] on ${device}`).toBeLessThanOrEqual(2 ** 10 * unit * sizes[parts[of]][at]!);
    }
  }
});

describe('exercises', () => {
  test('the output is blank, tells nothing else, and answers are judged one by one', () => {
    const state = stateOf({ quiz: 'out', seed: 3 });
    const a = possible(state);
    const show = () => asked(state, windowFigure(state, a, { unit: 8, product: 8, whole: true, now: -1 }));
    expect(show().equation).toBeNull();
    expect(show().matrices.map(({ name }) => name)).not.toContain('product');
    const output = () => show().matrices.find(({ name }) => name === 'output')!;
    expect(output().editable).toBe('answer');
    expect(output().cells.every(({ value }) => value === null)).toBe(true);
    answersOf(state).set(0, truthOf(state)[0]!);
    answersOf(state).set(1, truthOf(state)[1]! + 1);
    expect(output().cells[0]!.marks).toContain('right');
    expect(output().cells[1]!.marks).toContain('wrong');
    expect(scoreOf(state)).toEqual({ right: 1, all: 9 });
    expect(scoreOf({ ...state, x: stateOf({ quiz: 'out', seed: 4 }).x })).toEqual({ right: 0, all: 9 });
  });
  test('the gradient is blank, without the columns that add up to it, and answers are judged one by one', () => {
    const state = stateOf({ quiz: 'dx', seed: 1 });
    const a = possible(state);
    const show = () => asked(state, inputGradientFigure(state, a, { unit: 8, product: 8, whole: true, now: -1 }));
    expect(show().equation).toBeNull();
    expect(show().matrices.map(({ name }) => name)).toEqual(['gradient', 'turned', 'inputGradient']);
    const gradient = () => show().matrices.at(-1)!;
    expect(
      gradient()
        .cells.map(({ value, count }) => value ?? count ?? '')
        .join(''),
    ).toBe('');
    answersOf(state).set(0, truthOf(state)[0]!);
    answersOf(state).set(1, truthOf(state)[1]! + 1);
    expect(gradient().cells[0]!.marks).toContain('right');
    expect(gradient().cells[1]!.marks).toContain('wrong');
    expect(scoreOf(state)).toEqual({ right: 1, all: 25 });
  });
  test('of a maximum nothing tells which element of the window it is', () => {
    const state = stateOf({ quiz: 'out', op: 'max', kh: 2, kw: 2 });
    const moment = { unit: 0, product: 3, whole: true, now: -1 };
    const marked = (figure: Figure) => figure.matrices.flatMap(({ cells }) => cells.flatMap(({ marks }) => marks));
    const plain = windowFigure(state, possible(state), moment);
    expect(marked(plain)).toContain('won');
    expect(marked(asked(state, plain))).not.toContain('won');
  });
  test.each([
    ['dx', { tab: 'window' }, 'dx dx'],
    ['dx', { tab: 'image' }, 'dx dx'],
    ['dx', { tab: 'window', op: 'max' }, 'dx dx'],
    // No tab shows the gradient of a transposed convolution.
    ['dx', { tab: 'window', op: 'transposed' }, 'transposed '],
    ['out', { tab: 'dx' }, 'window out'],
    ['out', { tab: 'stack' }, 'window out'],
    ['out', { tab: 'gemm' }, 'gemm out'],
    ['out', { tab: 'window', op: 'transposed' }, 'transposed out'],
    ['size', { tab: 'image' }, 'window size'],
    ['size', { tab: 'stack', op: 'transposed' }, 'transposed size'],
    ['', { tab: 'dw' }, 'dw '],
  ] as const)('an exercise stands where it asks: %s from %o', (quiz, from, expected) => {
    const { tab, quiz: kept } = stateOf({ ...from, quiz });
    expect(`${tab} ${kept}`).toBe(expected);
  });
  test('the size is asked as rows and columns', () => {
    expect(truthOf(stateOf({ quiz: 'size', h: 7, sy: 2 }))).toEqual([3, 3]);
  });
});

describe('links', () => {
  test('every preset is a link that opens it, at every one of its steps', () => {
    for (const preset of presets) {
      const { state } = parse(fields, serialise(fields, { ...start, ...presetState(preset) }));
      expect(presetOf(settled(state))?.id).toBe(preset.id);
      expect(countSteps(settled(state))).toBeGreaterThan(0);
    }
  });
});

describe('a stack of layers', () => {
  test("the lecture's exercise: 28×28×3, two 3×3 convolutions, one 2×2 pool", () => {
    const { rows, impossible } = stackOf(start.in, layersOf(start.stack));
    expect(impossible).toBeNull();
    expect(rows.map(({ explanation }) => explanation.outputShape.slice(1))).toEqual([
      [26, 26, 16],
      [24, 24, 16],
      [12, 12, 16],
    ]);
    expect(rows.map(({ explanation }) => explanation.parameters)).toEqual([448, 2320, 0]);
    expect(rows.map(({ sees }) => sees[0]!.size)).toEqual([3, 5, 6]);
  });
  test('ends before the first layer that does not fit, and says why', () => {
    const { rows, impossible } = stackOf([4, 4, 1], layersOf([2, 0, 2, 2, 0, 1, 8, 3, 1, 0]));
    expect(rows).toHaveLength(1);
    expect(impossible).toEqual({ rule: 'window', dimension: 1, value: 3, most: 2 });
    expect(layersOf(numbersOfLayers(layersOf(start.stack)))).toEqual(layersOf(start.stack));
  });
});

describe('pictures', () => {
  test('the scene is the same everywhere, and a window of it opens with its numbers', () => {
    const planes = planesOf(scene(), 'grey');
    expect(planes.values).toHaveLength(192 * 192);
    const part = windowOf(stateOf({}), planes, [0, 100]);
    expect(part).toMatchObject({ h: 3, w: 3, cin: 1, pad: 'valid' });
    expect(part.x!.values[4]).toBe(planes.values[1 * 192 + 100]);
  });
  test('any filter and channel can be applied, also turned, and the opened window keeps it', () => {
    const state = stateOf({ cin: 2, cout: 2, plane: 3 });
    expect(planeOf(state)).toEqual(state.k.values.slice(27));
    expect(planeOf({ ...state, flip: true })).toEqual(state.k.values.slice(27).toReversed());
    expect(planeOf({ ...state, plane: 9 })).toEqual(state.k.values.slice(27));
    expect(windowOf(state, planesOf(scene(), 'grey'), [9, 9]).k!.values).toEqual(state.k.values.slice(27));
  });
  test('values outside 0 to 255 are shown as told', () => {
    const planes = { width: 3, height: 1, channels: 1, values: Float32Array.of(-255, 0, 510) };
    const reds = (range: ConvState['range']) => [0, 4, 8].map((i) => shownOf(planes, range).pixels.data[i]);
    expect(reds('clamp')).toEqual([0, 0, 255]);
    expect(reds('absolute')).toEqual([255, 0, 255]);
    expect(reds('normalise')).toEqual([0, 85, 255]);
  });
});
