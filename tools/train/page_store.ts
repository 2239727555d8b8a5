// A store whose files the terminal keeps, for a page: calls cross as JSON, bytes as base64.

import type { Store } from '../../src/io/store.ts';
import { base64 } from './page_bytes.ts';

/** What the terminal puts into the page's window as `retrogradStore`. */
export type StoreCall = (call: keyof Store, name: string, bytes: string) => Promise<string | string[] | null>;

export function pageStore(call: StoreCall): Store {
  return {
    write: async (name, bytes) => void (await call('write', name, await base64(bytes))),
    async read(name) {
      const text = (await call('read', name, '')) as string | null;
      return text === null ? null : Uint8Array.from(atob(text), (char) => char.codePointAt(0)!);
    },
    list: async () => (await call('list', '', '')) as string[],
    remove: async (name) => void (await call('remove', name, '')),
  };
}
