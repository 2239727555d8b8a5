// What metrics of whole epochs gather on the device, for each kind of program over each size of data set.

import { sizeOf } from '../core/shape.ts';
import { allocate, type TypedArray } from '../core/dtype.ts';
import { variableTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import type { Tally } from '../nn/metrics.ts';
import type { Device } from '../plan/device.ts';
import type { Forward, Head } from './core.ts';

/** Of one kind of program over data sets of one size. */
export interface Tallies {
  /** Adds to the graph what a batch brings: calls to be performed. `extra` counts beside the heads' metrics. */
  trace(forward: Pick<Forward, 'values' | 'masks'>, targets: readonly Tensor[], cursor: Tensor): Tensor[];
  /** Sets all to zero, or to what `values` gave, after the steps so far. */
  clear(values?: ReadonlyMap<string, TypedArray>): void;
  /** What was gathered since, as the steps so far left it. */
  values(): Promise<Map<string, TypedArray>>;
  /** The metrics of what was gathered since, by name, once the steps so far are done. */
  results(): Promise<Record<string, number>>;
  /** What the tally called so gathered for head `head`; null where it has none. */
  read(head: number, key: string): Promise<TypedArray | null>;
  dispose(): void;
}

/** `extra` gives tallies that no metric asks for. */
export function createTallies(
  device: Device,
  heads: readonly Head[],
  examples: number,
  extra: (head: Head) => readonly Tally[] = () => [],
): Tallies {
  const variables = new Map<string, Variable>();
  const wanted = heads.map((head) => {
    const all = [...head.epochMetrics.map(({ tally }) => tally), ...extra(head)];
    return all.filter((tally, i) => all.findIndex(({ key }) => key === tally.key) === i);
  });
  const read = async (head: number, key: string): Promise<TypedArray | null> => {
    const variable = variables.get(`${head}/${key}`);
    return variable ? await device.readVariable(variable) : null;
  };
  return {
    trace: ({ values: predictions, masks }, targets, cursor) =>
      wanted.flatMap((tallies, i) =>
        tallies.map((tally) => {
          const key = `${i}/${tally.key}`;
          let variable = variables.get(key);
          if (!variable) {
            const shape = tally.shape(examples, predictions[i]!, targets[i]!);
            const { dtype } = tally;
            variable = { name: `metrics/${key}`, shape, dtype, initial: () => allocate(dtype, sizeOf(shape)) };
            variables.set(key, variable);
          }
          return tally.add(variableTensor(variable), predictions[i]!, targets[i]!, cursor, masks[i] ?? undefined);
        }),
      ),
    clear(values) {
      for (const [key, variable] of variables) device.writeVariable(variable, values?.get(key) ?? variable.initial());
    },
    async values() {
      // All reads begin at once, before a further step.
      const reads = [...variables].map(async ([key, variable]) => [key, await device.readVariable(variable)] as const);
      return new Map(await Promise.all(reads));
    },
    async results() {
      const found: Record<string, number> = {};
      for (const [i, { epochMetrics }] of heads.entries()) {
        const kept = new Map<string, TypedArray>();
        for (const { name, tally, result } of epochMetrics) {
          const values = kept.get(tally.key) ?? (await read(i, tally.key))!;
          kept.set(tally.key, values);
          found[name] = result(values);
        }
      }
      return found;
    },
    read,
    dispose() {
      for (const variable of variables.values()) device.releaseVariable(variable);
      variables.clear();
    },
  };
}
