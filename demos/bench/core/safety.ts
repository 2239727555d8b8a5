// No dispatch may hold a device for long: how long a kernel will take is told from what it took on less work, and what is
// unknown is tried on a share of its workgroups first.

import type { Values } from '../../../src/core/dtype.ts';
import type { Op } from '../../../src/graph/op.ts';
import { workOf, type Case } from './cases.ts';
import { prepareKernel } from './prepare.ts';
import type { Session } from './session.ts';

/** How fast each kernel of each op was so far, in operations and bytes a nanosecond. */
export type Speeds = Map<string, number>;

export const speedKey = (op: Op, variant: string): string => `${op.name} ${variant}`;

// Windows resets a GPU that is busy for about 2 s with one dispatch; nothing resets a software adapter.
const longestDispatchMs = { software: 5000, other: 250 };

/** Milliseconds that one dispatch may take. */
export function longestMs({ device }: Session, quick: boolean): number {
  return device.target?.adapter === 'software' && !quick ? longestDispatchMs.software : longestDispatchMs.other;
}

/** Operations and bytes that any device and kernel do well within the limit: 1.3e8 at half of one a nanosecond. */
const certain = 2 ** 27;

/** The first share of a kernel's workgroups that is tried, and by what it grows. */
const firstShare = 1 / 64;
const growth = 4;

/**
 * Why `variant` is not run, in words; empty where it may be. A share of the workgroups takes that share of the time or
 * more, so that the limit is never passed on the way.
 */
export async function tooLong(
  session: Session,
  one: Case,
  variant: string,
  x: readonly Values[],
  speeds: Speeds,
  limit: number,
): Promise<string> {
  const work = workOf(one);
  const speed = speeds.get(speedKey(one.op, variant));
  if (speed !== undefined) return said(work / speed / 1e6, limit);
  if (session.device.target === null || work <= certain) return '';
  const tried = async (share: number): Promise<number> => {
    const op = withShare(one.op, variant, share);
    const prepared = await prepareKernel(session.device, op, one.sample, variant, x, session.clock.emptySubmitNs);
    try {
      return (await prepared.sample(1)) / 1e6;
    } finally {
      prepared.dispose();
    }
  };
  return said(await grownMs(tried, limit), limit);
}

/** What the whole takes at most, by `tried` shares of it, none of which is begun that would pass `limit`. */
export async function grownMs(tried: (share: number) => Promise<number>, limit: number): Promise<number> {
  for (let share = firstShare; ; share *= growth) {
    const milliseconds = await tried(share);
    const whole = milliseconds / share;
    // Launching takes its time too, which makes the estimate from a small share too long.
    if (whole <= limit || milliseconds * growth > limit || share * growth >= 1) return whole;
  }
}

function said(predictedMs: number, limit: number): string {
  return predictedMs <= limit ? '' : `would take about ${Math.round(predictedMs)} ms a dispatch, more than ${limit} ms`;
}

/** `op` whose kernel launches only a share of its workgroups, fewer along the longest axis. */
function withShare(op: Op, variant: string, share: number): Op {
  const kernel = op.kernels[variant]!;
  const plan: typeof kernel.plan = (call, target) => {
    const planned = kernel.plan(call, target);
    const dispatches = planned.dispatches.map((dispatch) => {
      const axis = dispatch.workgroups.indexOf(Math.max(...dispatch.workgroups));
      const workgroups = dispatch.workgroups.map((count, i) => (i === axis ? Math.ceil(count * share) : count));
      return { ...dispatch, workgroups: workgroups as [number, number, number] };
    });
    return { ...planned, dispatches };
  };
  return { ...op, kernels: { ...op.kernels, [variant]: { ...kernel, plan } } };
}
