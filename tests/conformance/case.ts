// ONNX's node tests as data, and the graph that an adapter builds from one of them.

import type { Values } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';

/** A tensor of a case, its numbers still as base64. */
export interface StoredTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool' | 'string';
  readonly onnxType: string;
  readonly data: string;
}

export interface Case {
  readonly name: string;
  readonly op: string;
  readonly opset: number;
  readonly deterministic: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: readonly (StoredTensor | null)[];
  readonly outputs: readonly (StoredTensor | null)[];
}

/** Why a case may be left out. Anything else that stands in its way is a failure. */
export type SkipReason =
  | 'operator outside the scope'
  | 'element type without storage'
  | 'not deterministic'
  | 'tensor without elements';

export class Skip extends Error {
  constructor(readonly reason: SkipReason) {
    super(reason);
  }
}

/**
 * One result: the tensor, its axes where they are the expected ones in another order (NHWC for NCHW), and what ONNX
 * calls number i of the rearranged values where it counts places another way.
 */
export type Result =
  | Tensor
  | { readonly tensor: Tensor; readonly axes: readonly number[]; renumbered?(value: number, i: number): number };

/** Builds the graph of a case: one result for each expected output, null for one that is left out. */
export type Adapter = (given: Given) => readonly (Result | null)[];

/** What an adapter asks of a case. */
export interface Given {
  readonly inputs: Case['inputs'];
  readonly outputs: Case['outputs'];
  /** How many inputs there are, those left out included. */
  readonly count: number;
  has(input: number): boolean;
  shape(input: number): readonly number[];
  /** Input as an f32 tensor, its axes in the order `axes` where given. Whole numbers and truth values become f32 too. */
  x(input: number, axes?: readonly number[]): Tensor;
  /** Input as an i32 tensor: labels and indices. */
  whole(input: number): Tensor;
  /** Input's numbers, for what is an attribute here and an input in ONNX: axes, shapes, paddings. */
  numbers(input: number): number[];
  attribute(name: string): unknown;
  number(attribute: string, otherwise: number): number;
  list(attribute: string): number[] | undefined;
  text(attribute: string, otherwise: string): string;
}

export interface Built {
  readonly feeds: ReadonlyMap<Tensor, Values>;
  readonly results: readonly (Result | null)[];
  /** Attributes and inputs of the case that the adapter never looked at. */
  readonly ignored: readonly string[];
}

/** Bytes of base64, in Node and in pages alike. */
function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

export function numbersOf({ dtype, data }: StoredTensor): number[] {
  if (dtype === 'string') throw new Skip('element type without storage');
  const bytes = bytesOf(data);
  if (dtype === 'bool') return [...bytes];
  return [...(dtype === 'float32' ? new Float32Array(bytes.buffer) : new Int32Array(bytes.buffer))];
}

/** Numbers of a tensor of shape `dims` under another order of its axes. */
export function permute(values: ArrayLike<number>, dims: readonly number[], axes: readonly number[]): number[] {
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
  let indices = [0];
  for (const axis of axes) {
    indices = indices.flatMap((start) => Array.from({ length: dims[axis]! }, (_, i) => start + i * strides[axis]!));
  }
  return indices.map((index) => values[index]!);
}

/** NCHW to NHWC, for any number of spatial axes. */
export const channelsLast = (rank: number): number[] => [0, ...range(2, rank), 1];
/** The order of NHWC's axes that gives NCHW. */
export const channelsFirst = (rank: number): number[] => [0, rank - 1, ...range(1, rank - 1)];
/** OIHW to HWIO. */
export const filtersLast = (rank: number): number[] => [...range(2, rank), 1, 0];

export const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);

export function build(of: Case, adapter: Adapter): Built {
  const feeds = new Map<Tensor, Values>();
  const ignored = new Set([
    ...Object.keys(of.attributes),
    ...of.inputs.flatMap((input, i) => (input ? [`input ${i}`] : [])),
  ]);
  const stored = (input: number): StoredTensor => {
    const found = of.inputs[input];
    if (!found) throw new Error(`${of.name}: no input ${input}`);
    return found;
  };
  const read = (input: number): StoredTensor => {
    ignored.delete(`input ${input}`);
    return stored(input);
  };
  const attribute = (name: string): unknown => {
    ignored.delete(name);
    return of.attributes[name];
  };
  const feed = (input: number, axes: readonly number[] | undefined, dtype: 'f32' | 'i32'): Tensor => {
    const tensor = read(input);
    if (tensor.dims.includes(0)) throw new Skip('tensor without elements');
    const order = axes ?? tensor.dims.map((_, axis) => axis);
    const values = permute(numbersOf(tensor), tensor.dims, order);
    // Whole numbers are exact in f32 up to 2²⁴.
    if (dtype === 'f32' && tensor.dtype === 'int32' && values.some((value) => Math.abs(value) > 2 ** 24)) {
      throw new Skip('element type without storage');
    }
    const symbol = inputTensor(
      `in${feeds.size}`,
      order.map((axis) => tensor.dims[axis]!),
      dtype,
    );
    feeds.set(symbol, dtype === 'f32' ? Float64Array.from(values) : Int32Array.from(values));
    return symbol;
  };
  const given: Given = {
    inputs: of.inputs,
    outputs: of.outputs,
    count: of.inputs.length,
    has: (input) => of.inputs[input] !== null && of.inputs[input] !== undefined,
    shape: (input) => stored(input).dims,
    x: (input, axes) => feed(input, axes, 'f32'),
    whole: (input) => feed(input, undefined, 'i32'),
    numbers: (input) => numbersOf(read(input)),
    attribute,
    number: (name, otherwise) => (attribute(name) as number | undefined) ?? otherwise,
    list: (name) => attribute(name) as number[] | undefined,
    text: (name, otherwise) => (attribute(name) as string | undefined) ?? otherwise,
  };
  if (of.outputs.some((output) => output?.dims.includes(0))) throw new Skip('tensor without elements');
  const results = adapter(given);
  return { feeds, results, ignored: [...ignored] };
}

/** What is wrong with a result, or null: its shape, or the first number outside ONNX's own runner's tolerance. */
export function differs(expected: StoredTensor, result: Result, actual: ArrayLike<number>): string | null {
  const { tensor, axes } = 'axes' in result ? result : { tensor: result, axes: undefined };
  const shape = axes ? axes.map((axis) => tensor.shape[axis]!) : tensor.shape;
  if (shape.join() !== expected.dims.join()) {
    return `${expected.name} has shape [${shape.join()}], expected [${expected.dims.join()}]`;
  }
  const arranged = axes ? permute(actual, tensor.shape, axes) : actual;
  const renumbered = 'axes' in result ? result.renumbered : undefined;
  const values = renumbered ? Array.from(arranged, renumbered) : arranged;
  const { relative, absolute } = toleranceOf(expected);
  const wanted = numbersOf(expected);
  for (const [i, want] of wanted.entries()) {
    const got = values[i]!;
    const close = Math.abs(got - want) <= absolute + relative * Math.abs(want);
    if (close || Object.is(got, want) || got === want) continue;
    return `${expected.name}[${i}] is ${got}, expected ${want}`;
  }
  return null;
}

/** That of onnx.backend.test.runner for real numbers; bfloat16 has 8 bits, so half a unit there; whole numbers exactly. */
function toleranceOf({ dtype, onnxType }: StoredTensor): { relative: number; absolute: number } {
  if (dtype !== 'float32') return { relative: 0, absolute: 0 };
  return { relative: onnxType === 'bfloat16' ? 2 ** -8 : 1e-3, absolute: 1e-7 };
}
