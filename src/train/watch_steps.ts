// Watches the losses and gradients of a fit as they arrive, for the first that is not finite.

import { NonFiniteError } from '../core/errors.ts';
import { NO_BAD_INDEX } from '../nn/optimizer_state.ts';
import { parameterAt } from '../nn/parameters.ts';
import type { TrackedRow } from '../plan/device.ts';
import { describeValue, type NamedValue } from './checked.ts';
import type { Core } from './core.ts';
import { FIRST_BAD, FIRST_NON_FINITE, NON_FINITE_GRADIENT } from './program.ts';

/** Remembers the last finite loss and throws, in the loop, what the first bad step was. */
export function watchSteps(core: Core) {
  let last: { loss: number; step: number } | null = null;
  let failure: NonFiniteError | null = null;
  return {
    arrived(step: number, values: TrackedRow['values'], named: readonly NamedValue[]): void {
      if (failure) return;
      const loss = values['loss']!;
      const firstBad = values[FIRST_BAD]!;
      const range = core.compiled?.precision ? ' (in mixed precision what exceeds 65504 is infinite)' : '';
      // Infinite gradients of a scaled loss are no failure before the scale is as small as may be.
      const gradient = firstBad === NO_BAD_INDEX ? undefined : values[NON_FINITE_GRADIENT];
      const checked = named[Math.min(values[FIRST_NON_FINITE] ?? NO_BAD_INDEX, gradient ?? NO_BAD_INDEX)];
      if (checked) {
        const what = `${describeValue(checked)}${checked.op === null ? ' before the step' : range}`;
        failure = new NonFiniteError(`fit: step ${step}: ${what}`, step, checked.tensor, checked);
        return;
      }
      if (Number.isFinite(loss) && firstBad === NO_BAD_INDEX) {
        last = { loss, step };
        return;
      }
      const parameter = firstBad === NO_BAD_INDEX ? null : parameterAt(core.network!.parameters, firstBad);
      const tensor = parameter ? `${parameter.name} gradient` : 'loss';
      const what = Number.isFinite(loss) ? 'a gradient is not finite' : `loss is ${loss}${range}`;
      const before = last ? ` (last finite ${Number(last.loss.toPrecision(4))} at step ${last.step})` : '';
      failure = new NonFiniteError(
        `fit: step ${step}: ${what}${before}; first non-finite tensor: ${tensor}. Try a smaller learningRate`,
        step,
        tensor,
      );
    },
    check(): void {
      if (failure) throw failure;
    },
  };
}
