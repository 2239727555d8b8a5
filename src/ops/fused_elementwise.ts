// Several elementwise ops in one pass, and the sum or mean of what one of them gives. Planners make such calls of groups of
// others; nobody writes them.

import shader from '../../shaders/fused_elementwise.wgsl';
import { allocate, type Values } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, KernelPlan, Op, Overlay } from '../graph/op.ts';
import { type BufferRef, type Dispatch, input, output, scratch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { fusedSamples } from './fused_samples.ts';
import {
  bufferName,
  computeText,
  type FusedAttrs,
  inVectors,
  loadText,
  memberTypes,
  mostNumbers,
  mostResults,
  numbersOf,
  sizeOfGroup,
  slotsOf,
  totalOf,
  wholeOutputs,
} from './fused_text.ts';
import { meanOp } from './reduce.ts';
import { sumOfAll } from './reduce_kernels.ts';
import { cut, type Segments } from './reduction.ts';

export type { FusedAttrs, FusedMember, FusedOperand } from './fused_text.ts';

function fusedPlan(
  call: CallTypes<FusedAttrs>,
  lanes: 1 | 4,
  target: Target,
  overlaid: readonly Overlay[],
): KernelPlan {
  const { inputs, attrs } = call;
  const { slots } = slotsOf(attrs);
  const whole = wholeOutputs(attrs);
  const total = totalOf(attrs);
  const bindings: Record<string, BufferRef> = {};
  const resultName = (j: number) => (lanes === 4 ? `y${j}_4` : `y${j}`);
  const names = slots.map((slot, k) => {
    const over = overlaid.find((one) => one.input === slot.input);
    if (over) return resultName(whole.indexOf(over.output));
    const name = bufferName(slot, k, lanes);
    bindings[name] = input(slot.input);
    return name;
  });
  whole.forEach((place, j) => (bindings[resultName(j)] = output(place)));
  const size = sizeOfGroup(attrs);
  const pieces = total && totalPieces(size, target);
  const params: Record<string, number> = { size: size / lanes, per_group: 0, scale: 0 };
  if (pieces) {
    bindings['total'] = pieces.segments === 1 ? output(placeOf(attrs, total.member)) : scratch(0);
    params['per_group'] = pieces.perSegment / lanes;
    params['scale'] = attrs.members[total.member]!.op === meanOp ? 1 / size : 1;
  }
  const numbers = numbersOf(attrs);
  for (let n = 0; n < mostNumbers; n++) params[`n${n}`] = numbers[n] ?? 0;
  const load = loadText(slots, names, lanes);
  const compute = computeText(attrs, inputs);
  const store = `${whole.map((_, j) => `${resultName(j)}[i] = y[${j}];`).join(' ')} y[${total ? whole.length : 0}]`;
  const first: Dispatch = {
    shader,
    entry: `fused${total ? '_total' : ''}${lanes === 4 ? '_vec4' : ''}`,
    bindings,
    params,
    // A software adapter takes a group's subgroups one by one up to a barrier and then from there.
    constants: pieces && target.adapter === 'software' ? { GROUP_SIZE: 16 } : {},
    hooks: lanes === 4 ? { load4: load, compute, store4: store } : { load, compute, store },
    workgroups: pieces ? flatGrid(pieces.segments, 1) : flatGrid(size / lanes, 64),
  };
  if (!pieces || pieces.segments === 1) return { dispatches: [first] };
  const second = sumOfAll(pieces.segments, target, scratch(0), output(placeOf(attrs, total.member)));
  return { dispatches: [first, second], scratch: [4 * pieces.segments] };
}

const placeOf = ({ outputs }: FusedAttrs, member: number): number => outputs.indexOf(member);

/**
 * What each workgroup adds up. One alone saves a dispatch, for as many elements as it takes through in that time; else there
 * are enough to occupy a device, but fewer on a software adapter, for which barriers are dear.
 */
function totalPieces(size: number, { adapter }: Target): Segments {
  const [alone, least] = adapter === 'software' ? [16384, 16384] : [4096, 1024];
  return cut(size, size <= alone ? Math.ceil(size / 4) * 4 : Math.max(least, Math.ceil(Math.sqrt(size) / 256) * 256));
}

/** Inputs that are read once, at the result's own place. */
function overlays({ attrs }: CallTypes<FusedAttrs>): Overlay[] {
  const { slots } = slotsOf(attrs);
  const size = sizeOfGroup(attrs);
  const own = slots.filter((slot) => {
    const { lengths, strides } = slot.layout;
    const whole = lengths.length === 1 && lengths[0] === size && (size === 1 || strides[0]![0] === 1);
    return whole && slots.every((other) => other === slot || other.input !== slot.input);
  });
  return own.flatMap(({ input: index }) => wholeOutputs(attrs).map((j) => ({ output: j, input: index })));
}

const kernel = (lanes: 1 | 4): Pick<Kernel<FusedAttrs>, 'plan' | 'overlays'> => ({
  plan: (call, target, overlaid = []) => fusedPlan(call, lanes, target, overlaid),
  overlays,
});

export const fusedElementwiseOp: Op<FusedAttrs> = {
  name: 'fused_elementwise',
  infer(_, attrs) {
    const results = attrs.outputs.length;
    if (results < 1 || results > mostResults) {
      throw new ShapeError(`fused_elementwise: ${results} results, expected 1 to ${mostResults}`);
    }
    return attrs.outputs.map((m) => attrs.members[m]!.type);
  },
  title: ({ members }) => members.map(({ op }) => op.name).join(' + '),
  // Between members, values are as exact as in memory: replayed in f32, the group gives what its members give one by one.
  cpu(x, y, { inputs, attrs }) {
    const { members, outputs } = attrs;
    const double = [...x, ...y].some((values) => values instanceof Float64Array);
    const floats = (size: number) => (double ? new Float64Array(size) : new Float32Array(size));
    const values: Values[] = [];
    members.forEach((member, m) => {
      const { dtype, shape } = member.type;
      const at = outputs.indexOf(m);
      const own = at >= 0 ? y[at]! : dtype === 'f32' ? floats(sizeOf(shape)) : allocate(dtype, sizeOf(shape));
      const given = member.operands.map((operand) => {
        if (operand.kind === 'number') return floats(1).fill(operand.value);
        return operand.kind === 'input' ? x[operand.index]! : values[operand.index]!;
      });
      member.op.cpu(given, [own], memberTypes(member, attrs, inputs));
      values.push(own);
    });
  },
  kernels: {
    vec4: { fits: ({ attrs }) => inVectors(attrs, slotsOf(attrs).slots), ...kernel(4) },
    naive: kernel(1),
  },
  grad: null, // plans are made of gradients already
  cost(call) {
    let [flops, exponentials] = [0, 0];
    for (const member of call.attrs.members) {
      const cost = member.op.cost?.(memberTypes(member, call.attrs, call.inputs));
      flops += cost?.flops ?? 0;
      exponentials += cost?.exponentials ?? 0;
    }
    return { flops, bytes: bytesMoved(call), exponentials };
  },
  accuracy: { kind: 'members' },
  samples: fusedSamples,
};
