// The attributes of the general convolution ops and the sizes their loops and kernels need.

import type { Shape } from '../core/shape.ts';
import type { EpilogueAttrs } from './epilogue.ts';
import { copiesAlong } from './padding.ts';
import { volumeOf, windowVolume, type Triple, type VolumeShape, type WindowNd } from './window.ts';

export interface ConvNdGradFilterAttrs {
  /** Of one to three spatial axes. */
  readonly window: WindowNd;
  readonly groups: number;
}

export interface ConvNdAttrs extends ConvNdGradFilterAttrs, EpilogueAttrs {}

export interface ConvNdGradInputAttrs extends ConvNdAttrs {
  /** [N, …, C] of the convolution's input. */
  readonly inputShape: Shape;
}

/** What loops and kernels need, as a volume. */
export interface ConvNdSizes {
  readonly image: VolumeShape;
  readonly window: WindowNd<Triple>;
  readonly groups: number;
  /** Output channels. */
  readonly oc: number;
  readonly positions: number;
  readonly pixels: number;
  readonly taps: number;
  /** Input and output channels of one group. */
  readonly groupIn: number;
  readonly groupOut: number;
}

export function convNdSizes(
  imageShape: Shape,
  oc: number,
  { window, groups }: Pick<ConvNdAttrs, 'window' | 'groups'>,
): ConvNdSizes {
  const image = volumeOf(imageShape);
  const volume = windowVolume(window);
  const product = ([a, b, c]: Triple) => a * b * c;
  return {
    image,
    window: volume,
    groups,
    oc,
    positions: image[0] * product(volume.output),
    pixels: image[0] * image[1] * image[2] * image[3],
    taps: product(volume.kernel),
    groupIn: image[4] / groups,
    groupOut: oc / groups,
  };
}

/** The most positions of the padded image that read one element. */
export function copiesOf({ window }: ConvNdSizes): number {
  return copiesAlong(window, 0) * copiesAlong(window, 1) * copiesAlong(window, 2);
}

/** [K…, C/groups, OC] for an image [N, …, C]. */
export const filterShape = (image: Shape, oc: number, { window, groups }: ConvNdGradFilterAttrs): Shape => [
  ...window.kernel,
  image.at(-1)! / groups,
  oc,
];
/** [N, O…, OC]. */
export const outputShape = (image: Shape, oc: number, { window }: ConvNdGradFilterAttrs): Shape => [
  image[0]!,
  ...window.output,
  oc,
];
