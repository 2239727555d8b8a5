// Rules that stand with ops: which calls become one by them, and that the results stay within rounding.

import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import type { TypedArray, Values } from '../../src/core/dtype.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, variableTensor, type Tensor } from '../../src/graph/tensor.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import { add, mul } from '../../src/ops/binary.ts';
import { assign } from '../../src/ops/copy.ts';
import { correctPredictions, nll, sparseSoftmaxCrossEntropy } from '../../src/ops/loss.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { maxPool2d } from '../../src/ops/pool.ts';
import { mean, sum } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { logSoftmax, softmax } from '../../src/ops/softmax.ts';
import { elu, leakyRelu, relu, sigmoid, silu, square, tanh } from '../../src/ops/unary.ts';
import { makePlan } from '../../src/plan/build.ts';
import { sampleValues } from '../ops/table.ts';

/** The ops of the plan for any GPU, whose replay by the references must agree with the oracle. */
async function stepsOf(outputs: Record<string, Tensor>, inputs: readonly Tensor[]): Promise<string[]> {
  const feeds = new Map<Tensor, Values>(
    inputs.map((tensor, i) => {
      const { shape, dtype } = tensor;
      return [tensor, sampleValues({ shape, dtype, ...(dtype === 'f32' ? {} : { fill: { below: 5 } }) }, 71 + i)];
    }),
  );
  const expected = evaluate(Object.values(outputs), feeds);
  const plan = makePlan(outputs, [], { target: baseTarget });
  const runner = await createCpuDevice().createRunner(plan);
  const given = [...feeds].filter(([{ label }]) => label! in plan.inputs);
  const narrow = (values: Values): TypedArray => (values instanceof Float64Array ? Float32Array.from(values) : values);
  runner.run(Object.fromEntries(given.map(([{ label }, values]) => [label!, narrow(values)])));
  for (const [i, name] of Object.keys(outputs).entries()) {
    const actual = await runner.read(name);
    actual.forEach((value, j) => expect(Math.abs(value - expected[i]![j]!), name).toBeLessThan(2e-6));
  }
  return plan.steps.map(({ call: { op, attrs } }) => op.title?.(attrs) ?? op.name);
}

describe('cross-entropy', () => {
  const x = inputTensor('x', [6, 8]);
  const w = inputTensor('w', [8, 5]);
  const labels = inputTensor('labels', [6], 'i32');
  const weights = inputTensor('weights', [6]);
  const inputs = [x, w, labels, weights];
  const logits = matmul(x, w);
  const both = 'sparse_softmax_cross_entropy_with_grad';

  test('and its gradient are one pass', async () => {
    const loss = mean(sparseSoftmaxCrossEntropy(logits, labels));
    const steps = await stepsOf({ loss, dw: gradients(loss, [w])[0]! }, inputs);
    expect(steps).toEqual(['matmul', both, 'mean', 'matmul']);
  });

  test('also where examples have weights', async () => {
    const loss = mean(mul(sparseSoftmaxCrossEntropy(logits, labels), weights));
    const steps = await stepsOf({ loss, dw: gradients(loss, [w])[0]! }, inputs);
    expect(steps.filter((name) => name.startsWith('sparse'))).toEqual([both]);
    expect(steps.indexOf(both)).toBeGreaterThan(steps.indexOf('matmul'));
  });

  test('not where the gradient depends on the loss', async () => {
    const loss = mean(square(sparseSoftmaxCrossEntropy(logits, labels)));
    const steps = await stepsOf({ loss, dw: gradients(loss, [w])[0]! }, inputs);
    expect(steps.filter((name) => name.startsWith('sparse'))).toEqual([
      'sparse_softmax_cross_entropy',
      'sparse_softmax_cross_entropy_grad',
    ]);
  });

  test('not of other scores or labels', async () => {
    const other = inputTensor('other', [6], 'i32');
    const loss = mean(add(sparseSoftmaxCrossEntropy(logits, labels), sparseSoftmaxCrossEntropy(logits, other)));
    const steps = await stepsOf({ loss, dw: gradients(loss, [w])[0]! }, [...inputs, other]);
    expect(steps.filter((name) => name === both)).toHaveLength(2);
  });

  test('is what the negative log-likelihood of log-softmax is', async () => {
    const logs = logSoftmax(logits);
    const loss = mean(nll(logs, labels));
    const correct = sum(correctPredictions(logs, labels));
    const steps = await stepsOf({ loss, correct, dw: gradients(loss, [w])[0]! }, inputs);
    expect(steps).toEqual(['matmul', both, 'mean', 'correct_predictions', 'sum', 'matmul']);
    expect(await stepsOf({ loss }, inputs)).toEqual(['matmul', 'sparse_softmax_cross_entropy', 'mean']);
  });

  test('which stays where it is wanted', async () => {
    const logs = logSoftmax(logits);
    const steps = await stepsOf({ logs, loss: mean(nll(logs, labels)) }, inputs);
    expect(steps).toContain('log_softmax');
  });

  test('predictions are counted by the scores before softmax', async () => {
    const steps = await stepsOf({ correct: sum(correctPredictions(softmax(logits), labels)) }, inputs);
    expect(steps).toEqual(['matmul', 'correct_predictions', 'sum']);
  });
});

describe('the gradients of a dense layer', () => {
  const x = inputTensor('x', [6, 8]);
  const w = inputTensor('w', [8, 5]);
  const bias = inputTensor('bias', [5]);
  const scale = inputTensor('scale', [6, 5]);
  const inputs = [x, w, bias, scale];
  const both = 'matmul_with_sums';
  const gradientsOf = (loss: Tensor) => {
    const [dw, db] = gradients(loss, [w, bias]);
    return { dw: dw!, db: db! };
  };

  test('of weights and bias are one pass', async () => {
    const y = tanh(add(matmul(x, w), bias));
    expect(await stepsOf(gradientsOf(sum(mul(y, scale))), inputs)).toEqual(['matmul', 'mul + tanh_grad', both]);
    // In whatever order they come.
    const { dw, db } = gradientsOf(sum(mul(y, scale)));
    expect(await stepsOf({ db, dw }, inputs)).toContain(both);
    const early = sum(scale, { axes: 0 });
    const late = matmul(tanh(x), scale, { transposeA: true });
    expect(await stepsOf({ early, also: mul(early, bias), late }, inputs)).toEqual(['tanh', both, 'mul']);
  });

  test('of one unit too', async () => {
    const column = inputTensor('column', [6, 1]);
    const outputs = { dw: matmul(x, column, { transposeA: true }), db: sum(column, { axes: 0 }) };
    expect(await stepsOf(outputs, [x, column])).toEqual([both]);
  });

  test('not where the sum is needed for the product, or is of something else', async () => {
    const sums = sum(scale, { axes: 0 });
    const later = matmul(mul(x, sum(sums)), scale, { transposeA: true });
    expect(await stepsOf({ sums, later }, inputs)).not.toContain(both);
    const rows = sum(scale, { axes: 1 });
    expect(await stepsOf({ rows, dw: matmul(x, scale, { transposeA: true }) }, inputs)).toEqual(['sum', 'matmul']);
  });

  test('not of products that take longer than a dispatch, nor of sums worth cutting', () => {
    const planned = (rows: number, columns: number, units: number, adapter: Target['adapter']) => {
      const [a, dy] = [inputTensor('a', [rows, columns]), inputTensor('dy', [rows, units])];
      const outputs = { dw: matmul(a, dy, { transposeA: true }), db: sum(dy, { axes: 0 }) };
      return makePlan(outputs, [], { target: { ...baseTarget, adapter } }).steps.map(({ call }) => call.op.name);
    };
    expect(planned(32, 16, 16, 'software')).toEqual([both]);
    expect(planned(64, 16, 16, 'software')).toEqual(['matmul', 'sum']);
    expect(planned(64, 16, 16, 'integrated')).toEqual([both]);
    expect(planned(128, 128, 10, 'integrated')).toEqual(['matmul', 'sum']);
    expect(planned(128, 128, 10, 'discrete')).toEqual([both]);
    expect(planned(512, 4, 4, 'discrete')).toEqual(['matmul', 'sum']);
  });

  test('not past what overwrites an operand', () => {
    const kept = variableTensor({ name: 'kept', shape: [6, 8], dtype: 'f32', initial: () => new Float32Array(48) });
    const db = sum(scale, { axes: 0 });
    const after = assign(kept, mul(x, kept));
    const dw = matmul(after, scale, { transposeA: true });
    const plan = makePlan({ db, dw }, [after], { target: baseTarget });
    expect(plan.steps.map(({ call }) => call.op.name)).toEqual(['sum', 'mul', 'assign', 'matmul']);
  });
});

describe('the gradient of max pooling', () => {
  const x = inputTensor('x', [2, 6, 6, 4]);
  const scale = inputTensor('scale', [2, 3, 3, 4]);
  const pooled = (image: Tensor) => sum(mul(maxPool2d(image, { poolSize: 2 }), scale));

  test.each<[string, (x: Tensor) => Tensor, string]>([
    ['relu', relu, 'max_pool_2d_grad + relu_grad'],
    ['leaky relu', (t) => leakyRelu(t, { negativeSlope: 0.25 }), 'max_pool_2d_grad + leaky_relu_grad'],
    ['elu', (t) => elu(t), 'max_pool_2d_grad + elu_grad'],
    ['sigmoid', sigmoid, 'max_pool_2d_grad + sigmoid_grad'],
    ['tanh', tanh, 'max_pool_2d_grad + tanh_grad'],
  ])('goes on through %s', async (_, activation, expected) => {
    const [dx] = gradients(pooled(activation(x)), [x]);
    expect((await stepsOf({ dx: dx! }, [x, scale])).at(-1)).toBe(expected);
  });

  test('not through what asks for the value before the activation', async () => {
    const [dx] = gradients(pooled(silu(x)), [x]);
    expect((await stepsOf({ dx: dx! }, [x, scale])).slice(-2)).toEqual(['max_pool_2d_grad', 'silu_grad']);
  });

  test('not where windows overlap another image', async () => {
    const h = relu(x);
    const loss = add(pooled(reshape(h, [2, 6, 6, 4])), sum(mul(h, h)));
    const steps = await stepsOf({ dx: gradients(loss, [x])[0]! }, [x, scale]);
    expect(steps).toContain('max_pool_2d_grad');
  });
});
