// The WGSL of a group of elementwise ops: how each operand is found, and what is computed of them.

import { type Shape, sizeOf } from '../core/shape.ts';
import type { Op } from '../graph/op.ts';
import type { TensorType } from '../graph/tensor.ts';
import { type Layout, layoutOf } from './broadcasting.ts';

export type FusedOperand =
  /** Input `index` of the group, as a tensor of `shape`. */
  | { readonly kind: 'input'; readonly index: number; readonly shape: Shape }
  /** What member `index` gives, which has as many elements as every other member's result. */
  | { readonly kind: 'member'; readonly index: number; readonly shape: Shape }
  | { readonly kind: 'number'; readonly value: number };

/** One op of a group. */
export interface FusedMember {
  readonly op: Op;
  readonly attrs: unknown;
  readonly operands: readonly FusedOperand[];
  /** Of its result. */
  readonly type: TensorType;
}

export interface FusedAttrs {
  /** Each after those whose results it reads. At most one is no elementwise op but the sum or mean of all that another gives. */
  readonly members: readonly FusedMember[];
  /** The members whose results are written. */
  readonly outputs: readonly number[];
}

/** The member that is a sum or mean, and of which member; null where there is none. Nothing in the group reads it. */
export function totalOf({ members }: FusedAttrs): { member: number; of: number } | null {
  const member = members.findIndex(({ op }) => !op.elementwise);
  return member < 0 ? null : { member, of: (members[member]!.operands[0] as { index: number }).index };
}

/** The outputs that have an element for each of a member's, by their place among all outputs. */
export function wholeOutputs(attrs: FusedAttrs): number[] {
  const total = totalOf(attrs)?.member;
  return attrs.outputs.flatMap((m, j) => (m === total ? [] : [j]));
}

/** Elements of every member's result but the total's. */
export const sizeOfGroup = ({ members }: FusedAttrs): number => sizeOf(members[0]!.type.shape);

export function fusedAttrs(members: readonly FusedMember[], outputs: readonly number[]): FusedAttrs {
  // Ops by name: attributes are written out where kernels are chosen and samples named, and a record is long.
  const named = () => ({ members: members.map(({ op, ...rest }) => ({ op: op.name, ...rest })), outputs });
  return Object.defineProperty({ members, outputs }, 'toJSON', { value: named, enumerable: false });
}

/** What the shader has room for. */
export const mostOperands = 7;
/** A sum or mean is one of them. */
export const mostResults = 4;
export const mostNumbers = 16;

/** An input as one or several members find their elements in it. */
export interface Slot {
  readonly input: number;
  readonly layout: Layout;
}

/** The different ways in which inputs are read: one slot of the shader each. */
export function slotsOf({ members }: FusedAttrs): { slots: Slot[]; slotOf(m: FusedMember, o: FusedOperand): number } {
  const slots: Slot[] = [];
  const indices = new Map<string, number>();
  const keyOf = (member: FusedMember, operand: FusedOperand) => {
    if (operand.kind !== 'input') return null;
    const layout = layoutOf(member.type.shape, [operand.shape]);
    return {
      key: `${operand.index} ${layout.lengths.join()} ${layout.strides[0]!.join()}`,
      layout,
      input: operand.index,
    };
  };
  for (const member of members) {
    for (const operand of member.operands) {
      const found = keyOf(member, operand);
      if (!found || indices.has(found.key)) continue;
      indices.set(found.key, slots.push({ input: found.input, layout: found.layout }) - 1);
    }
  }
  return { slots, slotOf: (member, operand) => indices.get(keyOf(member, operand)!.key)! };
}

/** The numbers that members need, each once. */
export function numbersOf({ members }: FusedAttrs): number[] {
  const all = members.flatMap(({ op, attrs, operands }) => [
    ...operands.flatMap((operand) => (operand.kind === 'number' ? [operand.value] : [])),
    ...(op.elementwise?.numbers(attrs) ?? []),
  ]);
  return all.filter((number, i) => all.findIndex((other) => Object.is(other, number)) === i);
}

/** Of the dtypes of 32 bits, which are those that groups are made of. */
const wgslType = ({ dtype }: TensorType): string => dtype;

/** The body of the hook `compute`. */
export function computeText(attrs: FusedAttrs, inputs: readonly TensorType[]): string {
  const { members, outputs } = attrs;
  const total = totalOf(attrs);
  const { slots, slotOf } = slotsOf(attrs);
  const numbers = numbersOf(attrs);
  const number = (value: number) => `params.n${numbers.findIndex((other) => Object.is(other, value))}`;
  const text = slots.map(({ input }, k) => `let o${k} = bitcast<${wgslType(inputs[input]!)}>(x[${k}]);`);
  members.forEach((member, m) => {
    if (m === total?.member) return;
    const { op, attrs: own, operands, type } = member;
    const names = operands.map((operand) => {
      if (operand.kind === 'number') return number(operand.value);
      return operand.kind === 'member' ? `v${operand.index}` : `o${slotOf(member, operand)}`;
    });
    const types = memberTypes(member, attrs, inputs);
    const elementwise = op.elementwise!;
    const expression = elementwise.wgsl(names, elementwise.numbers(own).map(number), types);
    text.push(`let v${m}: ${wgslType(type)} = ${expression};`);
  });
  // What is summed stands behind what is written.
  const given = [...wholeOutputs(attrs).map((j) => outputs[j]!), ...(total ? [total.of] : [])];
  const results = Array.from({ length: mostResults }, (_, i) =>
    i < given.length ? `bitcast<u32>(v${given[i]!})` : '0u',
  );
  return `${text.join(' ')} Results(${results.join(', ')})`;
}

/** A member's own call, as if it stood alone. */
export function memberTypes({ attrs, operands, type }: FusedMember, group: FusedAttrs, inputs: readonly TensorType[]) {
  const typeOf = (operand: FusedOperand): TensorType => {
    if (operand.kind === 'number') return { shape: [], dtype: 'f32' };
    const from = operand.kind === 'input' ? inputs[operand.index]! : group.members[operand.index]!.type;
    return { shape: operand.shape, dtype: from.dtype };
  };
  return { inputs: operands.map(typeOf), outputs: [type], attrs };
}

/** Whether four neighbouring elements of every operand are a vector, or one element. */
export function inVectors(attrs: FusedAttrs, slots: readonly Slot[]): boolean {
  return (
    sizeOfGroup(attrs) % 4 === 0 &&
    slots.every(({ layout: { lengths, strides } }) => {
      const [step, ...others] = strides[0]!;
      if (lengths[0]! % 4 !== 0) return false;
      return step === 0 || (step === 1 && others.every((stride) => stride % 4 === 0));
    })
  );
}

/** The name of a slot's buffer: in vectors of four where `lanes` is 4 and its elements lie side by side. */
export function bufferName({ layout: { strides } }: Slot, k: number, lanes: 1 | 4): string {
  return lanes === 4 && strides[0]![0] === 1 ? `x${k}_4` : `x${k}`;
}

/** The body of the hook `load` or `load4`, in which i counts elements or vectors; `buffers` are the slots' names. */
export function loadText(slots: readonly Slot[], buffers: readonly string[], lanes: 1 | 4): string {
  const text: string[] = [];
  const names = new Map<string, string>();
  const named = (expression: string, letter: string): string => {
    let name = names.get(expression);
    if (name === undefined) {
      name = `${letter}${names.size}`;
      names.set(expression, name);
      text.push(`let ${name} = ${expression};`);
    }
    return name;
  };
  const quotient = (of: string, by: number) => named(`divide(${of}, ${by}u)`, 'q');
  const operands = Array.from({ length: mostOperands }, (_, k) => {
    const slot = slots[k];
    if (!slot) return lanes === 4 ? 'vec4u()' : '0u';
    const { lengths, strides } = slot.layout;
    const vector = lanes === 4 && strides[0]![0] === 1;
    const steps = strides[0]!.map((stride, axis) => (vector && axis > 0 ? stride / 4 : stride));
    const terms: string[] = [];
    let rest = 'i';
    for (let axis = 0; axis < lengths.length && steps.slice(axis).some((step) => step > 0); axis++) {
      const length = axis === 0 ? lengths[0]! / lanes : lengths[axis]!;
      const last = axis === lengths.length - 1;
      if (steps[axis]! > 0) {
        const place = last ? rest : named(`${rest} - ${quotient(rest, length)} * ${length}u`, 'r');
        terms.push(steps[axis] === 1 ? place : `${place} * ${steps[axis]}u`);
      }
      if (!last && steps.slice(axis + 1).some((step) => step > 0)) rest = quotient(rest, length);
    }
    const element = `${buffers[k]}[${terms.join(' + ') || '0'}]`;
    return lanes === 4 && !vector ? `vec4u(${element})` : element;
  });
  return `${text.join(' ')} ${lanes === 4 ? 'Operands4' : 'Operands'}(${operands.join(', ')})`;
}
