// What `compile` decides, and the device memory that a model holds.

import { checkOptions, OptionError, StateError, suggestion } from '../core/errors.ts';
import { checkWord } from '../core/random.ts';
import { createState, type Optimizer } from '../nn/optimizer_state.ts';
import { resolveOptimizer } from '../nn/optimizers.ts';
import type { Device } from '../plan/device.ts';
import { createBatches } from './batches.ts';
import { chooseDevice, type Choice } from './choose.ts';
import { arenasOf, networkOf, type Core, type Network } from './core.ts';
import { resolvePrecision, type PrecisionOption } from './precision.ts';
import { headsOf, keysOf, type HeadOptions } from './heads.ts';
import { numbersOf } from './scalars.ts';
import { restoreTraining } from './training_state.ts';

export interface CompileOptions extends HeadOptions {
  /** A record such as `adam({ learningRate: 1e-3 })`, or 'sgd', 'adam', 'adamW', 'rmsprop', 'adagrad' with their defaults. */
  readonly optimizer: Optimizer | string;
  /**
   * Unless given, WebGPU where there is one, but the CPU for models so small that it is faster (a step of 32 examples
   * below some 20 µs for each op call, 40 µs beside a software adapter); `summary` says which and why.
   */
  readonly device?: Device;
  /** Of shuffles and dropout; the model's unless given. */
  readonly seed?: number;
  /** Op name -> kernel to use where it fits; for benchmarks. */
  readonly kernels?: Readonly<Record<string, string>>;
  /**
   * Whether training computes values of the forward pass again for the gradients instead of keeping them: `true` in about
   * √n segments for n layers, which take about √n times less memory for one more forward pass; or the names of layers, of
   * which only the results are kept. False unless given. Dropout drops the same again; statistics move once.
   */
  readonly recompute?: boolean | readonly string[];
  /**
   * Whether fit, evaluate and predict first measure, for every call that several kernels could do, which is fastest on
   * this device; seconds, once for each shape. Off unless given: the defaults are sound, and a choice changes the order of sums,
   * so that losses may differ in the last bits from those of another choice. `saveModel` keeps the choices.
   */
  readonly tune?: boolean;
  /**
   * 'f32' unless given. 'mixed' (Keras's mixed_float16; PyTorch's autocast with GradScaler), or `mixedPrecision(options)`:
   * products read f16, weights and all else stay f32, and the loss is scaled while it trains.
   */
  readonly precision?: PrecisionOption;
  /**
   * Whether every value of each step of fit, evaluate, confusionMatrix and predict is tested for NaN and infinity, on the device,
   * so that they reject with a NonFiniteError that names the layer, op and tensor of the first; `inspect` gives values as they
   * are. In mixed precision infinite gradients count only where the loss's scale can fall no further. Slower; false unless given.
   */
  readonly checked?: boolean;
}

const known = [
  'optimizer',
  'loss',
  'lossWeights',
  'metrics',
  'device',
  'seed',
  'kernels',
  'recompute',
  'tune',
  'precision',
  'checked',
];

export async function compile(core: Core, options: CompileOptions): Promise<void> {
  const network = networkOf(core, 'compile');
  checkOptions('compile', options, known);
  if (core.fitting) throw new StateError('compile: the model is being trained; await that fit first');
  const { seed = core.seed, kernels, tune = false, recompute = false, checked = false } = options;
  checkRecompute(network, recompute);
  checkWord('compile', 'seed', seed);
  if (typeof tune !== 'boolean') throw new OptionError(`compile: tune is ${String(tune)}, expected true or false`);
  if (typeof checked !== 'boolean')
    throw new OptionError(`compile: checked is ${String(checked)}, expected true or false`);
  if (options.optimizer === undefined)
    throw new OptionError("compile: optimizer is missing, expected adam() or 'adam', for example");
  if (options.loss === undefined) throw new OptionError("compile: loss is missing, expected 'nll' or another loss");
  const optimizer = resolveOptimizer('compile', options.optimizer);
  const heads = headsOf('compile', network, options);
  const keys = keysOf('compile', heads);
  const precision = await resolvePrecision('compile', options.precision);
  const state = createState(optimizer, network.parameters, precision, numbersOf(network, heads));

  const choice = await choiceFor(core, network, options.device);
  const { device } = choice;
  await core.queue;
  await moveTo(core, network, choice);
  core.compiled = { state, heads, keys, seed, kernels, recompute, tune, precision, checked };
  core.batches = createBatches(device, network, core.compiled, seed, core.savedKernels);
  core.epochs = 0;
  if (!core.savedTraining) core.savedCursor = null;
  if (core.savedTraining) restoreTraining(core, core.savedTraining);
}

/** The device of a model that predicts before it was compiled. */
export async function ensureDevice(core: Core): Promise<Device> {
  const network = networkOf(core, 'predict');
  const choice = await choiceFor(core, network);
  // Another call may have come first while this one waited.
  if (!core.device) await moveTo(core, network, choice);
  return core.device!;
}

async function choiceFor(core: Core, network: Network, given?: Device): Promise<Choice> {
  if (given && given !== core.device) return { device: given, reason: 'as asked for' };
  if (core.device) return { device: core.device, reason: core.deviceReason };
  return chooseDevice(network);
}

/** Frees what an earlier compile left, and takes weights and state to the device chosen. */
async function moveTo(core: Core, network: Network, { device, reason }: Choice): Promise<void> {
  const moving = core.device !== null && core.device !== device;
  const arenas = arenasOf(network).map(({ arena }) => arena);
  const values = new Map(core.hostWeights);
  if (moving) for (const arena of arenas) values.set(arena, await core.device!.readVariable(arena));
  releaseTraining(core);
  if (moving) for (const arena of arenas) core.device!.releaseVariable(arena);
  core.device = device;
  core.deviceReason = reason;
  core.hostWeights.clear();
  for (const [arena, numbers] of values) device.writeVariable(arena, numbers);
}

function releaseTraining(core: Core): void {
  core.batches?.dispose();
  core.batches = null;
  const { compiled, device } = core;
  core.compiled = null;
  if (!compiled || !device) return;
  for (const variable of compiled.state.variables) device.releaseVariable(variable);
}

/** Frees all of a model's memory on its device. */
export function release(core: Core): void {
  releaseTraining(core);
  if (!core.device || !core.network) return;
  for (const { arena } of arenasOf(core.network)) core.device.releaseVariable(arena);
}

function checkRecompute({ layers }: Network, recompute: unknown): void {
  if (typeof recompute === 'boolean') return;
  if (!Array.isArray(recompute)) {
    throw new OptionError(`compile: recompute is ${String(recompute)}, expected true, false or names of layers`);
  }
  const names = layers.map(({ name }) => name);
  for (const name of recompute as unknown[]) {
    if (names.includes(name as string)) continue;
    throw new OptionError(
      `compile: recompute names no layer '${String(name)}'${suggestion(String(name), names)}; known: ${names.join(', ')}`,
    );
  }
}
