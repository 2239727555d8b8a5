// The kernels that a plan uses, as a file keeps them: a choice changes the order of sums, so a training goes on with the
// same bits only with the same kernels.

import type { Target } from '../kernel/target.ts';
import { classOf, fitting, versionsOf, type Lookup } from './choose.ts';
import type { Plan } from './plan.ts';

/** By class of calls: the kernel, and what it is made of. */
export type KernelChoices = Readonly<Record<string, { readonly kernel: string; readonly version: string }>>;

/** What `plan` chose wherever there was a choice. */
export function choicesOf(plan: Plan, target: Target | null): KernelChoices {
  const choices: Record<string, KernelChoices[string]> = {};
  if (target === null) return choices;
  for (const { call, types, kernel } of plan.steps) {
    if (fitting(call.op, types, target).size < 2) continue;
    choices[classOf(call.op, types)] = { kernel, version: versionsOf(call.op, types, target)[kernel]! };
  }
  return choices;
}

/** Chooses as `choices` says where the kernel is still the same. */
export function restoring(choices: KernelChoices): Lookup {
  return (key, versions) => {
    const choice = Object.hasOwn(choices, key) ? choices[key]! : null;
    return choice && versions()[choice.kernel] === choice.version
      ? { kernel: choice.kernel, reason: 'restored' }
      : null;
  };
}
