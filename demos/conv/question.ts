// What the engine is asked of a picture: the same forward and backward pass as a graph, with its inputs as the engine lays them out.

import { gradients, ops, type Tensor } from '../../src/index.ts';
import { flatK, forward, lossOf, numbersOf, type Arithmetic } from './arithmetic.ts';
import { optionsOf } from './code.ts';
import { indexOf, type ConvState } from './state.ts';
import { isPool } from './steps.ts';

export type Compared = 'y' | 'dx' | 'dw' | 'db';
type Input = 'x' | 'w' | 'b' | 'dy';

export interface Question {
  /** A pooling has neither weights nor bias. */
  readonly shapes: Readonly<Partial<Record<Input, number[]>>>;
  readonly feeds: Readonly<Partial<Record<Input, Float64Array>>>;
  readonly build: (inputs: Record<string, Tensor>) => Record<string, Tensor>;
  /** Where the engine has each element of the picture's Y, dX, dW and db. */
  readonly places: Readonly<Record<Compared, readonly number[]>>;
}

const calls = {
  conv: ops.conv2d,
  transposed: ops.conv2dTranspose,
  max: ops.maxPool2d,
  average: ops.averagePool2d,
} as unknown as Record<ConvState['op'], (x: Tensor, ...rest: unknown[]) => Tensor>;

export function questionOf(state: ConvState, a: Arithmetic): Question {
  const numbers = numbersOf(state);
  const [cin, h, w] = a.input;
  const [cout, oh, ow] = a.output;
  const { dy } = lossOf(state, forward(a, state).y);
  const kernel = (a.explanation as { weightShape?: readonly number[] }).weightShape ?? [];
  const dw: number[] = [];
  numbers.k.forEach((_, i) => (dw[flatK(state, indexOf(i, kernel))] = i));
  const places = { y: channelsLast(a.output), dx: channelsLast(a.input), dw, db: numbers.b.map((_, i) => i) };
  const images = { x: placed(numbers.x, places.dx), dy: placed(dy, places.y) };
  const options = optionsOf(state);
  if (isPool(state))
    return {
      shapes: { x: [1, h, w, cin], dy: [1, oh, ow, cout] },
      feeds: images,
      build({ x, dy: slope }) {
        const y = calls[state.op](x!, options);
        return { y, dx: gradients(y, [x!], slope!)[0]! };
      },
      places,
    };
  return {
    shapes: { x: [1, h, w, cin], w: [...kernel], b: [cout], dy: [1, oh, ow, cout] },
    feeds: { ...images, w: placed(numbers.k, dw), b: Float64Array.from(numbers.b) },
    build({ x, w: weights, b, dy: slope }) {
      const y = ops.add(calls[state.op](x!, weights, options), b!);
      const [dx, dk, db] = gradients(y, [x!, weights!, b!], slope!);
      return { y, dx: dx!, dw: dk!, db: db! };
    },
    places,
  };
}

/** Where [H, W, C] has the elements of [C, H, W]. */
const channelsLast = ([c, h, w]: readonly [number, number, number]): number[] =>
  Array.from({ length: c * h * w }, (_, i) => (i % (h * w)) * c + Math.floor(i / (h * w)));

function placed(values: readonly number[], places: readonly number[]): Float64Array {
  const all = new Float64Array(values.length);
  values.forEach((value, i) => (all[places[i]!] = value));
  return all;
}
