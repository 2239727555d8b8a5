// Data sets that lie on the device, kept for the next call that wants them.

import { allocate } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import type { Device, DeviceTensor } from '../plan/device.ts';
import { ringLength } from './feed.ts';
import type { Arrays, Targets } from './targets.ts';

/** A data set on the device, by the names that programs over data sets give its arrays. */
export type Resident = Readonly<Record<string, DeviceTensor>>;

export interface Residents {
  /** `data` on the device, copied there unless its source is known. */
  of(data: Arrays, arrays: Readonly<Record<string, Targets>>): Promise<Resident>;
  /** Tensors for parts of `data`, one ring for each kind of pass, because passes may go on at a time. */
  ring(data: Arrays, kind: string, arrays: Readonly<Record<string, Targets>>): Promise<readonly Resident[]>;
  release(source: object): void;
  dispose(): void;
}

/** Data sets and parts kept; the ones used longest ago give way. A fit uses 2, or 4 parts, and an evaluation beside it as many. */
const keptDatasets = 6;

export function createResidents(device: Device): Residents {
  const residents = new Map<object, { of: Resident; types: string }>();
  /** What each tensor of a source's rings is known by. */
  const rings = new WeakMap<object, Map<string, object>>();

  async function kept(source: object, arrays: Readonly<Record<string, Targets>>): Promise<Resident> {
    const kinds = Object.values(arrays)
      .map(({ dtype, shape }) => `${dtype}[${shape.join()}]`)
      .join(' ');
    const known = residents.get(source);
    residents.delete(source);
    if (known && known.types !== kinds) free(known.of);
    const of = known?.types === kinds ? known.of : await upload(device, arrays);
    residents.set(source, { of, types: kinds });
    for (const [oldest, entry] of residents) {
      if (residents.size <= keptDatasets) break;
      free(entry.of);
      residents.delete(oldest);
    }
    return of;
  }

  function remove(key: object): void {
    const entry = residents.get(key);
    if (entry) free(entry.of);
    residents.delete(key);
  }

  return {
    of: ({ source }, arrays) => kept(source, arrays),
    async ring({ source }, kind, arrays) {
      const keys = rings.get(source) ?? new Map<string, object>();
      rings.set(source, keys);
      const empty = Object.fromEntries(
        Object.entries(arrays).map(([name, { dtype, shape }]) => {
          return [name, { dtype, shape, data: allocate(dtype, sizeOf(shape)) as Targets['data'] }];
        }),
      );
      const ring: Resident[] = [];
      for (let i = 0; i < ringLength; i++) {
        const key = keys.get(`${kind} ${i}`) ?? {};
        keys.set(`${kind} ${i}`, key);
        ring.push(await kept(key, empty));
      }
      return ring;
    },
    release(source) {
      remove(source);
      for (const key of rings.get(source)?.values() ?? []) remove(key);
    },
    dispose() {
      for (const { of } of residents.values()) free(of);
      residents.clear();
    },
  };
}

/** All arrays on the device, or none. */
export async function upload(device: Device, arrays: Readonly<Record<string, Targets>>): Promise<Resident> {
  const uploads = Object.entries(arrays).map(async ([name, { data: values, dtype, shape }]) => {
    return [name, await device.upload(values, { dtype, shape })] as const;
  });
  const settled = await Promise.allSettled(uploads);
  const done = Object.fromEntries(settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  const failed = settled.find((one) => one.status === 'rejected');
  if (!failed) return done;
  free(done);
  throw failed.reason;
}

export function free(resident: Resident): void {
  for (const array of Object.values(resident)) array.dispose();
}
