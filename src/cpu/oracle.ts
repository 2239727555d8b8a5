// Computes any tensors of a graph op by op in double precision: the meaning of a graph, against which all else is checked.

import { sizeOf } from '../core/shape.ts';
import { allocate, dtypeOf, type Values, viewOf } from '../core/dtype.ts';
import { fromHalf } from '../core/half.ts';
import type { Source, Tensor, TensorType } from '../graph/tensor.ts';
import { collectCalls } from '../graph/walk.ts';

/** f32 and f16 tensors in double precision, the latter's values rounded to f16; the other dtypes as they are. */
export function allocateDouble(type: TensorType): Values {
  const size = sizeOf(type.shape);
  return type.dtype === 'f32' || type.dtype === 'f16' ? new Float64Array(size) : allocate(type.dtype, size);
}

/**
 * The values of `tensors`. `feeds` gives inputs (and, where wanted, any other tensor) their values; a variable that is
 * not fed has its initial value.
 */
export function evaluate(tensors: readonly Tensor[], feeds: ReadonlyMap<Tensor, Values> = new Map()): Values[] {
  const known = new Map<Source, Values>();
  for (const [tensor, values] of feeds) known.set(tensor.source, tensor.dtype === 'f16' ? toDouble(values) : values);

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

/** f32 and f16 values in double precision; the other dtypes, and what is double already, as they are. */
function toDouble(values: Values): Values {
  if (values instanceof Float32Array) return Float64Array.from(values);
  if (dtypeOf(values) !== 'f16') return values;
  return Float64Array.from(fromHalf(viewOf('f16', values.buffer, values.byteOffset, values.length)));
}
