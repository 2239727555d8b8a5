// Rewrites a scheduled list of calls so that fewer dispatches write less memory; every tensor that is kept stays.

import type { Call, Source, Tensor } from '../graph/tensor.ts';
import type { Op } from '../graph/op.ts';
import { activations, type EpilogueActivation } from '../ops/activations.ts';
import { addOp } from '../ops/binary.ts';
import { conv2dGradFilterOp, conv2dGradInputOp, conv2dOp } from '../ops/conv2d.ts';
import { convNdGradInputOp, convNdOp } from '../ops/conv_nd.ts';
import type { Conv2dAttrs, Conv2dGradAttrs, Conv2dGradInputAttrs } from '../ops/conv2d_sizes.ts';
import { col2imOp, im2colOp } from '../ops/im2col.ts';
import { matmulOp } from '../ops/matmul.ts';
import type { MatmulAttrs } from '../ops/matmul_sizes.ts';

/** `calls` with groups replaced by fused ones, and without calls that nothing needs. `roots` must stay computed. */
export function fuse(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const implicit = removeUnused(calls.map(implicitConvolution(readersOf(calls, roots))), roots);
  return removeUnused(withEpilogues(implicit, roots), roots);
}

/** How many calls read each value; kept values count one reader more, so that none is fused away. */
interface Readers {
  only(tensor: Tensor): Call | null;
}

function readersOf(calls: readonly Call[], roots: readonly Tensor[]): Readers {
  const readers = new Map<Source, (Call | 'root')[]>();
  const note = (tensor: Tensor, reader: Call | 'root') => {
    const list = readers.get(tensor.source);
    if (list) list.push(reader);
    else readers.set(tensor.source, [reader]);
  };
  for (const call of calls) for (const input of call.inputs) note(input, call);
  for (const root of roots) note(root, 'root');
  return {
    only(tensor) {
      const list = readers.get(tensor.source) ?? [];
      return list.length === 1 && list[0] !== 'root' ? list[0]! : null;
    },
  };
}

function producer<A>(tensor: Tensor, op: Op<A>): Call<A> | null {
  return tensor.source.kind === 'call' && tensor.source.call.op === op ? tensor.source.call : null;
}

/**
 * matmul(im2col(x), w) -> conv2d;  matmul(im2col(x), dy, transposeA) -> conv2d_grad_filter;
 * col2im(matmul(dy, w, transposeB)) -> conv2d_grad_input. The im2col matrix is never written.
 */
function implicitConvolution(readers: Readers): (call: Call) => Call {
  return (call) => {
    if (call.op === matmulOp) {
      const { transposeA, transposeB } = call.attrs as MatmulAttrs;
      const columns = producer(call.inputs[0]!, im2colOp);
      if (!columns || transposeB) return call;
      const x = columns.inputs[0]!;
      const window = columns.attrs;
      if (!transposeA) {
        const attrs: Conv2dAttrs = { window, bias: false, activation: null };
        return { op: conv2dOp, attrs, inputs: [x, call.inputs[1]!], outputs: call.outputs };
      }
      const attrs: Conv2dGradAttrs = { window, inputShape: x.shape as Conv2dGradAttrs['inputShape'] };
      return { op: conv2dGradFilterOp, attrs, inputs: [x, call.inputs[1]!], outputs: call.outputs };
    }
    if (call.op === col2imOp) {
      const product = producer(call.inputs[0]!, matmulOp);
      if (!product || readers.only(call.inputs[0]!) !== call) return call;
      const { transposeA, transposeB } = product.attrs;
      if (transposeA || !transposeB || product.inputs.length !== 2) return call;
      const attrs: Conv2dGradInputAttrs = { ...(call.attrs as Conv2dGradAttrs), bias: false, activation: null };
      return { op: conv2dGradInputOp, attrs, inputs: product.inputs, outputs: call.outputs };
    }
    return call;
  };
}

/** Their attributes have `bias` and `activation`, and with a bias it is input 2. */
const takesEpilogue: readonly Op[] = [matmulOp, conv2dOp, conv2dGradInputOp, convNdOp, convNdGradInputOp];

/** A matmul or convolution takes in the vector added to its rows and the activation after it. */
function withEpilogues(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const readers = readersOf(calls, roots);
  const replacement = new Map<Call, Call>();
  for (const call of calls) {
    if (!takesEpilogue.includes(call.op)) continue;
    const columns = call.outputs[0]!.shape.at(-1)!;
    let { inputs } = call;
    let { bias, activation } = call.attrs as Conv2dAttrs | MatmulAttrs;
    let last = call;

    const sum = nextThroughViews(last, readers);
    if (!bias && activation === null && sum?.op === addOp) {
      const vector = addedVector(sum, last, columns);
      if (vector) {
        [inputs, bias, last] = [[...inputs, vector], true, sum];
      }
    }
    const next = nextThroughViews(last, readers);
    const name = next && activation === null ? epilogueName(next) : null;
    if (next && name) [activation, last] = [name, next];
    if (last !== call) {
      replacement.set(last, { op: call.op, attrs: { ...call.attrs, bias, activation }, inputs, outputs: last.outputs });
    }
  }
  return calls.map((call) => replacement.get(call) ?? call);
}

/** The only reader of a call's result, seen through reshapes that keep the last axis. */
function nextThroughViews(call: Call, readers: Readers): Call | null {
  const next = readers.only(call.outputs[0]!);
  if (!next?.op.view) return next;
  const kept = next.outputs[0]!.shape.at(-1) === call.outputs[0]!.shape.at(-1);
  return kept ? nextThroughViews(next, readers) : null;
}

/** The operand of `sum` that is a vector along the last axis, where the other one is `product`'s result. */
function addedVector(sum: Call, product: Call, columns: number): Tensor | null {
  const isVector = (tensor: Tensor) => tensor.shape.length === 1 && tensor.shape[0] === columns;
  const [a, b] = sum.inputs as [Tensor, Tensor];
  const fromProduct = (tensor: Tensor) => !isVector(tensor) && sameThroughViews(tensor, product.outputs[0]!);
  if (isVector(b) && fromProduct(a)) return b;
  if (isVector(a) && fromProduct(b)) return a;
  return null;
}

function sameThroughViews(tensor: Tensor, target: Tensor): boolean {
  if (tensor.source === target.source) return true;
  return tensor.source.kind === 'call' && tensor.source.call.op.view === true
    ? sameThroughViews(tensor.source.call.inputs[0]!, target)
    : false;
}

function epilogueName(call: Call): EpilogueActivation | null {
  const found = Object.entries(activations).find(([, { op, wgsl }]) => wgsl !== undefined && op === call.op);
  return found ? (found[0] as EpilogueActivation) : null;
}

/** Drops calls whose results are neither read nor kept. */
function removeUnused(calls: readonly Call[], roots: readonly Tensor[]): Call[] {
  const needed = new Set<Source>(roots.map((root) => root.source));
  const used: Call[] = [];
  for (const call of [...calls].reverse()) {
    if (!call.outputs.some((output) => needed.has(output.source))) continue;
    used.push(call);
    for (const input of call.inputs) needed.add(input.source);
  }
  return used.reverse();
}
