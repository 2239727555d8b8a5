// Every kind of augmentation with amounts as users give them, and images that are as rough as images can be.

import { randomUniform } from '../../src/core/random.ts';
import { dataset, type Dataset } from '../../src/data/dataset.ts';
import { constantTensor, type Tensor } from '../../src/graph/tensor.ts';
import type { Device } from '../../src/plan/device.ts';
import type { Augmentation, ImageTransform } from '../../src/train/augmentation.ts';
import {
  brightness,
  contrast,
  flip,
  hue,
  noise,
  randomCrop,
  rotation,
  saturation,
  shear,
  translation,
  zoom,
} from '../../src/train/image_transforms.ts';
import { program } from '../../src/train/program.ts';

/** Those for images of any number of channels, then those for colours. */
export const anyImages: readonly ImageTransform[] = [
  rotation({ degrees: 180 }),
  translation({ x: 0.25, y: [-0.1, 0.4] }),
  zoom({ factor: 0.3 }),
  zoom({ width: [0.5, 2], height: 0.1 }),
  shear({ x: 0.4, y: 0.2 }),
  flip(),
  flip({ direction: 'vertical', probability: 0.3 }),
  randomCrop({ size: [0.5, 0.9] }),
  randomCrop({ padding: 4 }),
  brightness({ delta: 0.3 }),
  contrast({ factor: [0.2, 2.5] }),
  noise({ stddev: 0.1 }),
];
export const colourImages: readonly ImageTransform[] = [saturation({ factor: 0.9 }), hue({ degrees: 180 })];

/** White noise, whose neighbours differ by up to 255. */
export function roughImages(size: number, shape: readonly number[], seed = 5): Dataset {
  const count = size * shape.reduce((a, b) => a * b, 1);
  const x = Uint8Array.from(randomUniform(count, seed, 1), (u) => Math.floor(256 * u));
  return dataset({ x, y: new Int32Array(size), shape, classes: 2 });
}

/** A batch as a device makes it, in stored units. */
export async function batchOf(
  device: Device,
  augmentation: Augmentation,
  { x, size }: Dataset,
  order: readonly number[],
  { batch = order.length, cursor = 0, seed = 0, epoch = 0 } = {},
): Promise<Float32Array> {
  const made = await program(
    { order: { shape: [order.length], dtype: 'u32' }, cursor: { shape: [1], dtype: 'u32' } },
    (inputs) => {
      const data = constantTensor(x.data, [size, ...x.shape], x.data instanceof Uint8Array ? 'u8' : 'f32');
      const random = constantTensor(Uint32Array.of(seed, epoch, 0, 0), [4], 'u32');
      const { order: picked, cursor: from } = inputs as Record<'order' | 'cursor', Tensor>;
      const tensors = { data, order: picked, ids: picked, cursor: from, random };
      return { y: augmentation.apply(tensors, { batch, scale: 1, offset: 0 }) };
    },
    { device },
  );
  await made.prepare();
  made.run({ order: Uint32Array.from(order), cursor: Uint32Array.of(cursor) });
  const values = (await made.read('y')) as Float32Array;
  made.dispose();
  return values;
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return a.length === b.length ? most : Infinity;
}
