// Training steps whose batches are picked from a data set on the device: what an image costs with and without augmentation,
// timed in turns so that their ratio holds on a noisy machine.

import {
  adam as adamOptimizer,
  augmentation,
  brightness,
  contrast,
  type Device,
  flip,
  noise,
  ops,
  parameters,
  program,
  rotation,
  shear,
  translation,
  zoom,
} from '../../../src/index.ts';
import { notChecked } from './check.ts';
import { rates, type MeasureOptions } from './measure.ts';
import { adam, firstWeights, flopsOf, learningRate, networks, weightShapes } from './networks.ts';
import type { Part, Row } from './result.ts';
import { sampleInTurns, type Timed } from './sampling.ts';
import { generator, median, summarize } from './statistics.ts';
import { partsOf } from './steps.ts';
import { forward } from './training.ts';

const { gatherBatch, mean, sparseSoftmaxCrossEntropy } = ops;

const batch = 64;
const examples = 4096;
const network = networks.cnn;

/** Movements of every kind, colours, and noise. */
const moved = [
  rotation({ degrees: 15 }),
  translation({ x: 0.1, y: 0.1 }),
  zoom({ factor: 0.1 }),
  shear({ x: 0.1 }),
  flip(),
];
const coloured = [...moved, brightness({ delta: 0.1 }), contrast({ factor: 0.2 })];
const variants = [
  ['as they are', null],
  ['moved', augmentation(moved)],
  ['moved and coloured', augmentation(coloured)],
  ['moved, coloured, with noise', augmentation([...coloured, noise({ stddev: 0.05 })])],
] as const;

/** A step that picks its batch, `augment`ed or not, from images on the device. */
async function trainingOn(device: Device, augment: (typeof variants)[number][1]) {
  const random = generator(7);
  const values = firstWeights(network);
  const weights = parameters(
    Object.fromEntries(
      Object.entries(weightShapes(network)).map(([key, shape]) => [
        key,
        { shape, initializer: { name: 'given', values: () => values[key]! } },
      ]),
    ),
  );
  const images = Uint8Array.from({ length: examples * 784 }, () => Math.floor(256 * random()));
  const labels = Int32Array.from({ length: examples }, () => Math.floor(10 * random()));
  const order = Uint32Array.from({ length: examples }, (_, i) => (i * 2731) % examples);
  const types = {
    data: { shape: [examples, 28, 28, 1], dtype: 'u8' },
    targets: { shape: [examples], dtype: 'i32' },
    order: { shape: [examples], dtype: 'u32' },
    cursor: { shape: [1], dtype: 'u32' },
  } as const;
  const step = await program(
    { ...types, ...(augment ? { draws: { shape: [4], dtype: 'u32' } as const } : {}) },
    ({ data, targets, order: picked, cursor, draws }) => {
      const tensors = { data: data!, order: picked!, ids: picked!, cursor: cursor!, random: draws! };
      const x = augment
        ? augment.apply(tensors, { batch, scale: 1 / 255, offset: 0 })
        : gatherBatch(data!, picked!, cursor!, { batch, scale: 1 / 255 });
      const y = gatherBatch(targets!, picked!, cursor!, { batch });
      return { loss: mean(sparseSoftmaxCrossEntropy(forward(network, weights.get, x, batch), y)) };
    },
    { parameters: weights, optimizer: adamOptimizer({ learningRate, ...adam }), device },
  );
  await step.prepare();
  const resident = {
    data: await device.upload(images, types.data),
    targets: await device.upload(labels, types.targets),
  };
  let at = 0;
  const run = async (steps: number): Promise<void> => {
    for (let i = 0; i < steps; i++) {
      const wait = step.ready();
      if (wait) await wait;
      step.run({ cursor: Uint32Array.of(at) });
      at = (at + batch) % examples;
    }
    await step.flush();
  };
  step.run({
    ...resident,
    order,
    cursor: Uint32Array.of(0),
    ...(augment ? { draws: Uint32Array.of(1, 0, 0, 0) } : {}),
  });
  await step.flush();
  const loss = (await step.read('loss'))[0]!;
  return {
    program: step,
    run,
    loss,
    dispatches: step.stats().dispatches,
    dispose() {
      step.dispose();
      resident.data.dispose();
      resident.targets.dispose();
      device.releaseVariable(weights.arena);
    },
  };
}

async function timed(training: Awaited<ReturnType<typeof trainingOn>>): Promise<Timed> {
  const elapsed = async (repeats: number): Promise<number> => {
    const began = performance.now();
    await training.run(repeats);
    return (performance.now() - began) * 1e6;
  };
  const waits = [];
  for (let i = 0; i < 9; i++) waits.push(await elapsed(0));
  const waitNs = median(waits);
  return { sample: async (repeats) => Math.max(1, (await elapsed(repeats)) - waitNs) };
}

/** Nanoseconds of a step, and of those that put its images together. */
function busyOf(parts: readonly Part[]): { step: number; images: number } {
  const sum = (some: readonly Part[]) => some.reduce((total, { nanoseconds }) => total + nanoseconds, 0);
  const own = parts.filter(({ op, entry }) => op.startsWith('augment_') || entry.startsWith('gather_batch_bytes'));
  return { step: sum(parts), images: sum(own) };
}

/** A row for each way of augmenting; `counts` has images a second, and what it adds to the step without, as a share. */
export async function measureData(device: Device, options: MeasureOptions): Promise<Row[]> {
  const trainings: Awaited<ReturnType<typeof trainingOn>>[] = [];
  try {
    for (const [, augment] of variants) trainings.push(await trainingOn(device, augment));
    const works: Timed[] = [];
    for (const training of trainings) works.push(await timed(training));
    const samples = await sampleInTurns(works, {
      method: options.method,
      clock: { quantumNs: 5000 },
      signal: options.signal,
      ...(options.hidden ? { hidden: options.hidden } : {}),
    });
    const parts: Part[][] = [];
    for (const training of trainings) parts.push(await partsOf(training));
    const [plain] = parts.map(busyOf);
    return variants.map(([name], i): Row => {
      const { samplesNs } = samples[i]!;
      const summary = summarize(samplesNs);
      const flops = flopsOf(network) * batch;
      const { loss, dispatches } = trainings[i]!;
      const { images, step } = busyOf(parts[i]!);
      return {
        suite: 'data',
        work: `${network.name} step from data on the device, batch ${batch}: images ${name}`,
        subject: network.name,
        variant: name,
        preferred: true,
        shape: `${examples} images 28×28×1, batch ${batch}`,
        dtype: 'f32',
        flops,
        bytes: 0,
        ...samples[i]!,
        summary,
        compileMs: null,
        ...rates({ flops, bytes: 0 }, summary.median),
        roof: null,
        check: Number.isFinite(loss)
          ? notChecked('the kernels are checked as samples')
          : { ...notChecked(`the loss is ${loss}`), state: 'wrong' },
        counts: {
          imagesPerSecond: (batch * 1e9) / summary.median,
          nanosecondsPerImage: summary.median / batch,
          dispatches,
          // Of the GPU's own times, where it tells them: other work on the machine disturbs those least.
          augmentationShare:
            step > 0
              ? images / (step - images) - plain!.images / (plain!.step - plain!.images)
              : summary.median / summarize(samples[0]!.samplesNs).median - 1,
        },
        parts: parts[i]!,
        skipped: '',
      };
    });
  } finally {
    for (const training of trainings) training.dispose();
  }
}
