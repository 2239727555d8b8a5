// What a product takes into its epilogue: vector, tensor and activation, wherever in the schedule they come from, and
// never where that would read a value after it was overwritten.

import { describe, expect, test } from 'vitest';
import type { Values } from '../../src/core/dtype.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { collectCalls } from '../../src/graph/walk.ts';
import { inputTensor, variableTensor, type Tensor, type Variable } from '../../src/graph/tensor.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { add, mul } from '../../src/ops/binary.ts';
import { conv2d } from '../../src/ops/convolution.ts';
import { assign } from '../../src/ops/copy.ts';
import type { EpilogueAttrs } from '../../src/ops/epilogue.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { mean, sum } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { relu, sigmoid, silu, tanh } from '../../src/ops/unary.ts';
import { makePlan } from '../../src/plan/build.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { generator, sampleValues } from '../ops/table.ts';

const input = (name: string, ...shape: number[]) => inputTensor(name, shape);
const [a, b, r] = [input('a', 6, 8), input('b', 8, 4), input('r', 6, 4)];
const bias = input('bias', 4);
const [w, row, many] = [input('w', 4, 4), input('row', 1, 4), input('many', 3, 6, 4)];

const planOf = (outputs: Record<string, Tensor>) => makePlan(outputs, [], { target: baseTarget });

/** Each step: a product as `matmul+bias+residual+relu` or `matmul+slope of relu`, a group of elementwise ops by its members, others by name. */
function steps({ steps: all }: Plan): string[] {
  return all.map(({ call: { op, attrs } }) => {
    if (!op.takesEpilogue) return op.title?.(attrs) ?? op.name;
    const { bias, residual, slope, activation } = attrs as EpilogueAttrs;
    return [op.name, bias && 'bias', residual && !slope && 'residual', slope && `slope of ${slope}`, activation]
      .filter(Boolean)
      .join('+');
  });
}

/** What a graph is fed. */
const inputsOf = (y: Tensor) => [
  ...new Map(
    collectCalls([y]).flatMap(({ inputs }) =>
      inputs.filter(({ source }) => source.kind === 'input').map((x) => [x.label, x]),
    ),
  ).values(),
];

/** The plan's outputs replayed through the references, against the oracle on the graph as it was written. */
async function expectSame(outputs: Record<string, Tensor>, inputs: readonly Tensor[]): Promise<void> {
  const feeds = new Map<Tensor, Values>(inputs.map((x, i) => [x, sampleValues({ shape: x.shape }, 31 + i)]));
  const expected = evaluate(Object.values(outputs), feeds);
  const plan = makePlan(outputs, [], { target: null });
  const runner = await createCpuDevice().createRunner(plan);
  const given = [...feeds].filter(([{ label }]) => label! in plan.inputs);
  runner.run(Object.fromEntries(given.map(([{ label }, values]) => [label!, Float32Array.from(values)])));
  for (const [i, name] of Object.keys(outputs).entries()) {
    const actual = await runner.read(name);
    const scale = Math.max(1, ...Array.from(expected[i]!, Math.abs));
    actual.forEach((value, j) => expect(Math.abs(value - expected[i]![j]!), name).toBeLessThan(1e-5 * scale));
  }
}

describe('a product takes in', () => {
  const product = () => matmul(a, b);
  test.each<[string, () => Tensor, string[]]>([
    ['a tensor', () => add(product(), r), ['matmul+residual']],
    ['it from the left', () => add(r, product()), ['matmul+residual']],
    ['vector, tensor, activation', () => relu(add(add(product(), bias), r)), ['matmul+bias+residual+relu']],
    ['tensor, then vector', () => tanh(add(bias, add(r, product()))), ['matmul+bias+residual+tanh']],
    ['a tensor through views', () => add(reshape(product(), [2, 3, 4]), reshape(r, [2, 3, 4])), ['matmul+residual']],
    ['one tensor, not two', () => add(add(product(), r), mul(r, r)), ['matmul+residual', 'mul + add']],
    ['nothing after the activation', () => add(relu(product()), r), ['matmul+relu', 'add']],
    ['what is computed after it', () => add(product(), tanh(r)), ['tanh', 'matmul+residual']],
    ['not a row for every row', () => add(product(), row), ['matmul', 'add']],
    ['not a tensor that it repeats along', () => add(product(), many), ['matmul', 'add']],
  ])('%s', async (_, make, expected) => {
    const y = make();
    const found = steps(planOf({ y }));
    expect(found.toSorted()).toEqual(expected.toSorted());
    await expectSame({ y }, [a, b, r, bias, w, row, many]);
  });

  test('what depends on its own result stays apart', async () => {
    const h = matmul(a, b);
    expect(steps(planOf({ y: add(h, tanh(h)) }))).toEqual(['matmul', 'tanh + add']);
    expect(steps(planOf({ y: add(h, h) }))).toEqual(['matmul', 'add']);
    const wide = matmul(h, w);
    expect(steps(planOf({ y: add(h, wide) }))).toEqual(['matmul', 'matmul+residual']);
    await expectSame({ y: add(h, wide) }, [a, b, w]);
  });

  test('where two products meet, the later one takes the other', async () => {
    const other = add(matmul(r, w), bias);
    const y = relu(add(add(matmul(a, b), bias), other));
    expect(steps(planOf({ y }))).toEqual(['matmul+bias', 'matmul+bias+residual+relu']);
    await expectSame({ y }, [a, b, r, w, bias]);
  });

  test('a kept sum is the end', () => {
    const biased = add(matmul(a, b), bias);
    expect(steps(planOf({ biased, y: add(biased, r) }))).toEqual(['matmul+bias', 'add']);
  });

  test.each<[string, object]>([
    ['conv2d', {}],
    ['conv_nd', { groups: 2 }],
  ])('so does a convolution: %s', async (name, options) => {
    const x = input('x', 2, 5, 5, 4);
    const filters = input('filters', 3, 3, 'groups' in options ? 2 : 4, 4);
    const y = relu(add(add(conv2d(x, filters, options), bias), input('skip', 2, 3, 3, 4)));
    expect(steps(planOf({ y }))).toEqual([`${name}+bias+residual+relu`]);
    await expectSame({ y }, inputsOf(y));
  });
});

describe('the product that gives the gradient of what an activation gave', () => {
  /** The steps of the gradient of `a`, by way of an activation of a·b and another product. */
  const gradient = (activation: (x: Tensor) => Tensor, through = (x: Tensor) => x) => {
    const y = matmul(through(activation(matmul(a, b))), w);
    return { da: gradients(sum(mul(y, y)), [a])[0]! };
  };

  test.each<[string, (x: Tensor) => Tensor]>([
    ['relu', relu],
    ['sigmoid', sigmoid],
    ['tanh', tanh],
  ])('takes in the slope of %s', async (name, activation) => {
    const outputs = gradient(activation);
    expect(steps(planOf(outputs)).slice(-2)).toEqual([`matmul+slope of ${name}`, 'matmul']);
    await expectSame(outputs, [a, b, w]);
    expect(steps(planOf(gradient(activation, (x) => reshape(reshape(x, [2, 3, 4]), [6, 4]))))).toContain(
      `matmul+slope of ${name}`,
    );
  });

  test.each<[string, string, object]>([
    ['conv2d_grad_input', 'conv2d', {}],
    ['conv_nd_grad_input', 'conv_nd', { groups: 2 }],
  ])('also %s', async (name, forward, options) => {
    const x = input('x', 2, 6, 5, 4);
    const filters = input('filters', 3, 3, 'groups' in options ? 2 : 4, 4);
    const y = conv2d(relu(conv2d(x, filters, options)), filters, options);
    const outputs = { dx: gradients(sum(mul(y, y)), [x])[0]! };
    const expected = [`${forward}+relu`, forward, `${name}+slope of relu`, name];
    expect(steps(planOf(outputs)).filter((step) => step.startsWith('conv'))).toEqual(expected);
    expect(steps(planOf(outputs)).join()).not.toContain('relu_grad');
    await expectSame(outputs, inputsOf(outputs.dx));
  });

  test('not that of what must be known before the activation', async () => {
    expect(steps(planOf(gradient(silu))).slice(-3)).toEqual(['matmul', 'silu_grad', 'matmul']);
    await expectSame(gradient(silu), [a, b, w]);
  });

  test('not where something is added to it before', async () => {
    const h = tanh(matmul(a, b));
    const loss = add(sum(mul(matmul(h, w), r)), sum(mul(h, mul(h, h))));
    const outputs = { da: gradients(loss, [a])[0]! };
    expect(steps(planOf(outputs)).filter((name) => name.includes('slope'))).toEqual([]);
    await expectSame(outputs, [a, b, w, r]);
  });

  test('not where that gradient itself is wanted', () => {
    const h = inputTensor('h', [6, 4]);
    const dh = matmul(r, w, { transposeB: true });
    const [dx] = gradients(sum(mul(tanh(h), dh)), [h]);
    expect(steps(planOf({ dx: dx! }))).toContain('matmul+slope of tanh');
    expect(steps(planOf({ dh, dx: dx! })).filter((name) => name.includes('slope'))).toEqual([]);
  });
});

test('random graphs of products and sums give what the oracle gives', async () => {
  let residuals = 0;
  for (let seed = 0; seed < 60; seed++) {
    const random = generator(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const inputs = ['x', 'y', 'z'].map((name) => input(name, 4, 4));
    const vector = input('v', 4);
    const values: Tensor[] = [...inputs];
    for (let i = 0; i < 10; i++) {
      const [left, right] = [pick(values), pick(values)];
      const made = [
        () => matmul(left, tanh(right), { transposeB: true }),
        () => matmul(tanh(left), right, { transposeA: true }),
        () => add(left, right),
        () => add(left, right),
        () => add(reshape(left, [2, 2, 4]), reshape(right, [2, 2, 4])),
        () => add(left, vector),
        () => relu(left),
        () => tanh(add(left, right)),
      ];
      values.push(reshape(pick(made)(), [4, 4]));
    }
    const outputs: Record<string, Tensor> = { last: values.at(-1)!, middle: values[7]! };
    outputs['loss'] = mean(tanh(add(sum(values.at(-1)!, { axes: 0 }), vector)));
    gradients(outputs['loss'], inputs).forEach((slope, i) => (outputs[`d${i}`] = slope));
    residuals += steps(planOf(outputs)).filter((name) => name.includes('residual')).length;
    await expectSame(outputs, [...inputs, vector]);
  }
  expect(residuals).toBeGreaterThan(20);
});

describe('overwritten values', () => {
  const variable = (): Variable => ({
    name: 'weights',
    shape: [4, 4],
    dtype: 'f32',
    initial: () => Float32Array.from({ length: 16 }, (_, i) => i - 7.5),
  });

  /** y and the variable after one run, fused and not. */
  async function run(build: (w: Tensor) => { y: Tensor; effect: Tensor }) {
    const results: number[][] = [];
    const names: string[][] = [];
    for (const fuse of [true, false]) {
      const owner = variable();
      const { y, effect } = build(variableTensor(owner));
      const plan = makePlan({ y }, [effect], { target: null, fuse });
      names.push(steps(plan));
      const runner = await createCpuDevice().createRunner(plan);
      runner.run({ x: Float32Array.from({ length: 16 }, (_, i) => (i % 5) - 2) });
      results.push([...(await runner.read('y'))]);
    }
    return { fused: results[0], plain: results[1], names: names[0]! };
  }

  test('a product does not move past what overwrites its operand', async () => {
    const { fused, plain, names } = await run((w) => {
      const product = matmul(input('x', 4, 4), w);
      const effect = assign(w, mul(w, w));
      return { y: add(product, effect), effect };
    });
    expect(fused).toEqual(plain);
    expect(names).toEqual(['matmul', 'mul', 'assign', 'add']);
  });

  test('nor past what overwrites its operand before the activation', async () => {
    const { fused, plain, names } = await run((w) => {
      const product = matmul(input('x', 4, 4), w);
      const effect = assign(w, mul(w, w));
      return { y: relu(product), effect };
    });
    expect(fused).toEqual(plain);
    expect(names.filter((name) => name.startsWith('matmul'))).toEqual(['matmul']);
  });

  test('but past what overwrites anything else', async () => {
    const { fused, plain, names } = await run((w) => {
      const x = input('x', 4, 4);
      const product = matmul(x, x);
      const effect = assign(w, mul(w, w));
      return { y: add(product, effect), effect };
    });
    expect(fused).toEqual(plain);
    expect(names).toContain('matmul+residual');
  });
});
