// Which tensors came from which part of a traced function.

import { OptionError } from '../core/errors.ts';
import { nextTensorId } from '../graph/tensor.ts';
import type { Recomputation, Span } from '../plan/recompute.ts';
import type { LayerSpan } from './checked.ts';
import type { ProgramOptions } from './program.ts';

/** What of a traced function is computed again, and what each layer made, by the numbers of the tensors. */
export function traceSegments({ recompute = false, optimizer }: ProgramOptions) {
  if (typeof recompute !== 'boolean') {
    throw new OptionError(`program: recompute is ${String(recompute)}, expected true or false`);
  }
  const need = () => {
    if (!optimizer)
      throw new OptionError('program: recompute needs an optimizer, for whose gradients it spares memory');
  };
  if (recompute) need();
  const start = nextTensorId();
  const segments: Span[] = [];
  let open = false;
  const layers: LayerSpan[] = [];
  return {
    layers,
    layer<T>(name: string, make: () => T): T {
      const first = nextTensorId();
      const made = make();
      layers.push({ layer: name, first, end: nextTensorId() });
      return made;
    },
    segment<T>(f: () => T): T {
      need();
      if (open) throw new OptionError('recompute: called within another recompute, expected one after the other');
      if (recompute) throw new OptionError('recompute: the program finds the segments itself, by recompute: true');
      open = true;
      const first = nextTensorId();
      try {
        return f();
      } finally {
        segments.push({ first, end: nextTensorId() });
        open = false;
      }
    },
    end(): Recomputation | undefined {
      const forward = { first: start, end: nextTensorId() };
      if (recompute) return { forward, segments: 'even' };
      return segments.length > 0 ? { forward, segments } : undefined;
    },
  };
}
