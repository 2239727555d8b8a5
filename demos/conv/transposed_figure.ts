// A transposed convolution three ways: painting the kernel, an ordinary convolution of the input with zeros between its
// elements, and the matrix Cᵀ. The same numbers each time, summed from different products.

import type { TransposedConvExplanation } from '../../src/ops/explain_types.ts';
import { forward, numbersOf, type Arithmetic } from './arithmetic.ts';
import { atText, marks, matrixOf, type EquationTerm, type Figure, type MatrixFigure } from './figure.ts';
import { insertedFigure } from './inserted_figure.ts';
import { paddedMatrices } from './padded_figure.ts';
import { indexOf, type ConvState } from './state.ts';
import type { Moment } from './steps.ts';
import { atMoment, biasFigure, equationOf, kernelFigures, outputFigures, plainInputFigures } from './window_figure.ts';

const transposedOf = (a: Arithmetic) => a.explanation as TransposedConvExplanation;

/** One addition: x·w onto a place of the result, whose index in Y is −1 where padding has cut it off. */
interface Paint {
  readonly x: number;
  readonly w: number;
  readonly oc: number;
  readonly place: readonly [number, number];
  readonly o: number;
}

/** All that input element `x` (flat) adds. */
export function paintsOf(state: ConvState, a: Arithmetic, x: number): Paint[] {
  const [c, y, column] = indexOf(x, a.input) as [number, number, number];
  const [, oh, ow] = a.output;
  const filters = state.cout / state.g;
  const group = Math.floor(c / (state.cin / state.g));
  return transposedOf(a)
    .inputPairs([0, y, column, c])
    .map(({ position, output, weight: [i, j, o] }) => {
      const oc = group * filters + o!;
      const [row, col] = state.flip ? [state.kh - 1 - i!, state.kw - 1 - j!] : [i!, j!];
      return {
        x,
        w: ((c * filters + o!) * state.kh + row) * state.kw + col,
        oc,
        place: [position[0]!, position[1]!],
        o: output ? (oc * oh + output[1]!) * ow + output[2]! : -1,
      };
    });
}

export function transposedFigure(state: ConvState, a: Arithmetic, moment: Moment): Figure {
  const figure = { scatter, insert: insertedFigure, matrix: asMatrix }[state.view](state, a, moment);
  return { ...figure, matrices: [...figure.matrices, overlapFigure(state, a)] };
}

function scatter(state: ConvState, a: Arithmetic, moment: Moment): Figure {
  const { k } = numbersOf(state);
  const paints = paintsOf(state, a, moment.unit);
  const { now } = moment;
  const sums = new Map<string, number>();
  for (let x = 0; x <= moment.unit; x++) {
    paintsOf(state, a, x).forEach(({ oc, place, w }, i) => {
      if (x === moment.unit && i > moment.product) return;
      const key = `${oc}:${place.join()}`;
      sums.set(key, (sums.get(key) ?? 0) + state.x.values[x]! * k[w]!);
    });
  }
  const channel = indexOf(moment.unit, a.input)[0]!;
  const inputs = plainInputFigures(state, a).map((figure) => ({
    ...figure,
    cells: figure.cells.map((cell) => ({ ...cell, marks: marks([cell.data.x === moment.unit, 'now']) })),
  }));
  const present = now >= 0 ? paints[now]! : null;
  return {
    matrices: [
      ...inputs,
      ...kernelFigures(
        { ...state, bias: false },
        { oc: channel, products: paints.map(({ w, place, x }) => ({ w, place, x, channel })), now },
      ),
      ...(state.bias ? [biasFigure(state, -1)] : []),
      ...paintedFigures(
        state,
        a,
        sums,
        new Map(paints.slice(0, moment.product + 1).map((paint, i) => [`${paint.oc}:${paint.place.join()}`, i])),
        now,
      ),
    ],
    equation: {
      left: present
        ? `y[${present.oc},${present.place.join()}] +=`
        : `y += x[${indexOf(moment.unit, a.input).join()}] · K`,
      kind: 'add',
      terms: (present ? [present] : paints).map((paint, i): EquationTerm => ({
        left: state.x.values[paint.x]!,
        right: state.k.values[paint.w]!,
        pad: paint.o < 0,
        done: present !== null || i <= moment.product,
        now: present !== null,
        x: paint.x,
        w: paint.w,
        place: `${paint.oc}:${paint.place.join()}`,
      })),
      bias: null,
      divisor: state.div,
      result: 0,
      whole: moment.whole,
    },
  };
}

/** The result so far, with the rim that padding cuts off. */
function paintedFigures(
  state: ConvState,
  a: Arithmetic,
  sums: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
  now: number,
): MatrixFigure[] {
  const { b } = numbersOf(state);
  return paddedMatrices(
    a.output,
    a.explanation.padding,
    (oc) => ({ id: `output${oc}`, name: 'output' }),
    ({ channel: oc, row: oy, column: ox, inside, flat: o, text }) => {
      const key = `${oc}:${text}`;
      const hit = current.get(key);
      return {
        value: inside ? (sums.get(key) ?? 0) + b[oc]! : (sums.get(key) ?? null),
        marks: marks([hit !== undefined, 'in'], [hit !== undefined && hit === now, 'now'], [!inside, 'pad']),
        data: { place: text, ...(inside ? { at: atText({ oc, oy, ox }), o } : {}) },
      };
    },
  );
}

/** y = Cᵀ·x: a row for each output, a column for each input. */
function asMatrix(state: ConvState, a: Arithmetic, moment: Moment): Figure {
  const { k } = numbersOf(state);
  const { y } = forward(a, state);
  const inputs = state.x.values.length;
  const weights = Array.from({ length: a.outputs }, (_, o) => new Map(a.products(o).map(({ x, w }) => [x, w])));
  const at = atMoment(a, moment);
  const now = at.now >= 0 ? (at.products[at.now]?.x ?? -1) : -1;
  return {
    matrices: [
      matrixOf(
        { id: 'matrix', name: 'matrix', part: null, rows: a.outputs, columns: inputs, focus: [at.o, Math.max(now, 0)] },
        (o, x) => {
          const w = weights[o]!.get(x);
          return {
            value: w === undefined ? 0 : k[w]!,
            marks: marks([o === at.o, 'in'], [o === at.o && x === now, 'now'], [w === undefined, 'pad']),
            data: { o, x, w: w ?? -1 },
          };
        },
      ),
      matrixOf(
        { id: 'vector', name: 'inputVector', part: null, rows: inputs, columns: 1, focus: [Math.max(now, 0), 0] },
        (x) => ({
          value: state.x.values[x]!,
          marks: marks([x === now, 'now']),
          data: { x },
        }),
      ),
      ...outputFigures(a, y, (o) => o < at.o || (o === at.o && moment.whole), at.o),
    ],
    equation: equationOf(state, at, moment, y, ({ x, w }) => ({
      left: state.x.values[x]!,
      right: state.k.values[w]!,
      pad: false,
      place: '',
    })),
  };
}

/** How many kernels reach each element of the result: a checkerboard where the stride does not divide the kernel. */
export function overlapFigure(state: ConvState, a: Arithmetic): MatrixFigure {
  const [, rows, columns] = a.output;
  return matrixOf({ id: 'overlap', name: 'overlap', part: null, rows, columns }, (oy, ox) => ({
    value: a.products(oy * columns + ox).length / (state.cin / state.g),
    marks: [],
    data: { place: `${oy},${ox}` },
  }));
}
