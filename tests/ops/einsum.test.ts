// Einstein's summation against its definition: a loop over every value of every letter.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { einsum } from '../../src/ops/einsum.ts';
import { makePlan } from '../../src/plan/build.ts';
import { sampleValues } from './table.ts';

/** Σ over all letters of the products; letters only, the result's written out. */
function define(equation: string, tensors: readonly { shape: readonly number[]; values: ArrayLike<number> }[]) {
  const [from, to] = equation.split('->') as [string, string];
  const terms = from.split(',');
  const lengths = new Map<string, number>();
  terms.forEach((term, i) => term.split('').forEach((letter, axis) => lengths.set(letter, tensors[i]!.shape[axis]!)));
  const letters = [...lengths.keys()];
  const y = new Float64Array(sizeOf(to.split('').map((letter) => lengths.get(letter)!)));
  const at = new Map(letters.map((letter) => [letter, 0]));
  const place = (names: string) => names.split('').reduce((sum, name) => sum * lengths.get(name)! + at.get(name)!, 0);
  for (let i = 0; i < sizeOf([...lengths.values()]); i++) {
    let rest = i;
    for (const letter of letters) {
      at.set(letter, rest % lengths.get(letter)!);
      rest = Math.floor(rest / lengths.get(letter)!);
    }
    y[place(to)]! += terms.reduce((product, term, k) => product * tensors[k]!.values[place(term)]!, 1);
  }
  return { shape: to.split('').map((letter) => lengths.get(letter)!), y };
}

const values = (shape: readonly number[], seed: number) => sampleValues({ shape }, seed) as Float64Array;

test.each<[string, ...number[][]]>([
  ['i->i', [3]],
  ['i->', [3]],
  ['ij->ji', [2, 3]],
  ['ii->i', [3, 3]],
  ['ii->', [3, 3]],
  ['ijij->ji', [2, 3, 2, 3]],
  ['iji->j', [2, 3, 2]],
  ['iii->i', [4, 4, 4]],
  ['ij,jk->ik', [2, 3], [3, 4]],
  ['ij,kj->ik', [2, 3], [4, 3]],
  ['ji,jk->ki', [3, 2], [3, 4]],
  ['ij,ij->', [2, 3], [2, 3]],
  ['i,j->ij', [2], [3]],
  ['i,i->i', [3], [3]],
  ['nqd,nkd->nqk', [2, 3, 4], [2, 5, 4]],
  ['bhqd,bkhd->bhqk', [2, 2, 3, 1], [2, 4, 2, 1]],
  ['nij,njk->nik', [1, 2, 3], [1, 3, 1]],
  ['ijk,jil->kl', [2, 3, 4], [3, 2, 2]],
  ['ij,jk->k', [2, 3], [3, 4]],
  ['ij,kl->il', [2, 3], [2, 4]],
  ['ij,jk,kl->il', [2, 3], [3, 4], [4, 2]],
  ['ij,jk,ik->ijk', [2, 3], [3, 4], [2, 4]],
  ['i,ij,j->', [2], [2, 3], [3]],
  ['abi,aj,b->ij', [2, 3, 2], [2, 3], [3]],
  ['ijj,jk->ik', [2, 3, 3], [3, 2]],
])('%s', (equation, ...shapes) => {
  const at = shapes.map((shape, i) => ({ shape, values: values(shape, 7 + i) }));
  const inputs = at.map(({ shape }, i) => inputTensor(`x${i}`, shape));
  const y = einsum(equation, ...inputs);
  const expected = define(equation, at);
  expect(y.shape).toEqual(expected.shape);
  const [actual] = evaluate([y], new Map(inputs.map((x, i) => [x, at[i]!.values])));
  expect([...actual!]).toEqual([...expected.y].map((value) => expect.closeTo(value, 10) as number));
  const named = Object.fromEntries(at.map((one, i) => [`x${i}`, one]));
  const f = (given: Record<string, Tensor>) => einsum(equation, ...at.map((_, i) => given[`x${i}`]!));
  expect(gradcheck(f, named)).toMatchObject({ passed: true });
});

describe('an ellipsis', () => {
  const run = (equation: string, ...tensors: { shape: number[]; values: number[] }[]) => {
    const inputs = tensors.map(({ shape }, i) => inputTensor(`x${i}`, shape));
    const y = einsum(equation, ...inputs);
    const feeds = new Map(inputs.map((x, i) => [x, Float64Array.from(tensors[i]!.values)]));
    return { shape: y.shape, values: [...evaluate([y], feeds)[0]!] };
  };
  const a = { shape: [2, 2], values: [1, 2, 3, 4] };

  test('stands for the axes that are left, and goes first where no result is written', () => {
    expect(run('...i', a)).toEqual({ shape: [2, 2], values: [1, 2, 3, 4] });
    expect(run('i...->...i', a)).toEqual({ shape: [2, 2], values: [1, 3, 2, 4] });
    expect(run('...i->...', { shape: [1, 2, 2], values: [1, 2, 3, 4] })).toEqual({ shape: [1, 2], values: [3, 7] });
    expect(run('i...j->ij', a)).toEqual({ shape: [2, 2], values: [1, 2, 3, 4] });
  });

  test('broadcasts, from its last axis on', () => {
    const line = { shape: [2], values: [10, 100] };
    expect(run('...i,...i->...', a, line)).toEqual({ shape: [2], values: [210, 430] });
    const columns = { shape: [2, 1, 2], values: [1, 2, 3, 4] };
    expect(run('...i,...i->...i', { ...a, shape: [1, 2, 2] }, columns)).toEqual({
      shape: [2, 2, 2],
      values: [1, 4, 3, 8, 3, 8, 9, 16],
    });
    expect(run('...ij,...jk', { ...a, shape: [1, 2, 2] }, { shape: [3, 2, 1], values: [1, 0, 0, 1, 1, 1] })).toEqual({
      shape: [3, 2, 1],
      values: [1, 3, 2, 4, 3, 7],
    });
    // Summed over, a length of 1 stretches too.
    expect(run('...i,...i->i', a, { shape: [1, 2], values: [1, 10] })).toEqual({ shape: [2], values: [4, 60] });
  });
});

test('without a result the letters that occur once, by the alphabet', () => {
  const [x, y] = [inputTensor('x', [2, 3]), inputTensor('y', [3, 4])];
  expect(einsum('ba,ac', x, y).shape).toEqual([2, 4]);
  expect(einsum('zb,bA', x, y).shape).toEqual([4, 2]);
  expect(einsum(' ij , jk -> ki ', x, y).shape).toEqual([4, 2]);
});

test('pairs are joined by products of matrices, read as they stand', () => {
  const [q, k] = [inputTensor('q', [2, 3, 4]), inputTensor('k', [2, 5, 4])];
  const plan = makePlan({ y: einsum('nqd,nkd->nqk', q, k) }, [], { target: baseTarget });
  expect(plan.steps.map(({ call }) => call.op.name)).toEqual(['matmul']);
});

test('messages', () => {
  const [x, y] = [inputTensor('x', [2, 3]), inputTensor('y', [4, 3])];
  expect(() => einsum('ij,jk->ik', x, y)).toThrow(
    new ShapeError("einsum: 'j' is 3 long in one tensor and 4 in another"),
  );
  expect(() => einsum('ij->i', x, y)).toThrow(new OptionError("einsum: 'ij->i' has 1 terms for 2 tensors"));
  expect(() => einsum('ijk->i', x)).toThrow(new ShapeError("einsum: 'ijk' names 3 axes of a tensor of 2"));
  expect(() => einsum('ii->i', x)).toThrow(new ShapeError("einsum: 'i' of 'ii' is 2 and 3 long in [2,3]"));
  expect(() => einsum('ij->ik', x)).toThrow(
    new OptionError("einsum: the result of 'ij->ik' names 'k' that no term has"),
  );
  expect(() => einsum('ij->ii', x)).toThrow(new OptionError("einsum: the result of 'ij->ii' names 'i' twice"));
  expect(() => einsum('i1->i', x)).toThrow("einsum: 'i1' is no list of letters with at most one ellipsis");
  expect(() => einsum('i', inputTensor('i', [2], 'i32'))).toThrow('einsum: tensor 0 is i32, expected f32');
});
