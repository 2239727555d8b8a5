// Kernels measured on one device: what was found for each class of calls, kept in a store of the caller's.

import type { CallTypes, Op } from '../graph/op.ts';
import type { Target } from '../kernel/target.ts';
import { classOf, fitting, versionsOf, type Lookup } from './choose.ts';
import type { Plan, PlanStep } from './plan.ts';

/** `localStorage`, or anything alike; may answer later. */
export interface TextStore {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
}

/** What was measured for one class of calls. */
export interface Measured {
  readonly kernel: string;
  /** Of each kernel that fits and could be run. */
  readonly microseconds: Readonly<Record<string, number>>;
  /** What the kernels were made of. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Times kernels of `op` on a call: microseconds by kernel. Kernels that cannot be run may be left out. */
export type TimeKernels = (step: PlanStep, kernels: readonly string[]) => Promise<Readonly<Record<string, number>>>;

export interface Tuning {
  /** What planning asks. */
  readonly lookup: Lookup;
  /** Takes up what `store` has for this device; whatever is no such thing is left alone. */
  load(): Promise<void>;
  /**
   * Times every call of `plan` that several kernels fit and of whose class nothing is known; keeps the fastest in the
   * store. Answers what was measured.
   */
  measure(plan: Plan, target: Target, time: TimeKernels): Promise<ReadonlyMap<string, Measured>>;
}

// A choice changes the order of sums, so the default stands unless another is faster by more than timing's own noise.
const worthwhile = 0.95;
/** How many kernels' times a printed plan gives. */
const mostShown = 3;

export function createTuning(device: string, store: TextStore | null): Tuning {
  const all = new Map<string, Measured>();
  const storeKey = `retrograd/tuning/1/${device}`;
  let working: Promise<unknown> = Promise.resolve();

  const lookup: Lookup = (key, versions) => {
    const known = all.get(key);
    if (!known || !sameVersions(known.versions, versions())) return null;
    const { kernel, microseconds } = known;
    const times = Object.entries(microseconds).sort((a, b) => a[1] - b[1]);
    if (times.length > mostShown) times.length = mostShown;
    return { kernel, reason: `tuned: ${times.map(([name, time]) => `${name} ${timeText(time)}`).join(', ')}` };
  };

  async function load(): Promise<void> {
    for (const [key, measured] of readStored(await store?.getItem(storeKey))) if (!all.has(key)) all.set(key, measured);
  }

  async function measureAll(plan: Plan, target: Target, time: TimeKernels): Promise<Map<string, Measured>> {
    const measured = new Map<string, Measured>();
    for (const step of plan.steps) {
      const { op } = step.call;
      const kernels = worthTiming(op, step.types, target);
      if (kernels.length < 2 || !isTimeable(step)) continue;
      const key = classOf(op, step.types);
      const versions = versionsOf(op, step.types, target);
      if (lookup(key, () => versions)) continue;
      const microseconds = await time(step, kernels);
      const chosen = fastest(kernels, defaultOf(op, step.types, target), microseconds);
      if (chosen === null) continue;
      const found = { kernel: chosen, microseconds, versions };
      all.set(key, found);
      measured.set(key, found);
    }
    if (measured.size > 0 && store) {
      await load(); // what another page has measured meanwhile
      await store.setItem(storeKey, JSON.stringify(Object.fromEntries(all)));
    }
    return measured;
  }

  return {
    lookup,
    load,
    measure(plan, target, time) {
      // One after another: two measurements at a time would measure each other.
      const result = working.then(() => measureAll(plan, target, time));
      working = result.catch(() => {});
      return result;
    },
  };
}

/**
 * The kernels to time, best guess first. The plain one for reading is left out unless it is the default, and so is what takes
 * a software adapter longer to compile than it can ever save.
 */
function worthTiming(op: Op, types: CallTypes<unknown>, target: Target): string[] {
  const usual = defaultOf(op, types, target);
  return [...fitting(op, types, target)].flatMap(([name, { large, preferred }]) => {
    const hopeless = large && target.adapter === 'software' && !preferred?.(types, target);
    return name === usual || (name !== 'naive' && !hopeless) ? [name] : [];
  });
}

/** Calls that overwrite variables, or write into another's memory, are not run apart from their plan. */
function isTimeable({ call: { op } }: PlanStep): boolean {
  return !op.view && !op.packs && !op.inPlace;
}

function defaultOf(op: Op, types: CallTypes<unknown>, target: Target): string {
  const candidates = [...fitting(op, types, target)];
  const preferred = candidates.find(([, kernel]) => kernel.preferred?.(types, target) ?? true);
  return (preferred ?? candidates.at(-1)!)[0];
}

/** The fastest, or the default where it is about as fast. Null where none could be timed. */
function fastest(
  kernels: readonly string[],
  usual: string,
  microseconds: Readonly<Record<string, number>>,
): string | null {
  let best: string | null = null;
  for (const name of kernels) {
    const time = microseconds[name];
    if (time !== undefined && (best === null || time < microseconds[best]!)) best = name;
  }
  if (best === null) return null;
  const ofUsual = microseconds[usual];
  return ofUsual !== undefined && microseconds[best]! > worthwhile * ofUsual ? usual : best;
}

function sameVersions(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(b);
  return names.length === Object.keys(a).length && names.every((name) => a[name] === b[name]);
}

/** Storage is anyone's to change, so every field is looked at. */
function readStored(text: string | null | undefined): [string, Measured][] {
  let found: unknown;
  try {
    found = JSON.parse(text ?? '{}');
  } catch {
    return [];
  }
  const entries = Object.entries((found ?? {}) as Record<string, Partial<Measured> | null>);
  return entries.flatMap(([key, entry]): [string, Measured][] => {
    const { kernel, microseconds, versions } = entry ?? {};
    const whole =
      typeof kernel === 'string' &&
      isRecordOf('number', microseconds) &&
      isRecordOf('string', versions) &&
      Object.hasOwn(versions, kernel);
    return whole ? [[key, { kernel, microseconds, versions }]] : [];
  });
}

function isRecordOf<T extends 'number' | 'string'>(
  type: T,
  value: unknown,
): value is Record<string, T extends 'number' ? number : string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === type);
}

function timeText(microseconds: number): string {
  return `${microseconds < 10 ? microseconds.toFixed(1) : microseconds.toFixed(0)} µs`;
}
