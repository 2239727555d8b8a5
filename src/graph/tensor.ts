// The static graph: symbolic tensors and the op calls that produce them. Nothing is computed here.

import { checkShape, type Shape } from '../core/shape.ts';
import type { DType, TypedArray } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import type { Op } from './op.ts';

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A value that will exist when the program runs. Two tensors are the same value when their `source` is the same object. */
export interface Tensor extends TensorType {
  /** Grows with creation, so sorting by it is a topological order. */
  readonly id: number;
  readonly source: Source;
  /** What a person calls it: an input's or parameter's name, or a layer's. */
  readonly label: string | undefined;
}

export type Source =
  /** Written by the caller before a step; keeps its last value where a step does not write it. */
  | { readonly kind: 'input'; readonly name: string }
  /** Part of a variable, beginning at element `offset`. */
  | { readonly kind: 'variable'; readonly variable: Variable; readonly offset: number }
  | { readonly kind: 'constant'; readonly values: TypedArray }
  | { readonly kind: 'call'; readonly call: Call; readonly output: number };

/** One use of an op. */
// oxlint-disable-next-line typescript/no-explicit-any -- a graph holds calls of every op; each op knows its own attributes
export interface Call<A = any> {
  readonly op: Op<A>;
  readonly attrs: A;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/**
 * Memory that outlives a step: the parameters' arena, an optimizer's moments, running statistics. A device keeps one
 * buffer for each variable, shared by every program that uses it.
 */
export interface Variable extends TensorType {
  readonly name: string;
  /** Called once per device, when the first program that uses the variable is prepared. */
  readonly initial: () => TypedArray;
}

let nextId = 0;

/** The number that the next tensor will have: tensors made from now on have this one or a larger one. */
export const nextTensorId = (): number => nextId;

function tensor(type: TensorType, source: Source, label?: string): Tensor {
  return { id: nextId++, shape: type.shape, dtype: type.dtype, source, label };
}

export function inputTensor(name: string, shape: Shape, dtype: DType = 'f32'): Tensor {
  checkShape(`input '${name}'`, shape);
  return tensor({ shape, dtype }, { kind: 'input', name }, name);
}

/** The whole of `variable`, or the part of `shape` that begins at element `offset`. */
export function variableTensor(
  variable: Variable,
  part: { shape: Shape; offset: number; label?: string } = { shape: variable.shape, offset: 0 },
): Tensor {
  const source: Source = { kind: 'variable', variable, offset: part.offset };
  return tensor({ shape: part.shape, dtype: variable.dtype }, source, part.label ?? variable.name);
}

export function constantTensor(values: TypedArray, shape: Shape, dtype: DType): Tensor {
  return tensor({ shape, dtype }, { kind: 'constant', values });
}

/** Adds one call to the graph; shapes are checked here, on the caller's line. */
export function apply<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor[] {
  const types = op.infer(inputs, attrs);
  const outputs: Tensor[] = [];
  const call: Call<A> = { op, attrs, inputs, outputs };
  types.forEach((type, output) => {
    checkShape(op.name, type.shape);
    outputs.push(tensor(type, { kind: 'call', call, output }));
  });
  return outputs;
}

/** `apply` for the many ops with one output. */
export function applyOne<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  return apply(op, inputs, attrs)[0]!;
}

/** The same value under a name that `inspect`, plans and messages show. */
export function labelled(value: Tensor, label: string): Tensor {
  return { ...value, label };
}

/** Throws unless `value` has the dtype an op needs. */
export function expectDType(where: string, name: string, value: TensorType, ...allowed: DType[]): void {
  if (!allowed.includes(value.dtype)) {
    throw new ShapeError(`${where}: ${name} is ${value.dtype}, expected ${allowed.join(' or ')}`);
  }
}
