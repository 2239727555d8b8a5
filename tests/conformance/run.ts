// Runs cases with any evaluator and counts what came of them.

import type { TypedArray, Values } from '../../src/core/dtype.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { adapters } from './adapters.ts';
import { build, differs, Skip, type Case, type Result, type SkipReason } from './case.ts';
import { outsideScope, withoutMeaning } from './scope.ts';

/** The values of `tensors`, given those of the inputs. */
export type Evaluate = (
  tensors: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, Values>,
) => ArrayLike<number>[] | Promise<ArrayLike<number>[]>;

export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly why: string };

export async function runCase(of: Case, evaluate: Evaluate): Promise<Outcome> {
  try {
    if (Object.hasOwn(outsideScope, of.op)) throw new Skip('operator outside the scope');
    if (!of.deterministic) throw new Skip('not deterministic');
    if (!Object.hasOwn(adapters, of.op)) return { kind: 'failed', why: `no adapter for ${of.op}` };
    const { feeds, results, ignored } = build(of, adapters[of.op]!);
    const irrelevant = withoutMeaning[of.op] ?? [];
    const unread = ignored.filter((name) => !irrelevant.includes(name));
    if (unread.length > 0) return { kind: 'failed', why: `the adapter ignores ${unread.join(', ')}` };
    const compared = of.outputs.flatMap((output, i): { output: NonNullable<typeof output>; result: Result }[] => {
      const result = results[i];
      return output && result ? [{ output, result }] : [];
    });
    const left = of.outputs.filter((output) => output !== null).length - compared.length;
    if (left > 0) return { kind: 'failed', why: `${left} of its outputs are not compared` };
    const tensors = compared.map(({ result }) => ('tensor' in result ? result.tensor : result));
    const values = await evaluate(tensors, feeds);
    for (const [i, { output, result }] of compared.entries()) {
      const why = differs(output, result, values[i]!);
      if (why) return { kind: 'failed', why };
    }
    return { kind: 'passed' };
  } catch (error) {
    if (error instanceof Skip) return { kind: 'skipped', reason: error.reason };
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}

/** Of the 992 cases; README.md of the data says which commit they are. A further skip is one to be explained here. */
const skips: Readonly<Record<SkipReason, number>> = {
  'not deterministic': 7,
  'operator outside the scope': 5,
  'tensor without elements': 18,
  'element type without storage': 2,
};

/** What does not fit in the outcomes of all cases, in words: failures, and other skips than those known. */
export function unexpected(outcomes: ReadonlyMap<Case, Outcome>): string[] {
  const counted: Record<string, number> = {};
  for (const outcome of outcomes.values()) {
    if (outcome.kind === 'skipped') counted[outcome.reason] = (counted[outcome.reason] ?? 0) + 1;
  }
  const failed = [...outcomes].filter(([, { kind }]) => kind === 'failed');
  return [
    ...(outcomes.size === 992 ? [] : [`${outcomes.size} cases, expected 992`]),
    ...failed.map(([{ name }]) => `${name} failed`),
    ...Object.entries({ ...skips, ...counted }).flatMap(([reason]) => {
      const [found, known] = [counted[reason] ?? 0, skips[reason as SkipReason] ?? 0];
      return found === known ? [] : [`skipped ${found}: ${reason}, expected ${known}`];
    }),
  ];
}

/** Cases by outcome, a line for each reason, and the operators with failures. */
export function table(outcomes: ReadonlyMap<Case, Outcome>): string {
  const of = (kind: Outcome['kind']) => [...outcomes].filter(([, outcome]) => outcome.kind === kind);
  const reasons = new Map<string, number>();
  for (const [, outcome] of of('skipped')) {
    if (outcome.kind === 'skipped') reasons.set(outcome.reason, (reasons.get(outcome.reason) ?? 0) + 1);
  }
  const operators = (entries: readonly (readonly [Case, Outcome])[]) => new Set(entries.map(([{ op }]) => op)).size;
  const failures = of('failed');
  const native = ['float32', 'bool', 'int32', 'int64'];
  const foreign = of('passed').filter(([{ inputs, outputs }]) =>
    [...inputs, ...outputs].some((tensor) => tensor && !native.includes(tensor.onnxType)),
  );
  return [
    `${outcomes.size} cases of ${operators([...outcomes])} operators`,
    `  passed   ${of('passed').length} of ${operators(of('passed'))} operators`,
    `           ${foreign.length} of these in a type kept as f32 here: float16, float64, bfloat16, small or unsigned integers`,
    ...[...reasons].map(([reason, count]) => `  skipped  ${count}: ${reason}`),
    `  failed   ${failures.length}`,
    ...failures.map(([{ name, op }, outcome]) => `    ${op}/${name}: ${outcome.kind === 'failed' ? outcome.why : ''}`),
  ].join('\n');
}

export function toDevice(values: Values): TypedArray {
  return values instanceof Float64Array ? Float32Array.from(values) : values;
}
