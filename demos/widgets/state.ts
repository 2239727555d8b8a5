// What the page's link holds.
import { choice, flag, integer, matrix, number, type StateOf } from '../shared/state.ts';
import { stepFields } from '../shared/stepper.ts';

export const columns = 4;

export const fields = {
  ...stepFields,
  rows: integer(3, 1, 5),
  rate: number(0.25, { min: 0, max: 1 }),
  mode: choice(['zeros', 'reflect'], 'zeros'),
  bias: flag(false),
  x: matrix({ shape: [3, columns], values: new Array<number>(3 * columns).fill(0) }, [
    [1, 5],
    [columns, columns],
  ]),
  code: choice(['js', 'python'], 'js'),
};

export type State = StateOf<typeof fields>;
