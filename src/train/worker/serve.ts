// The worker's side of a trainer: holds the model and its engine, does what it is asked, and calls the page's callbacks.

import { OptionError, StateError } from '../../core/errors.ts';
import { optimizerFrom } from '../../nn/optimizers.ts';
import type { LossFunction } from '../../nn/losses.ts';
import type { Callback } from '../callbacks.ts';
import { loadModel, loadWeights } from '../checkpoint.ts';
import { createDevice } from '../device.ts';
import type { FitOptions } from '../fit.ts';
import type { AnyMetric } from '../heads.ts';
import type { ImageTransform } from '../augmentation.ts';
import * as transforms from '../image_transforms.ts';
import type { Model } from '../model.ts';
import { createUnpacker } from './packing.ts';
import {
  receivedError,
  sentError,
  type CompiledThere,
  type HookName,
  type Request,
  type Response,
  type SentCompile,
  type SentFit,
  type SentTransform,
} from './messages.ts';

/** What a worker of one's own adds to the library's. */
export interface ServeOptions {
  /** Makes the model, where it has layers of one's own; the page's one must have the same weights. */
  readonly build?: () => Model;
  /** Losses and metrics of one's own, by the names that the page's `compile` gives. */
  readonly losses?: Readonly<Record<string, LossFunction>>;
  readonly metrics?: Readonly<Record<string, AnyMetric>>;
}

/** The part of a worker's global scope that is used. */
interface Scope {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
}

/** Batches are told of together, so that short steps do not fill the page's queue. */
const tellEvery = 30; // milliseconds

/** Serves one trainer; the first lines of a worker of one's own, and all that the library's worker does. */
export function serveTrainer(options: ServeOptions = {}, scope: Scope = globalThis as unknown as Scope): void {
  const { unpack, array, forget } = createUnpacker();
  const replies = new Map<number, (reply: Extract<Request, { kind: 'reply' }>) => void>();
  const holds = new Map<number, () => void>();
  let nextHook = 1;
  let model: Model | null = null;
  let scheduled = false;
  let failure: Error | null = null;

  const training = () => ({ step: model?.optimizer?.step ?? 0, history: model?.history ?? null });
  const post = (message: Response, transfer: Transferable[] = []) => scope.postMessage(message, transfer);
  const ready = (): Model => {
    if (model) return model;
    throw new StateError('trainer: its worker has no model yet');
  };

  /** Asks the page, and waits for its answer. */
  function ask(name: HookName | 'rates', ...given: unknown[]): Promise<unknown> {
    const id = nextHook++;
    return new Promise((done, fail) => {
      replies.set(id, ({ value, error }) => (error ? fail(receivedError(error)) : done(value)));
      post({ kind: 'hook', id, name, given, training: training() });
    });
  }

  function callbacksFor(hooks: readonly HookName[]): Callback[] {
    const wants = (name: HookName) => hooks.includes(name);
    let logs: [number, Readonly<Record<string, number>>][] = [];
    let told = 0;
    const tell = (): void => {
      if (logs.length > 0) post({ kind: 'batches', logs, training: training() });
      logs = [];
      told = performance.now();
    };
    const after = async (name: HookName, ...given: unknown[]): Promise<void> => {
      tell();
      if (wants(name)) await ask(name, ...given);
    };
    const rates: Callback = {
      async onTrainBegin({ params }) {
        const state = ready().optimizer!;
        const count = Math.max(0, params.epochs - params.initialEpoch) * params.steps;
        const first = state.step;
        rateTable = { first, rates: (await ask('rates', first, count)) as Float64Array };
      },
    };
    const page: Callback = {
      onTrainBegin: ({ params, compiled }) => after('onTrainBegin', { params, compiled }),
      onEpochBegin: (epoch) => after('onEpochBegin', epoch),
      onEpochEnd: (epoch, values) => after('onEpochEnd', epoch, values),
      onTrainEnd: ({ stopped, error }) => after('onTrainEnd', { stopped, error: error && sentError(error) }),
      ...(wants('onBatchEnd') && {
        onBatchEnd(batch, values) {
          if (failure) throw failure;
          logs.push([batch, values]);
          if (performance.now() - told > tellEvery) tell();
        },
      }),
      ...(wants('onBatchBegin') && { onBatchBegin: (batch) => after('onBatchBegin', batch) }),
      ...(wants('onStepEnd') && { onStepEnd: (at) => after('onStepEnd', at) }),
    };
    return scheduled ? [rates, page] : [page];
  }

  let rateTable: { readonly first: number; readonly rates: Float64Array } = { first: 0, rates: Float64Array.of(0) };
  const schedule = (step: number): number => {
    const { first, rates } = rateTable;
    return rates[Math.min(Math.max(0, step - first), rates.length - 1)]!;
  };

  const calls: Record<string, (...given: never[]) => unknown> = {
    load(bytes: Uint8Array) {
      model = options.build ? options.build() : loadModel(bytes);
      if (options.build) loadWeights(model, bytes, { ignoreExtra: true });
    },
    async compile({ optimizer, prefer, ...rest }: SentCompile) {
      const { name, options: own } = optimizer;
      ({ scheduled } = optimizer);
      const device = prefer ? { device: await createDevice({ prefer }) } : {};
      const made = optimizerFrom(name, scheduled ? { ...own, learningRate: schedule } : own);
      await ready().compile({ ...(ownNames(rest, options) as typeof rest), optimizer: made, ...device });
      const { numbers, learningRate } = ready().optimizer!;
      const answer: CompiledThere = {
        deviceName: ready().device!.description,
        specs: numbers.specs,
        changed: numbers.changed(),
        learningRate,
      };
      return answer;
    },
    fit(data: never, { hooks, augment, ...rest }: SentFit) {
      failure = null;
      const fitOptions: FitOptions = { ...rest, callbacks: callbacksFor(hooks) };
      return ready().fit(data, augment === undefined ? fitOptions : { ...fitOptions, augment: augmentFrom(augment) });
    },
    evaluate: (data: never, given: never) => ready().evaluate(data, given),
    confusionMatrix: (data: never, given: never) => ready().confusionMatrix(data, given),
    predict: (x: never, given: never) => ready().predict(x, given),
    inspect: (x: never, names: never) => ready().inspect(x, names),
    getWeights: () => ready().getWeights(),
    setWeights: (weights: never) => ready().setWeights(weights),
    setLearningRate: (rate: never) => ready().setLearningRate(rate),
    setScalars: (values: never) => ready().setScalars(values),
    getTraining: () => ready().getTraining(),
    setTraining: (state: never) => ready().setTraining(state),
    lossScale: () => ready().lossScale(),
    plan: (given: never) => ready().plan(given),
    stopTraining: (reason: string) => ready().stopTraining(reason),
    /** A callback of the page failed while its batches were told of. */
    fail: (message: string) => void (failure = new Error(message)),
    /** Resolves once no step runs; the next one waits for `release`. */
    async hold(id: number) {
      const held = ready();
      let entered!: () => void;
      const idle = new Promise<void>((done) => (entered = done));
      void held.hold(async () => {
        const released = new Promise<void>((done) => holds.set(id, done));
        const { device, optimizer } = held;
        // What was submitted before is done when this has been read.
        if (device && optimizer) await device.readVariable(optimizer.firstBad).catch(() => {});
        entered();
        await released;
      });
      await idle;
    },
    release(id: number) {
      holds.get(id)?.();
      holds.delete(id);
    },
  };

  async function answer(id: number, name: string, given: readonly unknown[]): Promise<void> {
    try {
      const value = await calls[name]!(...(given.map(unpack) as never[]));
      post({ kind: 'result', id, value, training: training() });
    } catch (error) {
      post({ kind: 'result', id, error: sentError(error), training: training() });
    }
  }

  scope.addEventListener('message', ({ data }) => {
    if (data.kind === 'array') array(data);
    else if (data.kind === 'forget') forget(data.ids);
    else if (data.kind === 'reply') {
      replies.get(data.id)?.(data);
      replies.delete(data.id);
    } else void answer(data.id, data.name, data.given);
  });
}

/** `loss` and `metrics` with the worker's own in place of their names. */
function ownNames(
  given: Record<string, unknown>,
  { losses = {}, metrics = {} }: ServeOptions,
): Record<string, unknown> {
  const replaced = (value: unknown, own: Readonly<Record<string, unknown>>): unknown => {
    if (typeof value === 'string') return Object.hasOwn(own, value) ? own[value] : value;
    if (Array.isArray(value)) return value.map((one) => replaced(one, own));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replaced(one, own)]));
  };
  return {
    ...given,
    loss: replaced(given['loss'], losses),
    ...('metrics' in given ? { metrics: replaced(given['metrics'], metrics) } : {}),
  };
}

/** Transformations made anew from their names and options. */
function augmentFrom(sent: unknown): NonNullable<FitOptions['augment']> {
  const make = ({ transform, options }: SentTransform) => {
    const made = (transforms as unknown as Record<string, (given: object) => ImageTransform>)[transform];
    if (!made) throw new OptionError(`trainer: no transformation '${transform}' in the worker`);
    return made(options);
  };
  if (Array.isArray(sent)) return sent.map(make);
  const named = Object.entries(sent as Record<string, SentTransform[]>);
  return Object.fromEntries(named.map(([name, list]) => [name, list.map(make)]));
}
