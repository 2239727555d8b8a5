// Whether training steps are right: their losses, and the weights that they leave, beside those of the CPU's references.

import { splitArena } from '../../../src/nn/parameters.ts';
import { createCpuDevice } from '../../../src/cpu/device.ts';
import type { Device } from '../../../src/plan/device.ts';
import { notChecked } from './check.ts';
import { comparedSteps, firstWeights, flopsOf, type Network } from './networks.ts';
import type { Check } from './result.ts';
import { trainingOf, type NetworkTraining } from './training.ts';

/** What the first steps gave: each one's loss, and after them each weight's values by its name. */
export interface FirstSteps {
  readonly losses: readonly number[];
  readonly weights: ReadonlyMap<string, { readonly data: Float32Array }>;
}

/**
 * Of a loss, how far it may be off; of the length of what the steps changed in a tensor of weights, the length of the
 * difference. Sums in other orders move both by some 1e-6, and updates have gone through divisions by small roots, as in
 * `npm run bench:peers` (peers/reference.ts). Adam divides a gradient by its own size, so that one that is nearly 0 may
 * give any update up to the learning rate: no single element has a bound of use, a tensor has. An update that is missing,
 * has another sign or size, or is of another step, is off by 0.05 to 2.
 */
export const stepTolerance = 1e-3;

/** Runs them. */
export async function firstLosses({ program, feeds }: NetworkTraining): Promise<number[]> {
  const losses = [];
  for (let i = 0; i < comparedSteps; i++) {
    const wait = program.ready();
    if (wait) await wait;
    program.run(feeds);
    losses.push((await program.read('loss'))[0]!);
  }
  await program.flush();
  return losses;
}

export async function weightsOf(device: Device, { weights }: NetworkTraining): Promise<FirstSteps['weights']> {
  return splitArena(weights, await device.readVariable(weights.arena));
}

/** The CPU's, by network and batch; the latest few, since they may be large. */
const known = new Map<string, FirstSteps>();
const mostKnown = 8;

async function expectedOf(network: Network, batch: number): Promise<FirstSteps> {
  const key = `${network.name} ${batch}`;
  let expected = known.get(key);
  if (!expected) {
    const device = createCpuDevice();
    const training = await trainingOf(device, network, batch);
    expected = { losses: await firstLosses(training), weights: await weightsOf(device, training) };
    training.dispose();
    device.dispose();
    for (const oldest of known.keys()) if (known.size >= mostKnown) known.delete(oldest);
    known.set(key, expected);
  }
  return expected;
}

export interface Compared {
  readonly network: Network;
  readonly batch: number;
  /** Whether one that takes the references too long is left out. */
  readonly mayBeLarge: boolean;
}

export async function checkSteps({ network, batch, mayBeLarge }: Compared, found: FirstSteps): Promise<Check> {
  const largest = 3e9;
  if (mayBeLarge && flopsOf(network) * batch * comparedSteps > largest) {
    const finite = found.losses.every(Number.isFinite);
    const message = 'too large for the CPU reference';
    return finite ? notChecked(message) : { ...notChecked(`losses ${found.losses.join(', ')}`), state: 'wrong' };
  }
  return compareSteps(found, await expectedOf(network, batch), firstWeights(network));
}

/** `first`: the weights before any step. */
export function compareSteps(
  found: FirstSteps,
  expected: FirstSteps,
  first: Readonly<Record<string, ArrayLike<number>>>,
): Check {
  const losses = expected.losses.map((loss, i) => {
    const [error, size] = [Math.abs(found.losses[i]! - loss), Math.abs(loss)];
    const within = `${stepTolerance} of it`;
    const says = `loss of step ${i}: got ${found.losses[i]}, expected ${loss} within ${within}`;
    return { error, size, bound: stepTolerance * size, says };
  });
  const weights = [...expected.weights].map(([name, { data }]) => {
    const error = lengthOf(data, found.weights.get(name)!.data);
    const size = lengthOf(data, first[name]!);
    const says = `weights ${name}: off by ${error}, expected at most ${stepTolerance} of ${size}, what ${comparedSteps} steps change`;
    return { error, size, bound: stepTolerance * size, says };
  });
  const all = [...losses, ...weights].map((one) => {
    const error = Number.isFinite(one.error) ? one.error : Number.MAX_VALUE; // JSON has neither NaN nor infinity
    return { ...one, error, share: error === 0 ? 0 : Math.min(error / one.bound, Number.MAX_VALUE) };
  });
  const worst = all.reduce((most, one) => (one.share > most.share ? one : most));
  const wrong = all.find(({ share }) => share > 1);
  return {
    state: wrong ? 'wrong' : 'ok',
    maxAbsolute: Math.max(...all.map(({ error }) => error)),
    maxRelative: Math.max(...all.map(({ error, size }) => Math.min(error / (size || 1), Number.MAX_VALUE))),
    worst: worst.share,
    tolerance: worst.bound,
    message: wrong?.says ?? '',
  };
}

/** Of the difference of two tensors. */
function lengthOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}
