// Metrics against plain definitions in double precision, on random cases: shared by the tests in Node and in Chrome.

import { expect } from 'vitest';

import { randomNormal, randomUniform } from '../../src/core/random.ts';
import type { Shape } from '../../src/core/shape.ts';
import { resolveLoss, type LossName } from '../../src/nn/losses.ts';
import { psnr, ssim, topKError } from '../../src/nn/metric_functions.ts';
import { resolveMetric } from '../../src/nn/metrics.ts';
import { add } from '../../src/ops/binary.ts';
import { cast } from '../../src/ops/cast.ts';
import { sum } from '../../src/ops/reduce.ts';
import type { Device } from '../../src/plan/device.ts';
import type { Head } from '../../src/train/core.ts';
import type { AnyMetric } from '../../src/train/heads.ts';
import { program } from '../../src/train/program.ts';
import { createTallies } from '../../src/train/tallies.ts';

/** Of `classes` scores for each example. */
export interface Case {
  readonly examples: number;
  readonly classes: number;
  readonly scores: Float32Array;
  readonly labels: Int32Array;
}

export function randomCase(index: number, examples: number, classes: number): Case {
  const drawn = randomNormal(examples * classes, 7, index);
  // Rounded scores tie now and then.
  const scores = index % 3 === 0 ? drawn.map((x) => Math.round(2 * x) / 2) : drawn;
  const labels = Int32Array.from(randomUniform(examples, 8, index), (u) => Math.floor(u * u * classes));
  return { examples, classes, scores: Float32Array.from(scores), labels };
}

export const rowOf = ({ scores, classes }: Case, i: number) => scores.subarray(i * classes, (i + 1) * classes);

function best(row: ArrayLike<number>): number {
  let at = 0;
  for (let c = 1; c < row.length; c++) if (row[c]! > row[at]!) at = c;
  return at;
}

function softmax(row: ArrayLike<number>): number[] {
  const top = Math.max(...Array.from(row));
  const powers = Array.from(row, (x) => Math.exp(x - top));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / total);
}

/**
 * The share of pairs of a yes and a no that are in order, pair by pair: the least and the largest value that scores within
 * 1e-6 of each other, which rounding may order either way or tie, allow.
 */
export function aucByPairs(scores: readonly number[], truths: readonly boolean[]): [number, number] {
  let [least, most, pairs] = [0, 0, 0];
  scores.forEach((yes, i) => {
    if (!truths[i]) return;
    scores.forEach((no, j) => {
      if (truths[j]) return;
      pairs++;
      if (yes > no + 1e-6) least++;
      if (yes > no - 1e-6) most++;
    });
  });
  return [least / pairs, most / pairs];
}

/** Macro-averaged over the classes that occur, of softmax's probabilities. */
export function expectedAuc(given: Case): [number, number] {
  const rows = Array.from({ length: given.examples }, (_, i) => softmax(rowOf(given, i)));
  const areas = Array.from({ length: given.classes }, (_, c) =>
    aucByPairs(
      rows.map((row) => row[c]!),
      Array.from(given.labels, (label) => label === c),
    ),
  ).filter(([least]) => !Number.isNaN(least));
  const mean = (side: 0 | 1) => areas.reduce((sum, area) => sum + area[side], 0) / areas.length;
  return [mean(0), mean(1)];
}

export function expectedOf(given: Case, k: number): Record<string, number> {
  const { examples, classes, labels } = given;
  const predicted = Array.from({ length: examples }, (_, i) => best(rowOf(given, i)));
  const macro = (rate: (tp: number, fp: number, fn: number, tn: number) => number): number => {
    const rates: number[] = [];
    for (let c = 0; c < classes; c++) {
      let [tp, fp, fn, tn] = [0, 0, 0, 0];
      predicted.forEach((p, i) => {
        if (p === c && labels[i] === c) tp++;
        else if (p === c) fp++;
        else if (labels[i] === c) fn++;
        else tn++;
      });
      if (tp + fp + fn > 0) rates.push(rate(tp, fp, fn, tn) || 0);
    }
    return rates.reduce((a, b) => a + b) / rates.length;
  };
  return {
    accuracy: predicted.filter((p, i) => p === labels[i]).length / examples,
    topKError:
      Array.from(labels).filter((label, i) => {
        const row = rowOf(given, i);
        const above = Array.from(row).filter((x, c) => x > row[label]! || (x === row[label]! && c < label)).length;
        return above >= k;
      }).length / examples,
    precision: macro((tp, fp) => tp / (tp + fp)),
    recall: macro((tp, _, fn) => tp / (tp + fn)),
    specificity: macro((_, fp, __, tn) => tn / (tn + fp)),
    f1: macro((tp, fp, fn) => (2 * tp) / (2 * tp + fp + fn)),
    iou: macro((tp, fp, fn) => tp / (tp + fp + fn)),
  };
}

/** Images [count, size, size, channels] and others near to them. */
export function randomImages(index: number, shape: readonly [number, number, number, number]) {
  const size = shape.reduce((a, b) => a * b);
  const target = Float32Array.from(randomUniform(size, 9, index));
  const noise = randomNormal(size, 10, index);
  const amount = 0.01 + 0.3 * randomUniform(1, 11, index)[0]!;
  return { shape, target, prediction: target.map((x, i) => x + amount * noise[i]!) };
}

export function expectedImages({ shape, target, prediction }: ReturnType<typeof randomImages>): Record<string, number> {
  const [count, height, width, channels] = shape;
  const size = height * width * channels;
  let [mse, mae, psnr, ssim] = [0, 0, 0, 0];
  const weights = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / 4.5));
  const total = weights.reduce((a, b) => a + b) ** 2;
  for (let n = 0; n < count; n++) {
    const at = (image: Float32Array, i: number, j: number, c: number) =>
      image[((n * height + i) * width + j) * channels + c]!;
    let squares = 0;
    for (let i = n * size; i < (n + 1) * size; i++) {
      squares += (prediction[i]! - target[i]!) ** 2;
      mae += Math.abs(prediction[i]! - target[i]!) / size;
    }
    mse += squares / size;
    psnr += 10 * Math.log10(size / squares);
    let likeness = 0;
    for (let i = 0; i + 11 <= height; i++) {
      for (let j = 0; j + 11 <= width; j++) {
        for (let c = 0; c < channels; c++) {
          let [mx, my, xx, yy, xy] = [0, 0, 0, 0, 0];
          for (let a = 0; a < 11; a++) {
            for (let b = 0; b < 11; b++) {
              const w = (weights[a]! * weights[b]!) / total;
              const [x, y] = [at(prediction, i + a, j + b, c), at(target, i + a, j + b, c)];
              mx += w * x;
              my += w * y;
              xx += w * x * x;
              yy += w * y * y;
              xy += w * x * y;
            }
          }
          likeness +=
            ((2 * mx * my + 1e-4) * (2 * (xy - mx * my) + 9e-4)) /
            ((mx * mx + my * my + 1e-4) * (xx - mx * mx + (yy - my * my) + 9e-4));
        }
      }
    }
    ssim += likeness / ((height - 10) * (width - 10) * channels);
  }
  return { meanSquaredError: mse / count, meanAbsoluteError: mae / count, psnr: psnr / count, ssim: ssim / count };
}

/** Runs `metrics` over `examples` in batches on `device`, again and again, and gives what each is every time. */
export async function metricRunner(
  device: Device,
  loss: LossName,
  metrics: readonly AnyMetric[],
  prediction: Shape,
  target: { readonly shape: Shape; readonly dtype: 'i32' | 'f32' },
  batch: number,
) {
  const [examples] = prediction as [number, ...number[]];
  const resolved = metrics.map((metric) => resolveMetric('test', metric, resolveLoss('test', loss)));
  const head: Head = {
    output: { name: 'out', shape: prediction.slice(1), at: 0 },
    loss: resolveLoss('test', loss),
    weight: 1,
    metrics: resolved.filter((metric) => 'sum' in metric),
    epochMetrics: resolved.filter((metric) => 'tally' in metric),
    lossKey: null,
  };
  const tallies = createTallies(device, [head], examples);
  const made = await program(
    {
      p: [batch, ...prediction.slice(1)],
      t: { shape: [batch, ...target.shape.slice(1)], dtype: target.dtype },
      cursor: { shape: [1], dtype: 'u32' },
    },
    ({ p, t, cursor }, { perform }) => {
      tallies.trace({ values: [p!], masks: [null] }, [t!], cursor!).forEach(perform);
      // Inputs that no metric reads would be refused.
      return {
        cursor: add(sum(p!), cast(cursor!, 'f32')),
        ...Object.fromEntries(head.metrics.map((m) => [m.name, m.sum(p!, t!)])),
      };
    },
    { device },
  );
  await made.prepare();
  const rows = <T extends Float32Array | Int32Array>(values: T, start: number): T => {
    const width = values.length / examples;
    return values.slice(start * width, (start + batch) * width) as T;
  };
  return async (p: Float32Array, t: Float32Array | Int32Array): Promise<Record<string, number>> => {
    tallies.clear();
    const means: Record<string, number> = {};
    for (let start = 0; start < examples; start += batch) {
      made.run({ p: rows(p, start), t: rows(t, start), cursor: Uint32Array.of(start) });
      const sums = await Promise.all(head.metrics.map(({ name }) => made.read(name)));
      head.metrics.forEach(({ name }, i) => (means[name] = (means[name] ?? 0) + sums[i]![0]! / examples));
    }
    return { ...means, ...(await tallies.results()) };
  };
}

/** Checks every metric of classes, of yes or no and of images on `count` random cases each; gives how many cases those were. */
export async function checkMetrics(device: Device, count: number): Promise<number> {
  const k = 2;
  const named = ['accuracy', 'precision', 'recall', 'specificity', 'f1', 'iou', 'auc'] as const;
  const [examples, classes] = [21, 5];
  const measure = await metricRunner(
    device,
    'sparseCategoricalCrossentropy',
    [...named, topKError({ k, name: 'topKError' })],
    [examples, classes],
    { shape: [examples], dtype: 'i32' },
    7,
  );
  for (let index = 0; index < count; index++) {
    const given = randomCase(index, examples, classes);
    const { auc: area, ...found } = await measure(given.scores, given.labels);
    const expected = expectedOf(given, k);
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) expect(found[name], name).toBeCloseTo(value, 6);
    const [least, most] = expectedAuc(given);
    expect(area).toBeGreaterThanOrEqual(least - 1e-12);
    expect(area).toBeLessThanOrEqual(most + 1e-12);
  }

  // Single answers of yes or no.
  const yesOrNo = await metricRunner(
    device,
    'binaryCrossentropy',
    named,
    [examples, 1],
    { shape: [examples, 1], dtype: 'f32' },
    7,
  );
  for (let index = 0; index < count; index++) {
    const scores = randomCase(index, examples, 1).scores;
    const truths = Array.from(randomUniform(examples, 12, index), (u) => u < 0.4);
    const found = await yesOrNo(scores, Float32Array.from(truths, Number));
    const of = (predicted: boolean, actual: boolean) =>
      truths.filter((truth, i) => truth === actual && scores[i]! > 0 === predicted).length;
    const [tp, fp, fn, tn] = [of(true, true), of(true, false), of(false, true), of(false, false)];
    const expected = {
      accuracy: (tp + tn) / examples,
      precision: tp / (tp + fp) || 0,
      recall: tp / (tp + fn) || 0,
      specificity: tn / (tn + fp) || 0,
      f1: (2 * tp) / (2 * tp + fp + fn) || 0,
      iou: tp / (tp + fp + fn) || 0,
    };
    for (const [name, value] of Object.entries(expected)) expect(found[name], name).toBeCloseTo(value, 6);
    const [least, most] = aucByPairs(Array.from(scores), truths);
    if (Number.isNaN(least)) expect(found['auc']).toBeNaN();
    else expect(Math.abs(found['auc']! - (least + most) / 2)).toBeLessThanOrEqual((most - least) / 2 + 1e-12);
  }

  const shape = [2, 13, 12, 2] as const;
  const images = await metricRunner(device, 'mse', ['mse', 'mae', psnr(), ssim()], shape, { shape, dtype: 'f32' }, 1);
  for (let index = 0; index < count; index++) {
    const given = randomImages(index, shape);
    const found = await images(given.prediction, given.target);
    const expected = expectedImages(given);
    // Sums of at most 312 terms in f32, whose rounding reaches 20·u: 2e-6; variances lose what their mean's square takes.
    for (const [name, value] of Object.entries(expected)) {
      expect(Math.abs(found[name]! / value - 1), name).toBeLessThan(name === 'ssim' ? 1e-4 : 1e-5);
    }
  }
  return 3 * count;
}
