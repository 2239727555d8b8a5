// Studies that end within a run go on with the epoch that it was in: the same records, curves and weights to the bit, and no
// epoch that was done before is trained again.
import { describe, expect, test } from 'vitest';

import {
  adam,
  blobs,
  createCpuDevice,
  crossValidate,
  dense,
  dropout,
  earlyStopping,
  ensemble,
  gridSearch,
  learningRateFinder,
  type Callback,
  type FitOptions,
  memoryStore,
  randomSearch,
  sequential,
  sgd,
  type Store,
  type StudyEvent,
  uniformRange,
} from '../../src/index.ts';

const device = createCpuDevice();
const data = blobs({ size: 60, seed: 3 });

class Killed extends Error {}

/** A setup whose training ends as a killed process's does after so many steps in all. */
function setupUntil(steps: number) {
  let left = steps;
  const killer: Callback = {
    onStepEnd() {
      if (left-- === 0) throw new Killed();
    },
  };
  return (seed: number, { learningRate = 0.05, epochs = 4 } = {}) => ({
    model: sequential(
      [dense({ units: 8, activation: 'relu', inputShape: [2] }), dropout({ rate: 0.3 }), dense({ units: 3 })],
      { seed },
    ),
    compile: {
      optimizer: learningRate < 0.02 ? sgd({ learningRate, momentum: 0.9 }) : adam({ learningRate }),
      loss: 'sparseCategoricalCrossentropy' as const,
      metrics: ['accuracy' as const],
      device,
    },
    fit: {
      epochs,
      batchSize: 20,
      callbacks: [earlyStopping({ monitor: 'val_loss', patience: 2 }), killer],
    } satisfies FitOptions,
  });
}

/** A store that does nothing any more once it is closed, as that of a process that was killed. */
function closable(store: Store): Store & { close(): void } {
  let closed = false;
  return {
    ...store,
    write: (name, bytes) => (closed ? Promise.resolve() : store.write(name, bytes)),
    remove: (name) => (closed ? Promise.resolve() : store.remove(name)),
    close: () => void (closed = true),
  };
}

type Setup = ReturnType<typeof setupUntil>;
type Given = { readonly store?: Store; readonly onProgress?: (event: StudyEvent) => void };

const studies: Readonly<Record<string, (setup: Setup, given: Given) => Promise<unknown>>> = {
  crossValidate: (setup, given) => crossValidate(({ seed }) => setup(seed), data, { k: 2, seed: 5, ...given }),
  gridSearch: (setup, given) =>
    gridSearch((params, { seed }) => setup(seed, params), data, { grid: { learningRate: [0.01, 0.05] }, ...given }),
  randomSearch: (setup, given) =>
    randomSearch((params, { seed }) => setup(seed, params), data, {
      space: { learningRate: uniformRange(0.001, 0.1) },
      trials: 2,
      rounds: 2,
      seed: 2,
      ...given,
    }),
  async ensemble(setup, given) {
    const made = await ensemble(({ seed }) => setup(seed), data, { members: 2, seed: 4, ...given });
    const weights = await Promise.all(made!.members.map((member) => member.getWeights()));
    return { records: made!.records, weights };
  },
  learningRateFinder: (setup, given) =>
    learningRateFinder(
      ({ seed }) => {
        const { fit, ...made } = setup(seed);
        const [, ...callbacks] = fit.callbacks; // it validates nothing that could be watched
        return { ...made, fit: { ...fit, callbacks } };
      },
      data,
      { steps: 12, from: 1e-4, seed: 7, ...given },
    ),
};

const withoutTimes = (result: unknown): unknown =>
  JSON.parse(JSON.stringify(result, (key, value: unknown) => (key === 'seconds' ? undefined : bits(value))));

/** JSON writes a Map as {}. */
function bits(value: unknown): unknown {
  if (value instanceof Map)
    return [...(value as Map<string, { data: Float32Array }>)].map(([name, { data }]) => [name, [...data]]);
  return value;
}

describe.each(Object.entries(studies))('%s', (_, study) => {
  test('killed at some steps goes on from each epoch to the same result', async () => {
    const whole = await study(setupUntil(Infinity), {});
    const store = memoryStore();
    const epochs: string[] = [];
    let killed = 0;
    // Two or three steps make an epoch; early stopping may end a run before its fourth.
    for (const steps of [1, 3, 5, 2, 4, Infinity]) {
      const own = closable(store);
      const onProgress = (event: StudyEvent): void => {
        if (event.type === 'epoch') epochs.push(`${event.key} ${event.epoch}`);
      };
      const result = await study(setupUntil(steps), { store: own, onProgress }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        own.close();
        killed++;
        return null;
      });
      if (!result) continue;
      expect(withoutTimes(result)).toEqual(withoutTimes(whole));
      break;
    }
    expect(killed).toBeGreaterThan(2);
    // All kills are within an epoch, before which the training was kept.
    expect(epochs).toEqual([...new Set(epochs)]);
    expect((await store.list()).filter((name) => /\.[rmf].*\.[0-9a-f]+$/.test(name))).toEqual([]);
  });
});

test('aborted in the middle of an epoch, a study goes on with the next step', async () => {
  const interrupt = new AbortController();
  const store = memoryStore();
  const steps: number[] = [];
  const study = (given: object, until = Infinity) =>
    crossValidate(
      ({ seed }) => {
        const made = setupUntil(Infinity)(seed);
        const stepped: Callback = {
          onStepEnd({ step }) {
            if (steps.push(step) === until) interrupt.abort();
          },
        };
        return { ...made, fit: { ...made.fit, callbacks: [...made.fit.callbacks.slice(0, 1), stepped] } };
      },
      data,
      { k: 2, seed: 5, ...given },
    );
  const whole = await study({});
  const expected = steps.splice(0);
  expect(await study({ store, signal: interrupt.signal }, 3)).toMatchObject({ stopped: true });
  expect(steps).toEqual([0, 1, 2]); // two steps an epoch
  expect(withoutTimes(await study({ store }))).toEqual(withoutTimes(whole));
  expect(steps).toEqual(expected);
});
