// Reverse-mode differentiation from graph to graph: the backward pass is more graph, never a device call.

import { ShapeError } from '../core/errors.ts';
import { equal, format } from '../core/shape.ts';
import type { Call, Source, Tensor } from '../graph/tensor.ts';
import { collectCalls } from '../graph/walk.ts';
import { add } from '../ops/binary.ts';
import { full } from '../ops/full.ts';

/**
 * ∂y/∂x for each x, as tensors of x's shapes: calls are walked in reverse and one `add` stands where paths meet.
 * `seed` is ∂L/∂y for some L beyond y; it may be left out where y has one element. An x that y does not depend on
 * gets zeros, as in PyTorch's `allow_unused` made dense.
 */
export function gradients(y: Tensor, xs: readonly Tensor[], seed?: Tensor): Tensor[] {
  if (seed === undefined) {
    if (y.shape.some((length) => length !== 1)) {
      throw new ShapeError(
        `gradients: expected one element to differentiate, got shape ${format(y.shape)}; give a seed`,
      );
    }
    seed = full(y.shape, 1);
  }
  if (!equal(seed.shape, y.shape)) {
    throw new ShapeError(`gradients: the seed has shape ${format(seed.shape)}, expected ${format(y.shape)}`);
  }

  const calls = collectCalls([y]);
  const wanted = new Set(xs.map((x) => x.source));
  const reaching = callsReaching(calls, wanted);
  const gradientOf = new Map<Source, Tensor>([[y.source, seed]]);

  for (const call of [...calls].reverse()) {
    if (!reaching.has(call)) continue;
    const dy = call.outputs.map((output) => gradientOf.get(output.source) ?? null);
    if (dy.every((gradient) => gradient === null)) continue;
    if (call.op.grad === null) throw new ShapeError(`gradients: ${call.op.name} has no gradient`);
    const needs = call.inputs.map((input) => wanted.has(input.source) || comesFrom(input, reaching));
    const dx = call.op.grad({ dy, x: call.inputs, y: call.outputs, attrs: call.attrs, needs });
    call.inputs.forEach((input, i) => {
      const gradient = dx[i];
      if (!needs[i] || !gradient) return;
      if (!equal(gradient.shape, input.shape)) {
        throw new ShapeError(
          `gradients: ${call.op.name} gave ${format(gradient.shape)} for input ${i} of shape ${format(input.shape)}`,
        );
      }
      const key = input.source;
      const met = gradientOf.get(key);
      gradientOf.set(key, met ? add(met, gradient) : gradient);
    });
  }
  return xs.map((x) => gradientOf.get(x.source) ?? full(x.shape, 0));
}

function comesFrom(tensor: Tensor, calls: ReadonlySet<Call>): boolean {
  return tensor.source.kind === 'call' && calls.has(tensor.source.call);
}

/** The calls through which a change of a wanted tensor can be felt. */
function callsReaching(calls: readonly Call[], wanted: ReadonlySet<Source>): Set<Call> {
  const reaching = new Set<Call>();
  for (const call of calls) {
    if (call.outputs.some((output) => wanted.has(output.source))) reaching.add(call);
    if (call.inputs.some((input) => wanted.has(input.source) || comesFrom(input, reaching))) reaching.add(call);
  }
  return reaching;
}
