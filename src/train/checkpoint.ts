// Models as safetensors files: weights under `layer/kernel`, topology and training state as JSON in the metadata.

import { checkOptions, DataError, type WeightDifference } from '../core/errors.ts';
import { fromHalf } from '../core/half.ts';
import { equal, format } from '../core/shape.ts';
import { readSafetensors, writeSafetensors, type SafetensorsFile, type SavedTensor } from '../io/safetensors.ts';
import type { Json } from '../nn/layer.ts';
import type { LossScaleState } from '../nn/precision.ts';
import type { HostTensor, UsedKernels } from './core.ts';
import { isOfCursor, loadCursor, saveCursor } from './cursor.ts';
import type { Model } from './model.ts';
import { modelOf, recordOf } from './from_topology.ts';
import { topologyOf } from './topology.ts';
import type { TrainingState } from './training_state.ts';

const FORMAT = 'retrograd';
const VERSION = 1;
const MOMENTS = 'optimizer/';

/**
 * The model as one file: weights, layers, and, once it was compiled, the optimizer's moments and step, the loss's scale
 * where it is scaled, epochs and history, and the place in the data, so that training can go on where it was (`fit`'s
 * `resume`). While a training runs it waits for the file's numbers to be read. Optimizer options, losses, callbacks and
 * initializers are code and are not in it.
 */
export async function saveModel(model: Model<unknown>): Promise<Uint8Array> {
  const tensors: Record<string, SavedTensor> = {};
  const [weights, training] = await model.hold(() => Promise.all([model.getWeights(), model.getTraining()]));
  for (const [name, { shape, data }] of weights) tensors[name] = { shape, data, dtype: 'f32' };
  for (const [moment, values] of training?.moments ?? []) {
    for (const [name, { shape, data }] of values)
      tensors[`${MOMENTS}${moment}/${name}`] = { shape, data, dtype: 'f32' };
  }
  const { moments, cursor, ...numbers } = training ?? { moments: null };
  const at = cursor ? saveCursor(cursor) : null;
  Object.assign(tensors, at?.tensors);
  return writeSafetensors(tensors, {
    format: FORMAT,
    version: String(VERSION),
    model: JSON.stringify(topologyOf(model)),
    ...(training
      ? { training: JSON.stringify({ ...numbers, moments: [...moments!.keys()], cursor: at?.json ?? null }) }
      : {}),
  });
}

/**
 * The model that `saveModel` saved. It predicts at once; `compile` with the same optimizer continues its moments, step
 * and epochs, with another begins anew. DataError: not such a file, or one that does not fit itself.
 */
export function loadModel<Prediction = HostTensor>(bytes: Uint8Array): Model<Prediction> {
  const file = readSafetensors(bytes);
  const { metadata } = file;
  if (metadata['format'] !== FORMAT || metadata['version'] !== String(VERSION)) {
    throw new DataError(
      `loadModel: the file's format is ${metadata['format'] ?? 'unknown'} ${metadata['version'] ?? ''}, expected ${FORMAT} ${VERSION}; ` +
        'loadWeights reads weights from other files',
    );
  }
  const model = modelOf(recordOf('model', parse('model', metadata['model']))) as Model<Prediction>;
  restore(model, file);
  return model;
}

/** Puts what `saveModel` saved of a model like `model` into it. DataError: its weights are other ones. */
export function restoreModel(model: Model<unknown>, bytes: Uint8Array): void {
  restore(model, readSafetensors(bytes));
}

function restore(model: Model<unknown>, file: SafetensorsFile): void {
  loadFrom(model, file, 'loadModel');
  const { training } = file.metadata;
  if (training !== undefined) model.setTraining(readTrainingState(model, file, training));
}

/**
 * Puts a file's weights, f32 or f16, into `model`. Where names, shapes or dtypes differ, nothing is changed and the DataError has every
 * difference in words and as data (`differences`); other tensors of the file are left alone with `ignoreExtra`.
 */
export function loadWeights(
  model: Model<unknown>,
  bytes: Uint8Array,
  options: { readonly ignoreExtra?: boolean } = {},
): void {
  checkOptions('loadWeights', options, ['ignoreExtra']);
  loadFrom(
    model,
    readSafetensors(bytes, { skipUnsupported: options.ignoreExtra === true }),
    'loadWeights',
    options.ignoreExtra,
  );
}

function loadFrom(model: Model<unknown>, { tensors }: SafetensorsFile, where: string, ignoreExtra = false): void {
  const weights = new Map<string, HostTensor>();
  const differences: WeightDifference[] = [];
  const list = [...model.parameters.list, ...(model.state?.list ?? [])];
  for (const { name, shape } of list) {
    const saved = Object.hasOwn(tensors, name) ? tensors[name]! : null;
    if (!saved) differences.push({ weight: name, what: 'missing', expected: shape });
    else if (saved.dtype !== 'f32' && saved.dtype !== 'f16')
      differences.push({ weight: name, what: 'dtype', expected: ['f32', 'f16'], found: saved.dtype });
    else if (!equal(saved.shape, shape))
      differences.push({ weight: name, what: 'shape', expected: shape, found: saved.shape });
    else
      weights.set(name, { shape, data: saved.dtype === 'f16' ? fromHalf(saved.data) : (saved.data as Float32Array) });
  }
  const expected = new Set(list.map(({ name }) => name));
  for (const name of Object.keys(tensors)) {
    if (ignoreExtra || expected.has(name) || name.startsWith(MOMENTS) || isOfCursor(name)) continue;
    differences.push({ weight: name, what: 'extra', found: tensors[name]!.shape });
  }
  if (differences.length > 0) {
    const lines = differences.map((one) => `\n  ${one.weight}: ${differenceText(one)}`);
    throw new DataError(
      `${where}: the weights do not fit '${model.name}', and nothing was changed:${lines.join('')}`,
      undefined,
      differences,
    );
  }
  model.setWeights(weights);
}

function differenceText(one: WeightDifference): string {
  switch (one.what) {
    case 'missing':
      return `missing in the file, expected ${format(one.expected)}`;
    case 'extra':
      return `in the file only, ${format(one.found)}`;
    case 'shape':
      return `${format(one.found)} in the file, expected ${format(one.expected)}`;
    case 'dtype':
      return `${one.found} in the file, expected ${one.expected.join(' or ')}`;
  }
}

function readTrainingState(model: Model<unknown>, { tensors }: SafetensorsFile, text: string): TrainingState {
  const saved = recordOf('training', parse('training', text));
  const { optimizer, step, epochs, seed, history, moments } = saved;
  const counts = [step, epochs, seed];
  if (
    typeof optimizer !== 'string' ||
    !counts.every((n) => Number.isInteger(n) && (n as number) >= 0) ||
    !isTexts(moments)
  ) {
    throw new DataError('loadModel: the training state is incomplete');
  }
  const curves = Object.entries(recordOf('history', history)).map(([key, values]): [string, number[]] => {
    // JSON writes NaN as null.
    if (Array.isArray(values) && values.every((value) => typeof value === 'number' || value === null)) {
      return [key, values.map((value) => value ?? NaN) as number[]];
    }
    throw new DataError(`loadModel: history '${key}' is no list of numbers`);
  });
  const named = moments.map((moment): [string, Map<string, HostTensor>] => {
    const values = model.parameters.list.map(({ name, shape }): [string, HostTensor] => {
      const key = `${MOMENTS}${moment}/${name}`;
      const saved = Object.hasOwn(tensors, key) ? tensors[key]! : null;
      if (saved?.data instanceof Float32Array && equal(saved.shape, shape)) return [name, { shape, data: saved.data }];
      throw new DataError(
        `loadModel: '${key}' is ${saved ? format(saved.shape) : 'missing'}, expected ${format(shape)}`,
      );
    });
    return [moment, new Map(values)];
  });
  return {
    optimizer,
    step: step as number,
    epochs: epochs as number,
    seed: seed as number,
    history: Object.fromEntries(curves),
    moments: new Map(named),
    kernels: usedKernels(saved['kernels']),
    ...(isCount(saved['batches']) ? { batches: saved['batches'] as number } : {}),
    ...(typeof saved['learningRate'] === 'number' ? { learningRate: saved['learningRate'] } : {}),
    ...(saved['scalars'] === undefined ? {} : { scalars: numbersIn(saved['scalars']) }),
    // Files of earlier versions have none.
    ...(saved['cursor'] ? { cursor: loadCursor(saved['cursor'], tensors) } : {}),
    ...(saved['lossScale'] === undefined ? {} : { lossScale: lossScaleOf(saved['lossScale']) }),
  };
}

/** Files of earlier versions have none. */
function usedKernels(value: Json | undefined): UsedKernels | undefined {
  if (value === undefined) return undefined;
  const { device, choices } = recordOf('kernels', value);
  const entries = Object.entries(recordOf('kernels', choices)).map(([key, choice]) => {
    const { kernel, version } = recordOf('kernels', choice);
    if (typeof kernel === 'string' && typeof version === 'string') return [key, { kernel, version }] as const;
    throw new DataError(`loadModel: the kernel of '${key}' is incomplete`);
  });
  if (typeof device !== 'string') throw new DataError('loadModel: the kernels name no device');
  return { device, choices: Object.fromEntries(entries) };
}

function numbersIn(value: Json): Record<string, number> {
  const numbers = recordOf('scalars', value);
  if (Object.values(numbers).every((one) => typeof one === 'number')) return numbers as Record<string, number>;
  throw new DataError('loadModel: the scalars are no record of numbers');
}

function lossScaleOf(value: Json): LossScaleState {
  const { scale, goodSteps, skippedSteps, appliedSteps, badGradient } = recordOf('lossScale', value);
  const counts = [goodSteps, skippedSteps, appliedSteps, badGradient ?? 0];
  if (typeof scale === 'number' && Number.isInteger(Math.log2(scale)) && counts.every(isCount)) {
    const bad = badGradient === undefined ? {} : { badGradient };
    return { scale, goodSteps, skippedSteps, appliedSteps, ...bad } as LossScaleState;
  }
  throw new DataError('loadModel: the loss scale is no power of two with three counts of steps');
}

function isCount(value: Json | undefined): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function parse(name: string, text: string | undefined): Json {
  try {
    return JSON.parse(text ?? '') as Json;
  } catch {
    throw new DataError(`loadModel: the metadata '${name}' is no JSON`);
  }
}
