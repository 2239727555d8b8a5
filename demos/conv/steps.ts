// How each picture is walked through: units (an output, a column, a weight, an input), each made of products.

import type { Arithmetic } from './arithmetic.ts';
import type { ConvState } from './state.ts';

export interface Walk {
  readonly units: number;
  /** Products of a unit. */
  sizeOf(unit: number): number;
}

/** Where a walk stands: products 0 to `product` of `unit` are done, and all units before it. */
export interface Moment {
  readonly unit: number;
  readonly product: number;
  /** All products of the unit are done. */
  readonly whole: boolean;
  /** The product the step is at; −1 where steps are whole units. */
  readonly now: number;
}

export function walkOf(state: ConvState, a: Arithmetic): Walk {
  const [cin, h, w] = a.input;
  const { positions, groups, filters } = a;
  switch (state.tab) {
    case 'dx':
      return isPool(state)
        ? { units: a.outputs, sizeOf: (o) => a.products(o).length }
        : {
            units: positions * groups,
            sizeOf: (unit) => a.products(Math.floor(unit / positions) * filters * positions).length,
          };
    case 'dw':
      return { units: a.kernel.reduce((n, extent) => n * extent, 1), sizeOf: () => positions };
    case 'transposed':
      if (state.view === 'scatter') {
        const size = state.kh * state.kw * (state.cout / state.g);
        return { units: cin * h * w, sizeOf: () => size };
      }
      if (state.view === 'matrix') return { units: a.outputs, sizeOf: (o) => Math.max(1, a.products(o).length) };
      return { units: a.outputs, sizeOf: () => state.kh * state.kw * (cin / state.g) };
    case 'image':
    case 'stack':
      return { units: 1, sizeOf: () => 1 };
    default:
      return { units: a.outputs, sizeOf: (o) => a.products(o).length };
  }
}

export const isPool = ({ op }: Pick<ConvState, 'op'>): boolean => op === 'max' || op === 'average';

export function stepsOf(walk: Walk, grain: ConvState['grain']): number {
  if (grain === 'cell') return walk.units;
  let count = 0;
  for (let unit = 0; unit < walk.units; unit++) count += walk.sizeOf(unit);
  return count;
}

/** Step 0 has done the first unit, or the first product. */
export function momentAt(walk: Walk, grain: ConvState['grain'], step: number): Moment {
  if (grain === 'cell') {
    const unit = Math.max(0, Math.min(step, walk.units - 1));
    return { unit, product: walk.sizeOf(unit) - 1, whole: true, now: -1 };
  }
  let rest = Math.max(0, step);
  for (let unit = 0; unit < walk.units; unit++) {
    const size = walk.sizeOf(unit);
    if (rest < size) return { unit, product: rest, whole: rest === size - 1, now: rest };
    rest -= size;
  }
  const unit = walk.units - 1;
  const product = walk.sizeOf(unit) - 1;
  return { unit, product, whole: true, now: product };
}
