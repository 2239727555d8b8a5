// The gradient of the input in pictures: a scatter-add of columns (col2im), or a pooling's routed gradient.

import { forward, gradientShare, lossOf, numbersOf, type Arithmetic, type Product } from './arithmetic.ts';
import { marks, matrixOf, type Equation, type EquationTerm, type Figure, type MatrixFigure } from './figure.ts';
import { depthOf, groupMatrix, weightRowsFigure } from './gemm_figure.ts';
import { chosenOf, gradientFigures } from './loss_figure.ts';
import { arcsOf, paddedMatrices } from './padded_figure.ts';
import type { ConvState } from './state.ts';
import { isPool, type Moment } from './steps.ts';
import { atMoment, inputFigures, sourcesOf } from './window_figure.ts';

interface Hit {
  readonly product: Product;
  readonly value: number;
}

/** What each unit of the dX walk adds, product by product: a column of Wᵀ·dY, or a pooling's routed gradient. */
export function hitsOf(state: ConvState, a: Arithmetic, unit: number, dy: readonly number[]): Hit[] {
  const { k } = numbersOf(state);
  if (isPool(state)) {
    const { winner } = forward(a, state);
    return a.products(unit).map((product, i) => ({
      product,
      value: (gradientShare(a, state.op, k, winner, unit, i) ?? 0) * dy[unit]!,
    }));
  }
  const { position, outputs } = columnOf(a, unit);
  return a.products(outputs[0]! + position).map((product, row) => ({
    product,
    value: outputs.reduce((sum, first) => sum + k[a.products(first + position)[row]!.w]! * dy[first + position]!, 0),
  }));
}

/** Unit `group·positions + position` of a convolution, and where the outputs of its group begin in Y. */
function columnOf(a: Arithmetic, unit: number): { group: number; position: number; outputs: number[] } {
  const { positions, filters } = a;
  const group = Math.floor(unit / positions);
  return {
    group,
    position: unit % positions,
    outputs: Array.from({ length: filters }, (_, i) => (group * filters + i) * positions),
  };
}

export function inputGradientFigure(state: ConvState, a: Arithmetic, moment: Moment): Figure {
  const pool = isPool(state);
  const { y } = forward(a, state);
  const { dy } = lossOf(state, y);
  const { now } = moment;
  const { group, position, outputs } = pool ? { group: 0, position: 0, outputs: [] } : columnOf(a, moment.unit);
  const isIn = (o: number) => (pool ? o === moment.unit : outputs.some((first) => first + position === o));
  const hits = hitsOf(state, a, moment.unit, dy);
  const common = gradientFigures(state, a, dy, isIn);
  const own = pool
    ? inputFigures(state, a, atMoment(a, moment))
    : [
        turnedWeights(weightRowsFigure(state, a, { oc: -1, group, now: -1 }), now),
        dColumnsFigure(state, a, moment, dy, group),
      ];
  return {
    matrices: [...common, ...own, ...sumsFigures(state, a, moment, dy)],
    equation: scatterEquation(moment, hits, position, pool, dy),
  };
}

/** Wᵀ: a row for each tap and channel, a column for each filter. */
function turnedWeights(rows: MatrixFigure, now: number): MatrixFigure {
  return matrixOf(
    { ...rows, id: 'turned', name: 'turned', rows: rows.columns, columns: rows.rows, focus: [Math.max(now, 0), 0] },
    (row, column) => ({
      ...rows.cells[column * rows.columns + row]!,
      marks: marks([row === now, 'now']),
    }),
  );
}

function dColumnsFigure(
  state: ConvState,
  a: Arithmetic,
  moment: Moment,
  dy: readonly number[],
  group: number,
): MatrixFigure {
  const { positions } = a;
  const { now } = moment;
  const here = moment.unit % positions;
  const columns = Array.from({ length: positions }, (_, position) =>
    hitsOf(state, a, group * positions + position, dy),
  );
  return groupMatrix(
    a,
    group,
    {
      id: 'dColumns',
      name: 'dColumns',
      rows: depthOf(a),
      columns: positions,
      focus: [Math.max(now, 0), here],
    },
    (row, position) => {
      const { product, value } = columns[position]![row]!;
      const done = position < here || (position === here && row <= moment.product);
      return {
        value: done ? value : null,
        marks: marks([position === here, 'in'], [position === here && row === now, 'now'], [product.x < 0, 'pad']),
        data: { row, position, place: product.place.join(), channel: product.channel, x: product.x },
      };
    },
  );
}

/** The sums so far of dX, on the padded image: what falls on zeros of the padding is cut off in the end. */
function sumsFigures(state: ConvState, a: Arithmetic, moment: Moment, dy: readonly number[]): MatrixFigure[] {
  const sums = new Map<string, { value: number; count: number }>();
  const current = new Map<string, number>();
  const sources = sourcesOf(a);
  const keyOf = ({ channel, place: [r, c] }: Product): string => {
    const source = sources.get(`${r},${c}`) ?? -1;
    return source < 0 ? `${channel}:${r},${c}` : `${channel}:${Math.floor(source / state.w)},${source % state.w}`;
  };
  for (let unit = 0; unit <= moment.unit; unit++) {
    hitsOf(state, a, unit, dy).forEach(({ product, value }, i) => {
      const here = unit === moment.unit;
      if (here && i > moment.product) return;
      if (state.op === 'max' && value === 0) return;
      const key = keyOf(product);
      const old = sums.get(key) ?? { value: 0, count: 0 };
      sums.set(key, { value: old.value + value, count: old.count + 1 });
      if (here) current.set(key, i);
    });
  }
  const chosen = chosenOf(state);
  const products = hitsOf(state, a, moment.unit, dy).map(({ product }) => product);
  return paddedMatrices(
    a.input,
    a.explanation.padding,
    (channel) => ({ id: `dx${channel}`, name: 'inputGradient', arcs: arcsOf(a, products, channel) }),
    ({ channel, inside, flat: x, text }) => {
      const sum = sums.get(`${channel}:${text}`);
      const hit = current.get(`${channel}:${text}`);
      return {
        value: sum?.value ?? (inside ? 0 : null),
        count: sum?.count ?? 0,
        marks: marks(
          [hit !== undefined, 'in'],
          [hit !== undefined && hit === moment.now, 'now'],
          [!inside, 'pad'],
          [inside && chosen?.what === 'x' && chosen.at === x, 'chosen'],
        ),
        data: { place: text, channel, x },
      };
    },
  );
}

function scatterEquation(
  moment: Moment,
  hits: readonly Hit[],
  position: number,
  pool: boolean,
  dy: readonly number[],
): Equation {
  const { now } = moment;
  const at = hits[Math.max(now, 0)]!;
  const terms = hits.map(({ product, value }, i): EquationTerm => ({
    left: value,
    right: null,
    pad: product.x < 0,
    done: i <= moment.product,
    now: i === now,
    x: product.x,
    w: product.w,
    place: `${product.channel}:${product.place.join()}`,
  }));
  const left =
    now >= 0
      ? `dX[${at.product.channel},${at.product.place.join()}] +=`
      : pool
        ? `dX += dY[${moment.unit}]`
        : `dX += dcol[:,${position}]`;
  return {
    left,
    kind: 'add',
    terms: now >= 0 ? [terms[now]!] : terms,
    bias: null,
    divisor: 1,
    result: now >= 0 ? at.value : (dy[moment.unit] ?? 0),
    whole: moment.whole,
  };
}
