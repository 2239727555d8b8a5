// Matrices with the padding around them, a matrix for each channel, and arcs from padding to the element that it shows.

import type { Arithmetic, Product } from './arithmetic.ts';
import { matrixOf, type Cell, type MatrixFigure } from './figure.ts';
import { indexOf } from './state.ts';

type Sides = readonly (readonly [number, number])[];
const none: Sides = [
  [0, 0],
  [0, 0],
];

/** A place of a padded matrix: rows and columns are negative before the image. */
export interface Place {
  readonly channel: number;
  readonly row: number;
  readonly column: number;
  /** On the image, and not in its padding. */
  readonly inside: boolean;
  /** Flat in [channels, rows, columns] of the image; −1 in the padding. */
  readonly flat: number;
  /** "row,column". */
  readonly text: string;
}

export function paddedMatrices(
  [channels, rows, columns]: readonly [number, number, number],
  sides: Sides,
  head: (channel: number) => Pick<MatrixFigure, 'id' | 'name'> & Partial<MatrixFigure>,
  cell: (place: Place) => Cell,
): MatrixFigure[] {
  const [[top, bottom], [left, right]] = sides as [[number, number], [number, number]];
  return Array.from({ length: channels }, (_, channel) =>
    matrixOf(
      {
        part: channels > 1 ? channel : null,
        rows: rows + top + bottom,
        columns: columns + left + right,
        ...head(channel),
      },
      (i, j) => {
        const [row, column] = [i - top, j - left];
        const inside = row >= 0 && column >= 0 && row < rows && column < columns;
        const flat = inside ? (channel * rows + row) * columns + column : -1;
        return cell({ channel, row, column, inside, flat, text: `${row},${column}` });
      },
    ),
  );
}

/** As `paddedMatrices`, without padding. */
export const plainMatrices = (
  extents: readonly [number, number, number],
  head: Parameters<typeof paddedMatrices>[2],
  cell: Parameters<typeof paddedMatrices>[3],
): MatrixFigure[] => paddedMatrices(extents, none, head, cell);

/** Those of `products` that read an element of the image from its padding. */
export function arcsOf(
  { input, explanation }: Arithmetic,
  products: readonly Product[],
  channel: number,
): NonNullable<MatrixFigure['arcs']> {
  const [, h, w] = input;
  const [[top], [left]] = explanation.padding as [[number, number], [number, number]];
  return products
    .filter(({ x, channel: own, place: [r, c] }) => own === channel && x >= 0 && (r < 0 || c < 0 || r >= h || c >= w))
    .map(({ x, place: [r, c] }) => {
      const [, row, column] = indexOf(x, input) as [number, number, number];
      return [
        [r + top, c + left],
        [row + top, column + left],
      ];
    });
}
