// Which values mixed precision keeps as halves.

import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/cpu/oracle.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { inputTensor, variableTensor, type Tensor, type Variable } from '../../src/graph/tensor.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import {
  add,
  conv2d,
  gatherBatch,
  matmul,
  maxPool2d,
  mean,
  mul,
  relu,
  reshape,
  softmax,
  square,
  sum,
} from '../../src/ops/index.ts';
import { makePlan } from '../../src/plan/build.ts';
import { mixedStorage } from '../../src/plan/mixed.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { printPlan } from '../../src/plan/print.ts';

const planned = (outputs: Record<string, Tensor>, options = {}): Plan =>
  makePlan(outputs, [], { target: baseTarget, storage: mixedStorage, ...options });
const lines = (plan: Plan) =>
  plan.steps.map(
    ({ call, inputs, outputs }) =>
      `${call.op.title?.(call.attrs) ?? call.op.name} ${inputs.map(({ type }) => type.dtype).join(' ')} -> ${outputs.map(({ type }) => type.dtype).join(' ')}`,
  );

const x = inputTensor('x', [6, 8]);
const w = inputTensor('w', [8, 12]);
const bias = inputTensor('bias', [12]);
const v = inputTensor('v', [12, 4]);

describe('mixed storage', () => {
  test('rounds operands once, and keeps what lies between products as halves', () => {
    const plan = planned({ y: matmul(relu(add(matmul(x, w), bias)), v) });
    expect(lines(plan)).toEqual([
      'cast_half f32 -> f16',
      'cast_half f32 -> f16',
      'matmul_f16 f16 f16 f32 -> f16',
      'cast_half f32 -> f16',
      'matmul_f16 f16 f16 -> f32',
    ]);
    expect(printPlan(plan)).toContain('f16[6,8] f16[8,12] [12] -> f16[6,12]');
  });

  test('leaves a graph without products alone', () => {
    const y = softmax(mul(relu(x), 2));
    expect(lines(planned({ y }))).toEqual(lines(planned({ y }, { storage: undefined })));
  });

  test('keeps in f32 what losses and users read', () => {
    const hidden = relu(matmul(x, w));
    const plan = planned({ hidden, loss: mean(square(matmul(hidden, v))) });
    expect(lines(plan)).toEqual([
      'cast_half f32 -> f16',
      'cast_half f32 -> f16',
      'matmul_f16 f16 f16 -> f32', // an output
      'cast_half f32 -> f16',
      'cast_half f32 -> f16',
      'matmul_f16 f16 f16 -> f32', // squared in f32
      'square + mean f32 -> f32',
    ]);
  });

  test('sums of halves are f32, and sizes that are no multiple of four stay f32', () => {
    const odd = inputTensor('odd', [8, 5]);
    expect(lines(planned({ y: sum(matmul(x, odd)) })).at(-1)).toBe('sum f32 -> f32');
    expect(lines(planned({ y: sum(matmul(x, w)) })).at(-1)).toBe('sum_f16 f16 -> f32');
  });

  test('a convolution with its gradients: x and dy once for both products', () => {
    const image = inputTensor('image', [2, 6, 6, 4]);
    const filters = inputTensor('filters', [3, 3, 4, 8]);
    const pooled = maxPool2d(relu(conv2d(image, filters)), { poolSize: 2 });
    const loss = mean(square(matmul(reshape(pooled, [2, 32]), inputTensor('out', [32, 3]))));
    const [dx, dw] = gradients(loss, [image, filters]);
    const plan = planned({ loss, dx: dx!, dw: dw! });
    expect(lines(plan).filter((line) => /f16/.test(line) && !line.startsWith('cast'))).toEqual([
      'conv2d_f16 f16 f16 -> f16',
      'max_pool_2d_f16 f16 -> f16',
      'matmul_f16 f16 f16 -> f32',
      'matmul_f16 f16 f16 -> f16',
      'max_pool_2d_grad + relu_grad (f16) f16 f16 -> f16',
      'conv2d_grad_filter_f16 f16 f16 -> f32',
      'conv2d_grad_input_f16 f16 f16 -> f32', // an output
    ]);
    // image, filters, out and the gradient of the last product
    expect(lines(plan).filter((line) => line.startsWith('cast'))).toHaveLength(4);
  });

  test('a batch is gathered as halves', () => {
    const data = inputTensor('data', [9, 8], 'u8');
    const rows = gatherBatch(data, inputTensor('order', [9], 'u32'), inputTensor('cursor', [1], 'u32'), { batch: 6 });
    expect(lines(planned({ y: matmul(rows, w) }))[0]).toBe('gather_batch_f16 u8 u32 u32 -> f16');
  });

  test('takes no more memory for what lies between steps than half, with slots of two bytes an element', () => {
    const deep = [w, inputTensor('w2', [12, 12]), inputTensor('w3', [12, 12]), v].reduce(
      (h, weight) => relu(matmul(h, weight)),
      inputTensor('wide', [4096, 8]),
    );
    const full = makePlan({ y: deep }, [], { target: baseTarget });
    const mixed = planned({ y: deep });
    expect(mixed.bytes.slots).toBeLessThan(0.8 * full.bytes.slots);
  });

  test('a kernel that is asked for is used by the op over halves too', () => {
    const kernelOf = (kernels: Record<string, string>) =>
      planned({ y: matmul(x, w) }, { kernels }).steps.at(-1)!.kernel;
    expect(kernelOf({ matmul: 'naive' })).toBe('naive');
    expect(kernelOf({ matmul: 'naive', matmul_f16: 'tiled_32x32_4x4' })).toBe('tiled_32x32_4x4');
    expect(() => kernelOf({ matmul: 'slow' })).toThrow("kernels: matmul_f16 has no kernel 'slow'");
  });

  test('a weight is rounded before it is changed', () => {
    const variable: Variable = { name: 'w', shape: [8, 12], dtype: 'f32', initial: () => new Float32Array(96) };
    const weight = variableTensor(variable);
    const y = matmul(x, weight);
    const plan = planned({ y, same: matmul(x, weight) });
    expect(lines(plan).filter((line) => line.startsWith('cast'))).toHaveLength(2);
  });

  test('on the CPU the same values as op by op within what halves keep', async () => {
    const values = (n: number, k: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(k * i + 1));
    const feeds = { x: values(48, 1), w: values(96, 2), bias: values(12, 3), v: values(48, 4) };
    const y = matmul(relu(add(matmul(x, w), bias)), v);
    const plan = makePlan({ y }, [], { target: null, storage: mixedStorage });
    const runner = await createCpuDevice().createRunner(plan);
    runner.run(feeds);
    const mixed = await runner.read('y');
    const [exact] = evaluate(
      [y],
      new Map([
        [x, feeds.x],
        [w, feeds.w],
        [bias, feeds.bias],
        [v, feeds.v],
      ]),
    );
    // Three roundings of at most 2⁻¹¹ each on the way of every term: x and w, the hidden values and v.
    const [terms] = evaluate(
      [matmul(relu(add(matmul(x, w), bias)), v)],
      new Map([
        [x, feeds.x.map(Math.abs)],
        [w, feeds.w.map(Math.abs)],
        [bias, feeds.bias.map(Math.abs)],
        [v, feeds.v.map(Math.abs)],
      ]),
    );
    const worst = Math.max(...Array.from(exact!, (value, i) => Math.abs(value - mixed[i]!) / terms![i]!));
    expect(worst).toBeLessThan(4.1 * 2 ** -11);
    expect(worst).toBeGreaterThan(2 ** -16);
  });
});
