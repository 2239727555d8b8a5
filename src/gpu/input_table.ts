// Inputs of a few bytes (a cursor, a learning rate, a seed) stand in a table with one row for each step that waits to be
// submitted, so that such steps need no write of their own between them.

import { viewOf, type TypedArray } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import type { Plan } from '../plan/plan.ts';
import { tensorUsage, type Allocation, type Buffers } from './buffers.ts';
import { mostTogether } from './queue.ts';

export interface InputTable extends Allocation {
  has(storage: number): boolean;
  /** The byte where row `row` has `storage`. */
  offset(storage: number, row: number): number;
  /** The values for the next step and those after it, to be set. */
  values(storage: number): TypedArray;
  /** Whether every row is taken by a step that waits. */
  full(): boolean;
  /** Takes a row for one step, with the values as they are now. */
  next(): number;
  /** Writes the rows taken since the last call to the device, and frees them for steps submitted later. */
  upload(): void;
}

// WebGPU binds storage at multiples of 256 bytes, so this much is taken by the least input anyway.
const smallest = 256;

/** Where each small input stands in a row. Inputs that are outputs as well have a buffer of their own, to be read from. */
export function tableOffsets(plan: Plan): ReadonlyMap<number, number> {
  const outputs = new Set(Object.values(plan.outputs).map(({ storage }) => storage));
  const places = new Map<number, number>();
  plan.storages.forEach(({ kind, bytes }, index) => {
    if (kind === 'input' && bytes <= smallest && !outputs.has(index)) places.set(index, places.size * smallest);
  });
  return places;
}

export function tableBytes(places: ReadonlyMap<number, number>): number {
  return mostTogether * places.size * smallest;
}

/** Null where the plan has no small input. */
export function createInputTable(buffers: Buffers, plan: Plan): InputTable | null {
  const places = tableOffsets(plan);
  if (places.size === 0) return null;
  const rowBytes = places.size * smallest;
  const values = new Uint8Array(rowBytes);
  const views: TypedArray[] = [];
  for (const { storage, type } of Object.values(plan.inputs)) {
    const place = places.get(storage);
    if (place !== undefined) views[storage] = viewOf(type.dtype, values.buffer, place, sizeOf(type.shape));
  }
  const rows = new Uint8Array(tableBytes(places));
  const { buffer, checked } = buffers.allocate('small inputs', rows.length, tensorUsage);
  let taken = 0;
  return {
    buffer,
    checked,
    has: (storage) => places.has(storage),
    offset: (storage, row) => row * rowBytes + places.get(storage)!,
    values: (storage) => views[storage]!,
    full: () => taken === mostTogether,
    next() {
      rows.set(values, taken * rowBytes);
      return taken++;
    },
    upload() {
      if (taken > 0) buffers.writeAhead(buffer, rows, taken * rowBytes);
      taken = 0;
    },
  };
}
