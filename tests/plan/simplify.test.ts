// What a plan leaves out: calls said twice, numbers known beforehand, and ops that change nothing.

import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import type { TypedArray } from '../../src/core/dtype.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { inputTensor, labelled, variableTensor, type Tensor, type Variable } from '../../src/graph/tensor.ts';
import { add, div, mul, sub } from '../../src/ops/binary.ts';
import { assign } from '../../src/ops/copy.ts';
import { dropout } from '../../src/ops/dropout.ts';
import { full } from '../../src/ops/full.ts';
import { sparseSoftmaxCrossEntropy } from '../../src/ops/loss.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { broadcastTo, mean, sum } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { exp, leakyRelu, tanh } from '../../src/ops/unary.ts';
import { makePlan } from '../../src/plan/build.ts';
import type { Plan } from '../../src/plan/plan.ts';

const planOf = (outputs: Record<string, Tensor>, effects: readonly Tensor[] = [], fuse = true): Plan =>
  makePlan(outputs, effects, { target: null, fuse });
const names = (plan: Plan): string[] => plan.steps.map(({ call }) => call.op.name);

const x = inputTensor('x', [4, 6]);
const y = inputTensor('y', [6, 5]);
const given = { x: Float32Array.from({ length: 24 }, (_, i) => i / 8 - 1), y: new Float32Array(30).fill(0.5) };

/** The outputs after one run, fused and not: the same bits. */
async function expectSame(outputs: Record<string, Tensor>, effects: readonly Tensor[] = []): Promise<Plan> {
  const [fused, plain] = [planOf(outputs, effects), planOf(outputs, effects, false)];
  const values = async (plan: Plan) => {
    const runner = await createCpuDevice().createRunner(plan);
    runner.run(Object.fromEntries(Object.entries(given).filter(([name]) => name in plan.inputs)));
    const read: TypedArray[] = [];
    for (const name of Object.keys(outputs)) read.push(await runner.read(name));
    return read;
  };
  expect(await values(fused)).toEqual(await values(plain));
  return fused;
}

describe('said twice', () => {
  test('the same op of the same tensors with the same attributes', async () => {
    const plan = await expectSame({ y: mul(matmul(exp(x), y), matmul(exp(x), y)) });
    expect(names(plan)).toEqual(['exp', 'matmul', 'mul']);
  });

  test('also through reshapes, and two outputs then lie in one place', async () => {
    const plan = await expectSame({ a: tanh(reshape(x, [24])), b: tanh(reshape(x, [24])) });
    expect(names(plan)).toEqual(['tanh']);
    expect(plan.outputs['a']).toEqual(plan.outputs['b']);
  });

  test('parts of variables and numbers in formulas are the same tensor by what they are', async () => {
    const w: Variable = { name: 'w', shape: [8], dtype: 'f32', initial: () => new Float32Array(8).fill(3) };
    const part = (offset: number) => variableTensor(w, { shape: [4], offset });
    expect(names(await expectSame({ y: add(mul(part(0), 2), mul(part(0), 2)) }))).toEqual(['mul', 'add']);
    expect(names(await expectSame({ y: add(mul(part(0), 2), mul(part(4), 2)) }))).toEqual(['mul', 'mul', 'add']);
  });

  test('not with other attributes or numbers, not even 0 and -0', async () => {
    const slopes = add(leakyRelu(x, { negativeSlope: 0.1 }), leakyRelu(x, { negativeSlope: 0.2 }));
    expect(names(await expectSame({ slopes }))).toEqual(['leaky_relu', 'leaky_relu', 'add']);
    const zeros = { a: div(x, 0.5), b: div(x, 0.25), c: mul(x, 0), d: mul(x, -0) };
    expect(names(await expectSame(zeros))).toHaveLength(4);
  });

  test('not what overwrites memory', async () => {
    const v: Variable = { name: 'v', shape: [4, 6], dtype: 'f32', initial: () => new Float32Array(24) };
    const first = assign(variableTensor(v), x);
    const second = assign(first, mul(first, 2));
    const third = assign(second, mul(second, 2));
    const plan = await expectSame({ third }, [third]);
    expect(names(plan).filter((name) => name === 'assign')).toHaveLength(3);
  });

  test('the same random numbers are drawn once, others apart', () => {
    const random = inputTensor('random', [4], 'u32');
    expect(names(planOf({ a: dropout(x, 0.5, random, 1), b: dropout(x, 0.5, random, 1) }))).toHaveLength(1);
    expect(names(planOf({ a: dropout(x, 0.5, random, 1), b: dropout(x, 0.5, random, 2) }))).toHaveLength(2);
  });
});

describe('known beforehand', () => {
  test('arithmetic of numbers is done when the plan is made', async () => {
    const plan = await expectSame({ y: mul(x, div(add(full([], 3), 5), 4)) });
    expect(names(plan)).toEqual(['mul']);
    const filled = await expectSame({ y: matmul(x, broadcastTo(mul(full([1], 0.1), 3), [6, 5])) });
    expect(names(filled)).toEqual(['matmul']);
    expect(filled.steps[0]!.inputs[1]!.type.shape).toEqual([6, 5]);
    expect(filled.bytes.constants).toBe(120);
  });

  test('the gradient of a mean of losses begins with a constant', () => {
    const labels = inputTensor('labels', [4], 'i32');
    const logits = matmul(x, y);
    const loss = mean(sparseSoftmaxCrossEntropy(logits, labels));
    const plan = planOf({ loss, dy: gradients(loss, [y])[0]! });
    expect(names(plan)).not.toContain('full');
    expect(names(plan)).not.toContain('broadcast_to');
    expect(plan.storages.filter(({ kind }) => kind === 'constant')).toHaveLength(1);
  });

  test('large ones are filled on the device, not kept', () => {
    const plan = planOf({ y: matmul(inputTensor('wide', [2, 5000]), full([5000, 3], 0.5)) });
    expect(names(plan)).toEqual(['full', 'matmul']);
    expect(plan.bytes.constants).toBe(0);
  });

  test('what overflows is left to the device', async () => {
    const plan = await expectSame({ y: add(x, mul(full([], 3e38), 3e38)) });
    expect(names(plan)).toContain('mul');
  });

  test('an output that is one number is still written', async () => {
    const plan = await expectSame({ y: add(full([3], 1), 2) });
    expect(names(plan)).toEqual(['full']);
  });
});

describe('without effect', () => {
  test('x·1, x / 1 and x − 0 are x, where x is computed', async () => {
    const h = tanh(x);
    expect(names(await expectSame({ y: sub(div(mul(1, mul(h, 1)), 1), 0) }))).toEqual(['tanh']);
    expect(names(await expectSame({ y: exp(mul(h, 1)) }))).toEqual(['tanh', 'exp']);
    // A copy is what makes an input an output.
    expect(names(await expectSame({ y: mul(x, 1) }))).toEqual(['mul']);
    // −0 + 0 is 0, and 0 · x may be −0.
    expect(names(await expectSame({ a: add(h, 0), b: mul(h, 0) }))).toEqual(['tanh', 'add', 'mul']);
  });

  test('a one that repeats x along it does have one', async () => {
    expect(names(await expectSame({ y: mul(sum(x, { axes: 0 }), full([3, 6], 1)) }))).toEqual(['sum', 'mul']);
  });

  test('a value that is overwritten later stays a copy', async () => {
    const v: Variable = { name: 'v', shape: [4, 6], dtype: 'f32', initial: () => new Float32Array(24).fill(7) };
    const w = variableTensor(v);
    const before = mul(w, 1);
    const effect = assign(w, x);
    const after = mul(effect, 1);
    const plan = await expectSame({ before, after }, [effect]);
    expect(names(plan)).toEqual(['mul', 'assign', 'mul']);
  });

  test('labels stay', () => {
    const h = labelled(mul(labelled(tanh(x), 'inner'), 1), 'outer');
    const plan = planOf({ y: exp(h) });
    expect(plan.steps[0]!.label).toBe('outer');
  });
});
