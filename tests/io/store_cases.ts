// What every store does, in Node and in Chrome.

import { expect } from 'vitest';

import type { Store } from '../../src/io/store.ts';

export const bytesOf = (seed: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (seed * 131 + i * 17) & 255);

export async function checkStore(store: Store): Promise<void> {
  expect(await store.read('run')).toBeNull();
  expect(await store.list()).toEqual([]);
  for (let generation = 0; generation < 5; generation++) {
    await store.write('run', bytesOf(generation, 10 + generation));
    expect(await store.read('run')).toEqual(bytesOf(generation, 10 + generation));
  }
  // Without waiting in between: they run in the order of the calls.
  await Promise.all([7, 8, 9].map((seed) => store.write('run', bytesOf(seed, 30_000))));
  expect(await store.read('run')).toEqual(bytesOf(9, 30_000));
  await store.write('another.one', new Uint8Array(0));
  expect(await store.read('another.one')).toEqual(new Uint8Array(0));
  expect(await store.list()).toEqual(['another.one', 'run']);
  await store.remove('run');
  await store.remove('run');
  expect(await store.read('run')).toBeNull();
  expect(await store.list()).toEqual(['another.one']);
  await store.remove('another.one');
}
