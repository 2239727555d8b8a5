// Where the roofline's points and lines lie: both axes logarithmic, whole decades, labels where there is room.

import { ranked } from './core/result.ts';
import { roofsOf, type Roofs } from './core/roofline.ts';
import { isTooShort, type Numbered } from './rows.ts';

export const size = { width: 760, height: 420, left: 64, right: 16, top: 16, bottom: 48 } as const;

export interface Point {
  readonly one: Numbered;
  /** FLOP a byte, GFLOP/s. */
  readonly intensity: number;
  readonly gflops: number;
  readonly x: number;
  readonly y: number;
  /** Whether its number has room beside it. */
  readonly labelled: boolean;
}

export interface Scale {
  /** Exponents of ten. */
  readonly from: number;
  readonly to: number;
  at(value: number): number;
}

export interface Layout {
  readonly points: readonly Point[];
  readonly x: Scale;
  readonly y: Scale;
  readonly roofs: Roofs | null;
}

/** Right rows with both FLOPs and bytes, in the table's order; null without any. */
export function layoutOf(rows: readonly Numbered[], all: readonly Numbered[]): Layout | null {
  const right = new Set(ranked(rows.map(({ row }) => row)));
  const found = rows.flatMap((one) => {
    const { row } = one;
    const usable = right.has(row) && row.suite !== 'roofs' && row.bytes > 0 && row.gflops && !isTooShort(row);
    return usable ? [{ one, intensity: row.flops / row.bytes, gflops: row.gflops }] : [];
  });
  if (found.length === 0) return null;
  const roofs = roofsOf(all.map(({ row }) => row));
  const ridge = roofs ? [roofs.flopsPerSecond / roofs.bytesPerSecond] : [];
  const peak = roofs ? [roofs.flopsPerSecond / 1e9] : [];
  const x = scale([...found.map(({ intensity }) => intensity), ...ridge], size.left, size.width - size.right);
  const y = scale([...found.map(({ gflops }) => gflops), ...peak], size.height - size.bottom, size.top);
  return {
    points: labelled(found.map((one) => ({ ...one, x: x.at(one.intensity), y: y.at(one.gflops) }))),
    x,
    y,
    roofs,
  };
}

function scale(values: readonly number[], low: number, high: number): Scale {
  const from = Math.floor(Math.log10(Math.min(...values)) - 0.05);
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values)) + 0.05));
  return { from, to, at: (value) => low + ((Math.log10(value) - from) / (to - from)) * (high - low) };
}

/** Of numbers that would lie over each other the first has its place; the others are told when their point is chosen. */
function labelled(points: readonly Omit<Point, 'labelled'>[]): Point[] {
  const taken: { x: number; y: number }[] = [];
  return points.map((point) => {
    const free = taken.every(({ x, y }) => Math.abs(x - point.x) > 24 || Math.abs(y - point.y) > 12);
    if (free) taken.push(point);
    return { ...point, labelled: free };
  });
}

/** Eight shapes of about the same size around 0, 0. */
export const marks: readonly string[] = [
  'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z',
  'M-4.5-4.5h9v9h-9z',
  'M0-5.5l5.5 9.5h-11z',
  'M0-6l6 6-6 6-6-6z',
  'M0 5.5l5.5-9.5h-11z',
  'M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z',
  'M-6-2.5l6-3.5 6 3.5v5l-6 3.5-6-3.5z',
  'M0-6l1.8 4.2 4.4.3-3.4 2.9 1.1 4.4-3.9-2.4-3.9 2.4 1.1-4.4-3.4-2.9 4.4-.3z',
];
