// Groups of elementwise calls that become one: what lies between them is not written, and what they share is read once. The
// sum or mean of all that one of them gives is part of the group.

import { byteLength } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import type { Call, Source, Tensor } from '../graph/tensor.ts';
import type { Target } from '../kernel/target.ts';
import { fusedElementwiseOp, type FusedAttrs, type FusedMember, type FusedOperand } from '../ops/fused_elementwise.ts';
import { fusedAttrs, mostNumbers, mostOperands, mostResults, numbersOf, slotsOf } from '../ops/fused_text.ts';
import { meanOp, sumOp } from '../ops/reduce.ts';
import { type AxisAttrs, reductionOf } from '../ops/reduction.ts';
import { removeUnused } from './fuse.ts';
import { overwrittenParts, readsPart, rootSource } from './schedule.ts';
import { uniformValue } from './simplify.ts';

/** Calls that run as one at position `at`, where the last of them stood. */
interface Group {
  readonly members: readonly Call[];
  readonly at: number;
}

/** More would cost registers and compile time. */
const mostMembers = 24;
/** Bytes that a group may keep alive longer, for each tensor that it moves past other calls. */
const slack = 65536;

/**
 * Elementwise calls of one size are joined where one reads another or both read one tensor, each at the later one's
 * place: nothing else may read the earlier result before, overwrite an operand in between, or be kept alive for long. So is
 * the sum or mean of all that one of them gives, which none of them may read.
 */
export function groupElementwise(calls: readonly Call[], roots: readonly Tensor[], target: Target): Call[] {
  const graph = readGraph(calls, roots);
  const groups = new Map<Call, Group>();
  const overwriting = calls.flatMap((call, at) => {
    const parts = overwrittenParts(call);
    return parts.length > 0 ? [{ at, parts }] : [];
  });
  const at = (call: Call): number => groups.get(call)?.at ?? graph.position(call);
  const lastReaders = new Map<Source, Call>();

  /** Whether `group` may run as late as `later`, where `joined` then runs. */
  function movable(group: Group, later: number, joined: ReadonlySet<Call>): boolean {
    if (group.at === later) return true;
    const inputs = group.members.flatMap((member) => member.inputs);
    const overwritten = overwriting.some(
      (one) => group.at < one.at && one.at < later && one.parts.some((part) => readsPart(inputs, part)),
    );
    if (overwritten) return false;
    let [longer, spared] = [0, 0];
    for (const member of group.members) {
      const [y] = member.outputs as [Tensor];
      const readers = graph.readers(y);
      if (readers.some((reader) => !joined.has(reader) && at(reader) < later)) return false;
      if (graph.kept(y) || readers.some((reader) => !group.members.includes(reader))) spared += bytesOf(y);
    }
    if (!graph.anyBetween(group.at, later, joined)) return true;
    const own = new Set(group.members.map((member) => member.outputs[0]!.source));
    for (const tensor of new Map(inputs.map(graph.base).map((tensor) => [tensor.source, tensor])).values()) {
      if (own.has(tensor.source) || rootSource(tensor).kind !== 'call' || graph.kept(tensor)) continue;
      if (graph.readers(tensor).every((reader) => at(reader) < later)) longer += bytesOf(tensor);
    }
    return longer <= spared + slack;
  }

  function tryToJoin(a: Group, b: Group): boolean {
    const members = [...a.members, ...b.members].sort((x, y) => graph.position(x) - graph.position(y));
    if (a === b || members.length > mostMembers) return false;
    const later = Math.max(a.at, b.at);
    const joined = new Set(members);
    if (!movable(a, later, joined) || !movable(b, later, joined)) return false;
    const totals = members.filter(isTotal).map((total) => total.outputs[0]!.source);
    if (totals.length > 1) return false;
    if (members.some(({ inputs }) => inputs.some((input) => totals.includes(graph.base(input).source)))) return false;
    const { attrs } = describe(graph, members);
    const operands = slotsOf(attrs).slots.length;
    const results = attrs.outputs.length;
    const buffers = Math.min(target.limits.maxStorageBuffersPerShaderStage, mostOperands + mostResults);
    if (operands > mostOperands || results > mostResults || operands + results > buffers) return false;
    if (numbersOf(attrs).length > mostNumbers) return false;
    const group: Group = { members, at: later };
    for (const member of members) groups.set(member, group);
    return true;
  }

  for (const call of calls) {
    if (isTotal(call)) {
      const own: Group = { members: [call], at: graph.position(call) };
      const producer = graph.producer(graph.base(call.inputs[0]!));
      if (producer && groups.has(producer) && !isTotal(producer)) tryToJoin(groups.get(producer)!, own);
      continue;
    }
    if (!isElementwise(call)) continue;
    groups.set(call, { members: [call], at: graph.position(call) });
    const size = sizeOf(call.outputs[0]!.shape);
    const whole = call.inputs.map(graph.base).filter((tensor) => sizeOf(tensor.shape) === size);
    const alike = (other: Call | null | undefined): other is Call =>
      !!other && groups.has(other) && sizeOf(other.outputs[0]!.shape) === size;
    for (const tensor of whole) {
      const producer = graph.producer(tensor);
      if (alike(producer)) tryToJoin(groups.get(producer)!, groups.get(call)!);
    }
    for (const { source } of whole) {
      const sibling = lastReaders.get(source);
      if (alike(sibling)) tryToJoin(groups.get(sibling)!, groups.get(call)!);
      lastReaders.set(source, call);
    }
  }
  return removeUnused(rewritten(calls, graph, groups), roots);
}

/** Whether a call gives the sum or mean of all elements of its input, which are several. */
function isTotal({ op, attrs, inputs: [x] }: Call): boolean {
  if ((op !== sumOp && op !== meanOp) || x!.dtype !== 'f32') return false;
  const { outer, reduced, inner } = reductionOf(x!.shape, (attrs as AxisAttrs).axis);
  return outer === 1 && inner === 1 && reduced > 1;
}

function isElementwise({ op, inputs, outputs }: Call): boolean {
  const words = [...inputs, ...outputs].every(({ dtype }) => dtype === 'f32' || dtype === 'i32' || dtype === 'u32');
  return op.elementwise !== undefined && outputs.length === 1 && words;
}

const bytesOf = ({ dtype, shape }: Tensor): number => byteLength(dtype, sizeOf(shape));

/** Who makes and who reads each value, seen through views. */
interface Graph {
  position(call: Call): number;
  /** The tensor that a view is of. */
  base(tensor: Tensor): Tensor;
  producer(tensor: Tensor): Call | null;
  /** Of a tensor that is no view. */
  readers(tensor: Tensor): readonly Call[];
  kept(tensor: Tensor): boolean;
  /** Whether a call other than these does work between two positions. */
  anyBetween(first: number, last: number, except: ReadonlySet<Call>): boolean;
}

function readGraph(calls: readonly Call[], roots: readonly Tensor[]): Graph {
  const positions = new Map(calls.map((call, index) => [call, index]));
  const producers = new Map<Source, Call>();
  for (const call of calls) for (const { source } of call.outputs) producers.set(source, call);
  const base = (tensor: Tensor): Tensor => {
    const producer = producers.get(tensor.source);
    return producer?.op.view ? base(producer.inputs[0]!) : tensor;
  };
  const readers = new Map<Source, Call[]>();
  for (const call of calls) {
    if (call.op.view) continue;
    for (const source of new Set(call.inputs.map((tensor) => base(tensor).source))) {
      const list = readers.get(source);
      if (list) list.push(call);
      else readers.set(source, [call]);
    }
  }
  const kept = new Set(roots.map((root) => base(root).source));
  return {
    position: (call) => positions.get(call)!,
    base,
    producer: (tensor) => producers.get(tensor.source) ?? null,
    readers: (tensor) => readers.get(tensor.source) ?? [],
    kept: (tensor) => kept.has(tensor.source),
    anyBetween: (first, last, except) =>
      calls.slice(first + 1, last).some((call) => !call.op.view && !except.has(call)),
  };
}

/** The call that does the work of `members`, which are in the order of the plan. */
function describe(graph: Graph, members: readonly Call[]): Call<FusedAttrs> {
  const places = new Map(members.map((call, index) => [call.outputs[0]!.source, index]));
  const inputs = new Map<Source, Tensor>();
  const operandOf = (tensor: Tensor): FusedOperand => {
    const { shape } = tensor;
    const base = graph.base(tensor);
    const member = places.get(base.source);
    if (member !== undefined) return { kind: 'member', index: member, shape };
    const value = uniformValue(base);
    if (value !== null && Number.isFinite(value)) return { kind: 'number', value };
    if (!inputs.has(base.source)) inputs.set(base.source, tensor);
    return { kind: 'input', index: [...inputs.keys()].indexOf(base.source), shape };
  };
  const described = members.map(({ op, attrs, inputs: given, outputs: [y] }): FusedMember => {
    return { op, attrs, operands: given.map(operandOf), type: { shape: y!.shape, dtype: y!.dtype } };
  });
  const joined = new Set(members);
  const outputs = members.flatMap((call, index) => {
    const [y] = call.outputs as [Tensor];
    return graph.kept(y) || graph.readers(y).some((reader) => !joined.has(reader)) ? [index] : [];
  });
  return {
    op: fusedElementwiseOp,
    attrs: fusedAttrs(described, outputs),
    inputs: [...inputs.values()],
    outputs: outputs.map((index) => members[index]!.outputs[0]!),
  };
}

/** The calls with each group at its place, and views right behind what they are views of. */
function rewritten(calls: readonly Call[], graph: Graph, groups: ReadonlyMap<Call, Group>): Call[] {
  const at = new Map<Call, number>();
  for (const call of calls) {
    const own = groups.get(call)?.at ?? graph.position(call);
    const producer = call.op.view ? graph.producer(call.inputs[0]!) : null;
    at.set(call, producer ? Math.max(own, at.get(producer)!) : own);
  }
  const viewed = (call: Call) => Number(call.op.view === true);
  const order = (a: Call, b: Call) =>
    at.get(a)! - at.get(b)! || viewed(a) - viewed(b) || graph.position(a) - graph.position(b);
  const done = new Set<Group>();
  return [...calls].sort(order).flatMap((call) => {
    const group = groups.get(call);
    if (!group || done.has(group)) return group ? [] : [call];
    done.add(group);
    // Alone it gains only where it can be done in place.
    return group.members.length > 1 || mayOverwrite(call, graph, at) ? [describe(graph, group.members)] : [call];
  });
}

/** Whether a call may write over an operand that nothing reads after it. */
function mayOverwrite(call: Call, graph: Graph, at: ReadonlyMap<Call, number>): boolean {
  const size = sizeOf(call.outputs[0]!.shape);
  return call.inputs.some((input) => {
    const tensor = graph.base(input);
    if (sizeOf(tensor.shape) !== size || graph.kept(tensor) || rootSource(tensor).kind !== 'call') return false;
    return graph.readers(tensor).every((reader) => reader === call || at.get(reader)! < at.get(call)!);
  });
}
