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

/** What is wrong, each with its place, `rows[3].summary.n: expected integer, got string`; empty where nothing is. */
export function validate(value: unknown, schema: Schema, root: Schema = schema, place = ''): string[] {
  // A word that is not understood here would be a rule that is silently not kept.
  const strange = Object.keys(schema).find((word) => !known.includes(word));
  if (strange !== undefined) throw new Error(`schema: '${strange}' is not understood`);
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')];
    if (!target) throw new Error(`schema: nothing is at ${schema.$ref}`);
    return validate(value, target, root, place);
  }
  const wrong = (expected: string): string[] => [`${place || 'the value'}: expected ${expected}, got ${shown(value)}`];
  if ('const' in schema && value !== schema.const) return wrong(shown(schema.const));
  if (schema.enum && !schema.enum.includes(value)) return wrong(schema.enum.map(shown).join(' or '));
  if (schema.type !== undefined) {
    const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
    if (!types.some((type) => isType(value, type))) return wrong(types.join(' or '));
  }
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return wrong(`a text like ${schema.pattern}`);
  }
  if (typeof value === 'number' && schema.minimum !== undefined && value < schema.minimum) {
    return wrong(`at least ${schema.minimum}`);
  }
  if (Array.isArray(value)) {
    return schema.items ? value.flatMap((item, i) => validate(item, schema.items!, root, `${place}[${i}]`)) : [];
  }
  if (typeof value === 'object' && value !== null) return members(value, schema, root, place);
  return [];
}

function members(value: object, schema: Schema, root: Schema, place: string): string[] {
  const inside = (name: string): string => (place ? `${place}.${name}` : name);
  const absent = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  return [
    ...absent.map((name) => `${inside(name)}: is missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      const own = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
      const rule = own ?? schema.additionalProperties ?? true;
      if (rule === false) return [`${inside(name)}: is not known`];
      return rule === true ? [] : validate(member, rule, root, inside(name));
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
