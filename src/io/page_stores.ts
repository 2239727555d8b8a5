// Stores in the browser: the origin's private files, and IndexedDB.

import { StateError } from '../core/errors.ts';
import { storeOver, type Medium, type Store, type StoreOptions } from './store.ts';

/**
 * A store in the folder `name` of the origin's private file system (OPFS), in pages and workers. The browser may clear it
 * when disk space is short, unless `navigator.storage.persist()` was granted. StateError, by its methods: there is none,
 * as in a sandboxed frame.
 */
export function opfsStore(name: string, options: StoreOptions = {}): Store {
  let folder: Promise<FileSystemDirectoryHandle> | null = null;
  async function open(): Promise<FileSystemDirectoryHandle> {
    try {
      const root = await navigator.storage.getDirectory();
      return await root.getDirectoryHandle(name, { create: true });
    } catch (error) {
      folder = null;
      throw missing('opfsStore', "the origin's private file system", error);
    }
  }
  const opened = () => (folder ??= open());
  return storeOver(
    {
      async put(key, bytes) {
        const file = await (await opened()).getFileHandle(key, { create: true });
        const writable = await file.createWritable();
        await writable.write(bytes as Uint8Array<ArrayBuffer>);
        await writable.close(); // until then the old contents stand
      },
      async get(key) {
        try {
          const file = await (await opened()).getFileHandle(key);
          return new Uint8Array(await (await file.getFile()).arrayBuffer());
        } catch (error) {
          return ignoreMissing(error);
        }
      },
      async keys() {
        const found: string[] = [];
        for await (const key of (await opened()).keys()) found.push(key);
        return found;
      },
      async delete(key) {
        try {
          await (await opened()).removeEntry(key);
        } catch (error) {
          ignoreMissing(error);
        }
      },
    },
    options,
  );
}

const TABLE = 'slots';

/** A store in the IndexedDB database `name`, in pages and workers. StateError, by its methods: there is none. */
export function indexedDbStore(name: string, options: StoreOptions = {}): Store {
  let database: Promise<IDBDatabase> | null = null;
  async function open(): Promise<IDBDatabase> {
    try {
      const request = indexedDB.open(name, 1);
      request.addEventListener('upgradeneeded', () => request.result.createObjectStore(TABLE));
      const opened = await settled(request);
      // So that another page can delete the database.
      opened.addEventListener('versionchange', () => {
        opened.close();
        database = null;
      });
      return opened;
    } catch (error) {
      database = null;
      throw missing('indexedDbStore', 'IndexedDB', error);
    }
  }
  async function within<T>(mode: IDBTransactionMode, use: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const transaction = (await (database ??= open())).transaction(TABLE, mode);
    const request = use(transaction.objectStore(TABLE));
    await new Promise<void>((done, fail) => {
      transaction.addEventListener('complete', () => done());
      transaction.addEventListener('abort', () => fail(transaction.error ?? new StateError('indexedDbStore: aborted')));
    });
    return request.result;
  }
  const medium: Medium = {
    put: async (key, bytes) => void (await within('readwrite', (table) => table.put(bytes, key))),
    get: async (key) => ((await within('readonly', (table) => table.get(key))) as Uint8Array | undefined) ?? null,
    keys: async () => (await within('readonly', (table) => table.getAllKeys())) as string[],
    delete: async (key) => within('readwrite', (table) => table.delete(key)),
  };
  return storeOver(medium, options);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    request.addEventListener('success', () => done(request.result));
    request.addEventListener('error', () => fail(request.error!));
  });
}

function missing(where: string, what: string, cause: unknown): StateError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new StateError(`${where}: ${what} cannot be used here (${said}); memoryStore() works everywhere`, { cause });
}

function ignoreMissing(error: unknown): null {
  if (error instanceof DOMException && error.name === 'NotFoundError') return null;
  throw error;
}
