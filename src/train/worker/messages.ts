// What a trainer and its worker say to each other, and how errors cross between them.

import type { NumberSpec } from '../../nn/numbers.ts';
import type { CompileOptions } from '../compile.ts';
import type { FitOptions } from '../fit.ts';
import type { DeviceOptions } from '../device.ts';
import {
  DataError,
  DeviceError,
  type Lacking,
  type Misfit,
  NonFiniteError,
  OptionError,
  ShapeError,
  StateError,
  type DeviceErrorReason,
  type WeightDifference,
} from '../../core/errors.ts';

/** An optimizer as its name and options; a schedule stays behind, and its rates are asked for. */
export interface SentOptimizer {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly scheduled: boolean;
}

export type SentCompile = Omit<CompileOptions, 'optimizer' | 'device'> & {
  readonly optimizer: SentOptimizer;
  readonly prefer: DeviceOptions['prefer'] | null;
};

/** What the worker's `compile` answers: the device's description, the numbers that may change, and those that have. */
export interface CompiledThere {
  readonly deviceName: string;
  readonly specs: Readonly<Record<string, NumberSpec>>;
  readonly changed: Readonly<Record<string, number>>;
  readonly learningRate: number | null;
}

/** Image transformations by their names, `augment` of `fit` by input. */
export interface SentTransform {
  readonly transform: string;
  readonly options: object;
}

export type SentFit = Omit<FitOptions, 'callbacks' | 'signal' | 'augment'> & {
  readonly augment?: unknown;
  readonly hooks: readonly HookName[];
};

export type HookName =
  | 'onTrainBegin'
  | 'onTrainEnd'
  | 'onEpochBegin'
  | 'onEpochEnd'
  | 'onBatchBegin'
  | 'onBatchEnd'
  | 'onStepEnd';

/** To the worker. */
export type Request =
  /** Part of an array that a later call holds as `{ $array: id }`; `type` and `length` come with the first. */
  | {
      readonly kind: 'array';
      readonly id: number;
      readonly at: number;
      readonly chunk: ArrayBuffer;
      readonly type: string;
      readonly length: number;
    }
  | { readonly kind: 'forget'; readonly ids: readonly number[] }
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly given: readonly unknown[] }
  | { readonly kind: 'reply'; readonly id: number; readonly value?: unknown; readonly error?: SentError };

/** To the trainer. */
export type Response =
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly value?: unknown;
      readonly error?: SentError;
      readonly training: Mirror;
    }
  | {
      readonly kind: 'hook';
      readonly id: number;
      readonly name: HookName | 'rates';
      readonly given: readonly unknown[];
      readonly training: Mirror;
    }
  | {
      readonly kind: 'batches';
      readonly logs: readonly (readonly [number, Readonly<Record<string, number>>])[];
      readonly training: Mirror;
    };

/** What the trainer shows of the training at once; every message brings it. */
export interface Mirror {
  readonly step: number;
  readonly history: Readonly<Record<string, readonly number[]>> | null;
}

export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly reason?: string;
  readonly lacking?: Lacking | null;
  readonly step?: number;
  readonly tensor?: string | null;
  readonly origin?: NonFiniteError['origin'];
  readonly byteOffset?: number;
  readonly differences?: readonly WeightDifference[];
  readonly misfit?: Misfit | null;
}

export function sentError(caught: unknown): SentError {
  if (!(caught instanceof Error)) return { name: 'Error', message: String(caught) };
  const { name, message } = caught;
  const { reason, lacking, step, tensor, origin, byteOffset, differences, misfit } = caught as Error &
    Partial<SentError>;
  return {
    name,
    message,
    ...(reason === undefined ? {} : { reason, lacking: lacking ?? null }),
    ...(step === undefined ? {} : { step, tensor: tensor ?? null, origin: origin ?? null }),
    ...(byteOffset === undefined ? {} : { byteOffset }),
    ...(differences === undefined ? {} : { differences }),
    ...(misfit ? { misfit } : {}),
  };
}

/** The error as one of the engine's types again. */
export function receivedError(sent: SentError): Error {
  const { name, message, reason, lacking, step, tensor, origin, byteOffset, differences, misfit } = sent;
  if (name === 'NonFiniteError') return new NonFiniteError(message, step ?? 0, tensor ?? null, origin ?? null);
  if (name === 'DeviceError') return new DeviceError((reason ?? 'lost') as DeviceErrorReason, message, lacking);
  if (name === 'DataError') return new DataError(message, byteOffset, differences);
  if (name === 'OptionError') return new OptionError(message, misfit ? { misfit } : {});
  if (name === 'ShapeError') return new ShapeError(message, misfit ? { misfit } : {});
  if (name === 'StateError') return new StateError(message);
  return Object.assign(new Error(message), { name });
}
