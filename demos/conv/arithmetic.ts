// The numbers behind every picture. Which element meets which weight, and all sizes, come from the library's `explain`;
// here they are only summed up. Values lie channel by channel: X [C_in,H,W], Y [C_out,oH,oW], K as `kernelShape` says.

import { OptionError, ShapeError, type Misfit } from '../../src/core/errors.ts';
import { explain } from '../../src/ops/explain.ts';
import type { Explanation, ExplainSpec, Index, TransposedAxis, WindowAxis } from '../../src/ops/explain_types.ts';
import { indexOf, kernelShape, type ConvState } from './state.ts';

/** One product of an output's sum; of a pooling, one element of its window. */
export interface Product {
  /** Flat in X; −1 for a zero of the padding. */
  readonly x: number;
  /** Flat in K; −1 in a pooling. */
  readonly w: number;
  /** Channel of X. */
  readonly channel: number;
  /** Where the tap lies on the image the windows lie on, padding included: off that image it is padding. */
  readonly place: readonly [number, number];
}

export interface Arithmetic {
  readonly explanation: Explanation;
  readonly axes: readonly (WindowAxis | TransposedAxis)[];
  /** [C, H, W] of input and output. */
  readonly input: readonly [number, number, number];
  readonly output: readonly [number, number, number];
  readonly kernel: readonly [number, number, number, number];
  readonly outputs: number;
  /** Of each channel of the output. */
  readonly positions: number;
  readonly groups: number;
  /** Output channels of a group. */
  readonly filters: number;
  /** The products of output `o`, flat in Y, in the order in which the engine's product of matrices adds them. */
  products(o: number): readonly Product[];
}

/** Why there is no picture: what does not fit, as the library says it. */
export interface Impossible {
  readonly impossible: Misfit;
}

/** What does not fit of an error of `explain`; any other error is a defect and goes on. */
export function misfitOf(error: unknown): Misfit {
  if ((error instanceof ShapeError || error instanceof OptionError) && error.misfit) return error.misfit;
  throw error;
}

const perAxis = <T>(y: T, x: T): [T, T] => [y, x];

/** What all four rules of padding come to; 'same' is left to the library. */
export function paddingOf(s: ConvState): 'valid' | 'same' | [[number, number], [number, number]] {
  const reach = perAxis(s.dy * (s.kh - 1), s.dx * (s.kw - 1));
  switch (s.pad) {
    case 'valid':
    case 'same':
      return s.pad;
    case 'torch':
      return reach.map((all) => [Math.floor(all / 2), Math.ceil(all / 2)]) as [[number, number], [number, number]];
    case 'full':
      return reach.map((all) => [all, all]) as [[number, number], [number, number]];
    case 'explicit':
      return [
        [s.pt, s.pb],
        [s.pl, s.pr],
      ];
  }
}

export function specOf(s: ConvState): ExplainSpec {
  const shared = {
    inputShape: [s.h, s.w, s.cin],
    strides: perAxis(s.sy, s.sx),
    dilationRate: perAxis(s.dy, s.dx),
    padding: paddingOf(s),
  };
  const kernelSize = perAxis(s.kh, s.kw);
  switch (s.op) {
    case 'conv':
      return {
        op: 'conv2d',
        ...shared,
        kernelSize,
        filters: s.cout,
        groups: s.g,
        paddingMode: s.mode,
        useBias: s.bias,
      };
    case 'transposed': {
      const outputPadding = perAxis(s.opy, s.opx);
      return {
        op: 'conv2dTranspose',
        ...shared,
        kernelSize,
        filters: s.cout,
        groups: s.g,
        outputPadding,
        useBias: s.bias,
      };
    }
    case 'max':
      return { op: 'maxPool2d', ...shared, poolSize: kernelSize };
    case 'average':
      return { op: 'averagePool2d', ...shared, poolSize: kernelSize };
  }
}

/** The latest few, since a view asks for several and each step for the same again. */
const made = new Map<string, Arithmetic | Impossible>();

export function arithmeticOf(state: ConvState): Arithmetic | Impossible {
  const key = JSON.stringify([specOf(state), state.flip]);
  const value = made.get(key) ?? make(state);
  made.delete(key);
  made.set(key, value);
  if (made.size > 4) made.delete(made.keys().next().value!);
  return value;
}

export const isPossible = (value: Arithmetic | Impossible): value is Arithmetic => !('impossible' in value);

function make(state: ConvState): Arithmetic | Impossible {
  let explanation: Explanation;
  try {
    explanation = explain(specOf(state));
  } catch (error) {
    return { impossible: misfitOf(error) };
  }
  const [, oh, ow, oc] = explanation.outputShape as [number, number, number, number];
  const output = [oc, oh, ow] as const;
  const known: (readonly Product[])[] = [];
  const found = explanation;
  const groups = 'groups' in explanation ? explanation.groups : state.cin;
  return {
    explanation,
    axes: explanation.axes,
    input: [state.cin, state.h, state.w],
    output,
    kernel: kernelShape(state),
    outputs: oc * oh * ow,
    positions: oh * ow,
    groups,
    filters: oc / groups,
    products: (o) => (known[o] ??= productsOf(state, found, indexOf(o, output))),
  };
}

function productsOf(state: ConvState, explanation: Explanation, [oc, oy, ox]: readonly number[]): Product[] {
  return explanation.terms([0, oy!, ox!, oc!]).map((term) => ({
    x: term.input ? flatX(state, term.input) : -1,
    w: 'weight' in term ? flatK(state, term.weight as Index) : -1,
    channel: term.channel,
    place: [term.position[0]!, term.position[1]!],
  }));
}

const flatX = ({ h, w }: ConvState, [, y, x, c]: Index): number => (c! * h + y!) * w + x!;

/** A weight [kh, kw, c, oc] of the engine's as an element of K; a true convolution reads K turned by 180°. */
export function flatK(state: ConvState, [i, j, c, o]: Index): number {
  const [, depth, kh, kw] = kernelShape(state);
  const [row, column] = state.flip ? [kh - 1 - i!, kw - 1 - j!] : [i!, j!];
  return ((o! * depth + c!) * kh + row) * kw + column;
}

/** The numbers in the pictures' matrices; `k` is already divided. */
export interface Numbers {
  readonly x: readonly number[];
  readonly k: readonly number[];
  readonly b: readonly number[];
}

export function numbersOf(state: ConvState): Numbers {
  const k = state.div === 1 ? state.k.values : state.k.values.map((value) => value / state.div);
  return { x: state.x.values, k, b: state.bias ? state.b.values : state.b.values.map(() => 0) };
}

export interface Forward {
  readonly y: readonly number[];
  /** Of a maximum: which of the output's products won. */
  readonly winner: readonly number[];
}

/** Of the state's own numbers unless told. */
export function forward(a: Arithmetic, state: ConvState, { x, k, b }: Numbers = numbersOf(state)): Forward {
  const { op } = state;
  const winner: number[] = [];
  const y = Array.from({ length: a.outputs }, (_, o) => {
    const products = a.products(o);
    if (op === 'max') {
      winner[o] = -1;
      products.forEach((product, i) => {
        if (product.x >= 0 && (winner[o]! < 0 || x[product.x]! > x[products[winner[o]!]!.x]!)) winner[o] = i;
      });
      return x[products[winner[o]!]!.x]!;
    }
    if (op === 'average') return sumOf(products, (p) => (p.x < 0 ? 0 : x[p.x]!)) / divisorOf(a, o);
    return sumOf(products, (p) => (p.x < 0 ? 0 : x[p.x]! * k[p.w]!)) + b[Math.floor(o / a.positions)]!;
  });
  return { y, winner };
}

const sumOf = (products: readonly Product[], value: (product: Product) => number): number =>
  products.reduce((sum, product) => sum + value(product), 0);

/** What an average is divided by. */
export function divisorOf({ explanation, output }: Arithmetic, o: number): number {
  if (!('divisor' in explanation)) return 1;
  const [oc, oy, ox] = indexOf(o, output);
  return explanation.divisor([0, oy!, ox!, oc!]);
}

export interface Loss {
  readonly value: number;
  readonly dy: readonly number[];
}

/** L = Σ dY·Y with a dY of ones or one's own, or the mean of (Y − target)². */
export function lossOf({ loss, t }: ConvState, y: readonly number[]): Loss {
  const given = (o: number, missing: number) => (t.values.length === y.length ? t.values[o]! : missing);
  if (loss === 'mse') {
    const off = y.map((value, o) => value - given(o, 0));
    return {
      value: off.reduce((sum, d) => sum + d * d, 0) / y.length,
      dy: off.map((d) => (2 * d) / y.length),
    };
  }
  const dy = y.map((_, o) => (loss === 'own' ? given(o, 1) : 1));
  return { value: y.reduce((sum, value, o) => sum + value * dy[o]!, 0), dy };
}

export interface Backward {
  readonly dx: readonly number[];
  readonly dk: readonly number[];
  readonly db: readonly number[];
  /** How many products hit each element of X. */
  readonly hits: readonly number[];
}

/** dX[x] = Σ dY·K, dK[w] = Σ dY·X over the products they take part in, db the sums of dY. */
export function backward(
  a: Arithmetic,
  state: ConvState,
  dy: readonly number[],
  numbers: Numbers = numbersOf(state),
): Backward {
  const { op } = state;
  const { x, k } = numbers;
  const dx = x.map(() => 0);
  const hits = x.map(() => 0);
  const dk = k.map(() => 0);
  const db = Array.from({ length: a.output[0] }, () => 0);
  const { winner } = op === 'max' ? forward(a, state, numbers) : { winner: [] };
  for (let o = 0; o < a.outputs; o++) {
    db[Math.floor(o / a.positions)]! += dy[o]!;
    a.products(o).forEach((p, i) => {
      if (p.x < 0) return;
      const share = gradientShare(a, op, k, winner, o, i);
      if (share === null) return;
      dx[p.x]! += dy[o]! * share;
      hits[p.x]!++;
      if (p.w >= 0) dk[p.w]! += dy[o]! * x[p.x]!;
    });
  }
  return { dx, dk, db, hits };
}

/** dY's factor on its way to the element of product `i` of output `o`; null where nothing flows. */
export function gradientShare(
  a: Arithmetic,
  op: ConvState['op'],
  k: readonly number[],
  winner: readonly number[],
  o: number,
  i: number,
): number | null {
  if (op === 'max') return winner[o] === i ? 1 : null;
  if (op === 'average') return 1 / divisorOf(a, o);
  return k[a.products(o)[i]!.w]!;
}

/** (L(v + ε) − L(v − ε)) / 2ε for one element of X, K or b. */
export function finiteDifference(
  a: Arithmetic,
  state: ConvState,
  what: keyof Numbers,
  at: number,
  epsilon = 1e-3,
): number {
  const base = numbersOf(state);
  const lossAt = (change: number) => {
    const moved = { ...base, [what]: base[what].map((value, i) => (i === at ? value + change : value)) };
    return lossOf(state, forward(a, state, moved).y).value;
  };
  return (lossAt(epsilon) - lossAt(-epsilon)) / (2 * epsilon);
}
