// The numbers that may be set while training runs: which there are, what they are, and how they are set.

import { OptionError } from '../core/errors.ts';
import { layerNumbers } from '../nn/layer.ts';
import { checkNumbers, type NumberSpec, ownedBy } from '../nn/numbers.ts';
import type { OptimizerState } from '../nn/optimizer_state.ts';
import { strengthsOf } from '../nn/regularizers.ts';
import type { Head, Network } from './core.ts';

/** Of a network and what it is trained for; the optimizer's own stand beside them. */
export function numbersOf(network: Network, heads: readonly Head[]): Record<string, NumberSpec> {
  const all: Record<string, NumberSpec> = Object.assign({}, ...network.layers.map(layerNumbers));
  for (const { name, regularizer } of network.parameters.list)
    Object.assign(all, ownedBy(name, strengthsOf(regularizer)));
  for (const { output, loss, weight, weighted } of heads) {
    const own = { ...loss.numbers, ...(weighted ? { lossWeight: { value: weight, least: -Infinity } } : {}) };
    Object.assign(all, ownedByOutput(heads, output.name, own));
  }
  return all;
}

/** Of one output alone numbers are called by their options' names. */
export const numberOfOutput = (heads: readonly Head[], output: string, name: string): string =>
  heads.length === 1 ? name : `${output}/${name}`;

function ownedByOutput(heads: readonly Head[], output: string, specs: Readonly<Record<string, NumberSpec>>) {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [numberOfOutput(heads, output, name), spec] as const),
  );
}

/** All of them as they are in the next step, the learning rate first. */
export function scalarsOf({ numbers, learningRate, optimizer, step }: OptimizerState): Record<string, number> {
  return { learningRate: learningRate ?? optimizer.schedule(step), ...numbers.values() };
}

/** All of `values` from the next step on or, where one is wrong, none. OptionError: an unknown name, or out of its range. */
export function setScalars(state: OptimizerState, values: Readonly<Record<string, number>>): void {
  checkNumbers('setScalars', { learningRate: { value: 0, least: 0 }, ...state.numbers.specs }, values);
  const { learningRate, ...others } = values;
  state.numbers.set('setScalars', others);
  if (learningRate !== undefined) state.learningRate = learningRate;
}

/** Null: the optimizer's own schedule. OptionError: a negative number. */
export function setRate(state: OptimizerState, rate: number | null): void {
  if (rate !== null && !(rate >= 0 && Number.isFinite(rate))) {
    throw new OptionError(`setLearningRate: got ${rate}, expected a number of at least 0, or null for the schedule`);
  }
  state.learningRate = rate;
}
