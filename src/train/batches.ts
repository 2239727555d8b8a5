// Programs over data sets that lie on the device: each step picks its batch there, by a shuffled order and a cursor.

import type { DType } from '../core/dtype.ts';
import type { Shape } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { gatherBatch } from '../ops/gather_batch.ts';
import type { KernelChoices } from '../plan/choices.ts';
import type { Device, Pace } from '../plan/device.ts';
import type { BatchProgram } from './batch_program.ts';
import type { Augmentations } from './augment_option.ts';
import {
  forward,
  placesFor,
  type Compiled,
  type Head,
  type InputPort,
  type Network,
  type UsedKernels,
} from './core.ts';
import { type Feed, type Pass, placed, residentFeed, streamFeed } from './feed.ts';
import { lossAndMetrics } from './heads.ts';
import { keepPrograms } from './kept_programs.ts';
import { confusionTally } from '../nn/classification.ts';
import type { Tally } from '../nn/metrics.ts';
import {
  FIRST_BAD,
  FIRST_NON_FINITE,
  GRADIENT_NORM,
  type InputSpec,
  LOSS_SCALE,
  NON_FINITE_GRADIENT,
  program,
  SKIPPED_STEPS,
  type Program,
  type ProgramOptions,
  type TraceContext,
} from './program.ts';
import { createResidents } from './residents.ts';
import { createTallies, type Tallies } from './tallies.ts';
import type { Arrays, Targets } from './targets.ts';

export interface Batches {
  /** `data` with as many rows as the device is to hold at a time, for whole batches of this size. */
  placed(data: Arrays, batch: number): Arrays;
  /** What a pass over `placed` data gives to each step; a set that lies on the device as a whole is copied there once. */
  feed(kind: 'train' | 'evaluate', data: Arrays, pass: Pass | Promise<Pass>): Promise<Feed>;
  /** Takes `data` off the device. */
  release(data: Arrays): void;
  /** Programs for data of this size and these types; the values themselves are given to each run. */
  train(data: Arrays, batch: number, pace: Pace, augment?: Augmentations): Promise<BatchProgram>;
  evaluate(data: Arrays, batch: number): Promise<BatchProgram>;
  /** An evaluation that counts every head's confusions as well. */
  confusion(data: Arrays, batch: number): Promise<BatchProgram>;
  /** What programs of a kind gather over data sets of one size. */
  tallies(kind: 'train' | 'evaluate' | 'confusion', size: number): Tallies;
  /** From arrays [batch, …], called as the inputs that are needed, to the values at `places`, called by their number. */
  predict(batch: number, places: readonly number[], drawing: boolean, checked: boolean): Promise<Program>;
  /** The training program of plain arrays, targets as `y` says of each head; nothing is allocated for it. */
  sketch(batch: number, y: readonly { shape: Shape; dtype: DType }[]): Promise<Program>;
  /** The kernels of all programs so far, and of the saved training that this one continues. */
  kernels(): UsedKernels;
  dispose(): void;
}

type Kind = 'train' | 'evaluate' | 'confusion' | 'predict';

/** Sizes of data sets that tallies are kept for, of each kind: more than there are programs that may use them. */
const keptTallies = 8;

/** When an evaluation reads its steps' values. */
const evaluatePace: Pace = { every: 64 };

export function createBatches(
  device: Device,
  network: Network,
  compiled: Compiled | null,
  seed: number,
  saved: UsedKernels | null,
): Batches {
  const residents = createResidents(device);
  const programs = keepPrograms();
  const tallies = new Map<string, Tallies>();
  const heads = compiled?.heads ?? [];
  const needed = inputsFor(heads.map(({ output }) => output.at));
  const featuresOf = ({ name }: InputPort) => (network.inputs.length === 1 ? 'data' : `data/${name}`);
  const targetNames = heads.map(({ output }) => (network.outputs.length === 1 ? 'targets' : `targets/${output.name}`));
  const weightNames = targetNames.map((name) => name.replace('targets', 'weights'));
  const shared: ProgramOptions = {
    parameters: network.parameters,
    device,
    seed,
    kernels: compiled?.kernels,
    tune: compiled?.tune,
    choices: saved?.device === device.description ? saved.choices : undefined,
    precision: compiled?.precision ?? 'f32',
    numbers: compiled?.state.numbers,
  };
  const read = compiled?.state.numbers.read;

  /** Layers that were named are segments whose values are computed again. */
  const around =
    ({ recompute: again, layer: within }: Pick<TraceContext, 'recompute' | 'layer'>) =>
    <T>(layer: string, apply: () => T): T => {
      const named = compiled?.recompute;
      return within(layer, () => (Array.isArray(named) && named.includes(layer) ? again(apply) : apply()));
    };

  /** The inputs that the values at `places` depend on. */
  function inputsFor(places: readonly number[]): InputPort[] {
    const all = placesFor(network, places);
    return network.inputs.filter((_, at) => all.has(at));
  }

  function talliesOf(kind: Exclude<Kind, 'predict'>, size: number): Tallies {
    const key = `${kind} ${size}`;
    const found =
      tallies.get(key) ?? createTallies(device, heads, size, kind === 'confusion' ? confusionOf : undefined);
    tallies.delete(key);
    tallies.set(key, found);
    const alike = [...tallies.keys()].filter((other) => other.startsWith(kind));
    for (const oldest of alike.slice(0, -keptTallies)) {
      tallies.get(oldest)!.dispose();
      tallies.delete(oldest);
    }
    return found;
  }

  function overData(
    kind: Exclude<Kind, 'predict'>,
    data: Arrays,
    batch: number,
    pace: Pace,
    augment: Augmentations = {},
  ): Promise<BatchProgram> {
    const { keys, state, checked } = compiled!;
    const { size } = data;
    const arrays = arraysOf(data);
    const scales = Object.fromEntries(
      needed.map((input) => {
        const { scale, offset } = data.x[network.inputs.indexOf(input)]!;
        return [featuresOf(input), { scale, offset }];
      }),
    );
    const training = kind === 'train';
    const signature = Object.entries(arrays).map(([name, { dtype, shape }]) => `${name}:${dtype}[${shape.join()}]`);
    const scaled = Object.values(scales).flatMap(({ scale, offset }) => [scale, offset]);
    const drawing = Object.entries(augment).map(([name, { key }]) => `${name}:${key}`);
    const numbered = data.streamed !== undefined && drawing.length > 0;
    return programs.get(
      kind,
      [batch, pace.every, pace.apart, size, ...scaled, ...signature, ...drawing].join(' '),
      async () => {
        const scaling = state.scaler ? [LOSS_SCALE, SKIPPED_STEPS] : [];
        const norms = state.optimizer.clipping?.by === 'globalClipNorm' ? [GRADIENT_NORM] : [];
        const checks = checked ? [FIRST_NON_FINITE] : [];
        const gradients = checked && state.scaler ? [NON_FINITE_GRADIENT] : [];
        const ofSteps = training ? [FIRST_BAD, ...gradients, ...norms, ...scaling] : [];
        const outputs = ['loss', ...keys, ...checks, ...ofSteps];
        const places = heads.map(({ output }) => output.at);
        const terms: string[] = [];
        const made: { -readonly [K in keyof BatchProgram]: BatchProgram[K] } = {
          batch,
          terms,
          waiting: [],
          program: null!,
        };
        made.program = await program(
          {
            ...Object.fromEntries(Object.entries(arrays).map(([name, { shape, dtype }]) => [name, { shape, dtype }])),
            order: { shape: [size], dtype: 'u32' },
            cursor: { shape: [1], dtype: 'u32' },
            ...(numbered ? { ids: { shape: [size], dtype: 'u32' } as const } : {}),
            ...(drawing.length > 0 ? { augmentation: { shape: [4], dtype: 'u32' } as const } : {}),
          },
          (inputs, { random, perform, ...context }) => {
            const { order, cursor } = inputs as Record<'order' | 'cursor', Tensor>;
            const gather = (name: string) => gatherBatch(inputs[name]!, order, cursor, { batch, ...scales[name] });
            const examples = Object.fromEntries(
              needed.map((input) => {
                const name = featuresOf(input);
                const { [input.name]: augmented } = augment;
                if (!augmented) return [input.name, gather(name)];
                const { ids = order, augmentation: draws } = inputs;
                const tensors = { data: inputs[name]!, order, ids, cursor, random: draws! };
                return [input.name, augmented.apply(tensors, { batch, ...scales[name]! })];
              }),
            );
            const targets = targetNames.map(gather);
            const weights = weightNames.map((name) => (Object.hasOwn(arrays, name) ? gather(name) : undefined));
            const made = forward(network, examples, places, {
              training,
              random,
              examples: size,
              read,
              around: training ? around(context) : context.layer,
            });
            made.effects.forEach(perform);
            talliesOf(kind, size).trace(made, targets, cursor).forEach(perform);
            terms.push(...Object.keys(made.terms));
            outputs.push(...terms);
            return lossAndMetrics(compiled!, made, targets, batch, weights);
          },
          {
            ...shared,
            checked,
            ...(training ? { optimizer: state, recompute: compiled!.recompute === true } : {}),
            track: { outputs, ...pace },
            onRows(rows) {
              for (const { values } of rows) made.waiting.shift()?.(values);
            },
          },
        );
        return made;
      },
    );
  }

  /** The arrays that programs take, by their names. */
  function arraysOf({ rows, x, y, weights }: Arrays): Record<string, Targets> {
    const whole = ({ data, dtype, shape }: Targets): Targets => ({ data, dtype, shape: [rows, ...shape] });
    return Object.fromEntries([
      ...needed.map((input) => [featuresOf(input), whole(x[network.inputs.indexOf(input)]!)]),
      ...y.map((target, i) => [targetNames[i]!, whole(target)]),
      ...weights.flatMap((weight, i) => (weight ? [[weightNames[i]!, whole(weight)]] : [])),
    ]);
  }

  return {
    placed: (data, batch) => placed(data, batch, arraysOf({ ...data, rows: 1 }), device.target),
    async feed(kind, data, pass) {
      const arrays = arraysOf(data);
      if (data.streamed === undefined) return residentFeed(await residents.of(data, arrays), await pass);
      return streamFeed({ data, ring: await residents.ring(data, kind, arrays), arraysOf }, await pass);
    },
    release: ({ source }) => residents.release(source),
    train: (data, batch, pace, augment) => overData('train', data, batch, pace, augment),
    evaluate: (data, batch) => overData('evaluate', data, batch, evaluatePace),
    confusion: (data, batch) => overData('confusion', data, batch, evaluatePace),
    tallies: talliesOf,
    predict: async (batch, places, drawing, checked) => {
      const made = await programs.get('predict', [drawing, checked, batch, ...places].join(' '), async () => ({
        program: await program(
          plainInputs(batch, inputsFor(places)),
          (inputs, { random, perform, layer: around }) => {
            const use = { training: false, drawing, random, read, around };
            const { values, effects } = forward(network, inputs, places, use);
            effects.forEach(perform);
            return Object.fromEntries(places.map((at, i) => [at, values[i]!]));
          },
          { ...shared, checked },
        ),
      }));
      return made.program;
    },
    sketch(batch, y) {
      const targets = y.map(({ shape, dtype }, i) => [targetNames[i]!, { shape: [batch, ...shape], dtype }]);
      return program(
        { ...plainInputs(batch, needed), ...Object.fromEntries(targets) },
        (inputs, { random, perform, ...context }) => {
          const places = heads.map(({ output }) => output.at);
          const made = forward(network, inputs, places, {
            training: true,
            random,
            examples: batch,
            read,
            around: around(context),
          });
          made.effects.forEach(perform);
          const given = targetNames.map((name) => inputs[name]!);
          return lossAndMetrics(compiled!, made, given, batch);
        },
        {
          ...shared,
          tune: false,
          optimizer: compiled!.state,
          recompute: compiled!.recompute === true,
          checked: compiled!.checked,
        },
      );
    },
    kernels() {
      const choices = programs.all().map((program) => program.choices);
      return { device: device.description, choices: Object.assign({}, shared.choices, ...choices) as KernelChoices };
    },
    dispose() {
      programs.dispose();
      for (const one of tallies.values()) one.dispose();
      tallies.clear();
      residents.dispose();
    },
  };
}

function confusionOf({ loss }: Head): Tally[] {
  return [confusionTally('confusionMatrix', 'confusionMatrix', loss)];
}

function plainInputs(batch: number, inputs: readonly InputPort[]): Record<string, InputSpec> {
  return Object.fromEntries(inputs.map(({ name, shape, dtype }) => [name, { shape: [batch, ...shape], dtype }]));
}
