// Stores of named byte arrays that outlive a crash: each name has two slots, written in turn, so that whatever ends a
// write leaves the slot before it whole.

import { DataError, StateError, StoreError } from '../core/errors.ts';
import { sealed, unsealed, type Sealed } from './sealed.ts';

export interface Store {
  /**
   * Resolves when the bytes are kept. Until then, and if it fails, `read` gives what was there before. StoreError: they could not
   * be written, because no space is left or for what its `cause` says.
   */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** The latest bytes written whole under this name; null where there are none. */
  read(name: string): Promise<Uint8Array | null>;
  /** All names, in order. */
  list(): Promise<string[]>;
  remove(name: string): Promise<void>;
}

export interface StoreOptions {
  /** Told of a slot that was found torn or damaged; the other one is used. */
  readonly onDamage?: (message: string) => void;
}

/** Where a store puts its slots: any place that keeps byte arrays by key. A `put` that is cut short may leave anything. */
export interface Medium {
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array | null>;
  keys(): Promise<string[]>;
  /** Nothing happens where the key is missing. */
  delete(key: string): Promise<void>;
}

const slots = ['.a', '.b'] as const;
const namePattern = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$/;

/** A store over `medium`. Calls run one after another. DataError: a name of other characters than letters, digits, _, - and . */
export function storeOver(medium: Medium, { onDamage }: StoreOptions = {}): Store {
  let queue: Promise<unknown> = Promise.resolve();
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = queue.then(task, task);
    queue = result.catch(() => undefined);
    return result;
  }

  /** What each slot holds; null where it is empty or damaged. */
  function slotsOf(name: string): Promise<(Sealed | null)[]> {
    return Promise.all(
      slots.map(async (slot) => {
        const found = await medium.get(name + slot);
        if (!found) return null;
        const opened = unsealed(found);
        if (typeof opened !== 'string') return opened;
        onDamage?.(`store: '${name}${slot}' ${opened}; the other slot is used`);
        return null;
      }),
    );
  }

  return {
    write(name, bytes) {
      checkName(name);
      return inTurn(async () => {
        const [a, b] = (await slotsOf(name)).map((slot) => slot?.generation ?? -1) as [number, number];
        const older = a <= b ? slots[0] : slots[1];
        const slot = sealed(bytes, Math.max(a, b) + 1);
        try {
          await medium.put(name + older, slot);
        } catch (error) {
          throw storeError(name, slot.length, error);
        }
      });
    },
    read(name) {
      checkName(name);
      return inTurn(async () => {
        const [a, b] = await slotsOf(name);
        const newest = a && b ? (a.generation > b.generation ? a : b) : (a ?? b);
        return newest?.bytes ?? null;
      });
    },
    list: () =>
      inTurn(async () => {
        const keys = (await medium.keys()).filter((key) => slots.some((slot) => key.endsWith(slot)));
        return [...new Set(keys.map((key) => key.slice(0, -slots[0].length)))].toSorted();
      }),
    remove(name) {
      checkName(name);
      return inTurn(async () => {
        for (const slot of slots) await medium.delete(name + slot);
      });
    },
  };
}

/** A StateError says that there is no such store, and stays. */
function storeError(name: string, bytes: number, cause: unknown): Error {
  if (cause instanceof StateError) return cause;
  const { name: kind, code, message } = cause as { name?: string; code?: unknown; message?: string };
  const full = kind === 'QuotaExceededError' || code === 'ENOSPC' || code === 'EDQUOT';
  const why = [
    full ? 'no space is left for' : 'could not write',
    `${bytes} bytes`,
    `(${message || (kind ?? String(cause))})`,
  ];
  return new StoreError(
    full ? 'full' : 'failed',
    `store: '${name}': ${why.join(' ')}; what was kept under this name before stands`,
    { cause },
  );
}

function checkName(name: string): void {
  if (namePattern.test(name)) return;
  throw new DataError(
    `store: name is '${name}', expected at most 100 letters, digits, _, - and ., not beginning with .`,
  );
}

/** A store in this program's memory, gone when it ends. */
export function memoryStore(options: StoreOptions = {}): Store {
  return storeOver(memoryMedium(), options);
}

export function memoryMedium(): Medium & { readonly slots: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    slots: kept,
    put: async (key, bytes) => void kept.set(key, bytes.slice()),
    get: async (key) => kept.get(key)?.slice() ?? null,
    keys: async () => [...kept.keys()],
    delete: async (key) => void kept.delete(key),
  };
}
