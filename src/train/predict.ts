// Using a model: predictions, and any layer's output.

import { DataError, OptionError, StateError, checkOptions, suggestion } from '../core/errors.ts';
import { format, sizeOf, type Shape } from '../core/shape.ts';
import { nextTurn } from '../core/turn.ts';
import type { Dataset, NamedDataset } from '../data/dataset.ts';
import { type DataStream, emptyRows, openStream } from '../data/stream.ts';
import { enqueue, networkOf, type Core, type HostTensor, type Network } from './core.ts';
import { checkBatchSize, nonFiniteIn, type EvaluateOptions } from './evaluate.ts';
import { FIRST_NON_FINITE } from './program.ts';
import { byName, featuresFor, isStream, type Features } from './targets.ts';

const turnEvery = 50; // milliseconds; as in fit.ts

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
export type Examples = Dataset | NamedDataset | DataStream | Numbers | Readonly<Record<string, Numbers>>;

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
  const { size, features, reader } = isStream(x) ? streamOf(where, x, network) : examplesOf(where, x, network);
  async function run(): Promise<HostTensor[]> {
    if (!core.batches) throw new StateError(`${where}: the model was disposed of`);
    const batch = Math.min(batchSize, size);
    const checked = where === 'predict' && core.compiled?.checked === true;
    const program = await core.batches.predict(batch, [...new Set(outputs.map(({ at }) => at))], drawing, checked);
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
      const read = await reader?.read(count);
      for (const { values, row, of } of needed) {
        const { data, scale, offset } = read ?? of;
        const first = read ? 0 : start * row;
        for (let i = 0; i < count * row; i++) values[i] = data[first + i]! * scale + offset;
      }
      const room = program.ready();
      if (room) await room;
      program.run(Object.fromEntries(needed.map(({ name, values }) => [name, values])));
      const [found] = checked ? await program.read(FIRST_NON_FINITE) : [];
      const failure = nonFiniteIn(core, where, program, found, start, count);
      if (failure) throw failure;
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
  }
  return enqueue(core, async () => {
    try {
      return await run();
    } finally {
      await reader?.close();
    }
  });
}

interface ExamplesOf {
  readonly size: number;
  /** Of all examples, or where they are read in turn, their type. */
  readonly features: readonly Features[];
  readonly reader?: { read(count: number): Promise<Features>; close(): Promise<void> };
}

/** Examples in the order of the iterator. */
function streamOf(where: string, stream: DataStream, { inputs }: Network): ExamplesOf {
  const { size, shape, scale, offset } = stream;
  const [input] = inputs;
  if (inputs.length > 1) {
    throw new DataError(
      `${where}: a stream gives one input, this model takes ${inputs.map(({ name }) => name).join(', ')}`,
    );
  }
  const of = (data: Float32Array | Uint8Array) => featuresFor(where, input!, { data, shape, scale, offset }, false);
  const { read, close } = openStream(stream, 0, null);
  return {
    size,
    features: [of(emptyRows(stream, 1).x)],
    reader: { close, read: async (count) => of((await read(count)).x) },
  };
}

function examplesOf(where: string, x: Exclude<Examples, DataStream>, { inputs }: Network): ExamplesOf {
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
