// What every engine's result is compared with: Retrograd's CPU reference, and how far from it a right result may lie.

import { createCpuDevice } from '../../../src/cpu/device.ts';
import { allocateDouble } from '../../../src/cpu/oracle.ts';
import { callTypes } from '../core/check.ts';
import type { Check } from '../core/result.ts';
import { caseOf } from './case.ts';
import { train } from './engines/retrograd_train.ts';
import { trainingTask } from './engine.ts';
import { inputsOf, type Work } from './work.ts';

/** The result in double precision; for training, the losses of the first steps on the CPU. */
export async function referenceOf(work: Work): Promise<Float64Array> {
  if (work.kind === 'step') {
    const device = createCpuDevice();
    const task = await trainingTask((network, batch) => train(device, network, batch), work);
    await task!.run();
    return Float64Array.from(await task!.read());
  }
  const { one, names } = caseOf(work);
  const values = inputsOf(work);
  const call = callTypes(one.op, one.sample);
  const y = allocateDouble(call.outputs[0]!);
  one.op.cpu(
    names.map((name) => Float64Array.from(values[name]!)),
    [y],
    call,
  );
  return y as Float64Array;
}

/**
 * Engines sum in orders of their own, so a result may differ from the reference by some units in the last place of its
 * largest element: 2e-5 of it allows √K such errors for the longest sum, of 25,088 terms. Losses after updates
 * have gone through divisions by small roots: 1e-3.
 */
export function compare(work: Work, found: Float32Array, expected: Float64Array): Check {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const bound = work.kind === 'step' ? 1e-3 * largest : 2e-5 * largest;
  let [maxAbsolute, maxRelative] = [0, 0];
  let message = found.length === expected.length ? '' : `${found.length} elements, expected ${expected.length}`;
  for (let i = 0; i < expected.length && found.length === expected.length; i++) {
    const error = Math.abs(found[i]! - expected[i]!);
    const finite = Number.isFinite(error) ? error : Number.MAX_VALUE;
    if (finite > bound && message === '') {
      message = `element ${i}: got ${found[i]}, expected ${expected[i]} within ${bound}`;
    }
    maxAbsolute = Math.max(maxAbsolute, finite);
    if (expected[i] !== 0)
      maxRelative = Math.max(maxRelative, Math.min(finite / Math.abs(expected[i]!), Number.MAX_VALUE));
  }
  const worst = Math.min(maxAbsolute / bound, Number.MAX_VALUE);
  return { state: message === '' ? 'ok' : 'wrong', maxAbsolute, maxRelative, worst, tolerance: bound, message };
}
