// An embedding with positions and attention over it, as one plan on the GPU: results and every gradient agree with the
// reference in double precision, with fusion and shared memory as in training.

import { expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { layerContext } from '../../src/nn/layer.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { multiHeadAttention } from '../../src/nn/layers/multi_head_attention.ts';
import { positionalEncoding } from '../../src/nn/layers/positional_encoding.ts';
import { parameters } from '../../src/nn/parameters.ts';
import { mean, square } from '../../src/ops/index.ts';
import { makePlan } from '../../src/plan/build.ts';
import { sharedDevice } from './device.ts';

test.each([
  { N: 3, T: 7, D: 6, heads: 2, keyDim: 5, useCausalMask: false },
  { N: 2, T: 70, D: 16, heads: 4, keyDim: 4, useCausalMask: true },
  { N: 1, T: 1, D: 1, heads: 1, keyDim: 1, useCausalMask: true },
])('%o', async ({ N, T, D, heads, keyDim, useCausalMask }) => {
  const device = await sharedDevice();
  const layers = [
    embedding({ inputDim: 11, outputDim: D }),
    positionalEncoding(),
    multiHeadAttention({ numHeads: heads, keyDim, useCausalMask }),
  ];
  let shape: readonly number[] = [T];
  const built = layers.map((layer) => {
    const one = layer.build(shape, layer.type);
    shape = one.outputShape;
    return one;
  });
  const specs = built.flatMap(({ weights }, i) =>
    Object.entries(weights).map(([name, spec]) => [`${i}/${name}`, spec] as const),
  );
  const weights = parameters(Object.fromEntries(specs), { seed: 4 });
  const tokens = Int32Array.from({ length: N * T }, (_, i) => (i * 7 + 3) % 11);
  const x = inputTensor('tokens', [N, T], 'i32');
  const random = constantTensor(new Uint32Array(4), [4], 'u32');
  const y = layers.reduce(
    (value: Tensor, layer, i) =>
      layer.apply(value, (name) => weights.get(`${i}/${name}`), layerContext({ training: true, random, stream: i })),
    x,
  );
  const slopes = gradients(
    mean(square(y)),
    specs.map(([name]) => weights.get(name)),
  );
  const outputs = Object.fromEntries([y, ...slopes].map((tensor, i) => [i === 0 ? 'y' : specs[i - 1]![0], tensor]));
  const expected = evaluate([y, ...slopes], new Map([[x, tokens]]));
  const runner = await device.createRunner(makePlan(outputs, [], { target: device.target }));
  runner.run({ tokens });
  for (const [i, name] of Object.keys(outputs).entries()) {
    const actual = await runner.read(name);
    const wanted = [...expected[i]!];
    const scale = Math.max(...wanted.map(Math.abs));
    const error = Math.max(...wanted.map((value, at) => Math.abs(actual[at]! - value)));
    expect(error, `${name}, whose largest number is ${scale}`).toBeLessThanOrEqual(1e-5 * scale + 1e-7);
  }
  runner.dispose();
  device.releaseVariable(weights.arena);
});
