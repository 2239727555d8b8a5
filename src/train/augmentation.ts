// Augmentation: what is done to images while they are put together into training batches, and what they look like then.

import { checkOptions, OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { checkWord } from '../core/random.ts';
import { format, type Shape } from '../core/shape.ts';
import { evaluate } from '../cpu/oracle.ts';
import { take, type Dataset } from '../data/dataset.ts';
import { constantTensor, type Tensor } from '../graph/tensor.ts';
import { augmentBatch, fillModes } from '../ops/augment_batch.ts';
import { augmentParameters } from '../ops/augment_parameters.ts';
import type { Transform } from '../ops/augment_transforms.ts';

export interface ImageSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** What is done to images: `rotation({ degrees: 15 })` and its like. A plain record. */
export interface ImageTransform {
  readonly name: string;
  readonly probability: number;
  /** Whether it changes colours, and so must know what range they have. */
  readonly colour: boolean;
  /** Amounts for images of this size whose stored colours lie in this range. */
  resolve(size: ImageSize, range: readonly [number, number]): Pick<Transform, 'kind' | 'first' | 'second'>;
  /** `augmentation`, so that `fit` needs none of it where nothing is augmented. */
  readonly compose: (list: readonly ImageTransform[]) => Augmentation;
}

export interface AugmentationOptions {
  /**
   * What lies beyond an image: 'constant', which is `fillValue` and the default; 'replicate', its edge pixels; 'reflect', its mirror
   * image, the edge itself left out; 'circular', the image again.
   */
  readonly fill?: (typeof fillModes)[number];
  /** In stored units (0 to 255 for bytes); 0 unless given. */
  readonly fillValue?: number;
  /**
   * The least and the largest stored colour: what brightness and noise are fractions of, and what results are kept within. For
   * bytes [0, 255] unless given; float images need it where colours are changed.
   */
  readonly range?: readonly [number, number];
}

/** The tensors that a batch is made of; see `gatherBatch`. */
export interface BatchTensors {
  readonly data: Tensor;
  /** Rows of `data`, and by what numbers images draw, from `cursor` on. */
  readonly order: Tensor;
  readonly ids: Tensor;
  readonly cursor: Tensor;
  /** u32 [4] = (seed, epoch, 0, 0). */
  readonly random: Tensor;
}

export interface PreviewOptions {
  /** 0 unless given: `compile`'s seed, where a fit is to be looked at. */
  readonly seed?: number;
  /** Epochs trained since `compile`; 0 unless given. */
  readonly epoch?: number;
}

export interface Augmentation {
  readonly transforms: readonly ImageTransform[];
  /** What tells programs with different augmentations apart. */
  readonly key: string;
  /** A batch of images, f32 [batch, height, width, channels], in the graph. */
  apply(tensors: BatchTensors, options: { batch: number; scale: number; offset: number }): Tensor;
  /**
   * The images at `indices` as `fit` would use them in an epoch, in stored units, so that they can be drawn, or made a data set of:
   * bytes stay bytes. By the CPU's reference; a GPU's differ by less than a grey level.
   */
  preview(
    data: Dataset,
    indices: ArrayLike<number>,
    options?: PreviewOptions,
  ): { readonly shape: Shape; readonly data: Uint8Array | Float32Array };
}

/**
 * Transformations in the order in which they are done to an image, with what they share. However many there are, an image is
 * read once, between four pixels: places by one matrix, colours by another. What an image gets depends on the seed, the epoch
 * and its own number in the data set alone. `fit(data, { augment: [...] })` makes one with the defaults.
 */
export function augmentation(transforms: readonly ImageTransform[], options: AugmentationOptions = {}): Augmentation {
  checkOptions('augmentation', options, ['fill', 'fillValue', 'range']);
  const { fill = 'constant', fillValue = 0, range } = options;
  if (!Array.isArray(transforms) || transforms.length === 0) {
    throw new OptionError('augmentation: no transformations, expected a list of at least one');
  }
  for (const [i, transform] of transforms.entries()) {
    if (typeof (transform as Partial<ImageTransform> | null)?.resolve === 'function') continue;
    throw new OptionError(`augmentation: entry ${i} is no transformation, expected rotation({ … }) or its like`);
  }
  if (!fillModes.includes(fill)) {
    throw new OptionError(
      `augmentation: fill is '${String(fill)}'${suggestion(String(fill), fillModes)}; known: ${fillModes.join(', ')}`,
    );
  }
  if (!Number.isFinite(fillValue)) {
    throw new OptionError(`augmentation: fillValue is ${fillValue}, expected a finite number`);
  }
  if (range && !(Number.isFinite(range[0]) && Number.isFinite(range[1]) && range[0] < range[1])) {
    throw new OptionError(
      `augmentation: range is ${JSON.stringify(range)}, expected the smaller number and the larger`,
    );
  }

  function apply({ data, order, ids, cursor, random }: BatchTensors, { batch, scale, offset }: Scaled): Tensor {
    const [, height, width, channels] = data.shape as [number, number, number, number];
    if (data.shape.length !== 4 || (data.dtype !== 'u8' && data.dtype !== 'f32')) {
      throw new ShapeError(
        `augmentation: the examples are ${data.dtype} ${format(data.shape.slice(1))}, expected images [height, width, channels] of bytes or floats`,
      );
    }
    const within = range ?? (data.dtype === 'u8' ? ([0, 255] as const) : null);
    const resolved = transforms.map((transform): Transform => {
      if (transform.colour && !within) {
        throw new OptionError(
          `augmentation: ${transform.name} of float images needs the range of their values: augmentation([…], { range: [0, 1] })`,
        );
      }
      const amounts = transform.resolve({ height, width, channels }, within ?? [0, 0]);
      return { ...amounts, probability: transform.probability };
    });
    const parameters = augmentParameters(ids, cursor, random, { batch, height, width, transforms: resolved });
    const noise = resolved.some(({ kind }) => kind === 'noise');
    return augmentBatch(data, order, cursor, parameters, {
      batch,
      scale,
      offset,
      fill,
      fillValue,
      range: within,
      noise,
    });
  }

  return {
    transforms,
    key: JSON.stringify([fill, fillValue, range, transforms]),
    apply,
    preview(data, indices, previewOptions = {}) {
      checkOptions('preview', previewOptions, ['seed', 'epoch']);
      const { seed = 0, epoch = 0 } = previewOptions;
      checkWord('preview', 'seed', seed);
      checkWord('preview', 'epoch', epoch);
      const { x, size } = take(data, indices);
      const shape = [size, ...x.shape, ...(x.shape.length === 2 ? [1] : [])];
      const bytes = x.data instanceof Uint8Array;
      const words = (values: ArrayLike<number>) => constantTensor(Uint32Array.from(values), [values.length], 'u32');
      const tensors = {
        data: constantTensor(x.data, shape, bytes ? 'u8' : 'f32'),
        order: words(Array.from({ length: size }, (_, i) => i)),
        ids: words(indices),
        cursor: words([0]),
        random: words([seed, epoch, 0, 0]),
      };
      const [values] = evaluate([apply(tensors, { batch: size, scale: 1, offset: 0 })]);
      return { shape, data: bytes ? Uint8Array.from(values!, Math.round) : Float32Array.from(values!) };
    },
  };
}

type Scaled = Parameters<Augmentation['apply']>[1];
