// The stores of a page: what they keep, and that another handle reads it.

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { StoreError } from '../../src/core/errors.ts';
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

/** IndexedDB as it is where no space is left: a transaction that writes is aborted, and says why. */
function fullDatabase(): () => void {
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
    const request = this.add(value, `refused ${key as string}`);
    this.transaction.abort();
    return request;
  });
  const error = new DOMException('Encountered full disk while committing transaction.', 'QuotaExceededError');
  const said = vi.spyOn(IDBTransaction.prototype, 'error', 'get').mockReturnValue(error);
  const restore = () => [put, said].forEach((spy) => spy.mockRestore());
  onTestFinished(restore);
  return restore;
}

test('IndexedDB without space: a typed error, what was kept can be read, and later writes are kept', async () => {
  const store = indexedDbStore('retrograd-test-full');
  await store.write('run', bytesOf(1, 5000));
  const restore = fullDatabase();
  const refused = (await store.write('run', bytesOf(2, 5000)).catch((error: unknown) => error)) as StoreError;
  expect(refused).toBeInstanceOf(StoreError);
  expect(refused.reason).toBe('full');
  expect(refused.message).toMatch(/^store: 'run': no space is left for 5032 bytes \(Encountered full disk/);
  expect(await indexedDbStore('retrograd-test-full').read('run')).toEqual(bytesOf(1, 5000));
  restore();
  await store.write('run', bytesOf(3, 5000));
  expect(await store.read('run')).toEqual(bytesOf(3, 5000));
  await store.remove('run');
});
