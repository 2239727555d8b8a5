// Training in a dedicated worker, or here, with one interface: a model that can also be paused.

import { checkOptions, OptionError, StateError } from '../../core/errors.ts';
import { createState, type OptimizerState } from '../../nn/optimizer_state.ts';
import { resolveOptimizer } from '../../nn/optimizers.ts';
import { saveModel } from '../checkpoint.ts';
import type { CompileOptions } from '../compile.ts';
import { nextTurn } from '../../core/turn.ts';
import type { HostTensor } from '../core.ts';
import { createDevice, type DeviceOptions } from '../device.ts';
import type { FitOptions } from '../fit.ts';
import type { Model } from '../model.ts';
import { scalarsOf, setRate, setScalars } from '../scalars.ts';
import type { TrainingData } from '../targets.ts';
import type { TrainingState } from '../training_state.ts';
import { createFits } from './fits.ts';
import { createLine } from './line.ts';
import type { CompiledThere } from './messages.ts';

export interface TrainerOptions<Prediction = HostTensor> {
  /** Built and not compiled; its weights are those that training begins with. */
  readonly model: Model<Prediction>;
  /**
   * `true`: the engine runs in the library's own worker file; a function: in the worker that it gives, which has called
   * `serveTrainer`; false unless given: here.
   */
  readonly worker?: boolean | (() => Worker);
  /** As of `createDevice`; what `compile` takes by itself unless given. */
  readonly prefer?: DeviceOptions['prefer'];
}

/** A model, whose methods are asked of the worker where there is one, and how its training is held. */
export interface Trainer<Prediction = HostTensor> extends Model<Prediction> {
  /** Resolves when no step is running; none begins before `resume`, and all else can be asked for. */
  pause(): Promise<void>;
  resume(): void;
  readonly isPaused: boolean;
  /** The device's description, once compiled. */
  readonly deviceName: string | null;
}

/**
 * A trainer of `model`. In a worker `compile` takes losses and metrics by their names, optimizers and image transformations of
 * this library, and no device; what is a function of one's own needs a worker of one's own. Callbacks and schedules stay
 * here. A trainer is used in the model's place; `dispose` ends its worker.
 */
export async function trainer<Prediction = HostTensor>(
  options: TrainerOptions<Prediction>,
): Promise<Trainer<Prediction>> {
  checkOptions('trainer', options, ['model', 'worker', 'prefer']);
  const { model, worker = false, prefer } = options;
  if (typeof model?.fit !== 'function') throw new OptionError('trainer: model is missing, expected a model');
  if (worker === false) return localTrainer(model, prefer);
  if (worker !== true && typeof worker !== 'function') {
    throw new OptionError(
      `trainer: worker is ${String(worker)}, expected true, false or a function that gives a Worker`,
    );
  }
  const started = worker === true ? libraryWorker() : worker();
  return workerTrainer(model, started, prefer ?? null);
}

/** A file beside this one in the package, found by bundlers in just this form. */
function libraryWorker(): Worker {
  return new Worker(new URL('../../worker.ts', import.meta.url), { type: 'module' });
}

function localTrainer<Prediction>(model: Model<Prediction>, prefer: DeviceOptions['prefer']): Trainer<Prediction> {
  let release: (() => void) | null = null;
  const resume = (): void => {
    release?.();
    release = null;
  };
  const own = {
    async compile(options: CompileOptions): Promise<void> {
      await model.compile(prefer && !options.device ? { ...options, device: await createDevice({ prefer }) } : options);
    },
    async pause(): Promise<void> {
      if (release) return;
      const resumed = new Promise<void>((done) => (release = done));
      await new Promise<void>((idle) => {
        void model.hold(async () => {
          const { device, optimizer } = model;
          if (device && optimizer) await device.readVariable(optimizer.firstBad);
          idle();
          await resumed;
        });
      });
    },
    resume,
    stopTraining(reason?: string): void {
      model.stopTraining(reason);
      resume();
    },
    get isPaused() {
      return release !== null;
    },
    get deviceName() {
      return model.device?.description ?? null;
    },
  };
  return derived(model, own);
}

/** `model`, with `own` in place of what is called alike. */
function derived<Prediction, T extends object>(model: Model<Prediction>, own: T): Trainer<Prediction> {
  return Object.create(model, Object.getOwnPropertyDescriptors(own)) as Trainer<Prediction>;
}

async function workerTrainer<Prediction>(
  model: Model<Prediction>,
  worker: Worker,
  prefer: DeviceOptions['prefer'] | null,
): Promise<Trainer<Prediction>> {
  let state: OptimizerState | null = null;
  let deviceName: string | null = null;
  let pausing: { readonly id: number; readonly idle: Promise<unknown> } | null = null;
  let holds = 0;
  const line = createLine(worker, {
    pause: nextTurn,
    mirrored(training) {
      if (state) state.step = training.step;
    },
    asked: (name, given) => fits.asked(name, given),
    batches: (logs) => fits.batches(logs),
  });
  const { call, tell } = line;
  const fits = createFits(call, tell, line.latest, () => state);

  /** What a training has set that goes on: the page's own copy of it. */
  function mirror(where: string, scalars: TrainingState['scalars'] = {}, rate: number | null = null): void {
    state!.numbers.restore(where, scalars);
    state!.learningRate = rate;
  }

  function compiled(where: string): OptimizerState {
    if (state) return state;
    throw new StateError(`${where}: the model is not compiled`);
  }

  function resume(): void {
    if (pausing) tell('release', pausing.id);
    pausing = null;
  }

  const own = {
    async compile(options: CompileOptions): Promise<void> {
      const { optimizer, device, ...rest } = options;
      if (device) throw new OptionError('compile: a device cannot cross to a worker; give `prefer` to trainer');
      const made = resolveOptimizer('compile', optimizer);
      if (!made.options) {
        throw new OptionError(
          `compile: the optimizer '${made.name}' is not the library's, and cannot cross to a worker`,
        );
      }
      const { learningRate, ...numbers } = made.options as { readonly learningRate?: unknown };
      const scheduled = typeof learningRate === 'function';
      const sent = { name: made.name, options: scheduled ? numbers : made.options, scheduled };
      const there = (await call('compile', { ...rest, optimizer: sent, prefer })) as CompiledThere;
      deviceName = there.deviceName;
      state = createState(made, model.parameters, null, there.specs);
      state.step = line.latest().step;
      mirror('compile', there.changed, there.learningRate);
    },
    fit: (data: TrainingData, options: FitOptions = {}) => fits.fit(trainerModel, data, options),
    evaluate: (data: TrainingData, options: object = {}) => call('evaluate', data, options),
    confusionMatrix: (data: TrainingData, options: object = {}) => call('confusionMatrix', data, options),
    predict: (x: unknown, options: object = {}) => call('predict', x, options),
    inspect: (x: unknown, names: readonly string[]) => call('inspect', x, names),
    plan: (options: object = {}) => call('plan', options),
    getWeights: () => call('getWeights'),
    setWeights: (weights: unknown) => tell('setWeights', weights),
    setLearningRate(rate: number | null): void {
      setRate(compiled('setLearningRate'), rate);
      tell('setLearningRate', rate);
    },
    scalars: () => scalarsOf(compiled('scalars')),
    setScalars(values: Readonly<Record<string, number>>): void {
      setScalars(compiled('setScalars'), values);
      tell('setScalars', values);
    },
    lossScale: () => call('lossScale'),
    async getTraining() {
      return fits.withCallbacks((await call('getTraining')) as TrainingState | null);
    },
    setTraining(saved: TrainingState): void {
      fits.restore(saved);
      if (state?.optimizer.name === saved.optimizer) mirror('setTraining', saved.scalars, saved.learningRate);
      tell('setTraining', saved);
    },
    async hold<T>(task: () => Promise<T>): Promise<T> {
      const id = ++holds;
      await call('hold', id);
      try {
        return await task();
      } finally {
        tell('release', id);
      }
    },
    stopTraining(reason = 'stopTraining() was called'): void {
      tell('stopTraining', reason);
      resume();
    },
    async pause(): Promise<void> {
      if (!pausing) {
        const id = ++holds;
        pausing = { id, idle: call('hold', id) };
      }
      await pausing.idle;
    },
    resume,
    get isPaused() {
      return pausing !== null;
    },
    get deviceName() {
      return deviceName;
    },
    get device() {
      return null; // it is the worker's
    },
    get optimizer() {
      return state;
    },
    get history() {
      return line.latest().history ?? {};
    },
    get isTraining() {
      return fits.running();
    },
    build(): never {
      throw new StateError('build: a trainer takes a model that is built');
    },
    dispose(): void {
      line.close('the trainer was disposed of');
      worker.terminate();
      model.dispose();
    },
  };
  const trainerModel = derived(model, own);
  try {
    const bytes = await saveModel(model);
    fits.restore(await model.getTraining());
    await call('load', bytes);
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return trainerModel;
}
