// What an edit of a matrix's cells changes: the state, or an exercise's answers.

import { arithmeticOf, isPossible } from '../arithmetic.ts';
import type { MatrixFigure } from '../figure.ts';
import { answersOf } from '../quiz.ts';
import type { ConvState } from '../state.ts';
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
  const a = arithmeticOf(state);
  const size = isPossible(a) ? a.outputs : 0;
  const whole =
    key !== 't'
      ? state[key]
      : state.t.values.length === size
        ? state.t
        : {
            shape: isPossible(a) ? [...a.output] : [0, 0, 0],
            values: Array.from({ length: size }, () => (state.loss === 'own' ? 1 : 0)),
          };
  const values = [...whole.values];
  for (const { at, value } of changes) values[at] = value;
  set({ [key]: { shape: whole.shape, values } } as Partial<ConvState>);
}
