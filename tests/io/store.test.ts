import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { StoreError } from '../../src/index.ts';
import { crc32 } from '../../src/io/sealed.ts';
import { memoryMedium, memoryStore, storeOver } from '../../src/io/store.ts';
import { fileStore } from '../../tools/file_store.ts';
import { bytesOf, checkStore } from './store_cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'retrograd-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('stores', () => {
  it('in memory keep, replace, list and remove', async () => {
    await expect(checkStore(memoryStore())).resolves.toBeUndefined();
  });
  it('in a folder keep, replace, list and remove', async () => {
    await expect(checkStore(fileStore(join(folder, 'plain')))).resolves.toBeUndefined();
  });
});

describe('a write cut short at any byte', () => {
  const [first, second] = [bytesOf(1, 40), bytesOf(2, 57)];

  it('leaves the bytes before it readable, and the next write whole', async () => {
    const medium = memoryMedium();
    await storeOver(medium).write('run', first);
    await storeOver(medium).write('run', second);
    const torn = [...medium.slots].find(([, bytes]) => bytes.length === 32 + 57)!;
    for (let length = 0; length < torn[1].length; length++) {
      medium.slots.set(torn[0], torn[1].slice(0, length));
      const told: string[] = [];
      const store = storeOver(medium, { onDamage: (message) => told.push(message) });
      expect(await store.read('run'), `cut at ${length}`).toEqual(first);
      expect(told).toHaveLength(1);
      const third = bytesOf(3, 8);
      await store.write('run', third);
      expect(await storeOver(medium).read('run'), `after a cut at ${length}`).toEqual(third);
      // As it was, for the next cut.
      for (const [key, bytes] of medium.slots) if (bytes.length === 32 + 8) medium.slots.set(key, torn[1]);
    }
  });

  it('leaves them readable in files, whether the new file or the slot itself is torn', async () => {
    const path = join(folder, 'torn');
    await fileStore(path).write('run', first);
    await fileStore(path).write('run', second);
    const whole = new Map(readdirSync(path).map((file) => [file, readFileSync(join(path, file))]));
    const [newest, bytes] = [...whole].find(([, contents]) => contents.length === 32 + 57)!;
    for (let length = 0; length < bytes.length; length++) {
      truncateSync(join(path, newest), length);
      expect(await fileStore(path).read('run')).toEqual(first);
      writeFileSync(join(path, newest), bytes);
      writeFileSync(join(path, `${newest}.new`), bytes.subarray(0, length));
      expect(await fileStore(path).read('run')).toEqual(second);
      expect(await fileStore(path).list()).toEqual(['run']);
    }
  });

  it('is told from a whole one by every single bit', async () => {
    const medium = memoryMedium();
    await storeOver(medium).write('run', first);
    await storeOver(medium).write('run', second);
    const [key, bytes] = [...medium.slots].find(([, contents]) => contents.length === 32 + 57)!;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      medium.slots.set(key, flipped);
      expect(await storeOver(medium).read('run'), `bit ${bit}`).toEqual(first);
    }
  });
});

it('a failing write says so, and what was there stays', async () => {
  const medium = memoryMedium();
  const store = storeOver({
    ...medium,
    put: (key, bytes) => (bytes.length > 100 ? Promise.reject(new Error('full')) : medium.put(key, bytes)),
  });
  await store.write('run', bytesOf(1, 10));
  await expect(store.write('run', bytesOf(2, 90))).rejects.toThrow('full');
  expect(await store.read('run')).toEqual(bytesOf(1, 10));
});

it.each(['', '../up', 'a/b', '.hidden', 'x'.repeat(101)])('refuses the name %j', (name) => {
  expect(() => memoryStore().read(name)).toThrow(/^store: name is /);
});

it('crc32 is the known one', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

it('a write that fails is told of by type, and what was kept stands', async () => {
  const medium = memoryMedium();
  let failing: unknown = null;
  const store = storeOver({
    ...medium,
    async put(key, bytes) {
      if (failing) {
        medium.slots.set(key, bytes.slice(0, 9)); // torn
        throw failing;
      }
      await medium.put(key, bytes);
    },
  });
  await store.write('run', bytesOf(1, 40));
  const full = Object.assign(new Error('The quota has been exceeded'), { name: 'QuotaExceededError' });
  for (const [error, reason, said] of [
    [full, 'full', "store: 'run': no space is left for 72 bytes (The quota has been exceeded); what was kept"],
    [Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' }), 'full', 'no space is left for'],
    [
      new Error('the disk is gone'),
      'failed',
      "store: 'run': could not write 72 bytes (the disk is gone); what was kept",
    ],
  ] as const) {
    failing = error;
    const caught = (await store.write('run', bytesOf(2, 40)).catch((told: unknown) => told)) as StoreError;
    expect(caught).toBeInstanceOf(StoreError);
    expect([caught.reason, caught.cause]).toEqual([reason, error]);
    expect(caught.message).toContain(said);
    expect(await store.read('run')).toEqual(bytesOf(1, 40));
  }
  failing = null;
  await store.write('run', bytesOf(3, 40));
  expect(await store.read('run')).toEqual(bytesOf(3, 40));
});
