// Models: layers one after another, with Keras's words for training and using them.

import { checkOptions, OptionError, StateError } from '../core/errors.ts';
import { checkWord } from '../core/random.ts';
import { equal, format, sizeOf, type Shape } from '../core/shape.ts';
import { nameLayers, type BuiltLayer, type LayerRecord } from '../nn/layer.ts';
import type { OptimizerState } from '../nn/optimizer_state.ts';
import { joinArena, splitArena, type Parameters } from '../nn/parameters.ts';
import type { LossScaleState } from '../nn/precision.ts';
import type { Device } from '../plan/device.ts';
import { createBatches } from './batches.ts';
import { compile, ensureDevice, release, type CompileOptions } from './compile.ts';
import {
  arenasOf,
  checkAlive,
  compiledOf,
  networkOf,
  readParameters,
  type Core,
  type HostTensor,
  type InputPort,
  type Network,
  type OutputPort,
} from './core.ts';
import { hold } from './cursor.ts';
import { confusion, evaluate, type ConfusionOptions, type EvaluateOptions } from './evaluate.ts';
import { inspect, predict, type Examples, type PredictOptions } from './predict.ts';
import type { ConfusionMatrix } from '../nn/confusion.ts';
import { fit, type FitOptions, type FitResult } from './fit.ts';
import { chainNetwork } from './network.ts';
import { planTraining, type TrainingPlan } from './memory.ts';
import { describe } from './describe.ts';
import { scalarsOf, setRate, setScalars } from './scalars.ts';
import { summaryRows, summaryText, type SummaryRow, type SummaryTotals } from './summary.ts';
import type { TrainingData } from './targets.ts';
import type { SampleWeighting } from './weights.ts';
import { readLossScale, readTraining, restoreTraining, type TrainingState } from './training_state.ts';

/** `Prediction`: numbers, or for models whose outputs are a record or a list, a record of them by name. */
export interface Model<Prediction = HostTensor> {
  readonly name: string;
  readonly seed: number;
  /** Of one example; null before the model has an input shape, and where it has several inputs. */
  readonly inputShape: Shape | null;
  readonly outputShape: Shape | null;
  /** What examples and predictions consist of; StateError before the model has an input shape. */
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  /** Whether predictions are a record by the outputs' names. */
  readonly named: boolean;
  /** Named and built; StateError before the model has an input shape. */
  readonly layers: readonly BuiltLayer[];
  /** The trainable weights, `layer/kernel`, `layer/bias`; StateError before the model has an input shape. */
  readonly parameters: Parameters;
  /** What layers keep without training it, `layer/movingMean`; null where none keeps anything. */
  readonly state: Parameters | null;
  /** Of `compile`, or of the first prediction; null before. */
  readonly device: Device | null;
  /** Of the latest fit. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly isTraining: boolean;

  /** Builds the layers for examples of `inputShape`; needed only where the first layer has no `inputShape`. */
  build(inputShape: Shape): Model<Prediction>;
  /** Chooses optimizer, loss, metrics and device. Weights stay; the optimizer begins anew. */
  compile(options: CompileOptions): Promise<void>;
  /** Trains. Rejects with NonFiniteError at the first loss or gradient that is NaN or infinite. */
  fit(data: TrainingData, options?: FitOptions): Promise<FitResult>;
  /** `{ loss, accuracy, … }` over all examples, with dropout off. */
  evaluate(data: TrainingData, options?: EvaluateOptions & SampleWeighting): Promise<Record<string, number>>;
  /** How often each class was taken for each, counted on the device; answers of yes or no are classes 1 and 0. */
  confusionMatrix(data: TrainingData, options?: ConfusionOptions): Promise<ConfusionMatrix>;
  /** The model's output for each example, [N, …outputShape], with dropout off unless `training` asks for it. Bytes are read as 0 to 1. */
  predict(x: Examples, options?: PredictOptions): Promise<Prediction>;
  /** The outputs of the layers called `names` for each example. */
  inspect(x: Examples, names: readonly string[]): Promise<Record<string, HostTensor>>;
  /** The layers as a table, once as text (lines of at most `width` columns) and once as data. */
  summary(options?: { readonly width?: number }): {
    readonly text: string;
    readonly rows: readonly SummaryRow[];
    readonly totals: SummaryTotals;
  };
  /** The bytes that training with `batchSize` (32 unless given) takes, without allocating anything. */
  plan(options?: { readonly batchSize?: number }): Promise<TrainingPlan>;
  /** Ends training after the step that is running; the reason is in fit's result. */
  stopTraining(reason?: string): void;
  getWeights(): Promise<Map<string, HostTensor>>;
  /** Replaces every weight; OptionError, and nothing changed, where one is missing or has another shape. */
  setWeights(weights: ReadonlyMap<string, HostTensor>): void;
  /**
   * The learning rate of every step from the next one on, also while training runs; null: the optimizer's own schedule
   * again. OptionError: a negative number. StateError: before `compile`.
   */
  setLearningRate(rate: number | null): void;
  /**
   * What may be set while training runs, as it is in the next step: `learningRate`, the optimizer's numbers by their options
   * (`beta1`, `momentum`, `weightDecay`, `clipNorm`), layers' as `dropout_1/rate`, strengths of penalties as
   * `dense_1/kernel/l2`, the loss's `labelSmoothing` and `lossWeight`, with the output's name before it where there are several.
   * What was 0 or not given at `compile` is no part of the step, and not among them. StateError: before `compile`.
   */
  scalars(): Record<string, number>;
  /**
   * Sets all of these from the next step on, also while training runs; nothing is compiled or allocated. They are saved with the
   * training. OptionError, and nothing set: an unknown name, or a number out of its range. StateError: before `compile`.
   */
  setScalars(values: Readonly<Record<string, number>>): void;
  /** Runs `task` between two steps of a training that runs: what it reads, in however many calls, is of one moment. */
  hold<T>(task: () => Promise<T>): Promise<T>;
  /** What saving needs beside the weights; null before `compile`. */
  getTraining(): Promise<TrainingState | null>;
  /** Continues a saved training: now, or at the next `compile` with the same optimizer. */
  setTraining(state: TrainingState): void;
  /** The optimizer's step count and learning rate; null before `compile`. */
  readonly optimizer: OptimizerState | null;
  /** What the loss is multiplied by in mixed precision, and the steps counted; null in f32 and before `compile`. */
  lossScale(): Promise<LossScaleState | null>;
  /** Frees the model's memory on the device. */
  dispose(): void;
}

export interface SequentialOptions {
  /** 'model' unless given. */
  readonly name?: string;
  /** Of the weights' first values, the shuffles and the dropout masks; 0 unless given. */
  readonly seed?: number;
}

/**
 * A model of `layers` one after another. Shapes are checked here where the first layer has an `inputShape`, else in
 * `build`; a ShapeError names the layer. OptionError: no layers, or two of one name.
 */
export function sequential(layers: readonly LayerRecord[], options: SequentialOptions = {}): Model {
  checkOptions('sequential', options, ['name', 'seed']);
  const { name = 'model', seed = 0 } = options;
  checkWord('sequential', 'seed', seed);
  if (layers.length === 0) throw new OptionError('sequential: no layers, expected at least one');
  const names = nameLayers('sequential', layers);
  const { inputShape } = layers[0]!;
  const build = (shape: Shape) => chainNetwork(layers, names, shape, seed);
  return createModel(name, seed, inputShape ? build(inputShape) : null, build);
}

/** The model of a network, or of one that `build` makes once the input shape is known. */
export function createModel<Prediction = HostTensor>(
  name: string,
  seed: number,
  network: Network | null,
  build?: (inputShape: Shape) => Network,
): Model<Prediction> {
  const core: Core = {
    name,
    seed,
    network,
    compiled: null,
    device: null,
    deviceReason: '',
    hostWeights: new Map(),
    batches: null,
    savedKernels: null,
    epochs: 0,
    history: {},
    savedTraining: null,
    fitting: false,
    cursor: null,
    savedCursor: null,
    held: null,
    stopRequest: null,
    disposed: false,
    queue: Promise.resolve(),
  };

  /** Predictions need a device, but no optimizer or loss. */
  async function onDevice<T>(where: string, use: () => Promise<T>): Promise<T> {
    const network = networkOf(core, where);
    if (!core.batches) {
      const device = await ensureDevice(core);
      core.batches ??= createBatches(device, network, null, seed, core.savedKernels);
    }
    return use();
  }

  const only = (ports: readonly { readonly shape: Shape }[] = []) => (ports.length === 1 ? ports[0]!.shape : null);

  const model: Model<Prediction> = {
    name,
    seed,
    get inputShape() {
      return only(core.network?.inputs);
    },
    get outputShape() {
      return only(core.network?.outputs);
    },
    get inputs() {
      return networkOf(core, 'inputs').inputs;
    },
    get outputs() {
      return networkOf(core, 'outputs').outputs;
    },
    get named() {
      return core.network?.named ?? false;
    },
    get layers() {
      return networkOf(core, 'layers').layers;
    },
    get parameters() {
      return networkOf(core, 'parameters').parameters;
    },
    get state() {
      return networkOf(core, 'state').state;
    },
    get device() {
      return core.device;
    },
    get history() {
      return core.history;
    },
    get isTraining() {
      return core.fitting;
    },
    get optimizer() {
      return core.compiled?.state ?? null;
    },
    build(shape) {
      checkAlive(core, 'build');
      if (!core.network) {
        core.network = build!(shape);
        return model;
      }
      const shapes = core.network.inputs.map((input) => input.shape);
      if (shapes.length === 1 && equal(shapes[0]!, shape)) return model;
      throw new StateError(`build: the model takes ${shapes.map(format).join(', ')} already, got ${format(shape)}`);
    },
    compile: (compileOptions) => compile(core, compileOptions),
    fit: (data, fitOptions) => fit(core, model as Model<never>, data, fitOptions),
    evaluate: (data, evaluateOptions) => evaluate(core, data, evaluateOptions),
    confusionMatrix: (data, confusionOptions) => confusion(core, data, confusionOptions),
    predict: (x, predictOptions) => onDevice('predict', () => predict(core, x, predictOptions) as Promise<Prediction>),
    inspect: (x, wanted) => onDevice('inspect', () => inspect(core, x, wanted)),
    summary(summaryOptions = {}) {
      const description = describe(core);
      return { text: summaryText(description, summaryOptions), ...summaryRows(description) };
    },
    plan: (planOptions) => planTraining(core, planOptions),
    stopTraining(reason = 'stopTraining() was called') {
      if (core.fitting) core.stopRequest ??= reason;
    },
    getWeights: () =>
      hold(core, async () => {
        const network = networkOf(core, 'getWeights');
        const all = new Map<string, HostTensor>();
        for (const arena of arenasOf(network)) {
          for (const [key, values] of splitArena(arena, await readParameters(core, arena))) all.set(key, values);
        }
        return all;
      }),
    setWeights(weights) {
      const network = networkOf(core, 'setWeights');
      checkSizes(weights);
      const joined = arenasOf(network).map((list) => [list.arena, joinArena(list, weights)] as const);
      for (const [arena, values] of joined) {
        if (core.device) core.device.writeVariable(arena, values);
        else core.hostWeights.set(arena, values);
      }
    },
    setLearningRate: (rate) => setRate(compiledOf(core, 'setLearningRate').state, rate),
    scalars: () => scalarsOf(compiledOf(core, 'scalars').state),
    setScalars: (values) => setScalars(compiledOf(core, 'setScalars').state, values),
    hold: (task) => hold(core, task),
    getTraining: () => hold(core, () => readTraining(core)),
    lossScale: () => readLossScale(core),
    setTraining: (state) => restoreTraining(core, state),
    dispose() {
      if (core.disposed) return;
      core.disposed = true;
      release(core);
    },
  };
  return model;
}

function checkSizes(weights: ReadonlyMap<string, HostTensor>): void {
  for (const [name, { shape, data }] of weights) {
    if (data.length === sizeOf(shape)) continue;
    throw new OptionError(
      `weights: '${name}' of shape ${format(shape)} has ${data.length} numbers, expected ${sizeOf(shape)}`,
    );
  }
}
