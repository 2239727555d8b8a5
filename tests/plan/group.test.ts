// Groups of elementwise calls: which are made, which must not be, and that nothing changes but the number of dispatches.

import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { checkPlan } from '../../src/gpu/limits.ts';
import { inputTensor, variableTensor, type Tensor, type Variable } from '../../src/graph/tensor.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import { add, less, mul, sub } from '../../src/ops/binary.ts';
import { assign } from '../../src/ops/copy.ts';
import type { FusedAttrs } from '../../src/ops/fused_elementwise.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { mean, sum } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { gelu, relu, sigmoid, square, tanh } from '../../src/ops/unary.ts';
import { where } from '../../src/ops/where.ts';
import { makePlan } from '../../src/plan/build.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { printPlan } from '../../src/plan/print.ts';
import { firstMismatch, sampleValues } from '../ops/table.ts';
import { boundsOf, randomElementwise, type RandomGraph } from './random_elementwise.ts';

const planOf = (outputs: Record<string, Tensor>, effects: readonly Tensor[] = []): Plan =>
  makePlan(outputs, effects, { target: baseTarget });
const steps = (plan: Plan): string[] => plan.steps.map(({ call: { op, attrs } }) => op.title?.(attrs) ?? op.name);

const input = (name: string, ...shape: number[]) => inputTensor(name, shape);
const [x, y, z] = [input('x', 6, 8), input('y', 6, 8), input('z', 6, 8)];
const [row, column, one] = [input('row', 8), input('column', 6, 1), inputTensor('one', [])];

describe('one dispatch', () => {
  test.each<[string, () => Tensor, string[]]>([
    ['a chain', () => tanh(relu(add(x, y))), ['add + relu + tanh']],
    ['rows, columns and numbers', () => mul(mul(add(x, row), column), add(one, 2)), ['add', 'add + mul + mul']],
    ['numbers that are known', () => add(mul(x, 0.5), -3), ['mul + add']],
    ['a value used twice', () => mul(tanh(x), sub(tanh(x), 1)), ['tanh + sub + mul']],
    ['branches that meet', () => add(mul(x, y), sigmoid(sub(x, z))), ['mul + sub + sigmoid + add']],
    ['through views', () => tanh(reshape(relu(reshape(x, [48])), [8, 6])), ['relu + tanh']],
    ['choices', () => where(less(x, 0.5), mul(x, x), y), ['less + mul + where']],
    ['not what is smaller', () => add(tanh(row), x), ['tanh', 'add']],
    ['not across another op', () => tanh(matmul(sigmoid(x), y, { transposeB: true })), ['sigmoid', 'matmul']],
  ])('%s', (_, make, expected) => {
    expect(steps(planOf({ y: make() }))).toEqual(expected);
  });

  test('what is needed later is a second result, not a second computation', () => {
    const middle = add(x, y);
    const plan = planOf({ middle, last: gelu(middle) });
    expect(steps(plan)).toEqual(['add + gelu']);
    expect(plan.steps[0]!.outputs).toHaveLength(2);
    expect(plan.outputs['middle']!.storage).not.toBe(plan.outputs['last']!.storage);
  });

  test('both gradients of a product read what they share once', () => {
    const weight = input('weight', 6, 8);
    const slopes = gradients(sum(mul(mul(x, y), weight)), [x, y]);
    expect(steps(planOf({ dx: slopes[0]!, dy: slopes[1]! }))).toEqual(['mul + mul + mul']);
  });

  test('at most as many buffers as a kernel may bind', () => {
    const many = Array.from({ length: 12 }, (_, i) => input(`x${i}`, 6, 8));
    const plan = planOf({ y: many.reduce((a, b) => tanh(add(a, b))) });
    for (const { inputs, outputs } of plan.steps) expect(inputs.length + outputs.length).toBeLessThanOrEqual(8);
    expect(plan.steps).toHaveLength(2);
    const few = { ...baseTarget, limits: { ...baseTarget.limits, maxStorageBuffersPerShaderStage: 4 } };
    const small = makePlan({ y: many.reduce((a, b) => tanh(add(a, b))) }, [], { target: few });
    for (const { inputs, outputs } of small.steps) expect(inputs.length + outputs.length).toBeLessThanOrEqual(4);
  });

  test('results of one group lie in two buffers, also where they are packed', () => {
    const [a, b] = [mul(x, y), mul(x, z)];
    expect(() => checkPlan(planOf({ a, b, c: add(a, b) }), baseTarget)).not.toThrow();
  });
});

describe('order', () => {
  const variable = (): Variable => ({
    name: 'v',
    shape: [6, 8],
    dtype: 'f32',
    initial: () => new Float32Array(48).fill(2),
  });

  test('a call does not move past what overwrites its operand', async () => {
    const v = variableTensor(variable());
    const before = mul(v, 3);
    const effect = assign(v, add(v, x));
    const outputs = { y: tanh(add(before, effect)) };
    expect(steps(planOf(outputs, [effect]))).toEqual(['mul + add', 'assign', 'add + tanh']);
    await expectSameBits({ outputs, feeds: new Map([[x, new Float64Array(48).fill(0.25)]]) }, [effect]);
  });

  test('nor past another reader of its result', () => {
    const h = tanh(x);
    const product = matmul(h, y, { transposeB: true });
    const scaled = mul(h, sum(product));
    expect(steps(planOf({ y: scaled })).slice(0, 2)).toEqual(['tanh', 'matmul']);
  });

  test('nor where that keeps more alive than it spares', () => {
    const large = Array.from({ length: 4 }, (_, i) => tanh(sum(input(`large${i}`, 2, 256, 256), { axes: 0 })));
    const together = large.reduce((a, b) => mul(a, b));
    const product = matmul(input('m', 256, 256), input('n', 256, 256));
    const names = steps(planOf({ y: add(together, tanh(matmul(product, product))) }));
    expect(names.at(-1)).toBe('add');
    expect(names.some((name) => name.includes('mul + mul'))).toBe(true);
  });
});

/** With groups and (as on the CPU) without, replayed by the references in f32: the same bits. */
async function expectSameBits({ outputs, feeds }: RandomGraph, effects: readonly Tensor[] = []) {
  const plans = [baseTarget, null].map((target) => makePlan(outputs, effects, { target }));
  const results = await Promise.all(
    plans.map(async (plan) => {
      const runner = await createCpuDevice().createRunner(plan);
      const known = [...feeds].filter(([{ label }]) => label! in plan.inputs);
      runner.run(Object.fromEntries(known.map(([{ label }, values]) => [label!, Float32Array.from(values)])));
      return Promise.all(Object.keys(outputs).map((name) => runner.read(name)));
    }),
  );
  expect(() => checkPlan(plans[0]!, baseTarget)).not.toThrow();
  expect(results[0]).toEqual(results[1]);
  return { plan: plans[0]!, values: results[0]! };
}

describe('random graphs', () => {
  test.each([false, true])('with other ops between: %s', async (others) => {
    let members = 0;
    for (let seed = 0; seed < 150; seed++) {
      const graph = randomElementwise(seed, others);
      const { plan, values } = await expectSameBits(graph);
      if (!others) {
        Object.values(boundsOf(graph)).forEach((expected, k) => {
          const mismatch = firstMismatch(values[k]!, expected.values, expected.errors);
          expect(mismatch, `graph ${seed}: ${mismatch}`).toBeNull();
        });
      }
      for (const { call } of plan.steps) members += (call.attrs as Partial<FusedAttrs>).members?.length ?? 0;
    }
    expect(members).toBeGreaterThan(600);
  });
});

test('attributes are written with the names of ops, not their records', () => {
  const { attrs } = planOf({ y: relu(add(x, row)) }).steps[0]!.call;
  expect(JSON.stringify(attrs)).toMatch(
    /^\{"members":\[\{"op":"add","attrs":\{\},"operands":\[.*"op":"relu".*"outputs":\[1\]\}$/,
  );
});

describe('the sum or mean of what a group gives', () => {
  const loss = (a: Tensor, b: Tensor) => mean(square(sub(a, b)));

  test('is part of it, and the terms are not written', () => {
    const l = loss(x, y);
    const plan = planOf({ l, dx: gradients(l, [x])[0]! });
    expect(steps(plan)).toEqual(['sub + square + mean + square_grad']);
    expect(plan.steps[0]!.outputs.map(({ type }) => type.shape)).toEqual([[], [6, 8]]);
    expect(steps(planOf({ total: sum(tanh(x)), terms: tanh(x) }))).toEqual(['tanh + sum']);
  });

  test.each<[string, () => Record<string, Tensor>, string[]]>([
    ['not along some axes', () => ({ s: sum(tanh(x), { axes: 1 }) }), ['tanh', 'sum']],
    ['not of what no group gives', () => ({ s: sum(matmul(x, y, { transposeB: true })) }), ['matmul', 'sum']],
    ['not where the group needs it', () => ({ q: mul(tanh(x), sum(tanh(x))) }), ['tanh + sum', 'mul']],
    [
      'not where the group needs what it becomes',
      () => ({ q: sub(tanh(x), tanh(sum(tanh(x)))) }),
      ['tanh + sum', 'tanh', 'sub'],
    ],
    ['not a second one', () => ({ s: sum(tanh(x)), m: mean(relu(x)) }), ['tanh + sum + relu', 'mean']],
    [
      'beside three results at most',
      () => ({ a: tanh(x), b: relu(tanh(x)), c: sigmoid(x), s: sum(tanh(x)) }),
      ['tanh + relu + sigmoid + sum'],
    ],
    [
      'not as the fifth result',
      () => ({ a: tanh(x), b: relu(tanh(x)), c: sigmoid(x), d: relu(x), s: sum(tanh(x)) }),
      ['tanh + relu + sigmoid + relu', 'sum'],
    ],
  ])('%s', (_, make, expected) => {
    expect(steps(planOf(make()))).toEqual(expected);
  });

  test('takes a second dispatch where there are more elements than one workgroup takes', () => {
    const dispatches = (size: number, adapter: Target['adapter']) => {
      const plan = makePlan({ l: sum(tanh(input('a', size))) }, [], { target: { ...baseTarget, adapter } });
      return plan.steps[0]!.dispatches.map(({ workgroups }) => workgroups[0]);
    };
    expect(dispatches(4096, 'discrete')).toEqual([1]);
    expect(dispatches(4097, 'discrete')).toEqual([5, 1]);
    expect(dispatches(2 ** 24, 'integrated')).toEqual([4096, 1]);
    expect(dispatches(4097, 'software')).toEqual([1]);
    expect(dispatches(40_000, 'software')).toEqual([3, 1]);
  });

  test('gives what they give one by one', async () => {
    const [l, big] = [loss(x, y), input('big', 130, 132)];
    const outputs = { l, dx: gradients(l, [x])[0]!, total: sum(mul(big, 0.5)) };
    const feeds = Object.fromEntries(
      [x, y, big].map(({ label, shape }, seed) => [label!, randomValues(shape, seed)] as const),
    );
    const read = async (target: Target | null) => {
      const runner = await createCpuDevice().createRunner(makePlan(outputs, [], { target }));
      runner.run(feeds);
      return Promise.all(Object.keys(outputs).map((name) => runner.read(name)));
    };
    expect(await read(baseTarget)).toEqual(await read(null));
  });
});

const randomValues = (shape: readonly number[], seed: number) =>
  Float32Array.from(sampleValues({ shape }, 50 + seed) as Float64Array);

test('the printed plan names the members', () => {
  expect(printPlan(planOf({ y: relu(add(x, row)) }))).toMatch(/add \+ relu +\[6,8\] \[8\] -> \[6,8\] +vec4/);
});

test('the CPU gains nothing from groups, and gets none', () => {
  const plan = makePlan({ y: relu(add(x, y)), s: mean(square(x)) }, [], { target: null });
  expect(steps(plan)).toEqual(['add', 'relu', 'square', 'mean']);
});
