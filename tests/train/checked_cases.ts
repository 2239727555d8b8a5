// A network of four layers into which something that is not finite is put before step 12, in Node and in Chrome.

import { dense, type Device, dropout, type Model, sequential, sgd } from '../../src/index.ts';

export async function checkedModel(device: Device, checked = true): Promise<Model> {
  const model = sequential(
    [
      dense({ units: 6, activation: 'tanh', inputShape: [3], name: 'first' }),
      dense({ units: 5, activation: 'relu', name: 'second' }),
      dense({ units: 4, name: 'third' }),
      dropout({ rate: 0.2, name: 'fourth' }),
      dense({ units: 1, name: 'last' }),
    ],
    { seed: 3 },
  );
  await model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError', device, checked });
  return model;
}

/** Two epochs of ten steps; `inject` is called before step 12. */
export async function fitChecked(model: Model, inject: (model: Model) => void | Promise<void>): Promise<void> {
  const x = Float32Array.from({ length: 120 }, (_, i) => Math.sin(i));
  const y = Float32Array.from({ length: 40 }, (_, i) => Math.cos(i));
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

async function put(model: Model, name: string, at: number, value: number): Promise<void> {
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
