// How an operand's elements are found from the result's, under NumPy's broadcasting rule.

import { ShapeError } from '../core/errors.ts';
import { equal, format, type Shape, sizeOf, stridesOf } from '../core/shape.ts';

/** Axes the shaders can count; merged ones, so shapes of more axes usually fit. */
export const maxAxes = 6;

/** Axes from the innermost out, merged where every operand steps evenly through them; a stride of 0 repeats. */
export interface Layout {
  readonly lengths: readonly number[];
  /** For each operand, a stride for each axis. */
  readonly strides: readonly (readonly number[])[];
}

/** Walks `shape`, to which each of `operands` broadcasts. */
export function layoutOf(shape: Shape, operands: readonly Shape[]): Layout {
  const all = operands.map((operand) => alignedStrides(shape, operand));
  const lengths: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    if (length === 1) continue;
    const inner = lengths.length - 1;
    const merges = inner >= 0 && all.every((steps, n) => steps[axis] === strides[n]![inner]! * lengths[inner]!);
    if (merges) lengths[inner]! *= length;
    else {
      lengths.push(length);
      all.forEach((steps, n) => strides[n]!.push(steps[axis]!));
    }
  }
  if (lengths.length === 0) {
    lengths.push(1);
    for (const steps of strides) steps.push(0);
  }
  return { lengths, strides };
}

/** Throws where `layoutOf` gives more axes than the shaders count. */
export function checkLayout(where: string, shape: Shape, operands: readonly Shape[]): void {
  const { length } = layoutOf(shape, operands).lengths;
  if (length <= maxAxes) return;
  const shapes = operands.map(format).join(' and ');
  throw new ShapeError(
    `${where}: broadcasting ${shapes} to ${format(shape)} takes ${length} axes, expected ${maxAxes} at most`,
  );
}

/** The shaders' RANK: above three axes the general form, so that fewer pipelines are compiled. */
export const rankConstant = (axes: number): number => (axes <= 3 ? axes : maxAxes);

function alignedStrides(shape: Shape, operand: Shape): number[] {
  const strides = stridesOf(operand);
  const skipped = shape.length - operand.length;
  return shape.map((_, axis) => (axis < skipped || operand[axis - skipped] === 1 ? 0 : strides[axis - skipped]!));
}

/**
 * The number of elements after which `operand` begins again, or null where it does not simply repeat: it must be the
 * last axes of `shape`, with nothing but ones before them.
 */
export function periodOf(shape: Shape, operand: Shape): number | null {
  let first = 0;
  while (first < operand.length && operand[first] === 1) first++;
  const last = operand.slice(first);
  return equal(last, shape.slice(shape.length - last.length)) ? sizeOf(last) : null;
}

/** For the reference: the operand's element for each of the result's, spelled out axis by axis. */
export function indicesOf(shape: Shape, operand: Shape): (i: number) => number {
  const period = periodOf(shape, operand);
  if (period === sizeOf(shape)) return (i) => i;
  if (period !== null) return (i) => i % period;
  let indices = [0];
  const strides = alignedStrides(shape, operand);
  shape.forEach((length, axis) => {
    const next: number[] = [];
    for (const start of indices) for (let j = 0; j < length; j++) next.push(start + j * strides[axis]!);
    indices = next;
  });
  return (i) => indices[i]!;
}
