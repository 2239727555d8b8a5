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

function ignoreMissing(error: Error): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
