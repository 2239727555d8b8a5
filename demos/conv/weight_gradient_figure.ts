// The gradient of the weights as a product of dY with the transposed im2col matrix.

import { backward, forward, lossOf, type Arithmetic, type Product } from './arithmetic.ts';
import { marks, matrixOf, type Cell, type Figure, type MatrixFigure } from './figure.ts';
import { columnsFigure } from './gemm_figure.ts';
import { chosenOf, gradientFigures } from './loss_figure.ts';
import { indexOf, type ConvState } from './state.ts';
import type { Moment } from './steps.ts';
import { atMoment, kernelFigures } from './window_figure.ts';

/** dW = dY·colᵀ, a weight at a time. */
export function weightGradientFigure(state: ConvState, a: Arithmetic, moment: Moment): Figure {
  const { dy } = lossOf(state, forward(a, state).y);
  const { dk, db } = backward(a, state, dy);
  const [, depth, kh, kw] = a.kernel;
  const { positions } = a;
  const w = moment.unit;
  const oc = Math.floor(w / (depth * kh * kw));
  const row = a.products(oc * positions).findIndex((product) => product.w === w);
  const position = moment.now;
  const pairs = Array.from({ length: positions }, (_, p) => ({
    o: oc * positions + p,
    product: a.products(oc * positions + p)[row]!,
  }));
  const at = atMoment(a, { ...moment, unit: oc * positions + Math.max(position, 0) });
  const columns = columnsFigure(state, a, { ...at, position, now: row });
  const chosen = chosenOf(state);
  const kernels = kernelFigures({ ...state, bias: false }, { oc, products: [], now: -1 });
  const isRow = (cell: Cell) => cell.data.row === row;
  const matrices: MatrixFigure[] = [
    ...gradientFigures(state, a, dy, (o) => Math.floor(o / positions) === oc),
    {
      ...columns,
      focus: [row, Math.max(position, 0)],
      cells: columns.cells.map((cell) => ({
        ...cell,
        marks: marks(
          [isRow(cell), 'in'],
          [isRow(cell) && cell.data.position === position, 'now'],
          [cell.marks.includes('pad'), 'pad'],
        ),
      })),
    },
    ...kernels.map(({ editable: _, ...kernel }): MatrixFigure => ({
      ...kernel,
      id: `d${kernel.id}`,
      name: 'weightGradient',
      divisor: 1,
      cells: kernel.cells.map(({ data }) => {
        const at = data.w as number;
        const done = at < w || (at === w && moment.whole);
        return {
          value: done ? dk[at]! : at === w ? partial(state, pairs, dy, moment.product) : null,
          marks: marks([at === w, 'now'], [chosen?.what === 'k' && chosen.at === at, 'chosen']),
          data: { w: at, oc },
        };
      }),
    })),
    matrixOf({ id: 'db', name: 'biasGradient', part: null, rows: 1, columns: db.length }, (_, c) => ({
      value: w >= c * depth * kh * kw ? db[c]! : null,
      marks: marks([c === oc, 'in'], [chosen?.what === 'b' && chosen.at === c, 'chosen']),
      data: { b: c },
    })),
  ];
  return {
    matrices,
    equation: {
      left: `dW[${indexOf(w, a.kernel).join()}]`,
      kind: 'sum',
      terms: pairs.map(({ o, product: { x, place, channel } }, p) => ({
        left: dy[o]!,
        right: x < 0 ? 0 : state.x.values[x]!,
        pad: x < 0,
        done: p <= moment.product,
        now: p === position,
        x,
        w: -1,
        place: `${channel}:${place.join()}`,
      })),
      bias: null,
      divisor: 1,
      result: partial(state, pairs, dy, moment.product),
      whole: moment.whole,
    },
  };
}

const partial = (
  { x }: ConvState,
  pairs: readonly { o: number; product: Product }[],
  dy: readonly number[],
  last: number,
): number =>
  pairs
    .slice(0, last + 1)
    .reduce((sum, { o, product }) => sum + (product.x < 0 ? 0 : x.values[product.x]! * dy[o]!), 0);
