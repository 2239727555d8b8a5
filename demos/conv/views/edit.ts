// What an edit of a matrix's cells changes: the state, or an exercise's answers.

import { arithmeticOf, isPossible } from '../arithmetic.ts';
import type { MatrixFigure } from '../figure.ts';
import { answersOf } from '../quiz.ts';
import { settled, type ConvState } from '../state.ts';
import type { Matrix } from '../../shared/state.ts';
import type { ConvContext } from '../words.ts';

export function editMatrix(
  { set, refresh }: ConvContext,
  state: ConvState,
  matrix: MatrixFigure,
  changes: readonly { readonly at: number; readonly value: number }[],
): void {
  if (matrix.editable === 'answer') {
    const answers = answersOf(state);
    for (const { at, value } of changes) answers.set(at, value);
    refresh();
    return;
  }
  const key = matrix.editable;
  if (!key) return;
  set((now): Partial<ConvState> => {
    const { shape, values: before } = wholeOf(settled(now), key);
    const values = [...before];
    for (const { at, value } of changes) values[at] = value;
    return { [key]: { shape, values } };
  });
}

/** The matrix as it is; dY or its target as it is taken where it has not the output's size. */
function wholeOf(state: ConvState, key: 'x' | 'k' | 'b' | 't'): Matrix {
  const a = arithmeticOf(state);
  if (key !== 't' || !isPossible(a) || state.t.values.length === a.outputs) return state[key];
  return { shape: a.output, values: Array.from({ length: a.outputs }, () => (state.loss === 'own' ? 1 : 0)) };
}
