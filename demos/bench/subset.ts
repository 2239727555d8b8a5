// A field of a page's state that is some of its choices.

import type { SubsetField } from '../shared/fields.ts';

/** `gemm,conv`; without any nothing stands behind the key. */
export function subset<const Value extends string>(
  of: readonly Value[],
  start: readonly NoInfer<Value>[],
): SubsetField<Value> {
  return {
    kind: 'subset',
    default: start,
    of,
    read(text) {
      const words = text === '' ? [] : text.split(',');
      const value = of.filter((one) => words.includes(one));
      return words.every((word) => of.some((one) => one === word)) ? { value } : { value, reason: 'choice' };
    },
    write: (value) => value.join(','),
  };
}
