// Groups of elementwise ops worth testing: each way to find an operand, each number of results, each dtype.

import type { Op, Sample, SampleInput } from '../graph/op.ts';
import { sizeOf } from '../core/shape.ts';
import { addOp, divOp, gradientRows, lessOp, mulOp, subOp } from './binary.ts';
import { castOp } from './cast.ts';
import { type FusedAttrs, fusedAttrs, type FusedMember, type FusedOperand } from './fused_text.ts';
import { broadcastToOp, meanOp, sumOp } from './reduce.ts';
import { geluOp, reluOp, sigmoidOp, squareOp, tanhOp } from './unary.ts';
import { whereOp } from './where.ts';

/** A member's operand: a place of `inputs`, a member before, or a number. */
const at = (index: number, shape: readonly number[]): FusedOperand => ({ kind: 'input', index, shape });
const member = (index: number, shape: readonly number[]): FusedOperand => ({ kind: 'member', index, shape });
const number = (value: number): FusedOperand => ({ kind: 'number', value });
const one = (op: Op, shape: readonly number[], operands: FusedOperand[], attrs: unknown = {}): FusedMember => ({
  op,
  attrs,
  operands,
  type: { shape, dtype: op === castOp ? (attrs as { dtype: 'i32' }).dtype : 'f32' },
});

/** The sum or mean of all that member `index` gives. */
const all = (op: Op, index: number, shape: readonly number[]): FusedMember => ({
  op,
  attrs: { axis: 0 },
  operands: [member(index, [sizeOf(shape)])],
  type: { shape: [], dtype: 'f32' },
});

export const fusedSamples: readonly Sample<FusedAttrs>[] = samples();

function samples(): Sample<FusedAttrs>[] {
  const made: Sample<FusedAttrs>[] = [];
  const add = (inputs: readonly (readonly number[] | SampleInput)[], members: FusedMember[], outputs: number[]) =>
    made.push({
      inputs: inputs.map((given) => ('shape' in given ? given : { shape: given })),
      attrs: fusedAttrs(members, outputs),
    });
  // A dense layer's bias and activation, with what the gradient needs kept.
  for (const s of [
    [7, 12],
    [5, 3],
    [64, 64],
  ]) {
    add([s, s.slice(-1)], [one(addOp, s, [at(0, s), at(1, s.slice(-1))]), one(geluOp, s, [member(0, s)])], [0, 1]);
    add(
      [s, s],
      [
        one(addOp, s, [at(0, s), at(1, s)]),
        one(gradientRows.relu, s, [member(0, s), at(1, s)]),
        one(mulOp, s, [member(1, s), number(0.5)]),
      ],
      [2],
    );
  }
  // One operand a column, one a row, one a number in memory, one whole; other shapes of as many elements.
  for (const [rows, columns] of [
    [6, 8],
    [3, 5],
  ] as const) {
    const s = [rows, columns];
    const flat = [rows * columns];
    add(
      [[rows, 1], [columns], [], flat],
      [
        one(mulOp, s, [at(0, [rows, 1]), at(1, [columns])]),
        one(addOp, s, [member(0, s), at(2, [])]),
        one(tanhOp, flat, [member(1, flat)]),
        one(mulOp, flat, [member(2, flat), at(3, flat)]),
      ],
      [3, 1],
    );
  }
  // Axes that do not merge; the same operand found in two ways.
  const [deep, side] = [
    [2, 3, 4, 5],
    [3, 1, 5],
  ];
  add(
    [deep, side, [2, 1, 4, 1]],
    [one(addOp, deep, [at(0, deep), at(1, side)]), one(mulOp, deep, [member(0, deep), at(2, [2, 1, 4, 1])])],
    [1],
  );
  const square = [8, 8];
  add(
    [[8]],
    [
      one(broadcastToOp, square, [at(0, [8])], { shape: square, scale: 0.25 }),
      one(addOp, square, [member(0, square), at(0, [8, 1])]),
    ],
    [1],
  );
  // Choices, whole numbers, four results.
  const n = [33];
  add(
    [{ shape: n, dtype: 'i32', fill: { below: 2 } }, n, n],
    [
      one(castOp, n, [at(0, n)], { dtype: 'f32' }),
      one(lessOp, n, [at(1, n), number(0.25)]),
      one(whereOp, n, [at(0, n), at(1, n), at(2, n)]),
      one(whereOp, n, [member(1, n), member(2, n), number(-1)]),
      one(castOp, n, [member(3, n)], { dtype: 'i32' }),
      one(sigmoidOp, n, [member(3, n)]),
      one(reluOp, n, [member(5, n)]),
    ],
    [0, 2, 4, 6],
  );
  add(
    [[4, 16], { shape: [4, 16], fill: 'positive' }, [16]],
    [
      one(divOp, [4, 16], [at(0, [4, 16]), at(1, [4, 16])]),
      one(addOp, [4, 16], [member(0, [4, 16]), at(2, [16])]),
      one(sigmoidOp, [4, 16], [member(1, [4, 16])]),
    ],
    [0, 1, 2],
  );
  // A batch of one; other results, with and without numbers, operands that repeat and whole numbers.
  const row = [1, 12];
  const column = [1, 1];
  const whole = { shape: row, dtype: 'i32' as const, fill: { below: 9 } };
  add(
    [whole, row],
    [
      one(castOp, row, [at(0, row)], { dtype: 'f32' }),
      one(addOp, row, [member(0, row), number(3)]),
      one(castOp, row, [member(1, row)], { dtype: 'i32' }),
      one(mulOp, row, [member(1, row), at(1, row)]),
    ],
    [1, 2, 3],
  );
  add(
    [row, column],
    [
      one(addOp, row, [at(0, row), at(1, column)]),
      one(sigmoidOp, row, [member(0, row)]),
      one(tanhOp, row, [member(1, row)]),
      one(mulOp, row, [member(2, row), member(0, row)]),
    ],
    [0, 1, 2, 3],
  );
  add([row, row], [one(addOp, row, [at(0, row), at(1, row)]), one(tanhOp, row, [member(0, row)])], [1]);
  add(
    [whole, row],
    [one(castOp, row, [at(0, row)], { dtype: 'f32' }), one(addOp, row, [member(0, row), number(0.5)])],
    [0, 1],
  );
  add(
    [whole, column],
    [
      one(castOp, row, [at(0, row)], { dtype: 'f32' }),
      one(mulOp, row, [member(0, row), at(1, column)]),
      one(castOp, row, [member(1, row)], { dtype: 'i32' }),
    ],
    [2],
  );
  // With a sum or mean: alone, beside one result, two and three, and of more elements than one workgroup takes.
  for (const op of [sumOp, meanOp]) {
    const [s, odd, large] = [
      [32, 1],
      [7, 9],
      [130, 132],
    ] as const;
    add(
      [s, s],
      [
        one(subOp, s, [at(0, s), at(1, s)]),
        one(squareOp, s, [member(0, s)]),
        all(op, 1, s),
        one(gradientRows.square, s, [number(1 / 32), member(0, s)]),
      ],
      [2, 3],
    );
    add([odd, [7, 1]], [one(mulOp, odd, [at(0, odd), at(1, [7, 1])]), all(op, 0, odd)], [1]);
    add(
      [{ shape: large, dtype: 'i32', fill: { below: 9 } }, [132]],
      [
        one(castOp, large, [at(0, large)], { dtype: 'f32' }),
        one(mulOp, large, [member(0, large), at(1, [132])]),
        all(op, 1, large),
        one(tanhOp, large, [member(1, large)]),
      ],
      [1, 2, 3],
    );
    add(
      [odd, [9]],
      [
        one(addOp, odd, [at(0, odd), at(1, [9])]),
        one(tanhOp, odd, [member(0, odd)]),
        one(squareOp, odd, [member(1, odd)]),
        all(op, 2, odd),
      ],
      [0, 1, 2, 3],
    );
  }
  add(
    [whole, row],
    [
      one(castOp, row, [at(0, row)], { dtype: 'f32' }),
      one(addOp, row, [member(0, row), number(0.5)]),
      all(sumOp, 1, row),
    ],
    [2],
  );
  add(
    [whole, column],
    [
      one(castOp, row, [at(0, row)], { dtype: 'f32' }),
      one(mulOp, row, [member(0, row), at(1, column)]),
      all(meanOp, 1, row),
    ],
    [1, 2],
  );
  add([n, n], [one(addOp, n, [at(0, n), at(1, n)]), one(tanhOp, n, [member(0, n)]), all(meanOp, 1, n)], [0, 1, 2]);
  add([n], [one(mulOp, n, [at(0, n), number(0.5)]), one(tanhOp, n, [member(0, n)]), all(sumOp, 0, n)], [0, 1, 2]);
  return made;
}
