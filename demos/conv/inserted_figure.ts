// A transposed convolution as an ordinary one: of the input with zeros between and around its elements.

import { arithmeticOf, forward, isPossible, type Arithmetic } from './arithmetic.ts';
import type { Figure, MatrixFigure } from './figure.ts';
import { indexOf, type ConvState } from './state.ts';
import type { Moment } from './steps.ts';
import { atMoment, equationOf, inputFigures, kernelFigures, outputFigures } from './window_figure.ts';

/**
 * The ordinary convolution that gives the same: s − 1 zeros between the elements, d(k−1) − p around them, the kernel
 * turned by 180° and its channels exchanged, stride 1. Null where padding cuts more than d(k−1), as it cannot then be padding.
 */
export function insertedState(state: ConvState, a: Arithmetic): ConvState | null {
  const sizes = [
    [state.h, state.sy, state.dy * (state.kh - 1), a.output[1]],
    [state.w, state.sx, state.dx * (state.kw - 1), a.output[2]],
  ] as const;
  const around = sizes.map(([n, s, reach, out], axis) => {
    const before = reach - a.explanation.padding[axis]![0];
    return [before, out - ((n - 1) * s + 1) - before + reach] as const;
  });
  if (around.flat().some((n) => n < 0)) return null;
  const [h, w] = sizes.map(([n, s]) => (n - 1) * s + 1) as [number, number];
  const x = Array.from({ length: state.cin * h * w }, (_, flat) => {
    const [c, y, column] = indexOf(flat, [state.cin, h, w]) as [number, number, number];
    if (y % state.sy !== 0 || column % state.sx !== 0) return 0;
    return state.x.values[(c * state.h + y / state.sy) * state.w + column / state.sx]!;
  });
  const [filters, depth] = [state.cout / state.g, state.cin / state.g];
  const shape = [state.cout, depth, state.kh, state.kw];
  const k = Array.from({ length: state.cout * depth * state.kh * state.kw }, (_, flat) => {
    const [oc, c, i, j] = indexOf(flat, shape) as [number, number, number, number];
    const channel = Math.floor(oc / filters) * depth + c;
    return state.k.values[
      ((channel * filters + (oc % filters)) * state.kh + (state.kh - 1 - i)) * state.kw + (state.kw - 1 - j)
    ]!;
  });
  return {
    ...state,
    op: 'conv',
    tab: 'window',
    h,
    w,
    sy: 1,
    sx: 1,
    pad: 'explicit',
    pt: around[0]![0],
    pb: around[0]![1],
    pl: around[1]![0],
    pr: around[1]![1],
    mode: 'zeros',
    x: { shape: [state.cin, h, w], values: x },
    k: { shape, values: k },
  };
}

export function insertedFigure(state: ConvState, a: Arithmetic, moment: Moment): Figure {
  const inserted = insertedState(state, a);
  const b = inserted && arithmeticOf(inserted);
  if (!inserted || !b || !isPossible(b)) return { matrices: [], equation: null };
  const at = atMoment(b, moment);
  const { y } = forward(b, inserted);
  const readOnly = ({ editable: _, ...figure }: MatrixFigure): MatrixFigure => figure;
  return {
    matrices: [
      ...inputFigures(inserted, b, at).map((figure) => ({
        ...readOnly(figure),
        name: 'inserted' as const,
        cells: figure.cells.map(({ edit: _, ...cell }) => {
          const [r, c] = String(cell.data.place).split(',').map(Number) as [number, number];
          const zero = r % state.sy !== 0 || c % state.sx !== 0;
          return {
            ...cell,
            marks: zero && !cell.marks.includes('pad') ? [...cell.marks, 'never' as const] : cell.marks,
          };
        }),
      })),
      ...kernelFigures({ ...inserted, bias: false }, at).map((figure) => ({
        ...readOnly(figure),
        name: 'turned' as const,
        cells: figure.cells.map(({ edit: _, ...cell }) => cell),
      })),
      ...outputFigures(b, y, (o) => o < at.o || (o === at.o && moment.whole), at.o),
    ],
    equation: equationOf(state, at, moment, y, ({ x, w }) => ({
      left: x < 0 ? 0 : inserted.x.values[x]!,
      right: inserted.k.values[w]!,
      pad: x < 0,
    })),
  };
}
