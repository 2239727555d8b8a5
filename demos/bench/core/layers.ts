// The two reference layers, forward and both gradients with the kernels that a plan takes, in turns: what a training step
// pays for its gradients, as a share of the forward pass.

import { shapedCase } from './cases.ts';
import { layerLimits } from './layer_ratios.ts';
import { measureTogether, type MeasureOptions } from './measure.ts';
import type { Row } from './result.ts';
import type { Speeds } from './safety.ts';
import type { Session } from './session.ts';

export const layerShapes = ['32x28x28x32,k3,f64,same', '32x14x14x64,k3,f128,same'] as const;

/** Three rows, the forward pass first. */
export async function measureLayer(
  session: Session,
  shape: string,
  options: MeasureOptions,
  speeds: Speeds,
): Promise<Row[]> {
  const cases = ['conv2d', ...Object.keys(layerLimits)].map((name) => ({
    ...shapedCase(name, shape, null),
    suite: 'layers' as const,
  }));
  return measureTogether(session, cases, { ...options, kernels: 'preferred' }, speeds);
}
