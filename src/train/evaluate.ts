// Measuring and using a model: loss and metrics over a data set, predictions, and any layer's output.

import { DataError, OptionError, StateError, checkOptions, suggestion } from '../core/errors.ts';
import { format, sizeOf, type Shape } from '../core/shape.ts';
import type { Dataset, NamedDataset } from '../data/dataset.ts';
import type { ConfusionMatrix } from '../nn/confusion.ts';
import { matrixOf } from '../nn/classification.ts';
import { submit, type BatchProgram } from './batches.ts';
import {
  compiledOf,
  enqueue,
  networkOf,
  nextTurn,
  together,
  type Core,
  type HostTensor,
  type Network,
} from './core.ts';
import { byName, featuresFor, resolveData, type Arrays, type Features, type TrainingData } from './targets.ts';
import type { SampleWeighting } from './weights.ts';

export interface EvaluateOptions {
  /** 32 unless given (Keras); results do not depend on it beyond rounding. */
  readonly batchSize?: number;
}

const turnEvery = 50; // milliseconds; as in fit.ts

export async function evaluate(
  core: Core,
  data: TrainingData,
  options: EvaluateOptions & SampleWeighting = {},
): Promise<Record<string, number>> {
  const compiled = compiledOf(core, 'evaluate');
  const network = networkOf(core, 'evaluate');
  checkOptions('evaluate', options, ['batchSize', 'sampleWeight']);
  const batchSize = checkBatchSize('evaluate', options.batchSize);
  const set = resolveData('evaluate', data, network, compiled, options);
  try {
    return await measure(core, set, batchSize);
  } finally {
    if (set.source !== data) core.batches?.release(set);
  }
}

/** The compiled programs of whole batches and of the rest, if there is one, that `measure` is about to want. */
export function programsFor(
  core: Core,
  data: Arrays,
  batchSize: number,
  kind: 'evaluate' | 'confusion' = 'evaluate',
): Promise<[BatchProgram, BatchProgram | null]> {
  const batch = Math.min(batchSize, data.size);
  const rest = data.size % batch;
  const batches = core.batches!;
  return together(batches[kind](data, batch), rest === 0 ? null : batches[kind](data, rest));
}

/** The mean loss and metrics over a data set, each example counted once; nothing is trained. */
export function measure(core: Core, data: Arrays, batchSize: number): Promise<Record<string, number>> {
  return enqueue(core, async () => {
    const sums = await sweep(core, 'evaluate', data, batchSize);
    const means = Object.entries(sums).map(([name, sum]) => [name, sum / data.size]);
    return { ...Object.fromEntries(means), ...(await core.batches!.tallies('evaluate', data.size).results()) };
  });
}

export interface ConfusionOptions extends EvaluateOptions {
  /** Of which output, where the model has several. */
  readonly output?: string;
}

/** Counts of true against predicted classes, made on the device; answers of yes or no are classes 1 and 0. */
export async function confusion(
  core: Core,
  data: TrainingData,
  options: ConfusionOptions = {},
): Promise<ConfusionMatrix> {
  const compiled = compiledOf(core, 'confusionMatrix');
  const network = networkOf(core, 'confusionMatrix');
  checkOptions('confusionMatrix', options, ['batchSize', 'output']);
  const batchSize = checkBatchSize('confusionMatrix', options.batchSize);
  const names = compiled.heads.map(({ output }) => output.name);
  const head = options.output === undefined && names.length === 1 ? 0 : names.indexOf(options.output ?? '');
  if (head < 0) {
    const given = options.output === undefined ? 'no output is named' : `no trained output '${options.output}'`;
    throw new OptionError(`confusionMatrix: ${given}; known: ${names.join(', ')}`);
  }
  const set = resolveData('confusionMatrix', data, network, compiled);
  try {
    const counts = await enqueue(core, async () => {
      await sweep(core, 'confusion', set, batchSize);
      return await core.batches!.tallies('confusion', set.size).read(head, 'confusion');
    });
    return matrixOf(counts!);
  } finally {
    if (set.source !== data) core.batches?.release(set);
  }
}

/** Runs every batch of a data set once, and gives the sums of loss and metrics over its examples. */
async function sweep(
  core: Core,
  kind: 'evaluate' | 'confusion',
  data: Arrays,
  batchSize: number,
): Promise<Record<string, number>> {
  const { keys } = compiledOf(core, 'evaluate');
  const batches = core.batches!;
  const { size } = data;
  const batch = Math.min(batchSize, size);
  const [[full, partial], resident] = await together(programsFor(core, data, batchSize, kind), batches.resident(data));
  batches.tallies(kind, size).clear();
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
      for (const name of [...keys, ...current.terms]) sums[name] = (sums[name] ?? 0) + values[name]!;
    });
    const cursor = Uint32Array.of(start);
    submit(current, begun.has(current) ? { cursor } : { cursor, order, ...resident });
    begun.add(current);
  }
  for (const { program } of begun) await program.flush();
  return sums;
}

export interface PredictOptions extends EvaluateOptions {
  /**
   * Whether dropout, noise and Bayesian layers draw, anew in every call, so that several predictions show how sure the
   * model is; batch normalization keeps to its running statistics. False unless given.
   */
  readonly training?: boolean;
}

/** What one input takes: numbers with the shape of the whole, or just the numbers. */
type Numbers = { readonly shape: Shape; readonly data: Float32Array | Uint8Array } | Float32Array | Uint8Array;

/** What predict and inspect take: a data set, numbers, or for a model of several inputs a record of numbers by name. */
export type Examples = Dataset | NamedDataset | Numbers | Readonly<Record<string, Numbers>>;

/** What a model predicts: one output's numbers, or a record of them by name. */
export async function predict(
  core: Core,
  x: Examples,
  options: PredictOptions = {},
): Promise<HostTensor | Record<string, HostTensor>> {
  const { outputs, named } = networkOf(core, 'predict');
  checkOptions('predict', options, ['batchSize', 'training']);
  const { training = false } = options;
  if (typeof training !== 'boolean') {
    throw new OptionError(`predict: training is ${String(training)}, expected true or false`);
  }
  const batchSize = checkBatchSize('predict', options.batchSize);
  const results = await outputsOf(core, 'predict', x, outputs, batchSize, training);
  return named ? Object.fromEntries(outputs.map(({ name }, i) => [name, results[i]!])) : results[0]!;
}

export async function inspect(core: Core, x: Examples, names: readonly string[]): Promise<Record<string, HostTensor>> {
  const { inputs, layers } = networkOf(core, 'inspect');
  const known = layers.map(({ name }) => name);
  if (names.length === 0) throw new OptionError(`inspect: no names given, expected some of ${known.join(', ')}`);
  const wanted = names.map((name) => {
    const index = known.indexOf(name);
    if (index !== -1) return { at: inputs.length + index, shape: layers[index]!.outputShape };
    throw new OptionError(`inspect: no layer '${name}'${suggestion(name, known)}; known: ${known.join(', ')}`);
  });
  const results = await outputsOf(core, 'inspect', x, wanted, 32);
  return Object.fromEntries(names.map((name, i) => [name, results[i]!]));
}

async function outputsOf(
  core: Core,
  where: string,
  x: Examples,
  outputs: readonly { readonly at: number; readonly shape: Shape }[],
  batchSize: number,
  drawing = false,
): Promise<HostTensor[]> {
  const network = networkOf(core, where);
  const { size, features } = examplesOf(where, x, network);
  return enqueue(core, async () => {
    if (!core.batches) throw new StateError(`${where}: the model was disposed of`);
    const batch = Math.min(batchSize, size);
    const program = await core.batches.predict(batch, [...new Set(outputs.map(({ at }) => at))], drawing);
    const results = outputs.map(({ shape }) => ({
      shape: [size, ...shape],
      data: new Float32Array(size * sizeOf(shape)),
    }));
    const needed = network.inputs.flatMap(({ name, shape, dtype }, i) => {
      if (!Object.hasOwn(program.plan.inputs, name)) return [];
      const length = batch * sizeOf(shape);
      // Rows beyond the end keep an earlier batch's numbers and are not copied out.
      const values = dtype === 'i32' ? new Int32Array(length) : new Float32Array(length);
      return [{ name, values, row: sizeOf(shape), of: features[i]! }];
    });
    let lastTurn = performance.now();
    for (let start = 0; start < size; start += batch) {
      const count = Math.min(batch, size - start);
      for (const { values, row, of } of needed) {
        const { data, scale, offset } = of;
        for (let i = 0; i < count * row; i++) values[i] = data[start * row + i]! * scale + offset;
      }
      const room = program.ready();
      if (room) await room;
      program.run(Object.fromEntries(needed.map(({ name, values }) => [name, values])));
      for (const [i, { at }] of outputs.entries()) {
        const output = await program.read(String(at));
        const row = output.length / batch;
        results[i]!.data.set(output.subarray(0, count * row), start * row);
      }
      if (performance.now() - lastTurn > turnEvery) {
        await nextTurn();
        lastTurn = performance.now();
      }
    }
    return results;
  });
}

function examplesOf(where: string, x: Examples, { inputs }: Network): { size: number; features: Features[] } {
  const whole = !ArrayBuffer.isView(x) && 'size' in x && typeof x.size === 'number';
  const given = (whole ? (x as Dataset).x : x) as Numbers | Readonly<Record<string, Numbers>>;
  const several = inputs.length > 1;
  const sizes: number[] = [];
  const features = byName<Numbers | Dataset['x']>(where, 'x', inputs, given).map((one, i) => {
    const input = inputs[i]!;
    const what = several ? `${where}: ${input.name}` : where;
    if (!one) throw new DataError(`${where}: x has no '${input.name}'`);
    const data = ArrayBuffer.isView(one) ? one : one.data;
    const length = sizeOf(input.shape);
    // A data set's shape is that of one example, and it has a scale; bytes else mean 0 to 1, as in `dataset`.
    if (!ArrayBuffer.isView(one) && 'scale' in one) {
      sizes.push(data.length / length);
      return featuresFor(where, input, one, several);
    }
    if (!ArrayBuffer.isView(one) && sizeOf(one.shape) !== data.length) {
      throw new DataError(`${what}: ${format(one.shape)} needs ${sizeOf(one.shape)} numbers, got ${data.length}`);
    }
    const shape = ArrayBuffer.isView(one) ? input.shape : one.shape.slice(1);
    const scale = data instanceof Uint8Array ? 1 / 255 : 1;
    const found = featuresFor(where, input, { data, shape, scale, offset: 0 }, several);
    if (data.length === 0 || data.length % length !== 0) {
      throw new DataError(`${what}: ${data.length} numbers are no whole number of examples of ${format(input.shape)}`);
    }
    sizes.push(data.length / length);
    return found;
  });
  const [size] = sizes;
  const other = sizes.findIndex((count) => count !== size);
  if (other === -1) return { size: size!, features };
  throw new DataError(
    `${where}: ${inputs[0]!.name} has ${size} examples and ${inputs[other]!.name} has ${sizes[other]}, expected the same number`,
  );
}

function checkBatchSize(where: string, batchSize = 32): number {
  if (Number.isInteger(batchSize) && batchSize >= 1) return batchSize;
  throw new OptionError(`${where}: batchSize is ${batchSize}, expected a positive integer`);
}
