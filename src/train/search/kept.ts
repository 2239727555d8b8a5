// What a study keeps in its store: the plan it follows and a record of each run that ended, so that it can go on later.

import { DataError, StateError } from '../../core/errors.ts';
import type { Dataset, NamedDataset } from '../../data/dataset.ts';
import { isOne } from '../../data/dataset.ts';
import { crc32 } from '../../io/sealed.ts';
import type { Store } from '../../io/store.ts';
import type { Json } from '../../nn/layer.ts';
import type { RunSlot } from './run.ts';

/** What decides a study's runs, beside its code. */
export type StudyPlan = Readonly<Record<string, Json>>;

export interface Kept {
  /** Null where the run has not ended yet. */
  read<T>(key: string): Promise<T | null>;
  write(key: string, record: object): Promise<void>;
  readBytes(key: string): Promise<Uint8Array | null>;
  writeBytes(key: string, bytes: Uint8Array): Promise<void>;
  /** For the training of the run `key` with these settings while it is under way; null where nothing is kept. */
  slot(key: string, params: object): RunSlot | null;
}

/**
 * The records of the study `name` in `store`; without a store nothing is kept. StateError: the store holds a study of this
 * name that follows another plan.
 */
export async function openKept(where: string, store: Store | undefined, name: string, plan: StudyPlan): Promise<Kept> {
  if (!store) {
    const nothing = async () => null;
    return { read: nothing, write: async () => {}, readBytes: nothing, writeBytes: async () => {}, slot: () => null };
  }
  const read = async <T>(key: string): Promise<T | null> => {
    const bytes = await store.read(`${name}.${key}`);
    return bytes && (parsed(`${where}: '${name}.${key}' in the store`, bytes) as T);
  };
  const write = (key: string, record: object) => store.write(`${name}.${key}`, encoded(record));
  const found = await read<StudyPlan>('plan');
  if (found) {
    const differ = [...new Set([...Object.keys(plan), ...Object.keys(found)])].filter(
      (key) => JSON.stringify(plan[key]) !== JSON.stringify(found[key]),
    );
    if (differ.length > 0) {
      const said = differ.map((key) => `${key} ${shown(found[key])}, now ${shown(plan[key])}`).join('; ');
      throw new StateError(
        `${where}: the store holds a study '${name}' of another plan (${said}); give this one another name or store`,
      );
    }
  } else {
    await write('plan', plan);
  }
  return {
    read,
    write,
    readBytes: (key) => store.read(`${name}.${key}`),
    writeBytes: (key, bytes) => store.write(`${name}.${key}`, bytes),
    slot(key, params) {
      const at = `${name}.${key}.${checksum(encoded(params)).toString(16)}`;
      return {
        read: () => store.read(at),
        write: (bytes) => store.write(at, bytes),
        remove: () => store.remove(at),
      };
    },
  };
}

/** JSON has no NaN and no infinities; they are kept as words. */
function encoded(record: object): Uint8Array {
  const text = JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? `\u0000${value}` : value,
  );
  return new TextEncoder().encode(text);
}

function parsed(where: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes), (_, value: unknown) =>
      typeof value === 'string' && value.startsWith('\u0000') ? Number(value.slice(1)) : value,
    );
  } catch (error) {
    throw new DataError(`${where} is no JSON (${(error as Error).message})`);
  }
}

const shown = (value: Json | undefined): string => {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** Tells one data set from another: the number of examples, and checksums of the numbers. */
export function fingerprint({ size, x, y }: Dataset | NamedDataset): Json {
  const sums = (given: Dataset['x'] | Dataset['y'] | Readonly<Record<string, Dataset['x'] | Dataset['y']>>): Json =>
    isOne(given)
      ? checksum((given as Dataset['x']).data)
      : Object.entries(given as Readonly<Record<string, Dataset['x']>>).map(([name, { data }]) => [
          name,
          checksum(data),
        ]);
  return { size, x: sums(x), y: sums(y) };
}

export function checksum(data: ArrayBufferView): number {
  return crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
