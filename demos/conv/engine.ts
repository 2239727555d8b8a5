// The engine's own answer to the picture's question: the same forward and backward pass by its kernels. Loaded only when asked.

import {
  createWebGPUDevice,
  evaluateGraph,
  gradients,
  inputTensor,
  ops,
  program,
  type Tensor,
} from '../../src/index.ts';
import { backward, flatK, forward, lossOf, numbersOf, paddingOf, type Arithmetic } from './arithmetic.ts';
import { indexOf, type ConvState } from './state.ts';
import { isPool } from './steps.ts';

export type Compared = 'y' | 'dx' | 'dw' | 'db';

export interface Agreement {
  readonly device: 'cpu' | 'gpu';
  /** What the device is called; empty for the CPU. */
  readonly name: string;
  readonly agrees: boolean;
  readonly difference: number;
  /** The first cell that differs by more than rounding. */
  readonly first: {
    readonly of: Compared;
    readonly index: readonly number[];
    readonly picture: number;
    readonly engine: number;
  } | null;
}

type Answer = Partial<Record<Compared, ArrayLike<number>>>;

interface Question {
  readonly shapes: Record<'x' | 'w' | 'b' | 'dy', number[]>;
  readonly feeds: Record<'x' | 'w' | 'b' | 'dy', Float64Array>;
  readonly build: (inputs: Record<string, Tensor>) => Record<string, Tensor>;
}

/** Asks the CPU reference. */
export function askCpu(state: ConvState, a: Arithmetic): Agreement {
  const { shapes, feeds, build } = questionOf(state, a);
  const symbols = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, inputTensor(name, shape)]));
  const made = build(symbols);
  const fed = new Map(Object.entries(feeds).map(([name, values]) => [symbols[name]!, values]));
  const values = evaluateGraph(Object.values(made), fed);
  const answer = Object.fromEntries(Object.keys(made).map((name, i) => [name, values[i] as Float64Array]));
  return judge('cpu', '', state, a, answer, 2 ** -52);
}

/** Asks the GPU. DeviceError: there is none, or it fails. */
export async function askGpu(state: ConvState, a: Arithmetic): Promise<Agreement> {
  const { shapes, feeds, build } = questionOf(state, a);
  const device = await createWebGPUDevice();
  try {
    const step = await program(shapes, (inputs) => build(inputs), { device });
    await step.prepare();
    step.run(Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, Float32Array.from(values)])));
    const outputs = ['y', 'dx', 'dw', 'db'] as const;
    const answer: Answer = {};
    for (const name of outputs.slice(0, isPoolQuestion(shapes) ? 2 : 4))
      answer[name] = (await step.read(name)) as Float32Array;
    step.dispose();
    return judge('gpu', device.description, state, a, answer, 2 ** -23);
  } finally {
    device.dispose();
  }
}

const isPoolQuestion = (shapes: Question['shapes']): boolean => shapes.w.includes(0) || shapes.w.length === 1;

function questionOf(state: ConvState, a: Arithmetic): Question {
  const numbers = numbersOf(state);
  const [cin, h, w] = a.input;
  const [cout, oh, ow] = a.output;
  const { dy } = lossOf(state, forward(a, state.op, numbers).y);
  const pool = isPool(state);
  const kernel = pool ? [1] : [...(a.explanation as { weightShape: readonly number[] }).weightShape];
  const shapes = { x: [1, h, w, cin], w: kernel, b: [cout], dy: [1, oh, ow, cout] };
  const feeds = {
    x: channelsLast(numbers.x, a.input),
    w: pool
      ? new Float64Array(1)
      : Float64Array.from({ length: numbers.k.length }, (_, i) => numbers.k[flatK(state, indexOf(i, kernel))]!),
    b: Float64Array.from(numbers.b),
    dy: channelsLast(dy, a.output),
  };
  return { shapes, feeds, build: (inputs) => graph(state, inputs) };
}

function graph(state: ConvState, { x, w, b, dy }: Record<string, Tensor>): Record<string, Tensor> {
  const shared = { strides: [state.sy, state.sx], padding: paddingOf(state) } as const;
  if (isPool(state)) {
    const pool = state.op === 'max' ? ops.maxPool2d : ops.averagePool2d;
    const y = pool(x!, { ...shared, poolSize: [state.kh, state.kw] });
    const [dx] = gradients(y, [x!], dy!);
    return { y, dx: dx! };
  }
  const options = { ...shared, dilationRate: [state.dy, state.dx], groups: state.g } as const;
  const sums =
    state.op === 'conv'
      ? ops.conv2d(x!, w!, { ...options, paddingMode: state.mode })
      : ops.conv2dTranspose(x!, w!, { ...options, outputPadding: [state.opy, state.opx] });
  const y = ops.add(sums, b!);
  const [dx, dw, db] = gradients(y, [x!, w!, b!], dy!);
  return { y, dx: dx!, dw: dw!, db: db! };
}

function channelsLast(values: readonly number[], [c, h, w]: readonly [number, number, number]): Float64Array {
  return Float64Array.from({ length: values.length }, (_, i) => {
    const [y, x, channel] = indexOf(i, [h, w, c]) as [number, number, number];
    return values[(channel * h + y) * w + x]!;
  });
}

/** Compares with the picture's numbers, allowing each sum the rounding of its terms. */
function judge(
  device: Agreement['device'],
  name: string,
  state: ConvState,
  a: Arithmetic,
  answer: Answer,
  unit: number,
): Agreement {
  const numbers = numbersOf(state);
  const { y } = forward(a, state.op, numbers);
  const { dy } = lossOf(state, y);
  const picture = { y, ...backward(a, state.op, numbers, dy) };
  const size = { x: numbers.x.map(Math.abs), k: numbers.k.map(Math.abs), b: numbers.b.map(Math.abs) };
  const sizes = {
    y: forward(a, state.op === 'max' ? 'average' : state.op, size).y,
    ...backward(a, state.op === 'max' ? 'average' : state.op, size, dy.map(Math.abs)),
  };
  const depth =
    Math.max(
      a.outputs,
      a.kernel.reduce((n, extent) => n * extent, 1),
    ) + 4;
  const kernel = (a.explanation as { weightShape?: readonly number[] }).weightShape ?? [];
  const parts = [
    ['y', channelsLast(picture.y, a.output), channelsLast(sizes.y, a.output), [a.output[1], a.output[2], a.output[0]]],
    ['dx', channelsLast(picture.dx, a.input), channelsLast(sizes.dx, a.input), [a.input[1], a.input[2], a.input[0]]],
    [
      'dw',
      picture.dk.map((_, i) => picture.dk[flatK(state, indexOf(i, kernel))]!),
      sizes.dk.map((_, i) => sizes.dk[flatK(state, indexOf(i, kernel))]!),
      kernel,
    ],
    ['db', picture.db, sizes.db, [a.output[0]]],
  ] as const;
  let difference = 0;
  let first: Agreement['first'] = null;
  for (const [of, expected, bound, shape] of parts) {
    const got = answer[of];
    if (!got) continue;
    for (let i = 0; i < expected.length; i++) {
      const off = Math.abs(expected[i]! - got[i]!);
      difference = Math.max(difference, off);
      // Not `off >`: NaN is a difference.
      const allowed = depth * unit * Math.max(bound[i]!, Math.abs(expected[i]!), state.op === 'max' ? 1 : 0);
      if (!first && !(off <= allowed)) first = { of, index: indexOf(i, shape), picture: expected[i]!, engine: got[i]! };
    }
  }
  return { device, name, agrees: first === null, difference, first };
}
