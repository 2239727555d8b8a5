// Activation layers: each is the function of its name, keeps its options through a file, and prelu learns its slope.

import { expect, test } from 'vitest';
import {
  activation,
  celu,
  createCpuDevice,
  dataset,
  evaluateGraph,
  hardSigmoid,
  hardSwish,
  hardTanh,
  inputTensor,
  logSigmoid,
  mish,
  ops,
  prelu,
  relu6,
  sequential,
  sgd,
  shrink,
  softsign,
  thresholdedRelu,
  type Layer,
  type Tensor,
} from '../../src/index.ts';
import { layerFromConfig } from '../../src/nn/layers/from_config.ts';

const layers: [string, Layer, (x: Tensor) => Tensor][] = [
  ['celu', celu({ alpha: 2 }), (x) => ops.celu(x, { alpha: 2 })],
  ['hardSigmoid', hardSigmoid(), (x) => ops.hardSigmoid(x)],
  ['hardSigmoid of Keras 2', hardSigmoid({ alpha: 0.2 }), (x) => ops.hardSigmoid(x, { alpha: 0.2 })],
  ['hardSwish', hardSwish(), ops.hardSwish],
  ['hardTanh', hardTanh({ max: 2 }), (x) => ops.hardTanh(x, { max: 2 })],
  ['logSigmoid', logSigmoid(), ops.logSigmoid],
  ['mish', mish(), ops.mish],
  ['relu6', relu6(), ops.relu6],
  ['shrink', shrink({ lambda: 1, bias: 0.5 }), (x) => ops.shrink(x, { lambda: 1, bias: 0.5 })],
  ['softsign', softsign(), ops.softsign],
  ['thresholdedRelu', thresholdedRelu({ theta: 0.5 }), (x) => ops.thresholdedRelu(x, { theta: 0.5 })],
  ['softsign by name', activation('softsign'), ops.softsign],
];

const inputs = inputTensor('x', [1, 8]);
const x = [-4, -1.5, -0.75, -0.1, 0, 0.3, 1.25, 7];

test.each(layers)('%s', (_, layer, f) => {
  // Such layers look at nothing but x.
  const applied = (of: Layer) => (of.apply as unknown as (x: Tensor) => Tensor)(inputs);
  const again = layerFromConfig(layer.type, 'again', layer.config);
  const [found, expected, loaded] = evaluateGraph(
    [applied(layer), f(inputs), applied(again)],
    new Map([[inputs, Float64Array.from(x)]]),
  );
  expect(found).toEqual(expected);
  expect(loaded).toEqual(expected);
  expect(new Set(found).size).toBeGreaterThan(1);
});

test('prelu has a slope for each element, shared along the axes named, and learns it', async () => {
  expect(prelu().build([4, 5, 3], 'prelu').weights['alpha']!.shape).toEqual([4, 5, 3]);
  const layer = prelu({ sharedAxes: [1, 2], inputShape: [4, 5, 3], alphaInitializer: 'ones' });
  expect(layer.build([4, 5, 3], 'prelu').weights['alpha']!.shape).toEqual([1, 1, 3]);
  expect(() => prelu({ sharedAxes: [3] }).build([4], 'prelu_1 (PReLU)')).toThrow(
    'sharedAxes has 3, but examples have 1 axes',
  );
  expect(() => prelu({ sharedAxes: [0] })).toThrow('sharedAxes is [0], expected axes from 1');

  const model = sequential([prelu({ inputShape: [2], sharedAxes: [1] })]);
  await model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'mse', device: createCpuDevice() });
  const inputs = { shape: [4, 2], data: Float32Array.of(-1, 2, -2, -1, 3, -3, 1, -1) };
  const y = { shape: [4, 2], data: inputs.data.map((value) => (value > 0 ? value : 0.25 * value)) };
  await model.fit(dataset({ x: inputs, y }), { epochs: 200, batchSize: 4 });
  const alpha = (await model.getWeights()).get('prelu_1/alpha')!;
  expect(alpha.shape).toEqual([1]);
  expect(alpha.data[0]).toBeCloseTo(0.25, 4);
});

test('messages', () => {
  expect(() => celu({ alpha: 0 })).toThrow('celu: alpha is 0, expected a number above 0');
  expect(() => hardTanh({ min: 2 })).toThrow('hardTanh: min is 2 and max 1, expected min to be at most max');
  expect(() => hardSigmoid({ alpha: NaN })).toThrow('hardSigmoid: alpha is NaN, expected a finite number');
  expect(() => shrink({ lambda: -1 })).toThrow('shrink: lambda is -1, expected a number of at least 0');
});
