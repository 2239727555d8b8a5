import { describe, expect, it } from 'vitest';

import {
  adam,
  type Callback,
  createCpuDevice,
  csvLogger,
  dense,
  earlyStopping,
  NonFiniteError,
  OptionError,
  progress,
  type ProgressEvent,
  reduceLROnPlateau,
  sequential,
  sgd,
  terminateOnNaN,
  xor,
  type Model,
} from '../../src/index.ts';

async function linear(learningRate = 0.05): Promise<Model> {
  const model = sequential([dense({ units: 4, inputShape: [2] }), dense({ units: 2 })], { seed: 1 });
  await model.compile({
    optimizer: sgd({ learningRate }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    device: createCpuDevice(),
  });
  return model;
}

const data = xor({ size: 24 });

describe('hooks', () => {
  it('come in order, and each is awaited', async () => {
    const calls: string[] = [];
    const note = (text: string) => Promise.resolve().then(() => void calls.push(text));
    const callback: Callback = {
      onTrainBegin: ({ params }) => note(`begin ${params.steps}`),
      onEpochBegin: (epoch) => note(`epoch ${epoch}`),
      onBatchEnd: (batch, { loss }) => note(`batch ${batch} ${Number.isFinite(loss)}`),
      onEpochEnd: (epoch, logs) => note(`end of ${epoch}: ${Object.keys(logs).join()}`),
      onTrainEnd: () => note('end'),
    };
    const model = await linear();
    await model.fit(data, { epochs: 1, batchSize: 16, validation: data, callbacks: [callback], trackEvery: 7 });
    expect(calls).toEqual([
      'begin 2',
      'epoch 0',
      'batch 0 true',
      'batch 1 true',
      'end of 0: loss,accuracy,val_loss,val_accuracy',
      'end',
    ]);
  });

  it('before a batch: what is set counts for its step, and a stop leaves it out', async () => {
    const model = await linear();
    const begun: number[] = [];
    const seen: number[] = [];
    const callback: Callback = {
      async onBatchBegin(batch) {
        await Promise.resolve();
        begun.push(batch);
        if (batch === 1) model.setScalars({ learningRate: 0 });
        if (batch === 2) model.stopTraining('enough');
      },
      onStepEnd: ({ batch }) => void seen.push(batch),
    };
    const before = await model.getWeights();
    const alone = await linear();
    await alone.fit(data, { batchSize: 8, callbacks: [{ onStepEnd: () => alone.stopTraining() }] });
    const { stopped } = await model.fit(data, { batchSize: 8, callbacks: [callback] });
    expect([stopped, begun, seen]).toEqual(['enough', [0, 1, 2], [0, 1]]);
    expect(await model.getWeights()).toEqual(await alone.getWeights()); // the first step's alone
    expect(await model.getWeights()).not.toEqual(before);
  });

  it('may use the model, and may fail: fit rejects with their error and can be called again', async () => {
    const model = await linear();
    const failing: Callback = {
      async onEpochEnd() {
        expect(Object.keys(await model.evaluate(data))).toEqual(['loss', 'accuracy']);
        expect((await model.predict(Float32Array.of(1, 1))).shape).toEqual([1, 2]);
        throw new RangeError('mine');
      },
    };
    await expect(model.fit(data, { callbacks: [failing] })).rejects.toThrow(new RangeError('mine'));
    expect((await model.fit(data)).epochs).toBe(1);
  });
});

describe('earlyStopping', () => {
  /** Drives the callback with made-up losses, and weights that say which epoch they are from. */
  async function play(losses: readonly number[], options: Parameters<typeof earlyStopping>[0]) {
    const model = await linear(0);
    const weights = await model.getWeights();
    const teacher: Callback = {
      onEpochBegin(epoch) {
        const bias = { shape: [2], data: Float32Array.of(epoch, 0) };
        model.setWeights(new Map([...weights, ['dense_2/bias', bias]]));
      },
      onEpochEnd(epoch, logs) {
        (logs as Record<string, number>)['val_loss'] = losses[epoch]!;
      },
    };
    const result = await model.fit(data, { epochs: losses.length, callbacks: [teacher, earlyStopping(options)] });
    return { ...result, kept: (await model.getWeights()).get('dense_2/bias')!.data[0] };
  }

  it('stops after `patience` epochs without improvement and puts the best weights back', async () => {
    const result = await play([3, 2, 2.5, 2.4, 9, 9], { patience: 2 });
    expect(result).toMatchObject({ epochs: 4, kept: 1 });
    expect(result.stopped).toBe('val_loss has not improved for 2 epochs; weights of epoch 2 restored (val_loss 2)');
  });

  it('puts the best weights back when all epochs were done, too', async () => {
    expect(await play([3, 1, 2], { patience: 9 })).toMatchObject({ epochs: 3, kept: 1 });
    expect(await play([3, 1, 2], { patience: 9, restoreBestWeights: false })).toMatchObject({ kept: 2 });
  });

  it('counts an improvement from minDelta on, and knows that accuracy rises', async () => {
    expect(await play([3, 2.95, 2.92, 1], { patience: 2, minDelta: 0.1 })).toMatchObject({ epochs: 3, kept: 0 });
    const rising = await (
      await linear()
    ).fit(data, { epochs: 3, callbacks: [earlyStopping({ monitor: 'accuracy', patience: 9 })] });
    expect(rising.epochs).toBe(3);
  });

  it('names the metric that is not there', async () => {
    const model = await linear();
    await expect(model.fit(data, { callbacks: [earlyStopping()] })).rejects.toThrow(
      new OptionError(
        "earlyStopping: no metric 'val_loss', did you mean 'loss'?; known: loss, accuracy; fit was given no validation",
      ),
    );
    expect(() => earlyStopping({ patient: 2 } as never)).toThrow(/unknown option 'patient', did you mean 'patience'\?/);
  });
});

it('csvLogger writes a header and a line for each epoch', async () => {
  let text = '';
  const model = await linear();
  const { history } = await model.fit(data, {
    epochs: 2,
    callbacks: [csvLogger({ write: (line) => void (text += line) })],
  });
  const [header, first, second, end] = text.split('\n');
  expect(header).toBe('epoch,loss,accuracy');
  expect(first).toBe(`0,${history['loss']![0]},${history['accuracy']![0]}`);
  expect(second!.startsWith('1,')).toBe(true);
  expect(end).toBe('');
});

it('progress tells of steps, epochs and the end, as records and as lines', async () => {
  const events: ProgressEvent[] = [];
  const lines: [string, boolean][] = [];
  const model = await linear();
  await model.fit(data, {
    epochs: 2,
    batchSize: 8,
    validation: data,
    callbacks: [
      progress({
        onEvent: (event) => events.push(event),
        onLine: (...line) => lines.push(line),
        every: 0,
        ascii: true,
      }),
    ],
  });
  expect(events.map(({ type }) => type)).toEqual([
    'start',
    'step',
    'step',
    'step',
    'epoch',
    'step',
    'step',
    'step',
    'epoch',
    'end',
  ]);
  expect(events[2]).toMatchObject({ type: 'step', epoch: 1, epochs: 2, step: 2, steps: 3 });
  expect(events[4]).toMatchObject({ type: 'epoch', epoch: 1, best: true, unit: 'img' });
  // The running mean after the last batch is the epoch's.
  const [last, epoch] = [events[3], events[4]] as { metrics: Record<string, number> }[];
  expect(last!.metrics['loss']).toBeCloseTo(epoch!.metrics['loss']!, 12);
  expect(lines.filter(([, live]) => !live)).toHaveLength(2);
  expect(lines[3]![0]).toMatch(/^ {2}1\/2 .* img\/s {2}loss \d\.\d{4} {2}acc \d\.\d{4} \| val_loss .* \*$/);
});

describe('values that are not finite', () => {
  it('end training with the step, the last finite loss and the tensor', async () => {
    const model = sequential([dense({ units: 4, inputShape: [2] }), dense({ units: 1 })], { seed: 1 });
    await model.compile({ optimizer: sgd({ learningRate: 1e20 }), loss: 'mse', device: createCpuDevice() });
    const end: unknown[] = [];
    const fitting = model.fit(
      { x: data.x.data, y: Float32Array.from(data.y.data) },
      { epochs: 50, batchSize: 24, callbacks: [{ onTrainEnd: ({ error }) => void end.push(error) }], trackEvery: 4 },
    );
    const error = (await fitting.catch((caught: unknown) => caught)) as NonFiniteError;
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error.message).toMatch(
      /^fit: step \d+: .* \(last finite [\d.e+]+ at step \d+\); first non-finite tensor: dense_\d\/\w+ gradient\. Try a smaller learningRate$/,
    );
    expect(error.tensor).toBe('dense_1/kernel gradient');
    expect(error.step).toBe(1 + Number(/at step (\d+)\)/.exec(error.message)![1]));
    expect(end).toEqual([error]);
    // Weights keep their last finite values.
    for (const { data: values } of (await model.getWeights()).values())
      expect(values.every(Number.isFinite)).toBe(true);
  });

  it('do not spoil the next fit', async () => {
    const model = sequential([dense({ units: 1, inputShape: [2] })]);
    const big = { x: new Float32Array(4).fill(1), y: new Float32Array(2).fill(1) };
    let rate = Infinity;
    await model.compile({
      optimizer: adam({ learningRate: (step) => (step < 1 ? 1e38 : rate) }),
      loss: 'mse',
      device: createCpuDevice(),
    });
    await expect(model.fit(big, { epochs: 3 })).rejects.toThrow(NonFiniteError);
    rate = 0.1;
    model.setWeights(
      new Map([
        ['dense_1/kernel', { shape: [2, 1], data: Float32Array.of(0, 0) }],
        ['dense_1/bias', { shape: [1], data: Float32Array.of(0) }],
      ]),
    );
    expect((await model.fit(big, { epochs: 2 })).epochs).toBe(2);
  });
});

describe('reduceLROnPlateau', () => {
  it('multiplies the learning rate after epochs without improvement, and not below its least', async () => {
    const model = await linear(0.1);
    const losses = [3, 2, 2, 2, 2, 1, 1, 1, 1, 1];
    const told: string[] = [];
    const rates: number[] = [];
    const plateau = reduceLROnPlateau({
      monitor: 'loss',
      factor: 0.5,
      patience: 2,
      cooldown: 1,
      minLearningRate: 0.02,
      onReduce: (rate, epoch) => void told.push(`${epoch}: ${rate}`),
    });
    await model.fit(data, {
      epochs: losses.length,
      callbacks: [
        {
          ...plateau,
          onEpochEnd: (epoch) => plateau.onEpochEnd!(epoch, { loss: losses[epoch]! }),
        },
        { onEpochEnd: () => void rates.push(model.optimizer!.learningRate ?? 0.1) },
      ],
    });
    // After two epochs at 2 (epochs 2 and 3); epoch 4 cools down; after two at 1 (6 and 7); 8 cools down.
    expect(told).toEqual(['3: 0.05', '7: 0.025']);
    expect(rates).toEqual([0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025]);
  });

  it.each([
    [{ factor: 1 }, 'factor is 1, expected above 0 and below 1'],
    [{ patience: -1 }, 'patience is -1'],
    [{ mode: 'up' as never }, "mode is 'up'"],
    [{ factr: 1 } as never, "did you mean 'factor'"],
  ])('refuses %j', (options, message) => {
    expect(() => reduceLROnPlateau(options)).toThrow(message);
  });
});

describe('terminateOnNaN', () => {
  it('ends training as stopped where fit would reject, and earlyStopping puts the best weights back', async () => {
    const model = await linear(1e30);
    await expect(model.fit(data, { epochs: 9 })).rejects.toThrow(NonFiniteError);
    const tame = await linear(0.1);
    let best: unknown;
    const result = await tame.fit(data, {
      epochs: 5,
      batchSize: 4, // the loss that is no number is in the epoch after the best one
      callbacks: [
        terminateOnNaN(),
        earlyStopping({ monitor: 'loss', patience: 9 }),
        {
          async onEpochEnd(epoch) {
            if (epoch !== 1) return;
            best = await tame.getWeights();
            tame.setLearningRate(1e30);
          },
        },
      ],
    });
    expect(result.stopped).toMatch(/^step \d+: .*not finite|^step \d+: loss is/);
    expect(await tame.getWeights()).toEqual(best);
  });
});

describe('setLearningRate', () => {
  it('holds from the next step on while training runs, and null gives the schedule back', async () => {
    const model = await linear(0.1);
    let frozen: unknown;
    await model.fit(data, {
      epochs: 3,
      callbacks: [
        {
          async onEpochEnd(epoch) {
            const weights = await model.getWeights();
            if (epoch === 0) model.setLearningRate(0);
            if (epoch === 1) model.setLearningRate(null);
            if (epoch === 0) frozen = weights;
            else if (epoch === 1) expect(weights).toEqual(frozen);
            else expect(weights).not.toEqual(frozen);
          },
        },
      ],
    });
    expect.assertions(4);
    expect(() => model.setLearningRate(-1)).toThrow(OptionError);
    expect(() => model.setLearningRate(NaN)).toThrow('setLearningRate: got NaN');
  });
});
