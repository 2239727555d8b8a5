// The stores of a page: what they keep, and that another handle reads it.

import { describe, expect, test } from 'vitest';

import { indexedDbStore, opfsStore } from '../../src/io/page_stores.ts';
import { bytesOf, checkStore } from '../io/store_cases.ts';

describe.each([
  ['OPFS', opfsStore],
  ['IndexedDB', indexedDbStore],
] as const)('a store in %s', (_, make) => {
  test('keeps, replaces, lists and removes', async () => {
    await expect(checkStore(make('retrograd-test'))).resolves.toBeUndefined();
  });

  test('is read by another handle, and written again by it', async () => {
    const store = make('retrograd-test-2');
    await store.write('run', bytesOf(4, 5000));
    const other = make('retrograd-test-2');
    expect(await other.read('run')).toEqual(bytesOf(4, 5000));
    await other.write('run', bytesOf(5, 20));
    expect(await store.read('run')).toEqual(bytesOf(5, 20));
    await store.remove('run');
  });
});
