// Aids for a model that does not learn: can it learn one batch by heart, and are its gradients right?

import { gradcheck, type GradcheckResult } from '../autodiff/gradcheck.ts';
import { checkOptions, OptionError } from '../core/errors.ts';
import { take, type Dataset, type NamedDataset } from '../data/dataset.ts';
import { constantTensor, type Tensor } from '../graph/tensor.ts';
import type { NumberReader } from '../nn/numbers.ts';
import type { Parameters } from '../nn/parameters.ts';
import { forward, type HostTensor, type Network } from './core.ts';
import { headsOf, lossAndMetrics, type HeadOptions } from './heads.ts';
import type { Model } from './model.ts';
import { resolveData, type TrainingData } from './targets.ts';

export interface OverfitResult {
  /** Of each step, before its update. */
  readonly losses: readonly number[];
  /** Whether the last loss is at most `share` of the first. */
  readonly passed: boolean;
}

/**
 * Trains on the first `batchSize` examples (8 unless given) again and again, for `steps` (200 unless given), and then puts
 * weights, optimizer and history back as they were. A model that cannot bring the loss to `share` (0.1 unless given) of what it
 * was is too small, or wrong: its loss, labels, learning rate or a layer. StateError: it is not compiled. OptionError: an
 * unknown option.
 */
export async function overfitOneBatch(
  model: Model<unknown>,
  data: Dataset | NamedDataset,
  options: { readonly batchSize?: number; readonly steps?: number; readonly share?: number } = {},
): Promise<OverfitResult> {
  checkOptions('overfitOneBatch', options, ['batchSize', 'steps', 'share']);
  const { batchSize = 8, steps = 200, share = 0.1 } = options;
  const batch = take(data as Dataset, Math.min(batchSize, data.size));
  const [weights, training] = await model.hold(() => Promise.all([model.getWeights(), model.getTraining()]));
  try {
    const { history } = await model.fit(batch, { epochs: steps, batchSize: batch.size });
    const losses = history['loss']!;
    return { losses, passed: losses.at(-1)! <= share * losses[0]! };
  } finally {
    model.setWeights(weights);
    if (training) model.setTraining(training);
  }
}

export interface GradientCheckOptions {
  /** As in `compile`. */
  readonly loss: HeadOptions['loss'];
  /** Elements of each weight that are compared, spread over it; 20 unless given. */
  readonly perWeight?: number;
}

/**
 * Compares the gradient of the loss of `data`, all of it one batch, with respect to every weight with central differences, in
 * double precision (`gradcheck`): each takes two passes, so a few examples do. Dropout is off, and batch normalization uses
 * its running statistics. The result's `input` is the weight with the largest difference. OptionError: an unknown option.
 */
export async function gradientCheck(
  model: Model<unknown>,
  data: TrainingData,
  options: GradientCheckOptions,
): Promise<GradcheckResult> {
  checkOptions('gradientCheck', options, ['loss', 'perWeight']);
  const { loss, perWeight = 20 } = options;
  if (!Number.isInteger(perWeight) || perWeight < 1)
    throw new OptionError(`gradientCheck: perWeight is ${perWeight}, expected a whole number of at least 1`);
  const { inputs, outputs, named, layers, parameters, state } = model;
  const network: Network = { inputs, outputs, named, layers, parameters, state };
  const heads = headsOf('gradientCheck', network, { loss });
  const { size, x, y } = resolveData('gradientCheck', data, network, { heads });
  const weights = await model.getWeights();
  const features = inputs.map(({ name, dtype }, i) => {
    const { data: stored, scale, offset, shape } = x[i]!;
    const values = dtype === 'i32' ? Int32Array.from(stored) : Float32Array.from(stored, (v) => v * scale + offset);
    return [name, constantTensor(values, [size, ...shape], dtype)] as const;
  });
  const targets = y.map(({ data: values, shape, dtype }) => constantTensor(values, [size, ...shape], dtype));
  const kept = state && constants(state, weights);
  const at = Object.fromEntries(
    parameters.list.map(({ name, shape }) => [name, { shape, values: weights.get(name)!.data }]),
  );
  const numbers = model.optimizer?.numbers.values() ?? {};
  const read: NumberReader = (name, fixed) => numbers[name] ?? fixed;
  const f = (given: Record<string, Tensor>): Tensor => {
    const own = { ...network, parameters: replaced(parameters, given), state: kept };
    const random = constantTensor(new Uint32Array(4), [4], 'u32');
    const places = heads.map(({ output }) => output.at);
    const made = forward(own, Object.fromEntries(features), places, { training: false, random, read });
    return lossAndMetrics({ heads, keys: [] }, made, targets, size)['loss']!;
  };
  return gradcheck(f, at, { most: perWeight });
}

function replaced(parameters: Parameters, tensors: Readonly<Record<string, Tensor>>): Parameters {
  return {
    ...parameters,
    list: parameters.list.map((one) => ({ ...one, tensor: tensors[one.name]! })),
    get: (name) => tensors[name] ?? parameters.get(name),
  };
}

function constants(state: Parameters, weights: ReadonlyMap<string, HostTensor>): Parameters {
  const tensors = state.list.map(
    ({ name, shape }) => [name, constantTensor(weights.get(name)!.data, shape, 'f32')] as const,
  );
  return replaced(state, Object.fromEntries(tensors));
}
