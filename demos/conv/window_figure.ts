// Input, kernel and output, the im2col matrix, and the row times the column: five pictures of one step.

import { divisorOf, forward, type Arithmetic, type Product } from './arithmetic.ts';
import { atText, marks, matrixOf, type Equation, type EquationTerm, type Figure, type MatrixFigure } from './figure.ts';
import { columnsFigure, productFigure, weightRowsFigure } from './gemm_figure.ts';
import { arcsOf, paddedMatrices, plainMatrices } from './padded_figure.ts';
import { indexOf, type ConvState } from './state.ts';
import { isPool, type Moment } from './steps.ts';

/** What a step of the window means. */
export interface At {
  readonly o: number;
  readonly oc: number;
  readonly oy: number;
  readonly ox: number;
  readonly group: number;
  readonly position: number;
  readonly products: readonly Product[];
  /** The product the step is at; −1 where steps are whole outputs. */
  readonly now: number;
}

export function atMoment(a: Arithmetic, { unit, now }: Moment): At {
  const [oc, oy, ox] = indexOf(unit, a.output) as [number, number, number];
  return {
    o: unit,
    oc,
    oy,
    ox,
    group: Math.floor(oc / a.filters),
    position: oy * a.output[2] + ox,
    products: a.products(unit),
    now,
  };
}

export function windowFigure(state: ConvState, a: Arithmetic, moment: Moment): Figure {
  const at = atMoment(a, moment);
  const { y, winner } = forward(a, state);
  return {
    matrices: [
      ...inputFigures(state, a, at, winner[at.o] ?? -1),
      ...(isPool(state) ? [] : kernelFigures(state, at)),
      ...outputFigures(a, y, (o) => o < at.o || (o === at.o && moment.whole), at.o),
      columnsFigure(state, a, at),
      ...(isPool(state) ? [] : [weightRowsFigure(state, a, at), productFigure(a, y, at, moment)]),
    ],
    equation: equationOf(
      state,
      at,
      moment,
      y,
      ({ x, w, place: [row, column] }, i) => ({
        left: x < 0 ? 0 : state.x.values[x]!,
        right: isPool(state) ? null : state.k.values[w]!,
        pad: row < 0 || column < 0 || row >= state.h || column >= state.w,
        won: i === winner[at.o],
      }),
      state.op === 'average' ? divisorOf(a, at.o) : state.div,
    ),
  };
}

/** The padded image, channel by channel. */
export function inputFigures(state: ConvState, a: Arithmetic, at: At | null, winner = -1): MatrixFigure[] {
  const [neverRow, neverColumn] = a.axes.map((axis) => new Set('neverRead' in axis ? axis.neverRead : [])) as [
    Set<number>,
    Set<number>,
  ];
  const sources = sourcesOf(a);
  const products = at?.products ?? [];
  const window = new Map(products.map((p, i) => [`${p.channel},${p.place.join()}`, i]));
  const area = state.h * state.w;
  return paddedMatrices(
    a.input,
    a.explanation.padding,
    (channel) => ({ id: `x${channel}`, name: 'input', editable: 'x', arcs: arcsOf(a, products, channel) }),
    ({ channel, row, column, inside, flat, text }) => {
      const source = sources.get(text) ?? -1;
      const x = inside || source < 0 ? flat : channel * area + source;
      const i = window.get(`${channel},${text}`) ?? -1;
      const never = neverRow.has(row) || neverColumn.has(column);
      return {
        value: x >= 0 ? state.x.values[x]! : never ? null : 0,
        marks: marks(
          [i >= 0, 'in'],
          [i >= 0 && i === at?.now, 'now'],
          [!inside, 'pad'],
          [never, 'never'],
          [i >= 0 && i === winner, 'won'],
        ),
        data: { place: text, channel, x },
        edit: inside ? x : undefined,
      };
    },
  );
}

/** The image alone, also where padding lies around it or, in a transposed convolution, around the result. */
export const plainInputFigures = (state: ConvState, { input }: Arithmetic): MatrixFigure[] =>
  plainMatrices(
    input,
    (channel) => ({ id: `x${channel}`, name: 'input', editable: 'x' }),
    ({ channel, flat, text }) => ({
      value: state.x.values[flat]!,
      marks: [],
      data: { place: text, channel, x: flat },
      edit: flat,
    }),
  );

/** For every place that a window reads, the pixel it is read from; −1 for a zero. */
export function sourcesOf(a: Arithmetic): ReadonlyMap<string, number> {
  const [, h, w] = a.input;
  const sources = new Map<string, number>();
  for (let position = 0; position < a.positions; position++)
    for (const { place, x } of a.products(position)) sources.set(place.join(), x < 0 ? -1 : x % (h * w));
  return sources;
}

/** The filter of the present output channel. */
export function kernelFigures(state: ConvState, at: Pick<At, 'oc' | 'products' | 'now'>): MatrixFigure[] {
  const [filters, depth, kh, kw] = state.k.shape as [number, number, number, number];
  const now = at.now >= 0 ? at.products[at.now]!.w : -1;
  const kernels = Array.from({ length: depth }, (_, c) =>
    matrixOf(
      {
        id: `k${at.oc}.${c}`,
        name: 'kernel',
        part: filters * depth > 1 ? at.oc * depth + c : null,
        rows: kh,
        columns: kw,
        editable: 'k',
        divisor: state.div,
      },
      (i, j) => {
        const w = ((at.oc * depth + c) * kh + i) * kw + j;
        return {
          value: state.k.values[w]!,
          marks: marks([true, 'in'], [w === now, 'now']),
          data: { w, oc: at.oc },
          edit: w,
        };
      },
    ),
  );
  return state.bias ? [...kernels, biasFigure(state, at.oc)] : kernels;
}

export function biasFigure(state: ConvState, oc: number): MatrixFigure {
  return matrixOf(
    { id: 'b', name: 'bias', part: null, rows: 1, columns: state.b.shape[0]!, editable: 'b' },
    (_, c) => ({
      value: state.b.values[c]!,
      marks: marks([c === oc, 'in']),
      data: { b: c },
      edit: c,
    }),
  );
}

/** Y, blank where `done` says that a step has yet to come. */
export const outputFigures = (
  { output }: Arithmetic,
  y: readonly number[],
  done: (o: number) => boolean,
  now: number,
): MatrixFigure[] =>
  plainMatrices(
    output,
    (oc) => ({ id: `output${oc}`, name: 'output' }),
    ({ channel: oc, row: oy, column: ox, flat: o }) => ({
      value: done(o) ? y[o]! : null,
      marks: marks([o === now, 'now']),
      data: { at: atText({ oc, oy, ox }), o },
    }),
  );

type TermShown = Pick<EquationTerm, 'left' | 'right' | 'pad'> & Partial<EquationTerm>;

/** y as made of the step's products, of which each term shows what `term` says. */
export function equationOf(
  state: ConvState,
  { o, oc, oy, ox, products, now }: At,
  moment: Moment,
  y: readonly number[],
  term: (product: Product, i: number) => TermShown,
  divisor = state.div,
): Equation {
  const terms = products.map((product, i): EquationTerm => ({
    done: i <= moment.product,
    now: i === now,
    x: product.x,
    w: product.w,
    place: `${product.channel}:${product.place.join()}`,
    ...term(product, i),
  }));
  return {
    left: `y[${oc},${oy},${ox}]`,
    kind: state.op === 'max' ? 'max' : state.op === 'average' ? 'mean' : 'sum',
    terms,
    bias: state.bias && !isPool(state) && moment.whole ? state.b.values[oc]! : null,
    divisor,
    result: moment.whole ? y[o]! : soFar(state, terms, divisor),
    whole: moment.whole,
  };
}

function soFar({ op }: ConvState, all: Equation['terms'], divisor: number): number {
  const terms = all.filter(({ done }) => done);
  if (op === 'max') return Math.max(...terms.filter(({ x }) => x >= 0).map(({ left }) => left));
  return terms.reduce((sum, { left, right }) => sum + left * (right ?? 1), 0) / divisor;
}
