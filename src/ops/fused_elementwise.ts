// Several elementwise ops in one pass. Planners make such calls of groups of others; nobody writes them.

import shader from '../../shaders/fused_elementwise.wgsl';
import { allocate, type Values } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, Op, Overlay } from '../graph/op.ts';
import { type BufferRef, type Dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
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
  numbersOf,
  slotsOf,
} from './fused_text.ts';

export type { FusedAttrs, FusedMember, FusedOperand } from './fused_text.ts';

function fusedDispatch({ inputs, attrs }: CallTypes<FusedAttrs>, lanes: 1 | 4, overlaid: readonly Overlay[]): Dispatch {
  const { slots } = slotsOf(attrs);
  const results = attrs.outputs.length;
  const bindings: Record<string, BufferRef> = {};
  const resultName = (j: number) => (lanes === 4 ? `y${j}_4` : `y${j}`);
  const names = slots.map((slot, k) => {
    const over = overlaid.find((one) => one.input === slot.input);
    if (over) return resultName(over.output);
    const name = bufferName(slot, k, lanes);
    bindings[name] = input(slot.input);
    return name;
  });
  for (let j = 0; j < results; j++) bindings[resultName(j)] = output(j);
  const size = sizeOf(attrs.members[attrs.outputs[0]!]!.type.shape) / lanes;
  const params: Record<string, number> = { size };
  const numbers = numbersOf(attrs);
  for (let n = 0; n < mostNumbers; n++) params[`n${n}`] = numbers[n] ?? 0;
  return {
    shader,
    entry: lanes === 4 ? `fused_${results}_vec4` : `fused_${results}`,
    bindings,
    params,
    constants: {},
    hooks: { [lanes === 4 ? 'load4' : 'load']: loadText(slots, names, lanes), compute: computeText(attrs, inputs) },
    workgroups: flatGrid(size, 64),
  };
}

/** Inputs that are read once, at the result's own place. */
function overlays({ attrs }: CallTypes<FusedAttrs>): Overlay[] {
  const { slots } = slotsOf(attrs);
  const size = sizeOf(attrs.members[attrs.outputs[0]!]!.type.shape);
  const own = slots.filter((slot) => {
    const { lengths, strides } = slot.layout;
    const whole = lengths.length === 1 && lengths[0] === size && (size === 1 || strides[0]![0] === 1);
    return whole && slots.every((other) => other === slot || other.input !== slot.input);
  });
  return own.flatMap(({ input: index }) => attrs.outputs.map((_, j) => ({ output: j, input: index })));
}

const kernel = (lanes: 1 | 4): Pick<Kernel<FusedAttrs>, 'plan' | 'overlays'> => ({
  plan: (call, _, overlaid = []) => ({ dispatches: [fusedDispatch(call, lanes, overlaid)] }),
  overlays,
});

export const fusedElementwiseOp: Op<FusedAttrs> = {
  name: 'fused_elementwise',
  infer: (_, { members, outputs }) => outputs.map((m) => members[m]!.type),
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
  cost: (call) => ({
    flops: call.attrs.members.reduce((sum, member) => {
      return sum + (member.op.cost?.(memberTypes(member, call.attrs, call.inputs)).flops ?? 0);
    }, 0),
    bytes: bytesMoved(call),
  }),
  accuracy: { kind: 'members' },
  samples: fusedSamples,
};
