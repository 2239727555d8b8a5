// Computes any tensors of a graph op by op in double precision: the meaning of a graph, against which all else is checked.

import { sizeOf } from '../core/shape.ts';
import { allocate, type Values } from '../core/dtype.ts';
import type { Source, Tensor, TensorType } from '../graph/tensor.ts';
import { collectCalls } from '../graph/walk.ts';

/** f32 tensors in double precision, the other dtypes as they are. */
export function allocateDouble(type: TensorType): Values {
  return type.dtype === 'f32' ? new Float64Array(sizeOf(type.shape)) : allocate(type.dtype, sizeOf(type.shape));
}

/**
 * The values of `tensors`. `feeds` gives inputs (and, where wanted, any other tensor) their values; a variable that is
 * not fed has its initial value.
 */
export function evaluate(tensors: readonly Tensor[], feeds: ReadonlyMap<Tensor, Values> = new Map()): Values[] {
  const known = new Map<Source, Values>();
  for (const [tensor, values] of feeds) known.set(tensor.source, values);

  const valueOf = (tensor: Tensor): Values => {
    let values = known.get(tensor.source);
    if (values) return values;
    values = sourceValues(tensor);
    known.set(tensor.source, values);
    return values;
  };
  for (const call of collectCalls(tensors)) {
    if (call.outputs.every((output) => known.has(output.source))) continue;
    const x = call.inputs.map(valueOf);
    const y = call.outputs.map(allocateDouble);
    call.op.cpu(x, y, call);
    call.outputs.forEach((output, i) => known.set(output.source, y[i]!));
  }
  return tensors.map(valueOf);
}

function sourceValues(tensor: Tensor): Values {
  const { source } = tensor;
  switch (source.kind) {
    case 'constant':
      return toDouble(source.values);
    case 'variable':
      return toDouble(source.variable.initial()).slice(source.offset, source.offset + sizeOf(tensor.shape));
    case 'input':
      throw new Error(`evaluate: input '${source.name}' was given no value`);
    case 'call':
      throw new Error(`evaluate: ${source.call.op.name} was not computed`);
  }
}

function toDouble(values: Values): Values {
  return values instanceof Float32Array ? Float64Array.from(values) : values;
}
