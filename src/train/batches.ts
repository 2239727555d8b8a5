// Programs over data sets that lie on the device: each step picks its batch there, by a shuffled order and a cursor.

import type { DType, TypedArray } from '../core/dtype.ts';
import type { Shape } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Dataset } from '../data/dataset.ts';
import { gatherBatch } from '../ops/gather_batch.ts';
import type { Device, DeviceTensor, TrackedRow } from '../plan/device.ts';
import { forward, type Compiled, type Network } from './core.ts';
import { FIRST_BAD, program, type Program, type ProgramOptions } from './program.ts';
import type { Targets } from './targets.ts';

/** A data set on the device. */
export interface Resident {
  readonly size: number;
  readonly x: DeviceTensor;
  readonly y: DeviceTensor;
  readonly scale: number;
  readonly offset: number;
}

/** A program for batches of one size from data sets of one size and type. */
export interface BatchProgram {
  readonly program: Program;
  readonly batch: number;
  /** Called once for every run, in order, when its tracked values have arrived. */
  readonly waiting: ((values: TrackedRow['values']) => void)[];
}

export interface Batches {
  /** Uploads `dataset` unless it is on the device already. */
  resident(dataset: Dataset, targets: Targets): Promise<Resident>;
  /** Takes `dataset` off the device. */
  release(dataset: Dataset): void;
  train(resident: Resident, batch: number, every: number): Promise<BatchProgram>;
  evaluate(resident: Resident, batch: number): Promise<BatchProgram>;
  /** From an array x [batch, …] to the named layers' outputs. */
  predict(batch: number, names: readonly string[]): Promise<Program>;
  /** The training program of plain arrays x and y; nothing is allocated for it. */
  sketch(batch: number, y: { shape: Shape; dtype: DType }): Promise<Program>;
  dispose(): void;
}

/** Data sets, and programs of each kind, kept for the next call; the ones used longest ago give way. A fit uses 2 of each. */
const keptDatasets = 4;
const keptPrograms = 6;

type Kind = 'train' | 'evaluate' | 'predict';

/** How many steps' values an evaluation reads at once. */
const evaluateEvery = 64;

export function createBatches(device: Device, network: Network, compiled: Compiled | null, seed: number): Batches {
  const residents = new Map<Dataset, { of: Resident; targets: string }>();
  const programs = new Map<string, { program: Program }>();
  const shared: ProgramOptions = { parameters: network.parameters, device, seed, kernels: compiled?.kernels };

  async function kept<T extends { program: Program }>(kind: Kind, details: string, make: () => Promise<T>): Promise<T> {
    const key = `${kind} ${details}`;
    let made = programs.get(key) as T | undefined;
    if (!made) {
      made = await make();
      await made.program.prepare();
    }
    programs.delete(key);
    programs.set(key, made);
    const alike = [...programs.keys()].filter((other) => other.startsWith(kind));
    for (const oldest of alike.slice(0, -keptPrograms)) {
      programs.get(oldest)!.program.dispose();
      programs.delete(oldest);
    }
    return made;
  }

  function overData(
    kind: Exclude<Kind, 'predict'>,
    { x, y, scale, offset, size }: Resident,
    batch: number,
    every: number,
  ): Promise<BatchProgram> {
    const { metrics, state } = compiled!;
    const training = kind === 'train';
    const signature = [x, y].map(({ dtype, shape }) => `${dtype}[${shape.join()}]`);
    return kept(kind, [batch, every, scale, offset, ...signature].join(' '), async () => {
      const outputs = ['loss', ...metrics.map(({ name }) => name), ...(training ? [FIRST_BAD] : [])];
      const made: { -readonly [K in keyof BatchProgram]: BatchProgram[K] } = { batch, waiting: [], program: null! };
      made.program = await program(
        {
          data: { shape: x.shape, dtype: x.dtype },
          targets: { shape: y.shape, dtype: y.dtype },
          order: { shape: [size], dtype: 'u32' },
          cursor: { shape: [1], dtype: 'u32' },
        },
        (inputs, { random }) => {
          const { data, targets, order, cursor } = inputs as Record<'data' | 'targets' | 'order' | 'cursor', Tensor>;
          const examples = gatherBatch(data, order, cursor, { batch, scale, offset });
          const target = gatherBatch(targets, order, cursor, { batch });
          const { last } = forward(network, examples, { training, random });
          return lossAndMetrics(compiled!, last, target);
        },
        {
          ...shared,
          ...(training ? { optimizer: state } : {}),
          track: { outputs, every },
          onRows(rows) {
            for (const { values } of rows) made.waiting.shift()?.(values);
          },
        },
      );
      return made;
    });
  }

  return {
    async resident(dataset, targets) {
      const kind = `${targets.dtype}[${targets.shape.join()}]`;
      const known = residents.get(dataset);
      residents.delete(dataset);
      if (known && known.targets !== kind) free(known.of);
      const reused = known?.targets === kind ? known.of : null;
      const of = reused ?? (await upload(device, dataset, targets));
      residents.set(dataset, { of, targets: kind });
      for (const [oldest, entry] of residents) {
        if (residents.size <= keptDatasets) break;
        free(entry.of);
        residents.delete(oldest);
      }
      return of;
    },
    release(dataset) {
      const entry = residents.get(dataset);
      if (entry) free(entry.of);
      residents.delete(dataset);
    },
    train: (resident, batch, every) => overData('train', resident, batch, every),
    evaluate: (resident, batch) => overData('evaluate', resident, batch, evaluateEvery),
    predict: async (batch, names) => {
      const made = await kept('predict', [batch, ...names].join(' '), async () => ({
        program: await program(
          { x: [batch, ...network.inputShape] },
          ({ x }, { random }) => {
            const { outputs } = forward(network, x!, { training: false, random });
            return Object.fromEntries(names.map((name) => [name, outputs[name]!]));
          },
          shared,
        ),
      }));
      return made.program;
    },
    sketch: (batch, y) =>
      program(
        { x: [batch, ...network.inputShape], y: { shape: [batch, ...y.shape], dtype: y.dtype } },
        ({ x, y: target }, { random }) =>
          lossAndMetrics(compiled!, forward(network, x!, { training: true, random }).last, target!),
        { ...shared, optimizer: compiled!.state },
      ),
    dispose() {
      for (const { program } of programs.values()) program.dispose();
      for (const { of } of residents.values()) free(of);
      programs.clear();
      residents.clear();
    },
  };
}

/** Runs a step whose listener was put in `waiting`; a step that was refused has no values to wait for. */
export function submit({ program, waiting }: BatchProgram, inputs: Parameters<Program['run']>[0]): void {
  try {
    program.run(inputs);
  } catch (error) {
    waiting.pop();
    throw error;
  }
}

function lossAndMetrics({ loss, metrics }: Compiled, prediction: Tensor, target: Tensor): Record<string, Tensor> {
  const entries = metrics.map((metric): [string, Tensor] => [metric.name, metric.sum(prediction, target)]);
  return { loss: loss.apply(prediction, target), ...Object.fromEntries(entries) };
}

async function upload(device: Device, { size, x }: Dataset, targets: Targets): Promise<Resident> {
  const put = (data: TypedArray, dtype: DType, shape: Shape) => device.upload(data, { dtype, shape: [size, ...shape] });
  return {
    size,
    x: await put(x.data, x.data instanceof Uint8Array ? 'u8' : 'f32', x.shape),
    y: await put(targets.data, targets.dtype, targets.shape),
    scale: x.scale,
    offset: x.offset,
  };
}

function free({ x, y }: Resident): void {
  x.dispose();
  y.dispose();
}
