import { expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { ShapeError } from '../../src/core/errors.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, variableTensor, type Variable } from '../../src/graph/tensor.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { assign, copy } from '../../src/ops/copy.ts';
import { pack, packOp } from '../../src/ops/pack.ts';
import { callTypes } from './table.ts';

test('pack lays tensors side by side with zeros between', () => {
  const a = inputTensor('a', [2, 2]);
  const b = inputTensor('b', [3]);
  const feeds = new Map([
    [a, Float64Array.of(1, 2, 3, 4)],
    [b, Float64Array.of(5, 6, 7)],
  ]);
  const [y] = evaluate([pack([a, b], [1, 6], 10)], feeds);
  expect([...y!]).toEqual([0, 1, 2, 3, 4, 0, 5, 6, 7, 0]);
});

test('pack keeps inputs that were written in place', () => {
  const arena = Float64Array.of(9, 1, 2, 9, 3, 9);
  const call = callTypes(packOp, { inputs: [{ shape: [2] }, { shape: [1] }], attrs: { offsets: [1, 4], size: 6 } });
  packOp.cpu([arena.subarray(1, 3), arena.subarray(4, 5)], [arena], call);
  expect([...arena]).toEqual([0, 1, 2, 0, 3, 0]);
});

test('every kernel of pack has one dispatch for each input, in order', () => {
  for (const sample of packOp.samples) {
    const call = callTypes(packOp, sample);
    for (const kernel of Object.values(packOp.kernels)) {
      if (kernel.fits?.(call, baseTarget) === false) continue;
      const { dispatches } = kernel.plan(call, baseTarget);
      expect(dispatches.map((one) => Object.values(one.bindings)[0])).toEqual(
        call.inputs.map((_, index) => ({ kind: 'input', index })),
      );
    }
  }
});

test('copy passes its gradient on, and assign gives the new contents', () => {
  const values = Float64Array.of(1, -2, 3);
  expect(gradcheck(({ x }) => copy(x!), { x: { shape: [3], values } }).passed).toBe(true);
  const variable: Variable = { name: 'w', shape: [3], dtype: 'f32', initial: () => new Float32Array(3) };
  const x = inputTensor('x', [3]);
  const [y] = evaluate([assign(variableTensor(variable), x)], new Map([[x, values]]));
  expect([...y!]).toEqual([1, -2, 3]);
});

test('messages', () => {
  const a = inputTensor('a', [4]);
  expect(() => pack([a, a], [0, 3], 8)).toThrow(
    new ShapeError('pack: input 1 has offset 3, expected an integer of at least 4'),
  );
  expect(() => pack([a], [6], 8)).toThrow('pack: input 0 of shape [4] at offset 6 ends at 10, expected at most 8');
  expect(() => pack([a], [], 8)).toThrow('pack: 0 offsets for 1 inputs, expected one each');
  expect(() => pack([inputTensor('i', [4], 'i32')], [0], 8)).toThrow('pack: input 0 is i32, expected f32');
  expect(() => assign(a, inputTensor('b', [2, 2]))).toThrow('assign: the value is f32 [2,2], expected f32 [4]');
});
