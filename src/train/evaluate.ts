// Measuring and using a model: loss and metrics over a data set, predictions, and any layer's output.

import { DataError, OptionError, ShapeError, StateError, checkOptions, suggestion } from '../core/errors.ts';
import { equal, format, sizeOf, type Shape } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { submit, type BatchProgram } from './batches.ts';
import { compiledOf, enqueue, networkOf, nextTurn, type Core, type HostTensor } from './core.ts';
import { isDataset, resolveData, resolveTargets, type Targets, type TrainingData } from './targets.ts';

export interface EvaluateOptions {
  /** 32 unless given (Keras); results do not depend on it beyond rounding. */
  readonly batchSize?: number;
}

const turnEvery = 50; // milliseconds; as in fit.ts

export async function evaluate(
  core: Core,
  data: TrainingData,
  options: EvaluateOptions = {},
): Promise<Record<string, number>> {
  const compiled = compiledOf(core, 'evaluate');
  const network = networkOf(core, 'evaluate');
  checkOptions('evaluate', options, ['batchSize']);
  const batchSize = checkBatchSize('evaluate', options.batchSize);
  const set = resolveData('evaluate', data, network);
  const targets = resolveTargets('evaluate', set, network, compiled);
  try {
    return await measure(core, set, targets, batchSize);
  } finally {
    if (!isDataset(data)) core.batches?.release(set);
  }
}

/** The mean loss and metrics over a data set, each example counted once; nothing is trained. */
export function measure(
  core: Core,
  data: Dataset,
  targets: Targets,
  batchSize: number,
): Promise<Record<string, number>> {
  return enqueue(core, async () => {
    const { metrics } = compiledOf(core, 'evaluate');
    const batches = core.batches!;
    const { size } = data;
    const batch = Math.min(batchSize, size);
    const resident = await batches.resident(data, targets);
    const full = await batches.evaluate(resident, batch);
    const partial = size % batch === 0 ? null : await batches.evaluate(resident, size % batch);
    const order = Uint32Array.from({ length: size }, (_, i) => i);
    const sums: Record<string, number> = { loss: 0 };
    const begun = new Set<BatchProgram>();
    let lastTurn = performance.now();
    for (let start = 0; start < size; start += batch) {
      const current = start + batch <= size ? full : partial!;
      const room = current.program.ready();
      if (room) await room;
      if (performance.now() - lastTurn > turnEvery) {
        await nextTurn();
        lastTurn = performance.now();
      }
      current.waiting.push((values) => {
        sums['loss']! += values['loss']! * current.batch;
        for (const { name } of metrics) sums[name] = (sums[name] ?? 0) + values[name]!;
      });
      const cursor = Uint32Array.of(start);
      submit(current, begun.has(current) ? { cursor } : { cursor, order, data: resident.x, targets: resident.y });
      begun.add(current);
    }
    for (const { program } of begun) await program.flush();
    return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / size]));
  });
}

/** What predict and inspect take: a data set, numbers with the shape of the whole, or just the numbers. */
export type Examples =
  | Dataset
  | { readonly shape: Shape; readonly data: Float32Array | Uint8Array }
  | Float32Array
  | Uint8Array;

export async function predict(core: Core, x: Examples, options: EvaluateOptions = {}): Promise<HostTensor> {
  const { layers } = networkOf(core, 'predict');
  checkOptions('predict', options, ['batchSize']);
  const last = layers.at(-1)!.name;
  const results = await outputsOf(core, 'predict', x, [last], checkBatchSize('predict', options.batchSize));
  return results[last]!;
}

export async function inspect(core: Core, x: Examples, names: readonly string[]): Promise<Record<string, HostTensor>> {
  const known = networkOf(core, 'inspect').layers.map(({ name }) => name);
  if (names.length === 0) throw new OptionError(`inspect: no names given, expected some of ${known.join(', ')}`);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new OptionError(`inspect: no layer '${name}'${suggestion(name, known)}; known: ${known.join(', ')}`);
  }
  return outputsOf(core, 'inspect', x, names, 32);
}

async function outputsOf(
  core: Core,
  where: string,
  x: Examples,
  names: readonly string[],
  batchSize: number,
): Promise<Record<string, HostTensor>> {
  const network = networkOf(core, where);
  const { data, scale, offset } = examplesOf(where, x, network.inputShape);
  const length = sizeOf(network.inputShape);
  const size = data.length / length;
  return enqueue(core, async () => {
    if (!core.batches) throw new StateError(`${where}: the model was disposed of`);
    const batch = Math.min(batchSize, size);
    const program = await core.batches.predict(batch, names);
    const shapes = new Map(network.layers.map(({ name, outputShape }) => [name, outputShape]));
    const results = Object.fromEntries(
      names.map((name) => [
        name,
        { shape: [size, ...shapes.get(name)!], data: new Float32Array(size * sizeOf(shapes.get(name)!)) },
      ]),
    );
    // Rows beyond the end keep an earlier batch's numbers and are not copied out.
    const values = new Float32Array(batch * length);
    let lastTurn = performance.now();
    for (let start = 0; start < size; start += batch) {
      const count = Math.min(batch, size - start);
      for (let i = 0; i < count * length; i++) values[i] = data[start * length + i]! * scale + offset;
      const room = program.ready();
      if (room) await room;
      program.run({ x: values });
      for (const name of names) {
        const output = await program.read(name);
        const row = output.length / batch;
        results[name]!.data.set(output.subarray(0, count * row), start * row);
      }
      if (performance.now() - lastTurn > turnEvery) {
        await nextTurn();
        lastTurn = performance.now();
      }
    }
    return results;
  });
}

function examplesOf(where: string, x: Examples, inputShape: Shape) {
  if (!ArrayBuffer.isView(x) && 'size' in x) {
    checkShape(where, x.x.shape, inputShape);
    return x.x;
  }
  const data = ArrayBuffer.isView(x) ? x : x.data;
  if (!ArrayBuffer.isView(x)) {
    checkShape(where, x.shape.slice(1), inputShape);
    if (sizeOf(x.shape) !== data.length) {
      throw new DataError(`${where}: ${format(x.shape)} needs ${sizeOf(x.shape)} numbers, got ${data.length}`);
    }
  }
  const length = sizeOf(inputShape);
  if (data.length === 0 || data.length % length !== 0) {
    throw new DataError(`${where}: ${data.length} numbers are no whole number of examples of ${format(inputShape)}`);
  }
  // Bytes mean 0 to 1, as in `dataset`.
  return { data, scale: data instanceof Uint8Array ? 1 / 255 : 1, offset: 0 };
}

function checkShape(where: string, shape: Shape, inputShape: Shape): void {
  if (equal(shape, inputShape) || equal([...shape, 1], inputShape)) return;
  throw new ShapeError(`${where}: the examples are ${format(shape)}, but the model takes ${format(inputShape)}`);
}

function checkBatchSize(where: string, batchSize = 32): number {
  if (Number.isInteger(batchSize) && batchSize >= 1) return batchSize;
  throw new OptionError(`${where}: batchSize is ${batchSize}, expected a positive integer`);
}
