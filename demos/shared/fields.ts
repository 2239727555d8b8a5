// The fields a page's state is made of: how each is read from a link, written to it, and kept within its limits.

/** Why a value in a link was not taken as it stood. */
export type Reason = 'form' | 'limits' | 'choice' | 'size' | 'twice' | 'version' | 'packed';

export interface Read<Value> {
  readonly value: Value;
  readonly reason?: Reason;
}

interface FieldOf<Kind extends string, Value> {
  readonly kind: Kind;
  readonly default: Value;
  /** Values that stand in no link come back as the default or the nearest allowed one, with the reason. */
  read(text: string): Read<Value>;
  write(value: Value): string;
}

export interface Limits {
  readonly min: number;
  readonly max: number;
}

/** Numbers of any rank in row-major order: a matrix is of rank 2. */
export interface Matrix {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export interface IntegerField extends FieldOf<'integer', number>, Limits {}
export interface NumberField extends FieldOf<'number', number>, Limits {}
export interface ChoiceField<Value extends string = string> extends FieldOf<'choice', Value> {
  readonly of: readonly Value[];
}
/** Some of the choices, in the choices' order. */
export interface SubsetField<Value extends string = string> extends FieldOf<'subset', readonly Value[]> {
  readonly of: readonly Value[];
}
export interface FlagField extends FieldOf<'flag', boolean> {}
export interface TextField extends FieldOf<'text', string> {
  readonly longest: number;
}
export interface ListField extends FieldOf<'list', readonly number[]>, Limits {
  readonly shortest: number;
  readonly longest: number;
}
export interface MatrixField extends FieldOf<'matrix', Matrix>, Limits {
  /** The least and the greatest extent of each axis. */
  readonly extents: readonly (readonly [number, number])[];
}

export type Field =
  | IntegerField
  | NumberField
  | ChoiceField
  | SubsetField
  | FlagField
  | TextField
  | ListField
  | MatrixField;
export type Fields = Readonly<Record<string, Field>>;
export type StateOf<F extends Fields> = { readonly [Key in keyof F]: F[Key]['default'] };

const clamp = (value: number, { min, max }: Limits): number => Math.min(Math.max(value, min), max);

const everything: Limits = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE };

/** As links hold it: a dot, no groups, whatever the language. */
function numberIn(text: string): number | null {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}

const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

function numeric<Kind extends 'integer' | 'number'>(
  kind: Kind,
  start: number,
  limits: Limits,
  taken: (value: number) => number,
): FieldOf<Kind, number> & Limits {
  return {
    kind,
    default: start,
    ...limits,
    read(text) {
      const value = numberIn(text);
      if (value === null) return { value: start, reason: 'form' };
      const near = clamp(taken(value), limits);
      return near === value ? { value: near } : { value: near, reason: 'limits' };
    },
    write: numberText,
  };
}

export const integer = (start: number, min: number, max: number): IntegerField =>
  numeric('integer', start, { min, max }, (value) => Math.round(value) + 0);

export const number = (start: number, limits: Partial<Limits> = {}): NumberField =>
  numeric('number', start, { ...everything, ...limits }, (value) => value);

export function choice<const Value extends string>(of: readonly Value[], start: NoInfer<Value>): ChoiceField<Value> {
  return {
    kind: 'choice',
    default: start,
    of,
    read(text) {
      const value = of.find((one) => one === text);
      return value === undefined ? { value: start, reason: 'choice' } : { value };
    },
    write: (value) => value,
  };
}

export function flag(start = false): FlagField {
  return {
    kind: 'flag',
    default: start,
    read(text) {
      if (text === '1' || text === 'true') return { value: true };
      return text === '0' || text === 'false' ? { value: false } : { value: start, reason: 'form' };
    },
    write: (value) => (value ? '1' : '0'),
  };
}

export function text(start = '', longest = 200): TextField {
  return {
    kind: 'text',
    default: start,
    longest,
    read: (value) =>
      value.length <= longest ? { value } : { value: wellFormed(value.slice(0, longest)), reason: 'size' },
    write: wellFormed,
  };
}

/** Half of a pair of UTF-16 units cannot stand in a link. */
const wellFormed = (value: string): string => value.replace(/\p{Cs}/gu, '\uFFFD');

export interface ListLimits extends Partial<Limits> {
  readonly shortest?: number;
  readonly longest?: number;
}

/** Numbers of any count within limits: `1,2,3`. */
export function list(start: readonly number[], limits: ListLimits = {}): ListField {
  const { shortest = 0, longest = 64, ...bounds } = limits;
  const all = { ...everything, ...bounds };
  return {
    kind: 'list',
    default: start,
    ...all,
    shortest,
    longest,
    read(given) {
      const read = numbersIn(given, all);
      if (!read || read.value.length < shortest) return { value: start, reason: 'form' };
      return read.value.length <= longest ? read : { value: read.value.slice(0, longest), reason: 'size' };
    },
    write: (value) => value.map(numberText).join(','),
  };
}

/** Numbers with a shape: `6x6:10,10,10,0…`, row by row. Each axis has its least and greatest extent. */
export function matrix(
  start: Matrix,
  extents: readonly (readonly [number, number])[],
  limits: Partial<Limits> = {},
): MatrixField {
  const all = { ...everything, ...limits };
  return {
    kind: 'matrix',
    default: start,
    extents,
    ...all,
    read(given) {
      const [, head, body] = /^(\d+(?:x\d+)*):(.*)$/s.exec(given) ?? [];
      const read = body === undefined ? null : numbersIn(body, all);
      if (!read) return { value: start, reason: 'form' };
      const shape = head!.split('x').map(Number);
      const fits =
        shape.length === extents.length &&
        shape.every((extent, axis) => extent >= extents[axis]![0] && extent <= extents[axis]![1]) &&
        read.value.length === shape.reduce((product, extent) => product * extent, 1);
      if (!fits) return { value: start, reason: 'size' };
      return { ...read, value: { shape, values: read.value } };
    },
    write: ({ shape, values }) => `${shape.join('x')}:${values.map(numberText).join(',')}`,
  };
}

function numbersIn(given: string, limits: Limits): Read<number[]> | null {
  const read = given === '' ? [] : given.split(',').map(numberIn);
  const numbers = read.filter((value) => value !== null);
  if (numbers.length < read.length) return null;
  const near = numbers.map((value) => clamp(value, limits));
  return near.every((value, i) => value === numbers[i]) ? { value: near } : { value: near, reason: 'limits' };
}
