// Checked programs: every value of a step is tested for NaN and infinity by its bits, on the device, and the step tells of
// the first in one number.

import { constantTensor, type Call, type Tensor } from '../graph/tensor.ts';
import { collectCalls } from '../graph/walk.ts';
import { format } from '../core/shape.ts';
import { NO_BAD_INDEX } from '../nn/optimizer_state.ts';
import type { Parameters } from '../nn/parameters.ts';
import { markNonFinite } from '../ops/mark_non_finite.ts';
import type { Span } from '../plan/recompute.ts';

/** A value of a step, for people. */
export interface NamedValue {
  /** Whose it is; null where it is no layer's, as the loss is not. */
  readonly layer: string | null;
  /** What computed it; null for a weight as it was before the step. */
  readonly op: string | null;
  /** The weight's or layer's name where it has one, else its shape. */
  readonly tensor: string;
}

export interface LayerSpan extends Span {
  readonly layer: string;
}

export interface Checks {
  /** u32 [1]: which of `values` is the first that is not finite; NO_BAD_INDEX where all are. */
  readonly found: Tensor;
  /** The same of those that pass, which `found` then leaves out; null where none does. */
  readonly passing: Tensor | null;
  readonly values: readonly NamedValue[];
}

/**
 * Tests weights and then all that `roots` depend on, in the order of computation. `layers` says which tensors each layer made;
 * `slopes` are the weights' gradients in the order of the list. `passes` says which calls' results may be infinite, as gradients
 * of a scaled loss may, since a step that has such changes nothing.
 */
export function checkAll(
  roots: readonly Tensor[],
  parameters: Parameters | undefined,
  slopes: readonly Tensor[],
  layers: readonly LayerSpan[],
  passes: (call: Call) => boolean = () => false,
): Checks {
  const values: NamedValue[] = [];
  const none = constantTensor(Uint32Array.of(NO_BAD_INDEX), [1], 'u32');
  let found = none;
  let passing: Tensor | null = null;
  const test = (tensor: Tensor, named: NamedValue, passed = false): void => {
    if (passed) passing = markNonFinite(tensor, passing ?? none, values.length);
    else found = markNonFinite(tensor, found, values.length);
    values.push(named);
  };
  for (const { name, tensor } of parameters?.list ?? []) test(tensor, { layer: ownerOf(name), op: null, tensor: name });

  const calls = collectCalls(roots);
  const names = new Map(
    [...roots, ...calls.flatMap(({ inputs }) => inputs)].flatMap((tensor) =>
      tensor.label === undefined ? [] : [[tensor.source, tensor.label] as const],
    ),
  );
  const weights = parameters?.list ?? [];
  slopes.forEach((slope, i) => names.set(slope.source, `${weights[i]!.name} gradient`));
  const owners = new Map<Tensor['source'], string>(weights.map(({ name, tensor }) => [tensor.source, ownerOf(name)]));
  for (const call of calls) {
    const { op, inputs, outputs } = call;
    const passed = passes(call);
    const own = layers.findLast(({ first, end }) => outputs[0]!.id >= first && outputs[0]!.id < end)?.layer;
    // What belongs to no layer itself, as gradients do not, is counted to that of what it reads.
    const layer = own ?? inputs.map(({ source }) => owners.get(source)).findLast((one) => one !== undefined) ?? null;
    for (const output of outputs) {
      if (layer !== null) owners.set(output.source, layer);
      if (output.dtype !== 'f32' || op.view) continue;
      test(output, { layer, op: op.name, tensor: names.get(output.source) ?? format(output.shape) }, passed);
    }
  }
  return { found, passing, values };
}

/** In words, after where it was. */
export function describeValue({ layer, op, tensor }: NamedValue): string {
  if (op === null) return `weight '${tensor}' is not finite`;
  const where = layer === null ? '' : ` of layer '${layer}'`;
  return `${op}${where} gave a value that is not finite: tensor ${tensor}`;
}

const ownerOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));
