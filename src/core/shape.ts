// Shapes are plain arrays of positive integers, row-major; the last axis varies fastest.

import { ShapeError } from './errors.ts';

export type Shape = readonly number[];

/** The number of elements. A scalar, `[]`, has one. Plain doubles, never `|0`: 65536 × 65536 must not become 0. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** `[2,3]`, as in every message. */
export function format(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

export function equal(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

/** Elements between neighbours along each axis. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** Throws unless every length is an integer from 1 to 2³¹ − 1 and the size stays a safe integer. */
export function checkShape(where: string, shape: Shape): void {
  for (const length of shape) {
    if (!Number.isInteger(length) || length < 1 || length >= 2 ** 31) {
      throw new ShapeError(`${where}: a shape has integers from 1 to 2147483647, got ${format(shape)}`);
    }
  }
  if (!Number.isSafeInteger(sizeOf(shape))) throw new ShapeError(`${where}: ${format(shape)} has too many elements`);
}

/** NumPy's rule: axes are aligned at the end; lengths are equal or one of them is 1. */
export function broadcast(where: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(`${where}: shapes ${format(a)} and ${format(b)} do not broadcast: ${x} against ${y}`);
    }
    return x === 1 ? y : x;
  });
}

/** An axis counted from the end when negative, as a non-negative one. */
export function resolveAxis(where: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw new ShapeError(`${where}: axis ${axis} is outside a tensor of rank ${rank}`);
  }
  return resolved;
}
