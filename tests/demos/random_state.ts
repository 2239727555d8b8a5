// States drawn within their fields' limits, for the test that a link gives back the state it was made of.
import type { Field, Fields, StateOf } from '../../demos/shared/state.ts';

/** A generator of numbers in [0, 1): Marsaglia's xorshift of 32 bits. */
export function generator(seed: number): () => number {
  let word = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    word >>>= 0;
    return word / 2 ** 32;
  };
}

export function randomState<F extends Fields>(fields: F, next: () => number): StateOf<F> {
  const entries = Object.entries(fields).map(([key, field]) => [key, randomValue(field, next)]);
  return Object.fromEntries(entries) as StateOf<F>;
}

// Among the letters are all that the link's grammar or its encoding could stumble over.
const letters = ['a', 'Z', '0', ' ', '&', '=', '%', '+', '#', ',', ':', '/', '?', '"', '<', 'é', '\u202F', '😀', '\n'];

function randomValue(field: Field, next: () => number): unknown {
  if (next() < 0.3) return field.default;
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  switch (field.kind) {
    case 'integer':
      return between(field.min, field.max);
    case 'number':
      return randomNumber(field, next);
    case 'choice':
      return field.of[between(0, field.of.length - 1)];
    case 'subset':
      return field.of.filter(() => next() < 0.5);
    case 'flag':
      return next() < 0.5;
    case 'text': {
      const drawn = Array.from(
        { length: between(0, field.longest >> 1) },
        () => letters[between(0, letters.length - 1)],
      );
      return drawn.join('');
    }
    case 'list':
      return Array.from({ length: between(field.shortest, field.longest) }, () => randomNumber(field, next));
    case 'matrix': {
      const shape = field.extents.map(([min, max]) => between(min, max));
      const count = shape.reduce((product, extent) => product * extent, 1);
      return { shape, values: Array.from({ length: count }, () => randomNumber(field, next)) };
    }
  }
}

function randomNumber({ min, max }: { min: number; max: number }, next: () => number): number {
  const wide = [next() * 2 - 1, Math.round(next() * 20 - 10), (next() - 0.5) * 1e-9, (next() - 0.5) * 1e12];
  const value = wide[Math.floor(next() * wide.length)]!;
  return Math.min(Math.max(value, min), max);
}
