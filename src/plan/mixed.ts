// Mixed precision: products read halves, and what lies between them is kept as halves; all else stays f32.

import { sizeOf } from '../core/shape.ts';
import type { Call, Source, Tensor } from '../graph/tensor.ts';
import { castHalf } from '../ops/cast_half.ts';
import { halfOp, type HalfAttrs } from '../ops/half_op.ts';
import { halfRows } from '../ops/half_rows.ts';

/**
 * Fused calls over f16 storage, by the table of half_rows.ts. A value is kept as halves, and never as f32, where an op of
 * the table writes it (a product, one that reads halves, or any whose result a product reads), every reader takes halves,
 * nobody wants it after the step, and it can be stored four numbers at a time. Other operands of products, weights above all, are rounded to f16 once, by a call before their first
 * reader. `roots`: tensors that are results or change variables; they stay f32.
 */
export function mixedStorage(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const halves = halvesAmong(calls, roots);
  const rounded = new Map<Source, Tensor>();
  const changed: Call[] = [];

  function operand(tensor: Tensor): Tensor {
    const source = sourceThroughViews(tensor);
    let half = rounded.get(source);
    if (!half) {
      half = castHalf(tensor, 'f16');
      rounded.set(source, half);
      if (half.source.kind === 'call') changed.push(half.source.call);
    }
    return { ...half, shape: tensor.shape, label: tensor.label };
  }

  for (const call of calls) {
    const row = rowOf(call);
    const inputs = call.inputs.map((tensor, i) => {
      if (!row?.reads.includes(i) || tensor.dtype !== 'f32') return tensor;
      if (halves.has(sourceThroughViews(tensor))) return asHalf(tensor);
      return row.operands?.includes(i) ? operand(tensor) : tensor;
    });
    const outputs = call.outputs.map((tensor) => (halves.has(tensor.source) ? asHalf(tensor) : tensor));
    if (!row || ![...inputs, ...outputs].some(({ dtype }) => dtype === 'f16')) {
      changed.push(call);
      continue;
    }
    const attrs: HalfAttrs<unknown> = { of: call.attrs, outputs: outputs.map(({ dtype }) => dtype) };
    changed.push({ op: halfOp(call.op), attrs, inputs, outputs });
  }
  return changed;
}

const asHalf = (tensor: Tensor): Tensor => ({ ...tensor, dtype: 'f16' });

function rowOf({ op }: Call) {
  return Object.hasOwn(halfRows, op.name) ? halfRows[op.name]! : null;
}

/** The values that are kept as halves, `calls` being in the order in which they run. */
function halvesAmong(calls: readonly Call[], roots: readonly Tensor[]): Set<Source> {
  const full = new Set(roots.map(sourceThroughViews));
  const operands = new Set<Source>();
  for (const call of calls) {
    if (call.op.view) continue;
    const row = rowOf(call);
    call.inputs.forEach((tensor, i) => {
      if (!row?.reads.includes(i)) full.add(sourceThroughViews(tensor));
      else if (row.operands?.includes(i)) operands.add(sourceThroughViews(tensor));
    });
  }
  const halves = new Set<Source>();
  for (const call of calls) {
    const row = rowOf(call);
    if (!row) continue;
    const readsHalves = row.operands !== undefined || row.reads.some((i) => isIn(halves, call.inputs[i]));
    for (const i of row.writes) {
      const { source, dtype, shape } = call.outputs[i]!;
      const length = row.flat ? sizeOf(shape) : (shape.at(-1) ?? 1);
      const fits = dtype === 'f32' && length % 4 === 0 && !full.has(source);
      if (fits && (readsHalves || operands.has(source))) halves.add(source);
    }
  }
  return halves;
}

function isIn(sources: ReadonlySet<Source>, tensor: Tensor | undefined): boolean {
  return tensor !== undefined && sources.has(sourceThroughViews(tensor));
}

/** What holds a tensor's numbers: itself, or what it is a reshaped view of. */
function sourceThroughViews({ source }: Tensor): Source {
  return source.kind === 'call' && source.call.op.view ? sourceThroughViews(source.call.inputs[0]!) : source;
}
