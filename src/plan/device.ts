// What a device is to the rooms above: it keeps variables, makes runners from plans, and says what it did.

import type { TypedArray } from '../core/dtype.ts';
import type { TensorType, Variable } from '../graph/tensor.ts';
import type { Target } from '../kernel/target.ts';
import type { Lookup } from './choose.ts';
import type { Plan } from './plan.ts';
import type { Measured } from './tuning.ts';

export interface Device {
  readonly kind: 'webgpu' | 'cpu';
  /** For people: `NVIDIA ada-lovelace · WebGPU/Dawn`, `SwiftShader (software) · WebGPU`, `CPU`. */
  readonly description: string;
  /** What plans for this device may use; null on the CPU, where references are run instead of kernels. */
  readonly target: Target | null;
  /** Everything that a program will need is made here; nothing is made while it runs. */
  createRunner(plan: Plan, options?: RunnerOptions): Promise<Runner>;
  /**
   * The bytes that `createRunner` and a step with arrays for all inputs will take, the plan's variables among them, before
   * any of them is allocated.
   */
  runnerBytes(plan: Plan, options?: RunnerOptions): number;
  /** Copies an array to the device, to be given to programs as an input without further copies. */
  upload(values: TypedArray, type: TensorType): Promise<DeviceTensor>;
  readVariable(variable: Variable): Promise<TypedArray>;
  writeVariable(variable: Variable, values: TypedArray): void;
  /** Frees the variable's memory. Programs that use it must have been disposed of before. */
  releaseVariable(variable: Variable): void;
  /** What planning asks for kernels that were measured here; null where references are run. */
  readonly tuned: Lookup | null;
  /**
   * Times the kernels that could do the calls of `plan`, where nothing is known of such calls yet, and keeps the fastest.
   * Plans made later use them; this one, and programs made of it, stay as they are. Answers what was measured, by
   * class of calls.
   */
  tune(plan: Plan): Promise<ReadonlyMap<string, Measured>>;
  stats(): DeviceStats;
  /** Resolves with the error that ended the device: lost, destroyed or hung. Never rejects. */
  readonly lost: Promise<Error>;
  dispose(): void;
}

/** When the scalars of steps are read. */
export interface Pace {
  /** So many steps at once. */
  readonly every: number;
  /** Fewer, as soon as so many milliseconds have gone by since the last read. */
  readonly apart?: number | undefined;
}

export interface Track extends Pace {
  /** Of one f32, i32 or u32 element. */
  readonly outputs: readonly string[];
}

export interface RunnerOptions {
  /** Scalar outputs kept for every step, and when they are read. */
  readonly track?: Track;
  /** Called in order with `every` rows at a time (fewer after `flush`, or `apart`). Errors thrown here surface in `ready`. */
  readonly onRows?: (rows: readonly TrackedRow[]) => void;
  /**
   * Whether the runner is ready as soon as a step can run: kernels that compile long then leave their place to quick ones that
   * give the same bits, are compiled after the first step, and take it. Without it every kernel is compiled at first.
   */
  readonly early?: boolean;
  /** Called while pipelines are compiled. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface TrackedRow {
  /** Counts this runner's runs from 0. */
  readonly run: number;
  readonly values: Readonly<Record<string, number>>;
}

/** A plan bound to a device: bind once, replay, read. */
export interface Runner {
  /**
   * Takes the inputs given (the others keep their last values) and puts one step in the device's queue, without waiting
   * for it. An idle GPU begins at once; while it is at work, the next steps of all programs gather to be submitted together,
   * as long as they are short and are given no array above 256 bytes. Throws a typed error at once for wrong names or
   * sizes, and after the device was lost.
   */
  run(inputs: Readonly<Record<string, TypedArray | DeviceTensor>>): void;
  /**
   * Attributes of calls that may change (`isLive`) are taken up as they are now, for every later step. Absent where they are read
   * in each.
   */
  refresh?(): void;
  /** Null when another step may be submitted now; else a promise to await first (the ring of reads is full). */
  ready(): Promise<void> | null;
  /** Delivers every tracked row that is still on its way, and rethrows what went wrong since the last call. */
  flush(): Promise<void>;
  /** The named output's value after the latest step. */
  read(output: string): Promise<TypedArray>;
  /** Runs one step with the last inputs, untracked, and times each dispatch on the GPU. Absent where that means nothing. */
  profile?(): Promise<readonly DispatchTime[]>;
  /**
   * For benchmarks: runs the step `times` over in one submit, with the last inputs and untracked, and waits for it.
   * Nanoseconds on the GPU's own clock, or null where it has none. Absent on the CPU, where `run` has finished when it returns.
   */
  replay?(times: number): Promise<number | null>;
  stats(): RunnerStats;
  dispose(): void;
}

/** Device memory owned by the caller until `dispose`. */
export interface DeviceTensor extends TensorType {
  readonly device: Device;
  /** New values for all of it, after the steps so far and before every later one; `values` may be used again at once. */
  write(values: TypedArray): void;
  dispose(): void;
}

export function isDeviceTensor(value: TypedArray | DeviceTensor): value is DeviceTensor {
  return 'device' in value;
}

export interface DispatchTime {
  readonly op: string;
  readonly label: string;
  readonly kernel: string;
  readonly entry: string;
  readonly nanoseconds: number;
}

export interface RunnerStats {
  readonly runs: number;
  /** Submits that carried steps of this program: one a step, or fewer where steps were gathered. */
  readonly submits: number;
  /** Dispatches in one step. */
  readonly dispatches: number;
  readonly mapCalls: number;
}

export interface DeviceStats {
  readonly buffersCreated: number;
  readonly liveBuffers: number;
  readonly liveBytes: number;
  readonly pipelinesCreated: number;
}
