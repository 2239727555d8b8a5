// Arrays on their way into a worker: large ones go ahead in pieces, so that copying them never holds up a page for long.

import type { Request } from './messages.ts';

/** 4 MB are copied in about a millisecond. */
const chunkBytes = 2 ** 22;

interface Sent {
  readonly $array: number;
}

/**
 * Replaces large arrays in what a call is given by their numbers, after sending their pieces. A frozen data set that was sent
 * before is not sent again; the worker forgets it when the page does.
 * `packed` is what to send; `ids` are the numbers of arrays that are of use to that call only.
 */
export function createPacker(post: (message: Request, transfer?: Transferable[]) => void, pause: () => Promise<void>) {
  let next = 1;
  const known = new WeakMap<object, { readonly packed: unknown; readonly ids: readonly number[] }>();
  const dropped = new FinalizationRegistry<readonly number[]>((ids) => post({ kind: 'forget', ids }));

  async function sendArray(view: Uint8Array, type: string, length: number): Promise<Sent> {
    const id = next++;
    for (let at = 0; at < view.length; at += chunkBytes) {
      const chunk = view.slice(at, at + chunkBytes).buffer as ArrayBuffer;
      post({ kind: 'array', id, at, chunk, type, length }, [chunk]);
      await pause();
    }
    return { $array: id };
  }

  async function pack(value: unknown, ids: number[]): Promise<unknown> {
    if (ArrayBuffer.isView(value)) {
      // Small ones, and those of shared memory, go along with the call.
      if (value.byteLength <= chunkBytes || !(value.buffer instanceof ArrayBuffer)) return value;
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      const sent = await sendArray(bytes, value.constructor.name, (value as Uint8Array).length);
      ids.push(sent.$array);
      return sent;
    }
    if (typeof value !== 'object' || value === null || value instanceof Map) return value;
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const one of value) items.push(await pack(one, ids));
      return items;
    }
    const found = known.get(value);
    if (found) return found.packed;
    // Data sets are frozen and stay what they are; other records may be changed before the next call.
    const lasting = Object.isFrozen(value) && 'size' in value && 'x' in value;
    const own: number[] = [];
    const entries: [string, unknown][] = [];
    for (const [key, one] of Object.entries(value)) entries.push([key, await pack(one, own)]);
    const packed = Object.fromEntries(entries);
    if (!lasting) {
      ids.push(...own);
      return packed;
    }
    const name = next++;
    known.set(value, { packed: { $dataset: name }, ids: own });
    dropped.register(value, [name, ...own]);
    return { $dataset: name, of: packed };
  }

  return async (given: readonly unknown[]): Promise<{ packed: unknown; ids: number[] }> => {
    const ids: number[] = [];
    return { packed: await pack(given, ids), ids };
  };
}

const types = { Float32Array, Uint8Array, Int32Array, Uint32Array, Float64Array } as const;

/** The worker's side: puts arrays together, and keeps data sets until they are forgotten. */
export function createUnpacker() {
  const arrays = new Map<number, ArrayBufferView>();
  const datasets = new Map<number, unknown>();

  function unpack(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Map) return value;
    if (Array.isArray(value)) return value.map(unpack);
    if ('$array' in value) return arrays.get(value.$array as number);
    if ('$dataset' in value) {
      const id = value.$dataset as number;
      if ('of' in value) datasets.set(id, Object.freeze(unpack(value.of)));
      return datasets.get(id);
    }
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unpack(one)]));
  }

  return {
    unpack,
    array({ id, at, chunk, type, length }: Extract<Request, { kind: 'array' }>): void {
      if (!arrays.has(id)) arrays.set(id, new types[type as keyof typeof types](length));
      const view = arrays.get(id)!;
      new Uint8Array(view.buffer).set(new Uint8Array(chunk), at);
    },
    forget(ids: readonly number[]): void {
      for (const id of ids) {
        arrays.delete(id);
        datasets.delete(id);
      }
    },
  };
}
