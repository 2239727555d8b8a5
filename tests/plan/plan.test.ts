// The planner: order, fusion, memory. A plan replayed slot by slot must give what the oracle gives op by op.

import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import type { Values } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { checkPlan } from '../../src/gpu/limits.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { apply, applyOne, inputTensor, variableTensor, type Tensor, type Variable } from '../../src/graph/tensor.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import { add, maximum, mul, sub } from '../../src/ops/binary.ts';
import { conv2d } from '../../src/ops/convolution.ts';
import { assign } from '../../src/ops/copy.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { maxPool2dGradOp } from '../../src/ops/max_pool_2d_grad.ts';
import { normalizeOp } from '../../src/ops/normalize.ts';
import { window2d } from '../../src/ops/window.ts';
import { maxPool2d } from '../../src/ops/pool.ts';
import { pack } from '../../src/ops/pack.ts';
import { mean, sum } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { exp, gelu, relu, sigmoid, square, tanh } from '../../src/ops/unary.ts';
import { makePlan } from '../../src/plan/build.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { planDot, printPlan } from '../../src/plan/print.ts';
import { generator, sampleValues } from '../ops/table.ts';

const gpuLike = { target: baseTarget };
const opNames = (plan: Plan) => plan.steps.map((step) => step.call.op.name);

/** The largest difference between a plan's replay in f32 and the oracle, relative to the largest value. */
async function replayError(
  outputs: Record<string, Tensor>,
  inputs: readonly Tensor[],
  fused: boolean,
  target: Target | null = null,
): Promise<number> {
  const feeds = new Map<Tensor, Values>(
    inputs.map((tensor, i) => [tensor, sampleValues({ shape: tensor.shape }, 5 + i)]),
  );
  const expected = evaluate(Object.values(outputs), feeds);
  const plan = makePlan(outputs, [], { target, fuse: fused });
  const runner = await createCpuDevice().createRunner(plan);
  const named = [...feeds]
    .filter(([tensor]) => tensor.label! in plan.inputs)
    .map(([tensor, values]) => [tensor.label!, Float32Array.from(values)]);
  runner.run(Object.fromEntries(named));
  let worst = 0;
  for (const [i, name] of Object.keys(outputs).entries()) {
    const actual = await runner.read(name);
    const scale = Math.max(1e-3, ...Array.from(expected[i]!, Math.abs));
    actual.forEach((value, j) => (worst = Math.max(worst, Math.abs(value - expected[i]![j]!) / scale)));
  }
  return worst;
}

/** conv + bias + ReLU, conv + ReLU, pool, dense + bias: the loss and the gradients of every weight. */
function smallCnn() {
  const x = inputTensor('x', [2, 9, 9, 2]);
  const w1 = inputTensor('w1', [3, 3, 2, 4]);
  const b1 = inputTensor('b1', [4]);
  const w2 = inputTensor('w2', [3, 3, 4, 8]);
  const w3 = inputTensor('w3', [32, 5]);
  const b3 = inputTensor('b3', [5]);
  const first = relu(add(conv2d(x, w1), b1));
  const second = relu(conv2d(first, w2));
  const pooled = maxPool2d(second, { poolSize: 2 });
  const scores = add(matmul(reshape(pooled, [2, 32]), w3), b3);
  const loss = mean(square(scores));
  const weights = [w1, b1, w2, w3, b3];
  const slopes = gradients(loss, weights);
  const outputs: Record<string, Tensor> = { loss };
  slopes.forEach((slope, i) => (outputs[`d_${weights[i]!.label}`] = slope));
  return { outputs, inputs: [x, ...weights] };
}

describe('fusion', () => {
  const { outputs, inputs } = smallCnn();

  test('convolutions become implicit and take in bias and activation', () => {
    const names = opNames(makePlan(outputs, [], gpuLike));
    expect(names).not.toContain('im2col');
    expect(names).not.toContain('col2im');
    expect(names.filter((name) => name === 'conv2d')).toHaveLength(2);
    expect(names.filter((name) => name === 'conv2d_grad_filter')).toHaveLength(2);
    expect(names.filter((name) => name === 'conv2d_grad_input')).toHaveLength(1); // none for the data
    expect(names).not.toContain('relu');
    expect(names).not.toContain('add');
  });

  test('without fusion every step is there', () => {
    const names = opNames(makePlan(outputs, [], { ...gpuLike, fuse: false }));
    expect(names.filter((name) => name === 'im2col')).toHaveLength(2);
    expect(names.filter((name) => name === 'col2im')).toHaveLength(1);
    expect(names.filter((name) => name === 'relu')).toHaveLength(2);
  });

  test('a kept intermediate result is not fused away', () => {
    const a = inputTensor('a', [3, 4]);
    const b = inputTensor('b', [4, 5]);
    const product = matmul(a, b);
    expect(opNames(makePlan({ y: relu(product) }, [], gpuLike))).toEqual(['matmul']);
    expect(opNames(makePlan({ y: relu(product), product }, [], gpuLike))).toEqual(['matmul', 'relu']);
  });

  test.each([true, false])('replay agrees with the oracle, fused: %s', async (fused) => {
    expect(await replayError(outputs, inputs, fused)).toBeLessThan(2e-6);
  });
});

describe('memory', () => {
  test('100 random graphs replayed slot by slot give what the oracle gives', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const { outputs, inputs } = randomGraph(seed);
      const target = seed % 4 < 2 ? null : baseTarget;
      expect(await replayError(outputs, inputs, seed % 2 === 0, target), `graph ${seed}`).toBeLessThan(1e-5);
    }
  });

  test('no dispatch binds a buffer that it writes twice, and slots stay near the lower bound', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { outputs } = randomGraph(seed);
      const plan = makePlan(outputs, [], gpuLike);
      expect(() => checkPlan(plan, baseTarget), `graph ${seed}`).not.toThrow();
      expect(plan.bytes.slots).toBeGreaterThanOrEqual(plan.bytes.slotsLowerBound);
    }
    const cnn = makePlan(smallCnn().outputs, [], gpuLike);
    expect(cnn.bytes.slots).toBeLessThanOrEqual(1.1 * cnn.bytes.slotsLowerBound + 256 * 8);
  });

  test('gradients are written straight into their pack', () => {
    const x = inputTensor('x', [8, 6]);
    const w = inputTensor('w', [6, 4]);
    const b = inputTensor('b', [4]);
    const loss = mean(mul(add(matmul(x, w), b), inputTensor('scale', [8, 4])));
    const [dw, db] = gradients(loss, [w, b]);
    const packed = pack([dw!, db!], [0, 64], 128);
    const plan = makePlan({ packed }, [], gpuLike);
    const step = plan.steps.find(({ call }) => call.op.name === 'pack')!;
    expect(step.dispatches).toHaveLength(0);
    const place = plan.outputs['packed']!;
    const writers = plan.steps.filter((s) => s !== step && s.outputs.some((o) => o.storage === place.storage));
    expect(new Set(writers.flatMap(({ outputs }) => outputs.map(({ offset }) => offset)))).toEqual(new Set([0, 256]));
  });

  test('several results of one dispatch are written into the pack', async () => {
    const x = inputTensor('x', [4, 4]);
    const y = mul(x, x);
    const outputs = { packed: pack([y, sub(y, x)], [0, 64], 128) };
    const plan = makePlan(outputs, [], gpuLike);
    expect(opNames(plan)).toEqual(['fused_elementwise', 'pack']);
    expect(plan.steps[1]!.dispatches).toHaveLength(0);
    expect(() => checkPlan(plan, baseTarget)).not.toThrow();
    expect(await replayError(outputs, [x], true)).toBeLessThan(1e-6);
  });

  test('of a call that reads its own results, one is written into the pack and the others are copied', () => {
    const [sample] = normalizeOp.samples;
    const inputs = sample!.inputs.map(({ shape }, i) => inputTensor(`x${i}`, shape));
    const results = apply(normalizeOp, inputs, sample!.attrs);
    const sizes = results.map(({ shape }) => 64 * Math.ceil(sizeOf(shape) / 64));
    const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
    const plan = makePlan({ packed: pack(results, offsets, offsets.at(-1)! + sizes.at(-1)!) }, [], gpuLike);
    expect(opNames(plan)).toEqual(['normalize', 'pack']);
    expect(plan.steps[1]!.dispatches).toHaveLength(results.length - 1);
    expect(() => checkPlan(plan, baseTarget)).not.toThrow();
  });

  test('a gradient that something else reads is copied into the pack', async () => {
    const x = inputTensor('x', [4, 4]);
    const y = mul(x, x);
    const outputs = { packed: pack([y, sum(y, { axes: 0 })], [0, 64], 128) };
    const plan = makePlan(outputs, [], gpuLike);
    expect(plan.steps.find(({ call }) => call.op.name === 'pack')!.dispatches).toHaveLength(1);
    expect(await replayError(outputs, [x], true)).toBeLessThan(1e-6);
  });
});

describe('in place', () => {
  const x = inputTensor('x', [6, 4]);
  const steps = (outputs: Record<string, Tensor>) => makePlan(outputs, [], gpuLike).steps;
  const overlaid = (outputs: Record<string, Tensor>) =>
    steps(outputs).map(({ overlaid: pairs, inputs, outputs: results }) => {
      for (const { input, output } of pairs) expect(inputs[input]!).toMatchObject({ ...results[output]!, type: {} });
      return pairs.length;
    });

  test('a value lies over one that nothing needs any more', async () => {
    const h = matmul(x, inputTensor('w', [4, 4]));
    expect(overlaid({ y: gelu(h) })).toEqual([0, 1]);
    expect(overlaid({ y: maxPool2d(reshape(h, [1, 6, 4, 1]), { poolSize: 2 }) })).toEqual([0, 0]);
    expect(overlaid({ y: mul(h, sum(h, { axes: 0 })) })).toEqual([0, 0, 1]);
    expect(overlaid({ y: add(exp(matmul(h, h, { transposeB: true })), sum(h)) })).toEqual([0, 0, 0, 1]);
  });

  test('not over an input, a variable, a result or what is read later', () => {
    const h = matmul(x, inputTensor('w', [4, 4]));
    const held = variableTensor({ name: 'held', shape: [6, 4], dtype: 'f32', initial: () => new Float32Array(24) });
    expect(overlaid({ y: exp(x) })).toEqual([0]);
    expect(overlaid({ y: exp(held) })).toEqual([0]);
    expect(overlaid({ h, y: gelu(h) })).toEqual([0, 0]);
    expect(overlaid({ h: reshape(h, [24]), y: gelu(h) })).toEqual([0, 0]);
    expect(overlaid({ y: matmul(gelu(h), h, { transposeB: true }) })).toEqual([0, 0, 0]);
  });

  test('not over what is read as another operand too', () => {
    const h = reshape(matmul(inputTensor('square', [4, 4]), inputTensor('w', [4, 4])), [1, 2, 2, 4]);
    const window = window2d('maxPool2d', [2, 2], { poolSize: 1 });
    expect(overlaid({ y: applyOne(maxPool2dGradOp, [h, h], window) })).toEqual([0, 0]);
    expect(overlaid({ y: applyOne(maxPool2dGradOp, [inputTensor('dy', [1, 2, 2, 4]), h], window) })).toEqual([0, 1]);
  });

  test('the gradient of max pooling lies over the image', () => {
    const w = inputTensor('w', [3, 3, 2, 4]);
    const image = relu(conv2d(inputTensor('image', [2, 9, 9, 2]), w));
    const [dw] = gradients(sum(square(maxPool2d(image, { poolSize: 2 }))), [w]);
    const found = steps({ dw: dw! }).find(({ call }) => call.op === maxPool2dGradOp)!;
    expect(found.overlaid).toEqual([{ output: 0, input: 1 }]);
  });

  test('chains of such values are one interval', () => {
    const h = matmul(x, inputTensor('w', [4, 4]));
    const plan = makePlan({ y: exp(matmul(gelu(h), inputTensor('v', [4, 4]))) }, [], gpuLike);
    expect(plan.bytes.slots).toBe(512);
  });
});

describe('overwriting', () => {
  const variable: Variable = { name: 'v', shape: [4], dtype: 'f32', initial: () => Float32Array.of(1, 2, 3, 4) };

  test('readers of the old value come first, whatever the order of creation', async () => {
    const v = variableTensor(variable);
    const next = assign(v, mul(v, v));
    const before = add(v, v);
    const device = createCpuDevice();
    const plan = makePlan({ before, next }, [next], { target: null });
    expect(opNames(plan).indexOf('assign')).toBe(plan.steps.length - 1);
    const runner = await device.createRunner(plan);
    runner.run({});
    expect([...(await runner.read('before'))]).toEqual([2, 4, 6, 8]);
    expect([...(await runner.read('next'))]).toEqual([1, 4, 9, 16]);
    runner.run({});
    expect([...(await runner.read('before'))]).toEqual([2, 8, 18, 32]);
    expect([...(await device.readVariable(variable))]).toEqual([1, 16, 81, 256]);
  });

  test('two calls that overwrite what the other still reads are refused', () => {
    const other: Variable = { name: 'w', shape: [4], dtype: 'f32', initial: () => new Float32Array(4) };
    const v = variableTensor(variable);
    const w = variableTensor(other);
    const effects = [assign(v, add(w, w)), assign(w, add(v, v))];
    // each sum is read before both are overwritten: fine
    expect(opNames(makePlan({}, effects, { target: null }))).toEqual(['add', 'add', 'assign', 'assign']);
    const swapped = [assign(v, w), assign(w, v)];
    expect(() => makePlan({}, swapped, { target: null })).toThrow(/overwrites a value that is read after it/);
  });
});

test('a plan prints its steps and its memory', () => {
  const a = inputTensor('a', [3, 4]);
  const b = inputTensor('b', [4, 5]);
  const plan = makePlan({ y: sum(relu(matmul(a, b))) }, [], gpuLike);
  const text = printPlan(plan);
  expect(text).toMatch(/matmul +\[3,4\] \[4,5\] -> \[3,5\]/);
  expect(text).toMatch(/memory: inputs 128 B, variables 0 B/);
  expect(planDot(plan)).toMatch(/^digraph plan \{[\s\S]*s0 -> s1 \[label="\[15\]"\]/);
});

test('a forced kernel that does not exist is refused with the known ones', () => {
  const a = inputTensor('a', [3, 4]);
  expect(() =>
    makePlan({ y: matmul(a, a, { transposeB: true }) }, [], { ...gpuLike, kernels: { matmul: 'naiv' } }),
  ).toThrow(/matmul has no kernel 'naiv', did you mean 'naive'\?/);
});

/** A random graph of elementwise ops, products, views and reductions over 4×4 values. */
function randomGraph(seed: number) {
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const inputs = ['a', 'b', 'c'].map((name) => inputTensor(name, [4, 4]));
  const values: Tensor[] = [...inputs];
  for (let i = 0; i < 12; i++) {
    const x = pick(values);
    const y = pick(values);
    const made = [
      () => tanh(add(x, y)),
      () => sub(x, y),
      () => maximum(x, y),
      () => sigmoid(x),
      () => tanh(matmul(x, y)),
      () => add(relu(x), sum(y, { axes: 0 })),
      () => reshape(tanh(reshape(x, [16])), [4, 4]),
      () => reshape(x, [4, 4]),
    ];
    values.push(pick(made)());
  }
  const outputs: Record<string, Tensor> = { last: values.at(-1)!, middle: values[8]! };
  outputs['loss'] = mean(add(values.at(-1)!, values.at(-2)!));
  gradients(outputs['loss'], inputs).forEach((slope, i) => (outputs[`d${i}`] = slope));
  expect(sizeOf(outputs['loss'].shape)).toBe(1);
  return { outputs, inputs };
}
