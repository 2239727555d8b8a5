// What the convolution explorer's state is made of, its limits, and what its parameters make of each other.

import { randomUniform } from '../../src/core/random.ts';
import { choice, flag, integer, list, matrix, text, type Matrix, type StateOf } from '../shared/state.ts';

const none4: Matrix = { shape: [0, 0, 0, 0], values: [] };
const none3: Matrix = { shape: [0, 0, 0], values: [] };
const none1: Matrix = { shape: [0], values: [] };
const values = { min: -9999, max: 9999 };

export const tabs = ['window', 'gemm', 'dx', 'dw', 'transposed', 'image', 'stack'] as const;
export const operations = ['conv', 'transposed', 'max', 'average'] as const;
export const paddings = ['valid', 'same', 'torch', 'full', 'explicit'] as const;
export const paddingModes = ['zeros', 'reflect', 'replicate', 'circular'] as const;

/** Keys as links hold them. A matrix without elements stands for numbers drawn from the seed. */
export const fields = {
  tab: choice(tabs, 'window'),
  op: choice(operations, 'conv'),
  h: integer(5, 1, 12),
  w: integer(5, 1, 12),
  kh: integer(3, 1, 7),
  kw: integer(3, 1, 7),
  sy: integer(1, 1, 4),
  sx: integer(1, 1, 4),
  pad: choice(paddings, 'valid'),
  pt: integer(0, 0, 12),
  pl: integer(0, 0, 12),
  pb: integer(0, 0, 12),
  pr: integer(0, 0, 12),
  mode: choice(paddingModes, 'zeros'),
  dy: integer(1, 1, 4),
  dx: integer(1, 1, 4),
  cin: integer(1, 1, 4),
  cout: integer(1, 1, 4),
  g: integer(1, 1, 4),
  bias: flag(),
  opy: integer(0, 0, 3),
  opx: integer(0, 0, 3),
  flip: flag(),
  /** Every weight is its number in `k` divided by this: a box filter is ones over 9. */
  div: integer(1, 1, 4096),
  x: matrix(
    none3,
    [
      [0, 4],
      [0, 12],
      [0, 12],
    ],
    values,
  ),
  k: matrix(
    none4,
    [
      [0, 4],
      [0, 4],
      [0, 7],
      [0, 7],
    ],
    values,
  ),
  b: matrix(none1, [[0, 4]], values),
  loss: choice(['ones', 'own', 'mse'], 'ones'),
  /** The gradient of the output where `loss` is 'own', the target where it is 'mse'. */
  t: matrix(
    none3,
    [
      [0, 4],
      [0, 60],
      [0, 60],
    ],
    values,
  ),
  grain: choice(['cell', 'product'], 'cell'),
  simple: flag(),
  /** The element whose gradient is checked: x7, k0, b1. */
  check: text(''),
  view: choice(['scatter', 'insert', 'matrix'], 'scatter'),
  code: choice(['pytorch', 'keras', 'retrograd'], 'pytorch'),
  photo: choice(['scene', 'own'], 'scene'),
  colour: choice(['grey', 'channels', 'sum'], 'grey'),
  /** Of the stack of layers: H, W, C. */
  in: list([28, 28, 3], { min: 1, max: 1024, shortest: 3, longest: 3 }),
  /** Five numbers a layer: see stack.ts. */
  stack: list([1, 16, 3, 1, 0, 1, 16, 3, 1, 0, 2, 0, 2, 2, 0], { min: 0, max: 4096, shortest: 5, longest: 60 }),
  range: choice(['clamp', 'absolute', 'normalise'], 'normalise'),
  /** Which filter and channel of K a picture is filtered with: filter · depth + channel. */
  plane: integer(0, 0, 15),
} as const;

export type ConvState = StateOf<typeof fields> & {
  readonly step: number;
  readonly play: boolean;
  readonly seed: number;
  readonly quiz: '' | 'out' | 'size' | 'dx';
};

/** The numbers of groups that divide both channel counts, least first. */
export function groupChoices({ cin, cout, op }: Pick<ConvState, 'cin' | 'cout' | 'op'>): number[] {
  if (op === 'max' || op === 'average') return [1];
  return [1, 2, 3, 4].filter((groups) => cin % groups === 0 && cout % groups === 0);
}

/**
 * The state with its parameters made to agree: the operation belongs to the tab, groups divide the channels, a pooling
 * keeps its channels and is not dilated, and an exercise stands on a tab that asks for its answers. A transposed
 * convolution has no tab for dX, so none is asked of it.
 */
export function agreed<S extends ConvState>(state: S): S {
  const pooling = state.op === 'max' || state.op === 'average';
  const tab =
    state.op === 'transposed' && state.tab !== 'stack'
      ? 'transposed'
      : state.tab === 'transposed'
        ? 'window'
        : state.tab;
  const cout = pooling ? state.cin : state.cout;
  const shown = pooling && tab !== 'dx' && tab !== 'stack' ? 'window' : tab;
  const quiz = state.op === 'transposed' && state.quiz === 'dx' ? '' : state.quiz;
  const sized = { ...state, cout, quiz, tab: quiz ? tabAsking(quiz, state.op, shown) : shown };
  const g = groupChoices(sized).includes(state.g) ? state.g : 1;
  const mode = pooling || state.op === 'transposed' ? 'zeros' : state.mode;
  const [dy, dx] = pooling ? [1, 1] : [state.dy, state.dx];
  return { ...sized, g, mode, dy, dx };
}

function tabAsking(quiz: 'out' | 'size' | 'dx', op: ConvState['op'], tab: ConvState['tab']): ConvState['tab'] {
  if (quiz === 'dx') return 'dx';
  if (op === 'transposed') return 'transposed';
  return tab === 'gemm' ? tab : 'window';
}

/** `agreed`, with matrices of the sizes the parameters say, cut or filled up where they had others. */
export function settled<S extends ConvState>(state: S): S {
  const next = agreed(state);
  const x = resized(next.x, [next.cin, next.h, next.w], drawn(next.seed, 1, 0, 9));
  const k = resized(next.k, kernelShape(next), drawn(next.seed, 2, -2, 2));
  const b = resized(next.b, [next.cout], drawn(next.seed, 3, -3, 3));
  return { ...next, x, k, b };
}

/** [C_out, C_in / groups, kH, kW]; of a transposed convolution [C_in, C_out / groups, kH, kW]. Pooling has none. */
export function kernelShape({ op, cin, cout, g, kh, kw }: ConvState): [number, number, number, number] {
  if (op === 'max' || op === 'average') return [0, 0, 0, 0];
  return op === 'transposed' ? [cin, cout / g, kh, kw] : [cout, cin / g, kh, kw];
}

type Draw = (index: readonly number[]) => number;

/** Draws of a seed's streams, since every view wants the same again. */
const draws = new Map<string, Float32Array>();

function drawsOf(seed: number, stream: number): Float32Array {
  const key = `${seed} ${stream}`;
  let found = draws.get(key);
  if (!found) {
    if (draws.size > 20) draws.clear();
    draws.set(key, (found = randomUniform(4096, seed, stream)));
  }
  return found;
}

/** Integers from `least` to `most` by place, the same for a seed on any machine and for any size of the matrix. */
export function drawn(seed: number, stream: number, least: number, most: number): Draw {
  return (index) => {
    const values = drawsOf(seed, stream);
    const at = index.reduce((sum, i) => sum * 13 + i, 0) % values.length;
    return least + Math.floor(values[at]! * (most - least + 1));
  };
}

/** `given` in another shape: elements keep their places, new places are filled by `fill`. */
export function resized(given: Matrix, shape: readonly number[], fill: Draw): Matrix {
  const known = given.shape.length === shape.length ? given : { shape: shape.map(() => 0), values: [] };
  if (known.shape.every((extent, axis) => extent === shape[axis])) return known;
  const size = shape.reduce((product, extent) => product * extent, 1);
  const all = Array.from({ length: size }, (_, flat) => {
    const index = indexOf(flat, shape);
    if (index.some((i, axis) => i >= known.shape[axis]!)) return fill(index);
    return known.values[index.reduce((at, i, axis) => at * known.shape[axis]! + i, 0)]!;
  });
  return { shape, values: all };
}

export function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}
