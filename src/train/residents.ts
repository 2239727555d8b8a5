// Data sets that lie on the device, kept for the next call that wants them.

import type { Device, DeviceTensor } from '../plan/device.ts';
import type { Arrays, Targets } from './targets.ts';

/** A data set on the device, by the names that programs over data sets give its arrays. */
export type Resident = Readonly<Record<string, DeviceTensor>>;

export interface Residents {
  /** `data` on the device, copied there unless its source is known. */
  of(data: Arrays, arrays: Readonly<Record<string, Targets>>): Promise<Resident>;
  release(source: object): void;
  dispose(): void;
}

/** Data sets kept; the ones used longest ago give way. A fit uses 2. */
const keptDatasets = 4;

export function createResidents(device: Device): Residents {
  const residents = new Map<object, { of: Resident; types: string }>();
  return {
    async of({ source, x, y }, arrays) {
      const kinds = [...x, ...y].map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(' ');
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
    },
    release(source) {
      const entry = residents.get(source);
      if (entry) free(entry.of);
      residents.delete(source);
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
