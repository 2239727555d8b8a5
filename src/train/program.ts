// The lower door: a function of symbolic tensors, traced once, becomes a program that a device replays.

import type { DType, TypedArray } from '../core/dtype.ts';
import { checkOptions, OptionError, ShapeError, StateError } from '../core/errors.ts';
import { format, sizeOf, type Shape } from '../core/shape.ts';
import { gradients } from '../autodiff/gradients.ts';
import { inputTensor, nextTensorId, type Call, type Source, type Tensor } from '../graph/tensor.ts';
import { createState, isOptimizerState, type Optimizer, type OptimizerState } from '../nn/optimizer_state.ts';
import type { LiveNumbers } from '../nn/numbers.ts';
import type { Parameters } from '../nn/parameters.ts';
import { pack } from '../ops/pack.ts';
import { makePlan } from '../plan/build.ts';
import { choicesOf, restoring, type KernelChoices } from '../plan/choices.ts';
import type { Device, DeviceTensor, DispatchTime, Runner, RunnerStats, Track, TrackedRow } from '../plan/device.ts';
import type { Plan } from '../plan/plan.ts';
import { planDot, printPlan } from '../plan/print.ts';
import { checkAll, type NamedValue } from './checked.ts';
import { traceSegments } from './trace_segments.ts';
import { defaultDevice } from './device.ts';
import { resolvePrecision, type PrecisionOption } from './precision.ts';

/** A shape of f32, or a shape with its dtype. */
export type InputSpec = Shape | { readonly shape: Shape; readonly dtype: DType };

export interface TraceContext {
  /** u32 [4] = (seed, step, 0, 0), new for every run: what `dropout` and other random ops draw from. */
  readonly random: Tensor;
  /** Makes a call that overwrites a variable, whose result is given, part of every run. */
  perform(effect: Tensor): void;
  /**
   * What `f` gives. Of the values it makes on the way, those that only the gradients of `loss` want are computed again for
   * them and not kept in between (PyTorch's checkpoint). Random ops draw the same numbers again; what is performed is
   * performed once. OptionError: within another such call, or with `recompute: true`.
   */
  recompute<T>(f: () => T): T;
  /** What `f` gives; all that it adds to the graph is of the layer called so, for messages of a checked program. */
  layer<T>(name: string, f: () => T): T;
}

export interface ProgramOptions {
  /** Weights that the function uses and the optimizer changes. */
  readonly parameters?: Parameters;
  /** Given, the program trains: the function must return a scalar called `loss`. A state is shared between programs. */
  readonly optimizer?: Optimizer | OptimizerState;
  /** `createDevice()` unless given. */
  readonly device?: Device;
  /** Of the random ops; 0 unless given. */
  readonly seed?: number;
  /** Scalar outputs delivered for every run through `onRows`, `every` runs at a time or as soon as `apart` says. */
  readonly track?: Track;
  readonly onRows?: (rows: readonly TrackedRow[]) => void;
  /** Numbers that the function read from there and that may change between runs; the optimizer's state's unless given. */
  readonly numbers?: LiveNumbers | undefined;
  /** Op name -> kernel to use where it fits; for benchmarks. */
  readonly kernels?: Readonly<Record<string, string>>;
  /** Whether groups of ops are replaced by fused ones; true unless given. */
  readonly fuse?: boolean;
  /**
   * Whether values of the forward pass are computed again for the gradients instead of kept, in about √n segments for n
   * layers, which then take about √n times less memory for one more forward pass; false unless given.
   */
  readonly recompute?: boolean;
  /** Whether kernels of which nothing is known on this device are measured first (`device.tune`); false unless given. */
  readonly tune?: boolean;
  /** The kernels of an earlier program (`choices`), used where they are still the same, so that sums have the same bits. */
  readonly choices?: KernelChoices;
  /** 'f32' unless given. 'mixed': products read f16; with an optimizer, the loss is scaled: see `mixedPrecision`. */
  readonly precision?: PrecisionOption;
  /**
   * Whether every value of a step is tested for NaN and infinity on the device, ops one by one: slower, and needs more memory.
   * The output FIRST_NON_FINITE is then which of the program's `values` was the first; with a scaled loss gradients, which may
   * be infinite in a step that is skipped, are told apart in NON_FINITE_GRADIENT. false unless given.
   */
  readonly checked?: boolean;
}

export interface Program {
  readonly plan: Plan;
  /** Of a checked program, in the order of computation; else empty. */
  readonly values: readonly NamedValue[];
  /** The kernels used wherever there was a choice. */
  readonly choices: KernelChoices;
  /**
   * Compiles everything and allocates everything; after it no pipeline is created, after the first run no buffer. With
   * `early` it resolves as soon as a step can run: kernels that compile long are compiled after the first step, and until they
   * are there quick ones stand in, which give the same bits.
   */
  prepare(options?: { onProgress?: (done: number, total: number) => void; early?: boolean }): Promise<void>;
  /**
   * Queues one step with the inputs given, and does not wait. Inputs left out keep their last values. Short steps over data
   * that lie on the device (tensors, and arrays of up to 256 bytes) are submitted several at a time.
   */
  run(inputs: Readonly<Record<string, TypedArray | DeviceTensor>>): void;
  /** Null when another step may be submitted now, else a promise to await first. */
  ready(): Promise<void> | null;
  /** Waits for every tracked row, and rethrows what went wrong. */
  flush(): Promise<void>;
  /** The value of an output after the latest run. */
  read(output: string): Promise<TypedArray>;
  stats(): RunnerStats;
  /** The time of every dispatch of one step on the device's own clock; null where it has none that may be read. */
  profile(): Promise<readonly DispatchTime[]> | null;
  /** The plan as text. */
  print(): string;
  /** The plan in Graphviz's DOT. */
  dot(): string;
  dispose(): void;
}

/** The lowest arena index with a non-finite gradient in any step so far; `NO_BAD_INDEX` while there is none. */
export const FIRST_BAD = '$firstBad';

/** With `globalClipNorm`: how long all gradients together were before they were clipped. */
export const GRADIENT_NORM = '$gradientNorm';

/** Of a checked program: which of its `values` was the first in the step that is not finite; `NO_BAD_INDEX` where none was. */
export const FIRST_NON_FINITE = '$firstNonFinite';

/** Of a checked program in mixed precision: the same of what the gradients and the update are computed through. */
export const NON_FINITE_GRADIENT = '$nonFiniteGradient';

/** In mixed precision: what the loss is multiplied by in the next step, and how many steps were skipped so far. */
export const LOSS_SCALE = '$lossScale';
export const SKIPPED_STEPS = '$skippedSteps';

const known = [
  'parameters',
  'optimizer',
  'device',
  'seed',
  'track',
  'onRows',
  'numbers',
  'kernels',
  'fuse',
  'recompute',
  'tune',
  'choices',
  'precision',
  'checked',
];

/**
 * Traces `f` once with symbolic inputs and plans what it returns. With an optimizer, the gradients of `loss` with
 * respect to `parameters` and their update are part of every run.
 */
export async function program(
  inputs: Readonly<Record<string, InputSpec>>,
  f: (inputs: Record<string, Tensor>, context: TraceContext) => Record<string, Tensor>,
  options: ProgramOptions = {},
): Promise<Program> {
  checkOptions('program', options, known);
  const { parameters, optimizer, seed = 0, track, onRows, checked = false } = options;
  if (typeof checked !== 'boolean')
    throw new OptionError(`program: checked is ${String(checked)}, expected true or false`);
  const precision = await resolvePrecision('program', options.precision);

  const symbols: Record<string, Tensor> = {};
  for (const [name, spec] of Object.entries(inputs)) {
    if (name.startsWith('$'))
      throw new OptionError(`program: input names beginning with $ are reserved, got '${name}'`);
    symbols[name] = 'shape' in spec ? inputTensor(name, spec.shape, spec.dtype) : inputTensor(name, spec);
  }
  const random = inputTensor('$random', [4], 'u32');
  const effects: Tensor[] = [];
  const traced = traceSegments(options);
  const perform = (effect: Tensor) => void effects.push(effect);
  const outputs = { ...f(symbols, { random, perform, recompute: traced.segment, layer: traced.layer }) };
  const recompute = traced.end();
  const afterwards = nextTensorId();
  let state: OptimizerState | null = null;
  let slopes: readonly Tensor[] = [];
  const lasting = new Set<Source>();

  if (optimizer) {
    if (!parameters) throw new OptionError('program: an optimizer needs parameters');
    const { loss } = outputs;
    if (!loss)
      throw new OptionError(`program: an optimizer needs an output 'loss'; given: ${Object.keys(outputs).join(', ')}`);
    if (sizeOf(loss.shape) !== 1) {
      throw new ShapeError(`program: 'loss' must be one number to differentiate, got shape ${format(loss.shape)}`);
    }
    state = isOptimizerState(optimizer) ? optimizer : createState(optimizer, parameters, precision);
    if (precision && !state.scaler) {
      throw new OptionError(
        "program: the optimizer's state has no loss scale; make it by createState(optimizer, parameters, mixedPrecision())",
      );
    }
    const list = parameters.list;
    slopes = gradients(
      loss,
      list.map(({ tensor }) => tensor),
      state.scaler?.seed(loss.shape),
    );
    const packed = pack(
      slopes,
      list.map(({ offset }) => offset),
      sizeOf(parameters.arena.shape),
    );
    const group = (state.optimizer.accumulation ?? 1) > 1 ? inputTensor('$group', [4]) : null;
    const update = state.update(packed, inputTensor('$scalars', [4]), group);
    for (const { source } of update.effects) lasting.add(source);
    effects.push(...update.effects);
    if (update.norm) outputs[GRADIENT_NORM] = update.norm;
    outputs[FIRST_BAD] = update.firstBad;
    if (update.scale) outputs[LOSS_SCALE] = update.scale;
    if (update.skipped) outputs[SKIPPED_STEPS] = update.skipped;
  }

  const passes = ({ outputs: made }: Call) =>
    precision !== null && made[0]!.id >= afterwards && !made.some(({ source }) => lasting.has(source));
  const roots = [...Object.values(outputs), ...effects];
  const checks = checked ? checkAll(roots, parameters, slopes, traced.layers, passes) : null;
  if (checks) outputs[FIRST_NON_FINITE] = checks.found;
  if (checks?.passing) outputs[NON_FINITE_GRADIENT] = checks.passing;

  const device = options.device ?? (await defaultDevice());
  const { kernels, fuse = !checked, tune = false, choices } = options;
  const tuned = [...(choices ? [restoring(choices)] : []), ...(device.tuned ? [device.tuned] : [])];
  const numbers = options.numbers ?? state?.numbers;
  const operands = () => [...(numbers?.operands ?? [])].filter(([name]) => name in plan.inputs);
  const makeIt = () =>
    makePlan(outputs, effects, { target: device.target, kernels, fuse, tuned, recompute, storage: precision?.storage });
  let plan = makeIt();
  if (tune && (await device.tune(plan)).size > 0) plan = makeIt();
  checkInputsUsed(plan, symbols);
  const usesRandom = '$random' in plan.inputs;
  /** Filled anew for each run, which copies it. */
  const drawn = Uint32Array.of(seed, 0, 0, 0);
  const usesGroup = '$group' in plan.inputs;

  let runner: Runner | null = null;
  let runs = 0;
  /** Of the numbers as the plan or the runner has them; null: no operand was given yet. */
  const planned = numbers?.version;
  let version: number | null = null;
  const prepared = (): Runner => {
    if (!runner) throw new StateError('program: prepare() must be awaited before a run');
    return runner;
  };
  return {
    plan,
    values: checks?.values ?? [],
    get choices() {
      return choicesOf(plan, device.target);
    },
    async prepare(given = {}) {
      checkOptions('prepare', given, ['onProgress', 'early']);
      const { onProgress, early } = given;
      runner ??= await device.createRunner(plan, { track, onRows, onProgress, early });
    },
    run(given) {
      const ready = prepared();
      const all: Record<string, TypedArray | DeviceTensor> = { ...given };
      if (usesRandom) {
        drawn[1] = state ? state.batches : runs;
        all['$random'] = drawn;
      }
      if (state) all['$scalars'] = state.scalars();
      if (state && usesGroup) all['$group'] = state.group();
      if (numbers && numbers.version !== version) {
        if (numbers.version !== (version ?? planned)) ready.refresh?.();
        for (const [name, { value }] of operands()) all[name] = Float32Array.of(value);
        version = numbers.version;
      }
      ready.run(all);
      runs++;
      state?.advance();
    },
    ready: () => prepared().ready(),
    flush: () => prepared().flush(),
    read: (output) => prepared().read(output),
    stats: () => prepared().stats(),
    profile: () => prepared().profile?.() ?? null,
    print: () => printPlan(plan),
    dot: () => planDot(plan),
    dispose() {
      runner?.dispose();
      runner = null;
    },
  };
}

/** An input that nothing reads is a mistake of the function, so it is said at once. */
function checkInputsUsed(plan: Plan, symbols: Readonly<Record<string, Tensor>>): void {
  for (const name of Object.keys(symbols)) {
    if (!Object.hasOwn(plan.inputs, name)) throw new OptionError(`program: no output depends on input '${name}'`);
  }
}
