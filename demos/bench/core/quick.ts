// The quick suite: what a page and the terminal measure where a minute is all there is, with small shapes and short budgets.

import { networks } from './networks.ts';
import { stepCases, type StepCase } from './steps.ts';

/** The smaller batch of each reference model. */
export function quickSteps(): StepCase[] {
  const cases = stepCases('steps');
  return [networks.cnn, networks.mlp].map((network) => cases.find((one) => one.network === network)!);
}
