// What a picture shows, before it is drawn: matrices of cells with marks, and the equation of the present step. Pure, so
// that every step of every preset can be checked without a page.

export type Mark =
  /** Part of the present window, column or row. */
  | 'in'
  /** The cell or the product that the step is at. */
  | 'now'
  /** Padding. */
  | 'pad'
  /** No window reads it. */
  | 'never'
  /** A maximum's winner. */
  | 'won'
  | 'right'
  | 'wrong'
  /** Chosen for the finite difference. */
  | 'chosen';

/** Which of the state's matrices an edit changes; `answer` is what a student types in a quiz. */
export type Editable = 'x' | 'k' | 'b' | 't' | 'answer';

export interface Cell {
  /** null where nothing stands there yet. */
  readonly value: number | null;
  readonly marks: readonly Mark[];
  /** What the cell is, as data attributes: `at` of an output, `place` and `channel` of an input, `w` of a weight… */
  readonly data: Readonly<Record<string, string | number>>;
  /** Flat index in the matrix that an edit changes. */
  readonly edit?: number | undefined;
  /** A small second number: how often it was hit. */
  readonly count?: number | undefined;
}

export type MatrixName =
  | 'input'
  | 'kernel'
  | 'output'
  | 'bias'
  | 'columns'
  | 'weightRows'
  | 'product'
  | 'gradient'
  | 'target'
  | 'dColumns'
  | 'inputGradient'
  | 'weightGradient'
  | 'biasGradient'
  | 'inserted'
  | 'turned'
  | 'matrix'
  | 'inputVector'
  | 'overlap';

export interface MatrixFigure {
  readonly id: string;
  readonly name: MatrixName;
  /** Channel, filter or group, from 0; null where there is but one. */
  readonly part: number | null;
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly cells: readonly Cell[];
  readonly editable?: Editable;
  /** Every number stands for itself divided by this. */
  readonly divisor?: number;
  /** Padding and the element that it mirrors, as [row, column] pairs of this matrix. */
  readonly arcs?: readonly (readonly [readonly [number, number], readonly [number, number]])[];
  /** Where a large matrix shows its digits. */
  readonly focus?: readonly [number, number];
}

export interface EquationTerm {
  readonly left: number;
  readonly right: number | null;
  readonly pad: boolean;
  readonly done: boolean;
  readonly now: boolean;
  /** Flat in X and K, as the cells' data attributes name them. */
  readonly x: number;
  readonly w: number;
  readonly place: string;
  readonly won?: boolean;
}

export interface Equation {
  readonly left: string;
  readonly kind: 'sum' | 'max' | 'mean' | 'add';
  readonly terms: readonly EquationTerm[];
  readonly bias: number | null;
  readonly divisor: number;
  /** Of what is done so far. */
  readonly result: number;
  readonly whole: boolean;
}

export const marks = (...pairs: readonly (readonly [boolean, Mark])[]): Mark[] =>
  pairs.filter(([holds]) => holds).map(([, mark]) => mark);

/** "n,channel,row,column" of an output. */
export const atText = ({ oc, oy, ox }: { readonly oc: number; readonly oy: number; readonly ox: number }): string =>
  `0,${oc},${oy},${ox}`;

/** Cells above which a matrix is drawn as colours, with digits around its focus only. */
export const largest = 400;

export function matrixOf(head: Omit<MatrixFigure, 'cells'>, cell: (row: number, column: number) => Cell): MatrixFigure {
  const cells = Array.from({ length: head.rows * head.columns }, (_, i) =>
    cell(Math.floor(i / head.columns), i % head.columns),
  );
  return { ...head, cells };
}

/** Two matrices beside each other with a sign between: `·`, `=`. */
export interface Figure {
  readonly matrices: readonly MatrixFigure[];
  readonly equation: Equation | null;
}
