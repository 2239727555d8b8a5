// The engine's own answer to the picture's question: the same forward and backward pass by its kernels. Loaded only when asked.

import { createWebGPUDevice, evaluateGraph, inputTensor, program } from '../../src/index.ts';
import { backward, forward, lossOf, numbersOf, type Arithmetic } from './arithmetic.ts';
import { questionOf, type Compared, type Question } from './question.ts';
import { reproOf, type Differing } from './repro.ts';
import { indexOf, type ConvState } from './state.ts';

export interface Agreement {
  readonly device: 'cpu' | 'gpu';
  /** What the device is called; empty for the CPU. */
  readonly name: string;
  readonly agrees: boolean;
  readonly difference: number;
  /** The first cell that differs by more than rounding, by its index in the picture, and the engine's answer as a program. */
  readonly first: (Differing & { readonly index: readonly number[]; readonly repro: string }) | null;
}

type Answer = Partial<Record<Compared, ArrayLike<number>>>;

/** Asks the CPU reference. */
export function askCpu(state: ConvState, a: Arithmetic): Agreement {
  const question = questionOf(state, a);
  const { shapes, feeds, build } = question;
  const symbols = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, inputTensor(name, shape)]));
  const made = build(symbols);
  const fed = new Map(Object.entries(feeds).map(([name, values]) => [symbols[name]!, values]));
  const values = evaluateGraph(Object.values(made), fed);
  const answer = Object.fromEntries(Object.keys(made).map((name, i) => [name, values[i] as Float64Array]));
  return judge('cpu', '', state, a, question, answer, 2 ** -52);
}

/** Asks the GPU. DeviceError: there is none, or it fails. */
export async function askGpu(state: ConvState, a: Arithmetic): Promise<Agreement> {
  const question = questionOf(state, a);
  const { shapes, feeds, build } = question;
  const device = await createWebGPUDevice();
  try {
    const step = await program(shapes, build, { device });
    await step.prepare();
    step.run(Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, Float32Array.from(values)])));
    const answer: Answer = {};
    for (const name of shapes.w ? (['y', 'dx', 'dw', 'db'] as const) : (['y', 'dx'] as const))
      answer[name] = (await step.read(name)) as Float32Array;
    step.dispose();
    return judge('gpu', device.description, state, a, question, answer, 2 ** -23);
  } finally {
    device.dispose();
  }
}

/** Compares with the picture's numbers, allowing each sum the rounding of its terms. */
function judge(
  device: Agreement['device'],
  name: string,
  state: ConvState,
  a: Arithmetic,
  question: Question,
  answer: Answer,
  unit: number,
): Agreement {
  const numbers = numbersOf(state);
  const { y } = forward(a, state);
  const { dy } = lossOf(state, y);
  const picture = { y, ...backward(a, state, dy) };
  const size = { x: numbers.x.map(Math.abs), k: numbers.k.map(Math.abs), b: numbers.b.map(Math.abs) };
  const linear = state.op === 'max' ? { ...state, op: 'average' as const } : state;
  const sizes = {
    y: forward(a, linear, size).y,
    ...backward(a, linear, dy.map(Math.abs), size),
  };
  const depth =
    Math.max(
      a.outputs,
      a.kernel.reduce((n, extent) => n * extent, 1),
    ) + 4;
  const parts = [
    ['y', picture.y, sizes.y, a.output],
    ['dx', picture.dx, sizes.dx, a.input],
    ['dw', picture.dk, sizes.dk, a.kernel],
    ['db', picture.db, sizes.db, [a.output[0]]],
  ] as const;
  let difference = 0;
  let first: Agreement['first'] = null;
  for (const [of, expected, bound, shape] of parts) {
    const got = answer[of];
    if (!got) continue;
    for (const [at, value] of expected.entries()) {
      const engine = got[question.places[of][at]!]!;
      const off = Math.abs(value - engine);
      difference = Math.max(difference, off);
      // Not `off >`: NaN is a difference.
      const allowed = depth * unit * Math.max(bound[at]!, Math.abs(value), state.op === 'max' ? 1 : 0);
      if (first || off <= allowed) continue;
      const cell = { of, at, picture: value, engine };
      first = { ...cell, index: indexOf(at, shape), repro: reproOf(device, state, question, cell) };
    }
  }
  return { device, name, agrees: first === null, difference, first };
}
