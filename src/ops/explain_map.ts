// Indices of windows and of what they read, both ways: by window and tap, and by the element that is read.

import { ShapeError } from '../core/errors.ts';
import { format, type Shape } from '../core/shape.ts';
import type { Index } from './explain_types.ts';
import type { WindowNd } from './window.ts';
import { axisSources, windowPosition } from './window_map.ts';

/** Every choice of one value from each list, the last list's varying fastest. */
export function product<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((chosen, list) => chosen.flatMap((some) => list.map((value) => [...some, value])), [[]]);
}

/** 0 … length − 1. */
export const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** Every index of an array of `shape`, in the order of memory. */
export const indicesOf = (shape: Shape): number[][] => product(shape.map(range));

/** Where `index` lies in an array of `shape`, row-major. */
export function flatIndex(index: Index, shape: Shape): number {
  return index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0);
}

/** The index of the element at `flat`. */
export function indexAt(flat: number, shape: Shape): number[] {
  const index: number[] = [];
  for (const length of shape.toReversed()) {
    index.unshift(flat % length);
    flat = Math.floor(flat / length);
  }
  return index;
}

/** Throws a ShapeError unless `index` is one of an array of `shape`. */
export function checkIndex(where: string, name: string, index: Index, shape: Shape): void {
  const inside = index.every((i, axis) => Number.isInteger(i) && i >= 0 && i < shape[axis]!);
  if (inside && index.length === shape.length) return;
  throw new ShapeError(`${where}: ${name} index ${format(index)} is outside ${format(shape)}`);
}

export interface WindowMap {
  /** What tap `k` of window `o` reads; `source` is null for a zero of the padding. */
  read(o: Index, k: Index): { readonly position: Index; readonly source: Index | null };
  /** What the taps of window `o` read, in order. */
  window(o: Index): { readonly position: Index; readonly source: Index | null }[];
  /** All that read the element at `source`: windows in order, and within each its taps in order. */
  readers(source: Index): { readonly position: Index; readonly o: Index; readonly k: Index }[];
}

/** The map of `window` on an image of spatial `lengths`. */
export function windowMap(lengths: Shape, window: WindowNd): WindowMap {
  const tables = lengths.map((length, axis) => axisSources(window, axis, length));
  const inverses = tables.map((table, axis) => inverseOf(table, window.kernel[axis]!));
  const positionAt = (o: Index, k: Index) => o.map((at, axis) => windowPosition(window, axis, at, k[axis]!));
  const taps = indicesOf(window.kernel);
  const read: WindowMap['read'] = (o, k) => {
    const source = tables.map((table, axis) => table[o[axis]! * window.kernel[axis]! + k[axis]!]!);
    return { position: positionAt(o, k), source: source.every((at) => at >= 0) ? source : null };
  };
  return {
    read,
    window: (o) => taps.map((k) => read(o, k)),
    readers(source) {
      const windows = product(inverses.map((inverse, axis) => inverse.get(source[axis]!) ?? []));
      return windows.flatMap((axes) => {
        const o = axes.map((along) => along.o);
        return product(axes.map(({ taps }) => taps)).map((k) => ({ position: positionAt(o, k), o, k }));
      });
    },
  };
}

/** For each element of an axis the windows that read it, each with the taps that do. */
function inverseOf(table: Int32Array, kernel: number): Map<number, { o: number; taps: number[] }[]> {
  const inverse = new Map<number, { o: number; taps: number[] }[]>();
  table.forEach((source, i) => {
    if (source < 0) return;
    const [o, k] = [Math.floor(i / kernel), i % kernel];
    const windows = inverse.get(source) ?? [];
    if (windows.at(-1)?.o === o) windows.at(-1)!.taps.push(k);
    else windows.push({ o, taps: [k] });
    inverse.set(source, windows);
  });
  return inverse;
}
