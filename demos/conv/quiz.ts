// Exercises: a result is blank, answers are judged cell by cell. Answers are nobody's but the student's: no link holds them.

import { arithmeticOf, backward, forward, isPossible, lossOf, specOf } from './arithmetic.ts';
import type { Cell, Figure, MatrixFigure } from './figure.ts';
import type { ConvState } from './state.ts';

/** Right within half a unit of the second decimal, which is what cells show. */
const tolerance = 0.005;

export const isRight = (answer: number, truth: number): boolean => Math.abs(answer - truth) <= tolerance;

/** By the exercise they belong to, so that answers do not outlive their question. */
const answers = new Map<string, Map<number, number>>();

const questionOf = (state: ConvState): string =>
  JSON.stringify([state.quiz, specOf(state), state.x, state.k, state.b, state.t, state.loss]);

export function answersOf(state: ConvState): Map<number, number> {
  const question = questionOf(state);
  let found = answers.get(question);
  if (!found) answers.set(question, (found = new Map()));
  return found;
}

/** What is asked for, flat; empty where nothing is. */
export function truthOf(state: ConvState): readonly number[] {
  const a = arithmeticOf(state);
  if (!isPossible(a)) return [];
  if (state.quiz === 'size') return [a.output[1], a.output[2]];
  const { y } = forward(a, state);
  if (state.quiz === 'out') return y;
  if (state.quiz === 'dx') return backward(a, state, lossOf(state, y).dy).dx;
  return [];
}

export function scoreOf(state: ConvState): { right: number; all: number } {
  const truth = truthOf(state);
  const given = answersOf(state);
  return { right: truth.filter((value, i) => given.has(i) && isRight(given.get(i)!, value)).length, all: truth.length };
}

/** The figure with what is asked for blank or as answered, and nothing beside it that would tell. */
export function asked(state: ConvState, figure: Figure): Figure {
  const hidden = state.quiz === 'out' ? 'output' : 'inputGradient';
  const telling = state.quiz === 'out' ? ['product'] : ['dColumns'];
  if (state.quiz !== 'out' && state.quiz !== 'dx') return figure;
  const truth = truthOf(state);
  const given = answersOf(state);
  const blank = (cell: Cell): Cell => {
    const at = (state.quiz === 'out' ? cell.data.o : cell.data.x) as number | undefined;
    if (at === undefined || at < 0) return { ...cell, value: null, count: undefined };
    const answer = given.get(at);
    const judged = answer === undefined ? [] : [isRight(answer, truth[at]!) ? ('right' as const) : ('wrong' as const)];
    return {
      ...cell,
      value: answer ?? null,
      count: undefined,
      edit: at,
      marks: [...cell.marks.filter((mark) => mark !== 'in'), ...judged],
    };
  };
  // The largest of a window is a maximum's answer.
  const unmarked = (cell: Cell): Cell => ({ ...cell, marks: cell.marks.filter((mark) => mark !== 'won') });
  const matrices = figure.matrices
    .filter(({ name }) => !telling.includes(name))
    .map((matrix): MatrixFigure =>
      matrix.name === hidden
        ? { ...matrix, editable: 'answer', cells: matrix.cells.map(blank) }
        : { ...matrix, cells: matrix.cells.map(unmarked) },
    );
  return { matrices, equation: null };
}
