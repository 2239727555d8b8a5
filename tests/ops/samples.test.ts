// Every op has samples for its options, pairwise; for every option by each of its kernels; and for the sizes and edges that
// kernels get wrong. What cannot be is listed with a proof (impossible.ts).

import { describe, expect, test } from 'vitest';
import type { Op } from '../../src/graph/op.ts';
import { ops } from '../../src/ops/index.ts';
import { edgesOf, has, lacking, sizes } from './edges.ts';
import { impossible, type Impossible } from './impossible.ts';
import { baseOf, optionsOf } from './option_table.ts';
import { attributesOf, type Coverage, coverage, kernelCoverage, type Place } from './options.ts';
import { allFeatures } from './table.ts';

const list = Object.values(ops);
const found = new Map(
  list.map((op) => {
    const options = optionsOf(op) ?? {};
    return [op, { pairs: coverage(op, options), byKernel: kernelCoverage(op, options, allFeatures) }] as const;
  }),
);

const fits = ({ ops: names, at }: Impossible, op: Op, place: Place): boolean =>
  (names.test(baseOf(op).name) || names.test(op.name)) &&
  (at.length === 1
    ? place.some((one) => at[0].test(one))
    : place.length === 2 &&
      ((at[0].test(place[0]) && at[1].test(place[1])) || (at[0].test(place[1]) && at[1].test(place[0]))));

const cannotBe = (op: Op, place: Place): boolean => impossible.some((entry) => fits(entry, op, place));
const unmet = (op: Op, { missing }: Coverage): string[] =>
  missing.filter((place) => !cannotBe(op, place)).map((place) => place.join(' with '));
const wrong = (op: Op, { met }: Coverage): string[] =>
  met.filter((place) => cannotBe(op, place)).map((place) => place.join(' with '));

describe.each(list.map((op) => [op.name, op] as const))('%s', (_, op) => {
  const options = optionsOf(op);

  test('its options are in the table', () => {
    expect(options, 'no row of option_table.ts').toBeDefined();
    const attributes = new Set(op.samples.flatMap(({ attrs }) => Object.keys((attrs as object | undefined) ?? {})));
    const known = attributesOf(options!);
    if (known) expect([...attributes].filter((name) => !known.includes(name))).toEqual([]);
  });

  test('every two options are met by a sample', () => {
    const { pairs } = found.get(op)!;
    expect(unmet(op, pairs), 'missing').toEqual([]);
    expect(wrong(op, pairs), 'met, but listed as impossible').toEqual([]);
  });

  test('every option is met by a sample for each kernel', () => {
    const { byKernel } = found.get(op)!;
    expect(unmet(op, byKernel), 'missing').toEqual([]);
    expect(wrong(op, byKernel), 'met, but listed as impossible').toEqual([]);
  });

  test('sizes and edges', () => {
    expect(edgesOf(baseOf(op).name), 'no row of edges.ts').toBeDefined();
    expect(lacking(op)).toEqual([]);
  });
});

describe('what no sample has', () => {
  test.each(impossible.map((entry) => [`${entry.at.map(String).join(' with ')}: ${entry.because}`, entry] as const))(
    '%s',
    (_, entry) => {
      entry.proof();
      const needed = list.some((op) =>
        Object.values(found.get(op)!).some(({ missing }) => missing.some((place) => fits(entry, op, place))),
      );
      expect(needed, 'is needed for no op').toBe(true);
    },
  );

  test.each(sizes.flatMap(({ name, except }) => except.map(([names, because]) => [name, names, because] as const)))(
    '%s: %s, because %s',
    (name, names) => {
      const { test: one } = sizes.find((size) => size.name === name)!;
      const excepted = list.filter((op) => names.test(baseOf(op).name));
      expect(excepted.length).toBeGreaterThan(0);
      for (const op of excepted) expect(has(op, one), op.name).toBe(false);
    },
  );
});

test('in numbers', () => {
  const total = { pairs: 0, byKernel: 0, ofLevels: 0, impossible: 0, unfit: 0 };
  for (const op of list) {
    const { pairs, byKernel } = found.get(op)!;
    total.pairs += pairs.met.length;
    total.byKernel += byKernel.met.length;
    for (const place of pairs.missing) {
      const level = impossible.some((entry) => entry.at.length === 1 && fits(entry, op, place));
      total[level ? 'ofLevels' : 'impossible']++;
    }
    total.unfit += byKernel.missing.length;
  }
  const samples = list.reduce((sum, op) => sum + op.samples.length, 0);
  console.log(
    [
      `${list.length} ops, ${samples} samples`,
      `pairs of options: ${total.pairs} met, ${total.impossible} impossible, ${total.ofLevels} of options that the op has not`,
      `options by kernel: ${total.byKernel} met, ${total.unfit} that the kernel does not take`,
      `${impossible.length} proofs of what is impossible`,
    ].join('\n'),
  );
  expect(samples).toBeGreaterThan(3000);
});
