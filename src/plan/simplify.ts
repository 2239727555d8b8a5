// What a graph says twice is computed once, and what is known beforehand not at all. The results are the same bits.

import type { TypedArray } from '../core/dtype.ts';
import { equal, sizeOf } from '../core/shape.ts';
import { apply, applyOne, constantTensor, type Call, type Source, type Tensor } from '../graph/tensor.ts';
import { divOp, mulOp, subOp } from '../ops/binary.ts';
import { fullOp } from '../ops/full.ts';
import { reshapeOp } from '../ops/reshape.ts';
import { rootSource } from './schedule.ts';

export interface Simplified {
  readonly calls: readonly Call[];
  /** What now stands for a tensor of the graph as it was. */
  now(tensor: Tensor): Tensor;
}

/**
 * Calls of one op with equal attributes and inputs become the first of them, except those that overwrite memory. (Random
 * ops are functions of their inputs like all others.) Those that are `repeated` on purpose are told apart by their number. What is one number throughout becomes a `full`; x·1, x / 1 and
 * x − 0 become x.
 */
export function simplify(calls: readonly Call[], repeated: ReadonlyMap<Call, number> = new Map()): Simplified {
  const replaced = new Map<Source, Tensor>();
  const known = new Map<string, readonly Tensor[]>();
  const keys = createKeys();
  const kept: Call[] = [];

  const now = (tensor: Tensor): Tensor => {
    const other = replaced.get(tensor.source);
    return other ? { ...other, label: tensor.label ?? other.label } : tensor;
  };
  const keep = (call: Call, inputs: readonly Tensor[]): readonly Tensor[] => {
    const same = inputs.every(({ source }, i) => source === call.inputs[i]!.source);
    const outputs = same ? call.outputs : apply(call.op, inputs, call.attrs);
    kept.push((outputs[0]!.source as { call: Call }).call);
    return outputs;
  };

  for (const call of calls) {
    const inputs = call.inputs.map(now);
    const number = inputs.length > 0 ? oneNumber(call, inputs) : null;
    const simpler = number === null ? unchanged(call, inputs) : null;
    let outputs: readonly Tensor[];
    if (simpler) outputs = [simpler];
    else if (call.op.inPlace) outputs = keep(call, inputs);
    else {
      const attrs = number === null ? call.attrs : { shape: call.outputs[0]!.shape, value: number };
      const [op, from] = number === null ? [call.op, inputs] : [fullOp, []];
      const key = `${repeated.get(call) ?? ''} ${keys.of(op, attrs, from)}`;
      outputs = known.get(key) ?? (number === null ? keep(call, inputs) : keep(callOf(applyOne(op, [], attrs)), []));
      known.set(key, outputs);
    }
    call.outputs.forEach((output, i) => {
      if (outputs[i]!.source !== output.source) replaced.set(output.source, outputs[i]!);
    });
  }
  return { calls: kept, now };
}

const callOf = ({ source }: Tensor): Call => (source as { call: Call }).call;

/** The number that every element of a tensor is, or null where that is not known. */
export function uniformValue({ source, dtype }: Tensor): number | null {
  if (dtype !== 'f32') return null;
  if (source.kind === 'constant') return source.values.length === 1 ? source.values[0]! : null;
  return source.kind === 'call' && source.call.op === fullOp ? (source.call.attrs as { value: number }).value : null;
}

/** What every element of a call's result is, where its inputs are one number each. */
function oneNumber({ op, attrs, outputs }: Call, inputs: readonly Tensor[]): number | null {
  const [y] = outputs;
  if (outputs.length !== 1 || y!.dtype !== 'f32') return null;
  if (!op.elementwise && op !== reshapeOp) return null;
  const values = inputs.map(uniformValue);
  if (values.some((value) => value === null)) return null;
  const result = new Float32Array(1);
  const types = {
    inputs: inputs.map(scalar),
    outputs: [scalar()],
    attrs: 'shape' in attrs ? { ...attrs, shape: [] } : attrs,
  };
  op.cpu(
    values.map((value) => Float32Array.of(value!)),
    [result],
    types,
  );
  return Number.isFinite(result[0]!) ? result[0]! : null;
}

const scalar = () => ({ shape: [], dtype: 'f32' as const });

/** The input that a call gives back as it is; never one that might be overwritten before the result is read. */
function unchanged({ op, outputs }: Call, [x, y]: readonly Tensor[]): Tensor | null {
  const neutral = op === mulOp || op === divOp ? 1 : op === subOp ? 0 : null;
  if (neutral === null) return null;
  const whole = (tensor: Tensor) => {
    const source = rootSource(tensor);
    // A program's own inputs are no results, for which they would have to be copied.
    const kept = source.kind === 'call' || (source.kind === 'input' && source.name.startsWith('$'));
    return kept && equal(tensor.shape, outputs[0]!.shape);
  };
  if (uniformValue(y!) === neutral && whole(x!)) return x!;
  return op === mulOp && uniformValue(x!) === neutral && whole(y!) ? y! : null;
}

/** Texts that are equal for calls that are. */
function createKeys() {
  const numbers = new Map<unknown, number>();
  const numberOf = (thing: unknown): number => {
    let number = numbers.get(thing);
    if (number === undefined) numbers.set(thing, (number = numbers.size));
    return number;
  };
  const sourceKey = ({ source, shape, dtype }: Tensor): string => {
    switch (source.kind) {
      case 'call':
        return `c${numberOf(source.call)}.${source.output}`;
      case 'variable':
        return `v${numberOf(source.variable)}+${source.offset}[${shape.join()}]`;
      case 'constant':
        // Numbers that people write into formulas; larger arrays are the same only where they are one object.
        return source.values.length === 1
          ? `${dtype}${Object.is(source.values[0], -0) ? '-0' : source.values[0]}[${shape.join()}]`
          : `a${numberOf(source.values)}[${shape.join()}]`;
      case 'input':
        return `i${numberOf(source)}`;
    }
  };
  return {
    of: (op: unknown, attrs: unknown, inputs: readonly Tensor[]): string =>
      `${numberOf(op)} ${JSON.stringify(attrs, exactNumbers)} ${inputs.map(sourceKey).join(' ')}`,
  };
}

/** JSON has no word for these. */
function exactNumbers(_: string, value: unknown): unknown {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)) ? `number ${value}` : value;
}

/** A `full` that is written anew in every step is a waste where it is small: it becomes a constant of the plan. */
export function storeSmallConstants(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const needed = new Set<Source>(roots.map(({ source }) => source));
  for (const { op, inputs } of calls) if (op.packs || op.view) for (const { source } of inputs) needed.add(source);
  const constants = new Map<Source, Tensor>();
  for (const { op, attrs, outputs } of calls) {
    const [{ source, shape, dtype }] = outputs as [Tensor];
    const size = sizeOf(shape);
    if (op !== fullOp || needed.has(source) || size > mostConstants) continue;
    const values: TypedArray = new Float32Array(size).fill((attrs as { value: number }).value);
    constants.set(source, constantTensor(values, shape, dtype));
  }
  if (constants.size === 0) return [...calls];
  return calls
    .filter(({ outputs }) => !constants.has(outputs[0]!.source))
    .map((call) => {
      if (!call.inputs.some(({ source }) => constants.has(source))) return call;
      return { ...call, inputs: call.inputs.map((tensor) => constants.get(tensor.source) ?? tensor) };
    });
}

/** Elements: a row of losses, but no image. */
const mostConstants = 4096;
