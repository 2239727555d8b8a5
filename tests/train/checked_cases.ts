// A network of four layers into which something that is not finite is put before step 12, in Node and in Chrome.

import { expect } from 'vitest';

import {
  dense,
  type Device,
  dropout,
  mixedPrecision,
  type Model,
  NonFiniteError,
  type PrecisionOption,
  sequential,
  sgd,
} from '../../src/index.ts';

/** Of `units` in its second layer; in mixed precision numbers are kept as halves where they are a multiple of four. */
export async function checkedModel(
  device: Device,
  checked = true,
  precision: PrecisionOption = 'f32',
  units = 5,
): Promise<Model> {
  const model = sequential(
    [
      dense({ units: 6, activation: 'tanh', inputShape: [3], name: 'first' }),
      dense({ units, activation: 'relu', name: 'second' }),
      dense({ units: 4, name: 'third' }),
      dropout({ rate: 0.2, name: 'fourth' }),
      dense({ units: 1, name: 'last' }),
    ],
    { seed: 3 },
  );
  await model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError', device, checked, precision });
  return model;
}

const x = Float32Array.from({ length: 120 }, (_, i) => Math.sin(i));
const y = Float32Array.from({ length: 40 }, (_, i) => Math.cos(i));
export const checkedData = { x, y };

/** Two epochs of ten steps; `inject` is called before step 12. */
export async function fitChecked(model: Model, inject: (model: Model) => void | Promise<void>): Promise<void> {
  await model.fit(
    { x, y },
    {
      epochs: 2,
      batchSize: 4,
      callbacks: [
        {
          async onStepEnd({ step }) {
            if (step === 11) await inject(model);
          },
        },
      ],
    },
  );
}

export async function put(model: Model, name: string, at: number, value: number): Promise<void> {
  const weights = await model.getWeights();
  const { shape, data } = weights.get(name)!;
  model.setWeights(new Map([...weights, [name, { shape, data: data.map((old, i) => (i === at ? value : old)) }]]));
}

export const injected: Readonly<
  Record<
    string,
    {
      readonly inject: (model: Model) => Promise<void>;
      readonly expected: { step: number; tensor: string; layer: string | null; op: string | null };
    }
  >
> = {
  'an infinite weight in layer 3': {
    inject: (model) => put(model, 'third/kernel', 7, Infinity),
    expected: { step: 12, tensor: 'third/kernel', layer: 'third', op: null },
  },
  'a weight that is no number in layer 2': {
    inject: (model) => put(model, 'second/bias', 1, NaN),
    expected: { step: 12, tensor: 'second/bias', layer: 'second', op: null },
  },
  'what becomes infinite in layer 3': {
    // Two finite weights whose sum of products is beyond f32.
    async inject(model) {
      await put(model, 'second/bias', 0, 1e20);
      await put(model, 'third/kernel', 0, 3e38);
    },
    expected: { step: 12, tensor: '[4,4]', layer: 'third', op: 'matmul' },
  },
};

const failureOf = async (work: Promise<unknown>): Promise<NonFiniteError> => {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(NonFiniteError);
  return error as NonFiniteError;
};

/** What becomes infinite where no step trains is told too, in these words; `inspect` shows it. */
export async function failuresOfUses(device: Device): Promise<string[]> {
  const told: string[] = [];
  const model = await checkedModel(device);
  const plain = await checkedModel(device, false);
  const { loss } = await model.evaluate(checkedData, { batchSize: 16 });
  expect(loss).toBeCloseTo((await plain.evaluate(checkedData, { batchSize: 16 }))['loss']!, 5);
  const predicted = await model.predict(checkedData.x);
  (await plain.predict(checkedData.x)).data.forEach((value, i) => expect(predicted.data[i]).toBeCloseTo(value, 5));

  await put(model, 'second/bias', 0, 1e20);
  await put(model, 'third/kernel', 0, 3e38);
  const origin = { layer: 'third', op: 'matmul' };
  const uses: Record<string, Promise<unknown>> = {
    'evaluate: examples 0 to 15': model.evaluate(checkedData, { batchSize: 16 }),
    'predict: examples 0 to 31': model.predict(checkedData.x),
  };
  for (const [where, work] of Object.entries(uses)) {
    const error = await failureOf(work);
    expect(error).toMatchObject({ step: 0, origin });
    expect(error.message).toMatch(new RegExp(`^${where}: matmul of layer 'third' gave`));
    told.push(error.message);
  }
  const { third } = await model.inspect(checkedData.x, ['third']);
  expect(third!.data.some((value) => !Number.isFinite(value))).toBe(true);
  model.dispose();

  const validated = await checkedModel(device);
  const large = { x: checkedData.x.map(() => 3e38), y };
  const error = await failureOf(validated.fit(checkedData, { validation: large }));
  expect(error).toMatchObject({ step: 2, origin: { layer: 'first', op: 'matmul' } });
  expect(error.message).toMatch(/^fit: validation: examples 0 to 31: /);
  for (const one of [plain, validated]) one.dispose();
  return [...told, error.message];
}

/** In mixed precision: what halves cannot hold is told where it was, and infinite gradients only where no smaller scale helps. */
export async function failuresInMixed(device: Device): Promise<string[]> {
  const model = await checkedModel(device, true, 'mixed', 8);
  const error = await failureOf(
    fitChecked(model, async () => {
      await put(model, 'second/bias', 0, 1000);
      await put(model, 'third/kernel', 0, 1000);
    }),
  );
  expect(error).toMatchObject({ step: 12, tensor: '[4,4]', origin: { layer: 'third', op: 'matmul' } });
  expect(error.message).toContain('in mixed precision what exceeds 65504 is infinite');
  const prediction = await failureOf(model.predict(checkedData.x));
  expect(prediction.origin).toMatchObject({ layer: 'third', op: 'matmul' });

  const scaled = await checkedModel(device, true, mixedPrecision({ initialScale: 2 ** 30 }), 8);
  await fitChecked(scaled, () => {});
  const { skippedSteps, appliedSteps } = (await scaled.lossScale())!;
  expect(skippedSteps).toBeGreaterThan(3);
  expect(appliedSteps).toBe(20 - skippedSteps);

  const stuck = await checkedModel(device, true, mixedPrecision({ initialScale: 2 ** 30, smallestScale: 2 ** 30 }), 8);
  const gradient = await failureOf(fitChecked(stuck, () => {}));
  expect(gradient).toMatchObject({ step: 0, origin: { layer: 'last', op: 'matmul' } });
  for (const one of [model, scaled, stuck]) one.dispose();
  return [error.message, prediction.message, gradient.message];
}
