// What `fit` takes as `augment`; apart from what makes augmentations, so that pages which use none carry none of it.

import { DataError, OptionError, suggestion } from '../core/errors.ts';
import { format } from '../core/shape.ts';
import type { Augmentation, ImageTransform } from './augmentation.ts';
import type { InputPort } from './core.ts';

/** What `fit` takes: transformations, or an augmentation; by the inputs' names where a model has several. */
export type AugmentOption =
  | readonly ImageTransform[]
  | Augmentation
  | Readonly<Record<string, readonly ImageTransform[] | Augmentation>>;

/** By the names of inputs. */
export type Augmentations = Readonly<Record<string, Augmentation>>;

/** What is done to each input's images; none where nothing is asked for. */
export function resolveAugment(option: AugmentOption | undefined, inputs: readonly InputPort[]): Augmentations {
  if (option === undefined) return {};
  const one = Array.isArray(option) || 'apply' in option;
  if (one && inputs.length > 1) {
    throw new OptionError(
      `fit: augment is one list, expected a record of lists by the inputs' names: ${inputs.map(({ name }) => name).join(', ')}`,
    );
  }
  const named = one ? { [inputs[0]!.name]: option } : (option as Exclude<AugmentOption, Augmentation>);
  return Object.fromEntries(
    Object.entries(named).map(([name, given]: [string, readonly ImageTransform[] | Augmentation]) => {
      const input = inputs.find((known) => known.name === name);
      const names = inputs.map((known) => known.name);
      if (!input)
        throw new OptionError(`fit: augment has '${name}'${suggestion(name, names)}; known: ${names.join(', ')}`);
      if (input.dtype !== 'f32' || input.shape.length !== 3) {
        throw new DataError(
          `fit: augment: input '${name}' takes ${format(input.shape)}, expected images [height, width, channels]`,
        );
      }
      if ('apply' in given) return [name, given];
      if (given.length === 0)
        throw new OptionError('fit: augment is an empty list, expected at least one transformation');
      if (typeof given[0]?.compose !== 'function') {
        throw new OptionError('fit: augment: entry 0 is no transformation, expected rotation({ … }) or its like');
      }
      return [name, given[0].compose(given)];
    }),
  );
}
