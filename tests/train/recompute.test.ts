// Activation recomputation: the same numbers from less memory, which grows as the root of the depth.

import { describe, expect, test } from 'vitest';
import * as r from '../../src/index.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { add, dropout, matmul, mean, square, tanh } from '../../src/ops/index.ts';

const {
  adam,
  batchNormalization,
  blobs,
  createCpuDevice,
  dense,
  dropout: dropoutLayer,
  parameters,
  program,
  sequential,
} = r;

const weightsFor = (depth: number, width: number) =>
  parameters(
    Object.fromEntries(
      Array.from({ length: depth }, (_, i) => [
        `w${i}`,
        { shape: [width, width], initializer: r.glorotUniform({ seed: i }) },
      ]),
    ),
    { seed: 1 },
  );

/** A stack of layers of one width with dropout in each. */
async function stack(depth: number, options: Partial<r.ProgramOptions>, mark: boolean | number = false, plan = false) {
  const width = 8;
  const batch = 64;
  const weights = weightsFor(depth, width);
  const device = plan ? { ...createCpuDevice(), target: baseTarget } : createCpuDevice();
  const every = typeof mark === 'number' ? mark : 1;
  return program(
    { x: [batch, width] },
    ({ x }, { random, recompute }) => {
      let h = x!;
      for (let i = 0; i < depth; i += every) {
        const block = () => {
          let y = h;
          for (let j = i; j < Math.min(depth, i + every); j++) {
            y = dropout(tanh(add(matmul(y, weights.get(`w${j}`)), 0.1)), 0.2, random, j);
          }
          return y;
        };
        h = mark === false ? block() : recompute(block);
      }
      return { loss: mean(square(h)) };
    },
    { parameters: weights, optimizer: adam({ learningRate: 0.01 }), device, seed: 3, ...options },
  );
}

async function losses(made: r.Program, steps: number): Promise<number[]> {
  await made.prepare();
  const x = r.randomNormal(64 * 8, 5, 0, 0);
  const found: number[] = [];
  for (let i = 0; i < steps; i++) {
    made.run({ x });
    found.push((await made.read('loss'))[0]!);
  }
  return found;
}

describe('recomputation', () => {
  test.each<[string, Partial<r.ProgramOptions>, boolean | number]>([
    ['in segments that are found', { recompute: true }, false],
    ['in segments that are marked', {}, 4],
    ['of every layer', {}, true],
  ])('%s gives the same losses, bit for bit', async (_, options, mark) => {
    const plain = await losses(await stack(16, {}), 8);
    expect(await losses(await stack(16, options, mark), 8)).toEqual(plain);
    expect(new Set(plain).size).toBe(8);
  });

  test('does work twice, but for the last segment', async () => {
    const count = async (options: Partial<r.ProgramOptions>, mark: boolean | number = false) => {
      const { steps } = (await stack(16, options, mark)).plan;
      return steps.filter(({ call }) => call.op.name === 'dropout').length;
    };
    const plain = await count({});
    expect(plain).toBe(32); // forward and backward
    const even = await count({ recompute: true });
    expect(even).toBeGreaterThan(plain);
    expect(even).toBeLessThan(plain + 16);
    expect(await count({}, 4)).toBeGreaterThan(plain);
  });

  test.each([false, true])('memory grows as the root of the depth (planned for a GPU: %s)', async (gpu) => {
    const bytes = async (depth: number, recompute: boolean) =>
      (await stack(depth, { recompute }, false, gpu)).plan.bytes.slots;
    const depths = [4, 16, 64];
    const plain = await Promise.all(depths.map((depth) => bytes(depth, false)));
    const less = await Promise.all(depths.map((depth) => bytes(depth, true)));
    const ratio = (list: readonly number[], i: number) => list[i + 1]! / list[i]!;
    // Four times the depth: some four times the memory without, twice with.
    expect(ratio(plain, 1)).toBeGreaterThan(3);
    expect(ratio(less, 0)).toBeLessThan(2.6);
    expect(ratio(less, 1)).toBeLessThan(2.4);
    expect(less[1]!).toBeLessThan(0.65 * plain[1]!);
    expect(less[2]!).toBeLessThan(0.4 * plain[2]!);
  });

  test('options that cannot be are refused', async () => {
    await expect(stack(2, { recompute: 'yes' as never })).rejects.toThrow(
      'program: recompute is yes, expected true or false',
    );
    await expect(stack(2, { recompute: true }, true)).rejects.toThrow('the program finds the segments itself');
    const x = { x: [2, 2] };
    const nested = program(
      x,
      (inputs, { recompute }) => ({ loss: recompute(() => recompute(() => mean(inputs['x']!))) }),
      { optimizer: adam(), parameters: weightsFor(1, 2), device: createCpuDevice() },
    );
    await expect(nested).rejects.toThrow('recompute: called within another recompute');
    const untrained = program(x, (inputs, { recompute }) => ({ y: recompute(() => tanh(inputs['x']!)) }), {
      device: createCpuDevice(),
    });
    await expect(untrained).rejects.toThrow('recompute needs an optimizer');
  });
});

describe('models', () => {
  const build = () =>
    sequential(
      [
        dense({ units: 16, activation: 'relu', inputShape: [2] }),
        batchNormalization(),
        dropoutLayer({ rate: 0.25 }),
        dense({ units: 16, activation: 'tanh' }),
        batchNormalization(),
        dense({ units: 16, activation: 'relu' }),
        dense({ units: 3 }),
      ],
      { seed: 2 },
    );

  async function train(recompute: boolean | readonly string[]) {
    const model = build();
    const loss = 'sparseCategoricalCrossentropy';
    await model.compile({ optimizer: 'adam', loss, device: createCpuDevice(), recompute });
    const { history } = await model.fit(blobs({ size: 120, seed: 4 }), { epochs: 3, batchSize: 32 });
    const weights = await model.getWeights();
    return { losses: history['loss']!, weights: [...weights].map(([name, { data }]) => [name, [...data]]) };
  }

  test.each<[string, boolean | readonly string[]]>([
    ['true', true],
    ['layers by name', ['dense_1', 'dropout_1', 'dense_2', 'batchnorm_2', 'batchnorm_1']],
  ])('train to the same losses, weights and running statistics with %s', async (_, recompute) => {
    expect(await train(recompute)).toEqual(await train(false));
  });

  test('say how much less they take', async () => {
    const activations = async (recompute: boolean) => {
      const layers = Array.from({ length: 16 }, (_, i) =>
        dense({ units: 32, activation: 'tanh', ...(i === 0 ? { inputShape: [32] } : {}) }),
      );
      const model = sequential([...layers, dense({ units: 1 })]);
      await model.compile({ optimizer: 'sgd', loss: 'mse', device: createCpuDevice(), recompute });
      return (await model.plan({ batchSize: 256 })).activations;
    };
    expect(await activations(true)).toBeLessThan(0.7 * (await activations(false)));
  });

  test('refuse layers that are not there', async () => {
    const options = { optimizer: 'adam', loss: 'mse', device: createCpuDevice() } as const;
    await expect(build().compile({ ...options, recompute: ['dense1'] })).rejects.toThrow(
      "compile: recompute names no layer 'dense1', did you mean 'dense_1'?",
    );
    await expect(build().compile({ ...options, recompute: 'all' as never })).rejects.toThrow(
      'compile: recompute is all, expected true, false or names of layers',
    );
  });
});
