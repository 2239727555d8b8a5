// Kernels by measurement: what is timed, what is kept, and when it no longer holds. The times are made up.

import { beforeEach, describe, expect, test } from 'vitest';
import { inputTensor } from '../../src/graph/tensor.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import type { Shader } from '../../src/kernel/shader.ts';
import { matmul, matmulOp } from '../../src/ops/matmul.ts';
import { relu } from '../../src/ops/unary.ts';
import { makePlan, type PlanOptions } from '../../src/plan/build.ts';
import { choicesOf, restoring } from '../../src/plan/choices.ts';
import { classOf, versionsOf } from '../../src/plan/choose.ts';
import { printPlan } from '../../src/plan/print.ts';
import { createTuning, type TextStore, type Tuning } from '../../src/plan/tuning.ts';

const target: Target = { ...baseTarget, features: new Set(['subgroups']) };

function planFor(m: number, k: number, n: number, options: Partial<PlanOptions> = {}) {
  const y = relu(matmul(inputTensor('a', [m, k]), inputTensor('b', [k, n])));
  return makePlan({ y }, [], { target, ...options });
}
const kernelIn = (plan: ReturnType<typeof planFor>) => [plan.steps[0]!.kernel, plan.steps[0]!.reason];
const usual = planFor(64, 64, 64).steps[0]!.kernel;
/** Kernels that are timed and are not the default. */
const others = Object.keys(matmulOp.kernels).filter((name) => name !== 'naive' && name !== usual);
const [winner, second] = others as [string, string];

let asked: string[][];
beforeEach(() => void (asked = []));

/** `winner` takes 10 µs, the usual one 20, all others 40. */
async function fakeTimes(_: unknown, kernels: readonly string[]) {
  asked.push([...kernels]);
  return Object.fromEntries(kernels.map((name) => [name, name === winner ? 10 : name === usual ? 20 : 40]));
}

function memoryStore(): TextStore & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
  };
}

async function tuned(store: TextStore | null = null, name = 'a card'): Promise<Tuning> {
  const tuning = createTuning(name, store);
  await tuning.load();
  return tuning;
}

test('the fastest is taken by later plans, for shapes of the same class, and the plan says why', async () => {
  const tuning = await tuned();
  const plan = planFor(64, 64, 64, { tuned: [tuning.lookup] });
  expect(kernelIn(plan)).toEqual([usual, '']);
  const measured = await tuning.measure(plan, target, fakeTimes);
  expect([...measured.values()].map(({ kernel }) => kernel)).toEqual([winner]);
  expect(asked).toHaveLength(1);
  expect(asked[0]).not.toContain('naive');
  expect(asked[0]).toContain(usual);

  for (const [m, k, n] of [
    [64, 64, 64],
    [36, 64, 40],
  ] as const) {
    const later = planFor(m, k, n, { tuned: [tuning.lookup] });
    expect(later.steps[0]!.kernel).toBe(winner);
    expect(later.steps[0]!.reason).toMatch(new RegExp(`^tuned: ${winner} 10 µs, .*${usual} 20 µs`));
    expect(printPlan(later)).toContain(`${winner} (tuned: ${winner} 10 µs`);
  }
  expect(kernelIn(planFor(128, 64, 64, { tuned: [tuning.lookup] }))).toEqual([usual, '']);
  expect(kernelIn(planFor(64, 64, 64, { tuned: [tuning.lookup], kernels: { matmul: usual } }))).toEqual([
    usual,
    'forced',
  ]);
  // Known already: nothing is timed again.
  expect((await tuning.measure(plan, target, fakeTimes)).size).toBe(0);
  expect(asked).toHaveLength(1);
});

test('the default stands where another is hardly faster, and a kernel that could not be run is never chosen', async () => {
  for (const [times, expected] of [
    [{ [usual]: 100, [winner]: 96 }, usual],
    [{ [usual]: 100, [winner]: 94 }, winner],
    [{ [second]: 100 }, second],
  ] as const) {
    const tuning = await tuned();
    await tuning.measure(planFor(64, 64, 64), target, async () => times as Record<string, number>);
    expect(kernelIn(planFor(64, 64, 64, { tuned: [tuning.lookup] }))[0]).toBe(expected);
  }
  const tuning = await tuned();
  expect((await tuning.measure(planFor(64, 64, 64), target, async () => ({}))).size).toBe(0);
  expect(kernelIn(planFor(64, 64, 64, { tuned: [tuning.lookup] }))).toEqual([usual, '']);
});

describe('a store', () => {
  test('keeps choices for the next device of its name only', async () => {
    const store = memoryStore();
    await (await tuned(store)).measure(planFor(64, 64, 64), target, fakeTimes);
    expect([...store.items.keys()]).toEqual(['retrograd/tuning/1/a card']);
    const same = await tuned(store);
    expect(kernelIn(planFor(64, 64, 64, { tuned: [same.lookup] }))[0]).toBe(winner);
    const other = await tuned(store, 'another card');
    expect(kernelIn(planFor(64, 64, 64, { tuned: [other.lookup] }))).toEqual([usual, '']);
  });

  test('is read again before it is written, so that two pages do not undo one another', async () => {
    const store = memoryStore();
    const [one, two] = [await tuned(store), await tuned(store)];
    await one.measure(planFor(64, 64, 64), target, fakeTimes);
    await two.measure(planFor(256, 64, 64), target, fakeTimes);
    const next = await tuned(store);
    expect(kernelIn(planFor(64, 64, 64, { tuned: [next.lookup] }))[0]).toBe(winner);
    expect(kernelIn(planFor(256, 64, 64, { tuned: [next.lookup] }))[0]).toBe(winner);
  });

  test.each([
    ['no JSON', '{"matmul'],
    ['null', 'null'],
    ['a list', '[1, 2]'],
    ['a number', '3'],
    ['entries of other types', (text: string) => text.replaceAll(/"kernel":"\w+"/g, '"kernel":7')],
    ['times that are no numbers', (text: string) => text.replaceAll(/:(10|40)\b/g, ':"soon"')],
    ['a kernel that does not exist', (text: string) => text.replaceAll(winner, `${winner}_of_old`)],
    ['another version', (text: string) => text.replaceAll(/(matmul\w*) \w+"/g, '$1 0"')],
  ])('with %s is as good as none', async (_, content) => {
    const store = memoryStore();
    await (await tuned(store)).measure(planFor(64, 64, 64), target, fakeTimes);
    const [[key, text]] = [...store.items] as [[string, string]];
    const changed = typeof content === 'string' ? content : content(text);
    expect(changed).not.toBe(text);
    store.items.set(key, changed);
    const tuning = await tuned(store);
    expect(kernelIn(planFor(64, 64, 64, { tuned: [tuning.lookup] }))).toEqual([usual, '']);
    // And it is measured anew.
    await tuning.measure(planFor(64, 64, 64), target, fakeTimes);
    expect(kernelIn(planFor(64, 64, 64, { tuned: [tuning.lookup] }))[0]).toBe(winner);
  });
});

test('a change of any kernel that fits, or one more of them, makes a choice void', async () => {
  const tuning = await tuned();
  const plan = planFor(64, 64, 64);
  await tuning.measure(plan, target, fakeTimes);
  const { call, types } = plan.steps[0]!;
  const key = classOf(call.op, types);
  const versions = versionsOf(call.op, types, target);
  expect(tuning.lookup(key, () => versions)?.kernel).toBe(winner);
  expect(tuning.lookup(key, () => ({ ...versions, [second]: 'another' }))).toBeNull();
  expect(tuning.lookup(key, () => ({ ...versions, faster: 'new' }))).toBeNull();
  const { [second]: _, ...fewer } = versions;
  expect(tuning.lookup(key, () => fewer)).toBeNull();
  // A version is made of the sources.
  const { shader } = plan.steps[0]!.dispatches[0]!;
  const changed = { ...shader, code: `${shader.code} ` } as Shader;
  const op = {
    ...call.op,
    kernels: { only: { plan: () => ({ dispatches: [{ ...plan.steps[0]!.dispatches[0]!, shader: changed }] }) } },
  };
  expect(versionsOf(op, types, target)['only']).not.toBe(versions[usual]);
});

test('the kernels of a saved plan come back over what was measured, as far as they are the same', async () => {
  const tuning = await tuned();
  await tuning.measure(planFor(64, 64, 64), target, fakeTimes);
  const saved = choicesOf(planFor(64, 64, 64, { kernels: { matmul: second } }), target);
  const entries = Object.entries(saved);
  expect(entries.map(([, { kernel }]) => kernel)).toEqual([second]);
  const restore = (choices: typeof saved) =>
    kernelIn(planFor(64, 64, 64, { tuned: [restoring(choices), tuning.lookup] }));
  expect(restore(saved)).toEqual([second, 'restored']);
  const [key, { version }] = entries[0]!;
  expect(restore({ [key]: { kernel: second, version: `${version}0` } })[0]).toBe(winner);
  expect(restore({ [key]: { kernel: 'of_old', version } })[0]).toBe(winner);
  expect(choicesOf(planFor(64, 64, 64, { target: null }), null)).toEqual({});
});

test('measurements wait for one another', async () => {
  const tuning = await tuned();
  let running = 0;
  let most = 0;
  const slowly = async (_: unknown, kernels: readonly string[]) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
    return fakeTimes(_, kernels);
  };
  await Promise.all([
    tuning.measure(planFor(64, 64, 64), target, slowly),
    tuning.measure(planFor(64, 64, 64), target, slowly),
    tuning.measure(planFor(512, 64, 64), target, slowly),
  ]);
  expect(most).toBe(1);
  expect(asked).toHaveLength(2);
});
