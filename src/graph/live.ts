// Numbers that may change between two runs of a program: rates, strengths, decays. As attributes of a call they stand in its
// kernels' uniforms, which a runner writes anew (`Runner.refresh`); as operands they are inputs that the program gives.

import { inputTensor, type Tensor } from './tensor.ts';

export interface LiveNumber {
  readonly name: string;
  /** As it is at present. */
  readonly value: number;
  /** f32 []: the number as an operand. */
  readonly tensor: Tensor;
  /** What `f` makes of it at any time; `key` tells different functions apart. */
  derived(key: string, f: (value: number) => number): LiveNumber;
}

/** A number that is fixed, or one that is not. */
export type Scalar = number | LiveNumber;

/** The number that `read` gives. Those whose `tensor` was asked for are noted in `operands`, by their input's name. */
export function liveNumber(name: string, read: () => number, operands: Map<string, LiveNumber>): LiveNumber {
  const derivations = new Map<string, LiveNumber>();
  let tensor: Tensor | null = null;
  const made: LiveNumber = {
    name,
    get value() {
      return read();
    },
    get tensor() {
      const input = `$${name}`;
      operands.set(input, made);
      return (tensor ??= inputTensor(input, []));
    },
    derived(key, f) {
      const known = derivations.get(key) ?? liveNumber(`${name} ${key}`, () => f(read()), operands);
      derivations.set(key, known);
      return known;
    },
  };
  return made;
}

export const valueOf = (number: Scalar): number => (typeof number === 'number' ? number : number.value);

/** What elementwise functions take. */
export const operandOf = (number: Scalar): Tensor | number => (typeof number === 'number' ? number : number.tensor);

export function derive(number: Scalar, key: string, f: (value: number) => number): Scalar {
  return typeof number === 'number' ? f(number) : number.derived(key, f);
}

/** A record of these numbers; live ones are read anew whenever their field is. */
export function fieldsOf<K extends string>(numbers: Readonly<Record<K, Scalar>>): Readonly<Record<K, number>> {
  const fields = {} as Record<K, number>;
  for (const [key, number] of Object.entries<Scalar>(numbers)) {
    const field = typeof number === 'number' ? { value: number } : { get: () => number.value };
    Object.defineProperty(fields, key, { ...field, enumerable: true });
  }
  return fields;
}

/** `defaults` with the fields of `given` that they have too, live ones still live. */
export function attrsOf<A extends object>(defaults: A, given: Partial<A>): A {
  const attrs = { ...defaults };
  for (const key of Object.keys(defaults)) {
    const field = Object.getOwnPropertyDescriptor(given, key);
    if (field && (field.get || field.value !== undefined)) Object.defineProperty(attrs, key, field);
  }
  return attrs;
}

/** Whether some of a call's attributes may change; `of`: those of the op that it does over other storage. */
export function isLive(attrs: unknown): boolean {
  if (typeof attrs !== 'object' || attrs === null) return false;
  const fields = Object.values(Object.getOwnPropertyDescriptors(attrs));
  return fields.some(({ get }) => get !== undefined) || ('of' in attrs && isLive(attrs.of));
}
