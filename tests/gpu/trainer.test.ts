// trainer({ worker: true }): the same bits, callbacks and errors as here, held, stopped and continued from the page.
import { describe, expect, onTestFinished, test } from 'vitest';

import { blobs, dataset, dense, glyphs, loadModel, memoryStore, sequential } from '../../src/index.ts';
import {
  adam,
  cosineDecay,
  dropout,
  flatten,
  modelCheckpoint,
  NonFiniteError,
  OptionError,
  rotation,
} from '../../src/index.ts';
import {
  sgd,
  StateError,
  terminateOnNaN,
  type Callback,
  type CompileOptions,
  type FitOptions,
  type Model,
} from '../../src/index.ts';
import { trainer, type TrainerOptions } from '../../src/trainer.ts';
import type { Request, Response } from '../../src/train/worker/messages.ts';
import { longTasks } from './long_tasks.ts';

const data = blobs({ size: 200, seed: 3 });
const images = glyphs({ size: 60, seed: 1 });

const make = () =>
  sequential([dense({ units: 16, activation: 'relu', inputShape: [2] }), dropout({ rate: 0.2 }), dense({ units: 3 })], {
    seed: 5,
  });
const compile = {
  optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.05, steps: 30 }) }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
} as const satisfies CompileOptions;

async function started(
  options: Omit<TrainerOptions, 'model'> & { model?: Model } = {},
  compiling: CompileOptions = compile,
) {
  const made = await trainer({ prefer: ['cpu'], model: make(), ...options });
  onTestFinished(() => made.dispose());
  await made.compile(compiling);
  return made;
}

const numbers = async (model: Pick<Model, 'getWeights'>) =>
  [...(await model.getWeights())].map(([name, { data: values }]) => [name, ...values]);

/** Every hook, with what it was given. */
function recorded(): Callback & { seen: unknown[] } {
  const seen: unknown[] = [];
  const note =
    (name: string) =>
    (...given: unknown[]): void =>
      void seen.push([name, ...given]);
  return {
    seen,
    onTrainBegin: ({ params }) => note('onTrainBegin')(params),
    onTrainEnd: ({ stopped, error }) => note('onTrainEnd')(stopped, error?.message),
    onEpochBegin: note('onEpochBegin'),
    onEpochEnd: note('onEpochEnd'),
    onBatchEnd: note('onBatchEnd'),
    onBatchBegin: note('onBatchBegin'),
    onStepEnd: note('onStepEnd'),
  };
}

describe('in a worker', () => {
  test.each(['cpu', 'webgpu'] as const)('on the %s: the same weights, results and callbacks as here', async (kind) => {
    const run = async (worker: boolean) => {
      const callback = recorded();
      const made = await started({ worker, prefer: [kind] });
      const result = await made.fit(data, { epochs: 2, batchSize: 32, validation: data, callbacks: [callback] });
      const weights = await numbers(made);
      const predicted = await made.predict(data);
      const measured = await made.evaluate(data);
      const matrix = await made.confusionMatrix(data);
      expect(made.history).toEqual(result.history);
      expect(made.deviceName).toMatch(kind === 'cpu' ? /CPU/ : /WebGPU/);
      const { dense_1: inner } = await made.inspect(data, ['dense_1']);
      return { result, weights, predicted, measured, matrix, inner, seen: callback.seen, step: made.optimizer!.step };
    };
    const [here, there] = [await run(false), await run(true)];
    // Losses arrive some steps late, so only their own order is fixed.
    const late = ([name]: [string]) => name === 'onBatchEnd';
    const split = ({ seen }: typeof here) => [
      seen.filter((one) => late(one as [string])),
      seen.filter((one) => !late(one as [string])),
    ];
    expect(split(there)).toEqual(split(here));
    expect({ ...there, seen: 0 }).toEqual({ ...here, seen: 0 });
    expect(there.step).toBe(14);
  });

  test('numbers set by a callback count from the next step on, as here', async () => {
    const run = async (worker: boolean) => {
      const made = await started({ worker }, { ...compile, optimizer: adam({ weightDecay: 0.01 }) });
      const seen: Record<string, number>[] = [];
      const setting: Callback = {
        onStepEnd({ step }) {
          if (step === 3) made.setScalars({ 'dropout_1/rate': 0.6, beta1: 0.5, weightDecay: 0.2 });
          if (step === 8) made.setScalars({ learningRate: 0.1, epsilon: 1e-3 });
          seen.push(made.scalars());
        },
      };
      await made.fit(data, { epochs: 2, batchSize: 32, callbacks: [setting] });
      expect(() => made.setScalars({ 'dropout_1/rate': 2 })).toThrow('setScalars: dropout_1/rate is 2');
      const saved = (await made.getTraining())!;
      const again = await started({ worker }, { ...compile, optimizer: adam({ weightDecay: 0.01 }) });
      again.setTraining(saved);
      expect(again.scalars()).toEqual({ ...made.scalars() });
      return { seen, weights: await numbers(made), saved: saved.scalars };
    };
    const here = await run(false);
    expect(await run(true)).toEqual(here);
    expect(here.saved).toEqual({ 'dropout_1/rate': 0.6, beta1: 0.5, weightDecay: 0.2, epsilon: 1e-3 });
  });

  test('paused it does no step and answers; resumed it ends with the same weights', async () => {
    const plain = await started();
    const options: FitOptions = { epochs: 3, batchSize: 10 };
    await plain.fit(data, options);
    const made = await started({ worker: true });
    let batches = 0;
    const running = made.fit(data, { ...options, callbacks: [{ onBatchEnd: () => void batches++ }] });
    while (batches < 5) await new Promise((done) => setTimeout(done));
    await made.pause();
    expect(made.isPaused).toBe(true);
    const weights = await numbers(made);
    const { step } = made.optimizer!;
    expect(step).toBeLessThan(60);
    await made.evaluate(data);
    expect(await numbers(made)).toEqual(weights);
    expect(made.optimizer!.step).toBe(step);
    expect(made.isTraining).toBe(true);
    made.resume();
    await running;
    expect(made.optimizer!.step).toBe(60);
    expect(await numbers(made)).toEqual(await numbers(plain));
  });

  test('it stops when asked, also while it is paused, and by a signal', async () => {
    const made = await started({ worker: true });
    const options = { epochs: 10_000, batchSize: 10 };
    const running = made.fit(data, options);
    await made.pause();
    made.stopTraining('enough');
    expect(await running).toMatchObject({ stopped: 'enough' });
    const interrupt = new AbortController();
    const aborted = made.fit(data, {
      ...options,
      signal: interrupt.signal,
      callbacks: [{ onEpochEnd: () => interrupt.abort() }],
    });
    await expect(made.fit(data, options)).rejects.toThrow('this model is being trained already');
    expect(await aborted).toMatchObject({ stopped: 'aborted' });
    expect(await made.fit(data, { ...options, signal: AbortSignal.abort() })).toMatchObject({
      epochs: 0,
      stopped: 'aborted',
    });
  });

  test('once it has answered a stop, no step begins', async () => {
    const ids = new Set<number>();
    const answered: number[] = [];
    const watched = () => {
      const worker = new Worker(new URL('../../src/worker.ts', import.meta.url), { type: 'module' });
      const post = worker.postMessage.bind(worker) as (message: Request, transfer: Transferable[]) => void;
      worker.postMessage = (message: Request, transfer: unknown) => {
        if (message.kind === 'call' && message.name === 'stopTraining') ids.add(message.id);
        post(message, transfer as Transferable[]);
      };
      worker.addEventListener('message', ({ data: { kind: what, ...rest } }: MessageEvent<Response>) => {
        if (what === 'result' && 'id' in rest && ids.has(rest.id)) answered.push(rest.training.step);
      });
      return worker;
    };
    const made = await started({ worker: watched, prefer: ['webgpu'] });
    for (const batches of [1, 4, 30]) {
      const onBatchEnd = (batch: number): void => {
        if (batch >= batches && ids.size === answered.length) made.stopTraining();
      };
      const running = made.fit(data, { epochs: 10_000, batchSize: 4, callbacks: [{ onBatchEnd }] });
      expect((await running).stopped).toBe('stopTraining() was called');
      expect(answered.at(-1)).toBe(made.optimizer!.step);
    }
    expect(answered.length).toBeGreaterThanOrEqual(3);
  });

  test('what a callback throws is what fit rejects with; errors keep their types', async () => {
    const made = await started({ worker: true });
    const thrown = new TypeError('mine');
    const end: unknown[] = [];
    const hooks = ['onTrainBegin', 'onEpochBegin', 'onBatchBegin', 'onStepEnd', 'onBatchEnd', 'onEpochEnd'] as const;
    for (const hook of hooks) {
      const callbacks: Callback[] = [
        {
          [hook]: () => {
            throw thrown;
          },
          onTrainEnd: ({ error }) => void end.push(error),
        },
      ];
      await expect(made.fit(data, { epochs: 3, callbacks }), hook).rejects.toBe(thrown);
    }
    expect(end).toEqual(hooks.map(() => thrown));

    const unknown = made.fit(data, { epoch: 3 } as never);
    await expect(unknown).rejects.toThrow(OptionError);
    await expect(unknown).rejects.toThrow("fit: unknown option 'epoch', did you mean 'epochs'?");
    const own = { ...compile, loss: (p: never) => p } as never;
    await expect(made.compile(own)).rejects.toThrow(/cannot cross to a worker .*a worker of one's own/);
    const diverging = { ...compile, optimizer: sgd({ learningRate: 1e30 }) };
    await made.compile(diverging);
    const error = (await made.fit(data, { epochs: 2 }).catch((caught: unknown) => caught)) as NonFiniteError;
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error.step).toBeGreaterThan(0);
    await made.compile(diverging);
    const ended = await made.fit(data, { epochs: 2, callbacks: [terminateOnNaN()] });
    expect(ended).toMatchObject({ epochs: 0, stopped: expect.stringContaining('NaN') as string });
  });

  test.each(['cpu', 'webgpu'] as const)(
    'a worker on the %s that was ended is continued by another from its checkpoint, to the same weights',
    async (kind) => {
      const prefer = [kind];
      const options: FitOptions = { epochs: 4, batchSize: 20 };
      const whole = await started({ prefer });
      await whole.fit(data, options);
      const store = memoryStore();
      const first = await started({ worker: true, prefer });
      let steps = 0;
      const broken = first.fit(data, {
        ...options,
        callbacks: [
          modelCheckpoint({ store, every: 3 }),
          { onStepEnd: () => void (++steps === 17 && first.dispose()) },
        ],
      });
      await expect(broken).rejects.toThrow(StateError);
      await expect(first.predict(data)).rejects.toThrow('predict: the trainer was disposed of');
      const saved = loadModel((await store.read('checkpoint'))!) as Model;
      const second = await started({ worker: true, model: saved, prefer });
      await second.fit(data, { ...options, resume: true });
      expect(second.optimizer!.step).toBe(40);
      expect(await numbers(second)).toEqual(await numbers(whole));
    },
  );

  test('large data sets cross in pieces and once; image transformations cross by name', async () => {
    const x = Float32Array.from({ length: 3_000_000 }, (_, i) => (i % 7) / 7);
    const large = dataset({ x, y: Int32Array.from({ length: 3000 }, (_, i) => i % 3), shape: [1000], classes: 3 });
    const wide = () => sequential([dense({ units: 3, inputShape: [1000] })], { seed: 1 });
    let pieces = 0;
    const counting = () => {
      const worker = new Worker(new URL('../../src/worker.ts', import.meta.url), { type: 'module' });
      const post = worker.postMessage.bind(worker) as (message: { kind: string }, transfer: Transferable[]) => void;
      worker.postMessage = (message: { kind: string }, transfer: unknown) => {
        pieces += message.kind === 'array' ? 1 : 0;
        post(message, transfer as Transferable[]);
      };
      return worker;
    };
    const [there, here] = [await started({ worker: counting, model: wide() }), await started({ model: wide() })];
    for (const made of [there, here]) await made.fit(large, { batchSize: 500, validation: large });
    expect(await numbers(there)).toEqual(await numbers(here));
    expect(await there.evaluate(large)).toEqual(await here.evaluate(large));
    expect(pieces).toBe(3); // 12 MB in pieces of 4 MB

    const picture = () => sequential([flatten({ inputShape: [28, 28, 1] }), dense({ units: 10 })], { seed: 1 });
    const [far, near] = [await started({ worker: true, model: picture() }), await started({ model: picture() })];
    for (const made of [far, near]) await made.fit(images, { augment: [rotation({ degrees: 20 })] });
    expect(await numbers(far)).toEqual(await numbers(near));
  });

  test('a worker of one’s own brings losses and metrics that are functions', async () => {
    const line = dataset({
      x: Float32Array.of(0, 1, 2, 3),
      y: { shape: [4, 1], data: Float32Array.of(1, 3, 5, 7) },
      shape: [1],
    });
    const made = await started(
      {
        worker: () => new Worker(new URL('./own_worker.ts', import.meta.url), { type: 'module' }),
        model: sequential([dense({ units: 1, inputShape: [1] })], { seed: 1 }),
      },
      { optimizer: sgd({ learningRate: 0.1 }), loss: 'squares' as never, metrics: ['bias' as never] },
    );
    const { history } = await made.fit(line, { epochs: 200 });
    expect(history['loss']!.at(-1)).toBeLessThan(1e-3);
    expect(Object.keys(history)).toEqual(['loss', 'bias']);
  });

  test('a file that is no worker is told of', async () => {
    const missing = () => new Worker(`${location.origin}/no/such/worker.js`, { type: 'module' });
    await expect(trainer({ model: make(), worker: missing })).rejects.toThrow("load: the trainer's worker ended");
    await expect(trainer({ model: make(), worker: 'yes' as never })).rejects.toThrow(
      'worker is yes, expected true, false',
    );
    await expect(trainer({ modle: make() } as never)).rejects.toThrow("unknown option 'modle', did you mean 'model'?");
  });
});

test(
  'an epoch in a worker leaves the page without a task over 50 ms; one here does not',
  { timeout: 120_000 },
  async () => {
    // Steps of some 100 ms on the CPU, so that an epoch here cannot pass without long tasks.
    const slow = () =>
      sequential([flatten({ inputShape: [28, 28, 1] }), dense({ units: 1024 }), dense({ units: 10 })], { seed: 1 });
    const there = await started({ worker: true, model: slow() });
    const here = await started({ worker: false, model: slow() });
    const epoch = (made: typeof here) => longTasks(() => made.fit(images, { batchSize: 60, validation: images }));
    expect(await epoch(here)).not.toEqual([]);
    // Another program on this machine may hold up the page itself, though not every time.
    const attempts: number[][] = [];
    while (attempts.length < 5 && !attempts.some((tasks) => tasks.length === 0)) attempts.push(await epoch(there));
    expect(attempts).toContainEqual([]);
  },
);
