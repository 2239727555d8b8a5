// dY and the target it comes from, and the element whose gradient is checked.

import type { Arithmetic } from './arithmetic.ts';
import { atText, marks, type MatrixFigure } from './figure.ts';
import { plainMatrices } from './padded_figure.ts';
import type { ConvState } from './state.ts';

/** dY, or the target that it comes from; editable where the state keeps it. */
export function gradientFigures(
  state: ConvState,
  a: Arithmetic,
  dy: readonly number[],
  isIn: (o: number) => boolean,
): MatrixFigure[] {
  const targets = state.loss === 'mse';
  const target = state.t.values.length === dy.length ? state.t.values : dy.map(() => 0);
  const of = (name: 'gradient' | 'target', values: readonly number[], editable: boolean) =>
    plainMatrices(
      a.output,
      (oc) => ({ id: `${name}${oc}`, name, ...(editable ? { editable: 't' as const } : {}) }),
      ({ channel: oc, row: oy, column: ox, flat: o }) => ({
        value: values[o]!,
        marks: marks([name === 'gradient' && isIn(o), 'in']),
        data: { at: atText({ oc, oy, ox }), o },
        edit: editable ? o : undefined,
      }),
    );
  return [...(targets ? of('target', target, true) : []), ...of('gradient', dy, state.loss === 'own')];
}

export const chosenOf = ({ check }: Pick<ConvState, 'check'>): { what: 'x' | 'k' | 'b'; at: number } | null => {
  const [, what, at] = /^([xkb])(\d+)$/.exec(check) ?? [];
  return what === undefined ? null : { what: what as 'x' | 'k' | 'b', at: Number(at) };
};
