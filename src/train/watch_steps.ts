// Watches the losses and gradients of a fit as they arrive, for the first that is not finite.

import { NonFiniteError } from '../core/errors.ts';
import { NO_BAD_INDEX } from '../nn/optimizer_state.ts';
import { parameterAt } from '../nn/parameters.ts';
import { describeValue, type NamedValue } from './checked.ts';
import type { Core } from './core.ts';

/** Remembers the last finite loss and throws, in the loop, what the first bad step was. */
export function watchSteps(core: Core) {
  let last: { loss: number; step: number } | null = null;
  let failure: NonFiniteError | null = null;
  return {
    arrived(step: number, loss: number, firstBad: number, checked?: NamedValue): void {
      if (failure) return;
      if (checked) {
        failure = new NonFiniteError(`fit: step ${step}: ${describeValue(checked)}`, step, checked.tensor, checked);
        return;
      }
      if (Number.isFinite(loss) && firstBad === NO_BAD_INDEX) {
        last = { loss, step };
        return;
      }
      const parameter = firstBad === NO_BAD_INDEX ? null : parameterAt(core.network!.parameters, firstBad);
      const tensor = parameter ? `${parameter.name} gradient` : 'loss';
      const range = core.compiled?.precision ? ' (in mixed precision what exceeds 65504 is infinite)' : '';
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
