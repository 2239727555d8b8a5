// The transformations that the words of `--augment` ask for; apart from the words, since Node reads shaders only with a plugin.

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
  type Amount,
} from '../../src/train/image_transforms.ts';
import type { ImageTransform } from '../../src/train/augmentation.ts';
import type { AugmentName, AugmentWord } from './augment.ts';

const makers: Record<AugmentName, (amount: never) => ImageTransform> = {
  rotation: (degrees: Amount) => rotation({ degrees }),
  translation: (share: Amount) => translation({ x: share, y: share }),
  zoom: (factor: Amount) => zoom({ factor }),
  shear: (slant: Amount) => shear({ x: slant, y: slant }),
  crop: (padding: number) => randomCrop({ padding }),
  flip: (direction: 'horizontal' | 'vertical' | null) => flip(direction === null ? {} : { direction }),
  brightness: (delta: Amount) => brightness({ delta }),
  contrast: (factor: Amount) => contrast({ factor }),
  saturation: (factor: Amount) => saturation({ factor }),
  hue: (degrees: Amount) => hue({ degrees }),
  noise: (stddev: number) => noise({ stddev }),
};

export function transformsOf(words: readonly AugmentWord[]): ImageTransform[] {
  return words.map(({ name, amount }) => makers[name](amount as never));
}
