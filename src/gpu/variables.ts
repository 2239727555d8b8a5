// The device's variables: one buffer for each, made at first use with its initial value, kept until released.

import type { TypedArray } from '../core/dtype.ts';
import { StateError } from '../core/errors.ts';
import type { Variable } from '../graph/tensor.ts';
import type { Allocation, Buffers } from './buffers.ts';
import type { Life } from './life.ts';
import { checkValues } from '../plan/places.ts';

export interface Variables {
  /** The variable's buffer, for use without being held. */
  of(variable: Variable): GPUBuffer;
  /** Its buffer, kept at least until `drop`. */
  hold(variable: Variable): Allocation;
  /** With `undo`, a variable that this holder was the first and only one to use is freed. */
  drop(variable: Variable, undo: boolean): void;
  write(variable: Variable, values: TypedArray): void;
  release(variable: Variable): void;
}

interface Kept extends Allocation {
  holders: number;
  /** Whether anyone but a runner in the making has used it, so that its value matters. */
  used: boolean;
}

export function createVariables(life: Life, buffers: Buffers): Variables {
  const kept = new Map<Variable, Kept>();

  function find(variable: Variable, values?: TypedArray): Kept {
    life.check();
    let entry = kept.get(variable);
    if (!entry) {
      const initial = values ?? variable.initial();
      checkValues(`variable '${variable.name}'`, variable, initial);
      const made = buffers.upload(`variable '${variable.name}'`, initial);
      entry = { ...made, holders: 0, used: false };
      const forget = entry;
      made.checked.catch((error: Error) => {
        if (kept.get(variable) === forget) kept.delete(variable);
        // A runner in the making hears of it itself; a plain write has nobody waiting.
        if (forget.used) life.report(error);
      });
      kept.set(variable, entry);
    } else if (values) {
      checkValues(`variable '${variable.name}'`, variable, values);
      buffers.write(entry.buffer, 0, values);
    }
    return entry;
  }

  return {
    of(variable) {
      const entry = find(variable);
      entry.used = true;
      return entry.buffer;
    },
    hold(variable) {
      const entry = find(variable);
      entry.holders++;
      return entry;
    },
    drop(variable, undo) {
      const entry = kept.get(variable);
      if (!entry) return;
      entry.holders--;
      if (!undo) entry.used = true;
      else if (entry.holders === 0 && !entry.used) {
        kept.delete(variable);
        buffers.free(entry.buffer);
      }
    },
    write(variable, values) {
      find(variable, values).used = true;
    },
    release(variable) {
      const entry = kept.get(variable);
      if (!entry) return;
      if (entry.holders > 0) {
        throw new StateError(
          `variable '${variable.name}' is used by ${entry.holders} program(s); dispose of them before releasing it`,
        );
      }
      kept.delete(variable);
      buffers.free(entry.buffer);
    },
  };
}
