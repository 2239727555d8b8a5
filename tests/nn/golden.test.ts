// Published worked examples that no test of a single op covers, and the list of where each of them is checked.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { createCpuDevice, ops, parameters, program, sgd } from '../../src/index.ts';

const file = `${process.env['RETROGRAD_DATA'] ?? '../shared/data'}/golden/worked-examples.json`;

interface Example<G, E> {
  readonly id: string;
  readonly given: G;
  readonly float64: E;
}

function examples(): Example<unknown, unknown>[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { examples: Example<unknown, unknown>[] }).examples;
}

function example<G, E>(id: string): Example<G, E> {
  return examples().find((one) => one.id === id) as Example<G, E>;
}

/** The test file that checks each example. */
const checkedIn: Readonly<Record<string, string>> = {
  'mazur-backprop': 'tests/nn/golden.test.ts',
  'micrograd-readme': 'tests/nn/golden.test.ts',
  'pytorch-lstm-7-steps': 'tests/ops/recurrent.test.ts',
  'pytorch-gru-7-steps': 'tests/ops/recurrent.test.ts',
  'pytorch-sgd-linear-regression': 'tests/ops/optimizer.test.ts',
  'pytorch-adamw-linear-regression': 'tests/ops/optimizer.test.ts',
  'cs231n-conv-forward': 'tests/ops/conv2d.test.ts',
  'cs231n-rmsprop-step': 'tests/ops/optimizer.test.ts',
  'cs231n-lstm-step': 'tests/ops/recurrent.test.ts',
};

test.each(Object.entries(checkedIn))('%s is checked in %s', (id, path) => {
  // Quoted as an argument or a table's entry: in this file the key of the list above does not count.
  const source = readFileSync(path, 'utf8').replace(`'${id}': '${path}'`, '');
  expect(source).toContain(`'${id}'`);
});

describe.skipIf(!existsSync(file))('worked examples (skipped where the golden data are absent)', () => {
  test('none is left unchecked', () => {
    expect(
      examples()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(Object.keys(checkedIn).sort());
  });

  test("the README of micrograd: a graph whose nodes have several readers, and relu's both sides", () => {
    const { given, float64 } = example<{ a: number; b: number }, { g: number; dgda: number; dgdb: number }>(
      'micrograd-readme',
    );
    const [a, b] = [inputTensor('a', []), inputTensor('b', [])];
    let c = ops.add(a, b);
    let d = ops.add(ops.mul(a, b), ops.pow(b, 3));
    c = ops.add(c, ops.add(c, 1));
    c = ops.add(c, ops.sub(ops.add(c, 1), a));
    d = ops.add(d, ops.add(ops.mul(d, 2), ops.relu(ops.add(b, a))));
    d = ops.add(d, ops.add(ops.mul(d, 3), ops.relu(ops.sub(b, a))));
    const f = ops.square(ops.sub(c, d));
    const g = ops.add(ops.div(f, 2), ops.div(10, f));
    const feeds = new Map([
      [a, Float64Array.of(given.a)],
      [b, Float64Array.of(given.b)],
    ]);
    const [value, dgda, dgdb] = evaluate([g, ...gradients(g, [a, b])], feeds).map((values) => values[0]!);
    expect(value).toBeCloseTo(float64.g, 11);
    expect(dgda).toBeCloseTo(float64.dgda, 10);
    expect(dgdb).toBeCloseTo(float64.dgdb, 9);
  });

  interface Mazur {
    readonly given: { input: number[]; target: number[]; w: number[]; b1: number; b2: number; lr: number };
    readonly float64: {
      outH: number[];
      outO: number[];
      lossBefore: number;
      wAfter: number[];
      gradients: number[];
      lossAfterOneStep: number;
      lossAfter10000: number;
      outAfter10000: number[];
    };
  }
  const mazur = () => example<Mazur['given'], Mazur['float64']>('mazur-backprop');

  /** w[0..3] as [units, in] are the hidden kernel, w[4..7] the output's; the biases stay as they are. */
  function network(x: Tensor, target: Tensor, w1: Tensor, w2: Tensor, b1: Tensor | number, b2: Tensor | number) {
    const hidden = ops.sigmoid(ops.add(ops.matmul(x, w1, { transposeB: true }), b1));
    const out = ops.sigmoid(ops.add(ops.matmul(hidden, w2, { transposeB: true }), b2));
    return { hidden, out, loss: ops.mul(ops.sum(ops.square(ops.sub(target, out))), 0.5) };
  }

  test('the 2-2-2 network of Mazur: values, gradients and one step in double precision', () => {
    const { given, float64 } = mazur();
    const x = inputTensor('x', [1, 2]);
    const target = inputTensor('target', [1, 2]);
    const [w1, w2] = [inputTensor('w1', [2, 2]), inputTensor('w2', [2, 2])];
    const [b1, b2] = [inputTensor('b1', []), inputTensor('b2', [])]; // a number in a graph is rounded to f32
    const { hidden, out, loss } = network(x, target, w1, w2, b1, b2);
    const wanted = [hidden, out, loss, ...gradients(loss, [w1, w2])];
    const at = (w: readonly number[]) =>
      evaluate(
        wanted,
        new Map([
          [x, Float64Array.from(given.input)],
          [target, Float64Array.from(given.target)],
          [w1, Float64Array.from(w.slice(0, 4))],
          [w2, Float64Array.from(w.slice(4))],
          [b1, Float64Array.of(given.b1)],
          [b2, Float64Array.of(given.b2)],
        ]),
      ).map((values) => Array.from(values));
    const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 14) as number);

    const [outH, outO, lossBefore, slopes1, slopes2] = at(given.w);
    const slopes = [...slopes1!, ...slopes2!];
    expect(outH).toEqual(near(float64.outH));
    expect(outO).toEqual(near(float64.outO));
    expect(lossBefore).toEqual(near([float64.lossBefore]));
    expect(slopes).toEqual(near(float64.gradients));
    const after = given.w.map((value, i) => value - given.lr * slopes[i]!);
    expect(after).toEqual(near(float64.wAfter));
    // The article's 0.291027924 comes from output weights that were updated too early.
    expect(at(after)[2]).toEqual(near([float64.lossAfterOneStep]));
  });

  test('the 2-2-2 network of Mazur: 10,000 steps of a program in f32', async () => {
    const { given, float64 } = mazur();
    const fixed = (values: number[]) => ({ name: 'fixed', values: () => Float32Array.from(values) });
    const net = parameters({
      w1: { shape: [2, 2], initializer: fixed(given.w.slice(0, 4)) },
      w2: { shape: [2, 2], initializer: fixed(given.w.slice(4)) },
    });
    const step = await program(
      { x: [1, 2], target: [1, 2] },
      ({ x, target }) => network(x!, target!, net.get('w1'), net.get('w2'), given.b1, given.b2),
      { parameters: net, optimizer: sgd({ learningRate: given.lr }), device: createCpuDevice() },
    );
    await step.prepare();
    const feeds = { x: Float32Array.from(given.input), target: Float32Array.from(given.target) };
    step.run(feeds);
    expect((await step.read('loss'))[0]).toBeCloseTo(float64.lossBefore, 7);
    step.run(feeds);
    expect((await step.read('loss'))[0]).toBeCloseTo(float64.lossAfterOneStep, 7);
    for (let done = 2; done <= 10_000; done++) step.run(feeds);
    // The article's own 0.0000351085 differs from this by 6.6e-9.
    expect(Math.abs((await step.read('loss'))[0]! - float64.lossAfter10000)).toBeLessThan(2e-9);
    const out = await step.read('out');
    float64.outAfter10000.forEach((value, i) => expect(out[i]).toBeCloseTo(value, 6));
  }, 60_000);
});
