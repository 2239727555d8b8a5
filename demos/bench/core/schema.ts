// Whether a value is what a JSON schema says, for the words that bench.schema.json uses; files from other machines are
// looked at with it before anything is believed.

export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const known =
  '$schema $id title description type const enum pattern minimum items required properties additionalProperties $ref $defs'.split(
    ' ',
  );

/** One place in which a value is not as the schema has it; '' is the value itself. */
export type Fault = { readonly place: string } & (
  | { readonly rule: 'missing' }
  | { readonly rule: 'unknown' }
  | { readonly rule: 'type'; readonly types: readonly string[]; readonly got: unknown } // any of these
  | { readonly rule: 'value'; readonly values: readonly unknown[]; readonly got: unknown } // any of these
  | { readonly rule: 'pattern'; readonly pattern: string; readonly got: unknown }
  | { readonly rule: 'least'; readonly least: number; readonly got: unknown }
);

/** What is wrong, in English: `rows[3].summary.n: expected integer, got "7"`; empty where nothing is. */
export const validate = (value: unknown, schema: Schema, root: Schema = schema): string[] =>
  faultsIn(value, schema, root).map(sentence);

function sentence(fault: Fault): string {
  if (fault.rule === 'missing') return `${fault.place}: is missing`;
  if (fault.rule === 'unknown') return `${fault.place}: is not known`;
  return `${fault.place || 'the value'}: expected ${expectedBy(fault)}, got ${shown(fault.got)}`;
}

function expectedBy(fault: Exclude<Fault, { rule: 'missing' | 'unknown' }>): string {
  switch (fault.rule) {
    case 'type':
      return fault.types.join(' or ');
    case 'value':
      return fault.values.map(shown).join(' or ');
    case 'pattern':
      return `a text like ${fault.pattern}`;
    case 'least':
      return `at least ${fault.least}`;
  }
}

/** The same as records, for programs that say it in their own words. */
export function faultsIn(value: unknown, schema: Schema, root: Schema = schema, place = ''): Fault[] {
  // A word that is not understood here would be a rule that is silently not kept.
  const strange = Object.keys(schema).find((word) => !known.includes(word));
  if (strange !== undefined) throw new Error(`schema: '${strange}' is not understood`);
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')];
    if (!target) throw new Error(`schema: nothing is at ${schema.$ref}`);
    return faultsIn(value, target, root, place);
  }
  const values = 'const' in schema ? [schema.const] : schema.enum;
  if (values && !values.includes(value)) return [{ place, rule: 'value', values, got: value }];
  if (schema.type !== undefined) {
    const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
    if (!types.some((type) => isType(value, type))) return [{ place, rule: 'type', types, got: value }];
  }
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return [{ place, rule: 'pattern', pattern: schema.pattern, got: value }];
  }
  if (typeof value === 'number' && schema.minimum !== undefined && value < schema.minimum) {
    return [{ place, rule: 'least', least: schema.minimum, got: value }];
  }
  if (Array.isArray(value)) {
    return schema.items ? value.flatMap((item, i) => faultsIn(item, schema.items!, root, `${place}[${i}]`)) : [];
  }
  if (typeof value === 'object' && value !== null) return members(value, schema, root, place);
  return [];
}

function members(value: object, schema: Schema, root: Schema, place: string): Fault[] {
  const inside = (name: string): string => (place ? `${place}.${name}` : name);
  const absent = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  return [
    ...absent.map((name): Fault => ({ place: inside(name), rule: 'missing' })),
    ...Object.entries(value).flatMap(([name, member]): Fault[] => {
      const own = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
      const rule = own ?? schema.additionalProperties ?? true;
      if (rule === false) return [{ place: inside(name), rule: 'unknown' }];
      return rule === true ? [] : faultsIn(member, rule, root, inside(name));
    }),
  ];
}

function isType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value);
    default:
      return typeof value === type;
  }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
