// Measuring a model: loss and metrics over a data set, and which classes it takes for which.

import { NonFiniteError, OptionError, checkOptions } from '../core/errors.ts';
import { nextTurn } from '../core/turn.ts';
import type { ConfusionMatrix } from '../nn/confusion.ts';
import { matrixOf } from '../nn/classification.ts';
import { NO_BAD_INDEX } from '../nn/optimizer_state.ts';
import { submit, type BatchProgram } from './batch_program.ts';
import { compiledOf, enqueue, networkOf, together, type Core } from './core.ts';
import { describeValue } from './checked.ts';
import { FIRST_NON_FINITE, type Program } from './program.ts';
import { resolveData, type Arrays, type TrainingData } from './targets.ts';
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
  const set = batches.placed(data, batch);
  return together(batches[kind](set, batch), rest === 0 ? null : batches[kind](set, rest));
}

/** The mean loss and metrics over a data set, each example counted once; nothing is trained. */
export function measure(
  core: Core,
  data: Arrays,
  batchSize: number,
  where = 'evaluate',
): Promise<Record<string, number>> {
  return enqueue(core, async () => {
    const sums = await sweep(core, where, 'evaluate', data, batchSize);
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
      await sweep(core, 'confusionMatrix', 'confusion', set, batchSize);
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
  where: string,
  kind: 'evaluate' | 'confusion',
  data: Arrays,
  batchSize: number,
): Promise<Record<string, number>> {
  const { keys } = compiledOf(core, 'evaluate');
  const batches = core.batches!;
  const { size } = data;
  const batch = Math.min(batchSize, size);
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  const [[full, partial], feed] = await together(
    programsFor(core, data, batchSize, kind),
    batches.feed('evaluate', batches.placed(data, batch), { order, epoch: 0, shuffleSeed: null }),
  );
  batches.tallies(kind, size).clear();
  const sums: Record<string, number> = { loss: 0 };
  const begun = new Set<BatchProgram>();
  let failure: NonFiniteError | null = null;
  let lastTurn = performance.now();
  try {
    for (let start = 0; start < size && !failure; start += batch) {
      const current = start + batch <= size ? full : partial!;
      const room = current.program.ready();
      if (room) await room;
      if (performance.now() - lastTurn > turnEvery) {
        await nextTurn();
        lastTurn = performance.now();
      }
      const inputs = feed.inputs(current, start);
      const ready = inputs instanceof Promise ? await inputs : inputs;
      current.waiting.push((values) => {
        failure ??= nonFiniteIn(core, where, current.program, values[FIRST_NON_FINITE], start, current.batch);
        sums['loss']! += values['loss']! * current.batch;
        for (const name of [...keys, ...current.terms]) sums[name] = (sums[name] ?? 0) + values[name]!;
      });
      submit(current, ready);
      begun.add(current);
    }
    for (const { program } of begun) await program.flush();
  } finally {
    await feed.close();
  }
  if (failure) throw failure as NonFiniteError;
  return sums;
}

/** What a checked program of examples from `start` on found; null where all was finite. */
export function nonFiniteIn(
  core: Core,
  where: string,
  { values }: Program,
  found: number | undefined,
  start: number,
  count: number,
): NonFiniteError | null {
  const first = values[found ?? NO_BAD_INDEX];
  if (!first) return null;
  const which = count === 1 ? `example ${start}` : `examples ${start} to ${start + count - 1}`;
  return new NonFiniteError(
    `${where}: ${which}: ${describeValue(first)}`,
    core.compiled!.state.step,
    first.tensor,
    first,
  );
}

export function checkBatchSize(where: string, batchSize = 32): number {
  if (Number.isInteger(batchSize) && batchSize >= 1) return batchSize;
  throw new OptionError(`${where}: batchSize is ${batchSize}, expected a positive integer`);
}
