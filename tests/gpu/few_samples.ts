// Fewer samples for an adapter whose compiler takes most of a test's time: so few that each value is met of each constant and
// hook that a kernel is compiled with, or each two of them.

import type { Op, Sample } from '../../src/graph/op.ts';
import type { Dispatch } from '../../src/kernel/shader.ts';
import type { Target } from '../../src/kernel/target.ts';
import { callTypes } from '../ops/table.ts';

/**
 * Of `samples`, which all fit, those by which a kernel is tested:
 * - of the kernels of products but the last, which fits everything, so many that each two values are met;
 * - of large kernels so many that each value is met, and of each param that it is 0, 1 and more; what a hook says is met by the
 *   kernels above, and here only whether it says anything;
 * - of kernels over halves the same, but for params, with which the f32 kernels of the same text are tested;
 * - of all others every one.
 * Which samples share a pipeline is known from what is compiled, and with a pipeline all of its samples are taken.
 */
export function fewSamples(
  op: Op,
  kernel: string,
  samples: readonly Sample<unknown>[],
  target: Target,
): ReadonlySet<Sample<unknown>> {
  const halves = op.storageOf !== undefined;
  const large = op.kernels[kernel]!.large === true;
  const last = kernel === Object.keys(op.kernels).at(-1);
  const inPairs = !halves && !large;
  if (inPairs && (last || !op.takesEpilogue)) return new Set(samples);
  const pipelines = new Map<string, { samples: Sample<unknown>[]; values: Set<string> }>();
  for (const sample of samples) {
    const { dispatches } = op.kernels[kernel]!.plan(callTypes(op, sample), target);
    const key = dispatches.map(textOf).join('\n');
    let pipeline = pipelines.get(key);
    if (!pipeline) pipelines.set(key, (pipeline = { samples: [], values: new Set() }));
    pipeline.samples.push(sample);
    const values = [
      ...dispatches.flatMap((one) => [...valuesOf(one, inPairs), ...(large && !halves ? paramsOf(one) : [])]),
      ...sizesOf(op, sample),
    ];
    for (const value of inPairs ? pairs(values) : values) pipeline.values.add(value);
  }
  return new Set(cover([...pipelines.values()]).flatMap((pipeline) => pipeline.samples));
}

/** Greedily: next the one that meets most of what is not met yet. */
function cover<T extends { readonly values: ReadonlySet<string> }>(all: readonly T[]): T[] {
  const unmet = new Set(all.flatMap(({ values }) => [...values]));
  const chosen: T[] = [];
  while (unmet.size > 0) {
    const gain = ({ values }: T) => [...values].filter((value) => unmet.has(value)).length;
    const best = all.reduce((found, one) => (gain(one) > gain(found) ? one : found));
    chosen.push(best);
    for (const value of best.values) unmet.delete(value);
  }
  return chosen;
}

const pairs = (values: readonly string[]): string[] =>
  values.flatMap((value, i) => values.slice(i).map((other) => `${value}, ${other}`));

/** Two dispatches with the same are one pipeline. */
const textOf = ({ shader, entry, constants, hooks }: Dispatch): string =>
  JSON.stringify([entry, constants, hooks, shader.code]);

function valuesOf({ entry, constants, hooks, bindings, shader, workgroups }: Dispatch, withTexts: boolean): string[] {
  const told = shader.hooks.map((name) => [name, withTexts ? hooks[name] : name in hooks]);
  return [
    ...[...Object.entries(constants), ...told].map(([name, value]) => `${entry} ${String(name)} ${String(value)}`),
    ...workgroups.map((count, axis) => `${entry} ${axis} ${count > 1}`),
    // Over halves some buffers are declared otherwise.
    ...Object.keys(bindings).map((name) => `${entry} ${name} ${declared(shader.code, name)}`),
  ];
}

const paramsOf = ({ entry, params }: Dispatch): string[] =>
  Object.entries(params).map(([name, value]) => `${entry} ${name} ${Math.max(-1, Math.min(value, 2))}`);

const declared = (code: string, name: string): string =>
  new RegExp(`\\bvar\\s*<[^>]*>\\s*${name}\\s*:\\s*([^;]*);`).exec(code)?.[1] ?? '';

/** Of the result, whether its last two axes are whole blocks of 16. */
function sizesOf(op: Op, sample: Sample<unknown>): string[] {
  const { outputs } = callTypes(op, sample);
  return outputs.flatMap(({ shape }, i) => [-1, -2].map((axis) => `${i} ${axis} ${(shape.at(axis) ?? 1) % 16 === 0}`));
}
