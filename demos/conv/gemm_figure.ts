// A convolution as a product of matrices: the im2col matrix, the kernel as rows, and the result.

import type { Arithmetic } from './arithmetic.ts';
import { atText, marks, matrixOf, type Cell, type MatrixFigure } from './figure.ts';
import type { ConvState } from './state.ts';
import type { Moment } from './steps.ts';
import type { At } from './window_figure.ts';

/** Rows of the im2col matrix: taps times the channels of a group. */
export const depthOf = (a: Arithmetic): number => a.products(0).length;

/** A matrix of one group's numbers, called by its group where there are several. */
export const groupMatrix = (
  a: Arithmetic,
  group: number,
  head: Omit<MatrixFigure, 'cells' | 'part'>,
  cell: (row: number, column: number) => Cell,
): MatrixFigure => matrixOf({ ...head, part: a.groups > 1 ? group : null }, cell);

/** The im2col matrix of the present group: a row for each tap and channel, a column for each position. */
export function columnsFigure(state: ConvState, a: Arithmetic, at: At): MatrixFigure {
  const rows = depthOf(a);
  const { filters, positions } = a;
  return groupMatrix(
    a,
    at.group,
    {
      id: 'columns',
      name: 'columns',
      rows,
      columns: positions,
      focus: [Math.max(at.now, 0), at.position],
    },
    (row, position) => {
      const { x, place, channel } = a.products(at.group * filters * positions + position)[row]!;
      return {
        value: x < 0 ? 0 : state.x.values[x]!,
        marks: marks(
          [position === at.position, 'in'],
          [position === at.position && row === at.now, 'now'],
          [x < 0, 'pad'],
        ),
        data: { row, position, place: place.join(), channel, x },
      };
    },
  );
}

/** K as the engine multiplies it: a row for each filter of the group. */
export function weightRowsFigure(state: ConvState, a: Arithmetic, at: Pick<At, 'oc' | 'group' | 'now'>): MatrixFigure {
  const { filters, positions } = a;
  return groupMatrix(
    a,
    at.group,
    {
      id: 'weightRows',
      name: 'weightRows',
      rows: filters,
      columns: depthOf(a),
      divisor: state.div,
      focus: [at.oc - at.group * filters, Math.max(at.now, 0)],
    },
    (row, column) => {
      const oc = at.group * filters + row;
      const { w } = a.products(oc * positions)[column]!;
      return {
        value: state.k.values[w]!,
        marks: marks([oc === at.oc, 'in'], [oc === at.oc && column === at.now, 'now']),
        data: { w, oc, column },
      };
    },
  );
}

/** Y as the product of matrices gives it: a row for each filter of the group, a column for each position. */
export function productFigure(a: Arithmetic, y: readonly number[], at: At, moment: Moment): MatrixFigure {
  const { filters, positions } = a;
  return groupMatrix(
    a,
    at.group,
    {
      id: 'product',
      name: 'product',
      rows: filters,
      columns: positions,
      focus: [at.oc - at.group * filters, at.position],
    },
    (row, position): Cell => {
      const oc = at.group * filters + row;
      const o = oc * positions + position;
      const done = o < at.o || (o === at.o && moment.whole);
      const [oy, ox] = [Math.floor(position / a.output[2]), position % a.output[2]];
      return { value: done ? y[o]! : null, marks: marks([o === at.o, 'now']), data: { at: atText({ oc, oy, ox }), o } };
    },
  );
}
