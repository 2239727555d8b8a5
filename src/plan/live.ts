// What a plan's steps launch when numbers among their attributes have changed.

import { isLive } from '../graph/live.ts';
import type { Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import type { PlanStep } from './plan.ts';

/** A step's dispatches with its attributes as they are at present; null where none of them may change. */
export function dispatchesNow({ call, types, kernel, overlaid }: PlanStep, target: Target): readonly Dispatch[] | null {
  return isLive(types.attrs) ? call.op.kernels[kernel]!.plan(types, target, overlaid).dispatches : null;
}

/** Whether two dispatches differ in their params alone, which are all that may be written anew. */
export function alikeButParams(a: Dispatch, b: Dispatch): boolean {
  const rest = ({ shader, entry, bindings, constants, hooks, workgroups }: Dispatch) =>
    JSON.stringify([shader.file, entry, bindings, constants, hooks, workgroups]);
  return rest(a) === rest(b);
}
