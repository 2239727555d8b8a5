// A store in a folder, for Node: each slot is a file that appears under its name only when all of it is on the disk.

import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { storeOver, type Store, type StoreOptions } from '../src/io/store.ts';

/** `folder` is made at the first write. */
export function fileStore(folder: string, options: StoreOptions = {}): Store {
  return storeOver(
    {
      async put(key, bytes) {
        await mkdir(folder, { recursive: true });
        const path = join(folder, key);
        const file = await open(`${path}.new`, 'w');
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(`${path}.new`, path);
      },
      get: (key) => readFile(join(folder, key)).catch(ignoreMissing),
      keys: () => readdir(folder).catch((error: Error) => ignoreMissing(error) ?? []),
      delete: (key) => rm(join(folder, key), { force: true }),
    },
    options,
  );
}

/** For a page that keeps its files through the terminal: calls of `store` whose bytes cross as base64. */
export function storeCalls(store: Store) {
  const base64 = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('base64');
  return async (call: keyof Store, name: string, bytes: string): Promise<string | string[] | null | void> => {
    if (call === 'write') return store.write(name, Buffer.from(bytes, 'base64'));
    if (call === 'remove') return store.remove(name);
    return call === 'read' ? base64(await store.read(name)) : store.list();
  };
}

function ignoreMissing(error: Error): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
