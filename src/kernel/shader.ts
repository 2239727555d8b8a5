// A reflected WGSL file as data, and the one function that describes a dispatch of it. Nothing here touches a device.

/** What reflection found of one `@group(0)` variable. */
export interface Binding {
  readonly index: number;
  readonly access: 'uniform' | 'read' | 'read_write';
}

/** One member of an entry's uniform struct. */
export interface ParamsMember {
  readonly offset: number;
  readonly type: 'u32' | 'i32' | 'f32';
}

/** One `@compute` function. */
export interface Entry {
  /** Every storage variable the entry uses, by its WGSL name. */
  readonly bindings: Readonly<Record<string, Binding>>;
  /** The uniform variable the entry uses, or null. */
  readonly params: {
    readonly index: number;
    readonly size: number;
    readonly members: Readonly<Record<string, ParamsMember>>;
  } | null;
}

/** A module-scope `override`, or `const` with a literal value, that a dispatch may replace before compilation. */
export interface Constant {
  readonly type: 'u32' | 'i32' | 'f32' | 'bool';
  readonly value: number;
}

/**
 * A `.wgsl` file as its import gives it. `S` names, for each entry, its bindings, params, constants and hooks; the
 * Vite plugin writes it into the generated declaration, so a renamed struct member or variable is a type error where
 * it is used.
 */
export interface Shader<S extends ShaderNames = ShaderNames> {
  readonly file: string;
  /** WGSL with its imports resolved; valid as it stands. */
  readonly code: string;
  readonly entries: { readonly [E in keyof S]: Entry };
  readonly constants: Readonly<Record<string, Constant>>;
  /** Functions marked `// @hook`, whose returned expression a dispatch may replace. */
  readonly hooks: readonly string[];
  /** WGSL `enable` extensions, as WebGPU feature names ('subgroups', 'shader-f16'). */
  readonly requires: readonly string[];
}

/** A shader's own text and that of the files it imports, each of which a build holds once. */
export const joined = (...parts: readonly string[]): string => parts.join('\n');

export type ShaderNames = Record<string, EntryNames>;
export interface EntryNames {
  bindings: string;
  params: string;
  constants: string;
  hooks: string;
}

/** Which tensor of an op call a binding stands for. */
export interface BufferRef {
  readonly kind: 'input' | 'output' | 'scratch';
  readonly index: number;
}
export const input = (index: number): BufferRef => ({ kind: 'input', index });
export const output = (index: number): BufferRef => ({ kind: 'output', index });
export const scratch = (index: number): BufferRef => ({ kind: 'scratch', index });

/** One compute dispatch: everything needed to compile, bind and launch it, as data. */
export interface Dispatch {
  readonly shader: Shader;
  readonly entry: string;
  readonly bindings: Readonly<Record<string, BufferRef>>;
  readonly params: Readonly<Record<string, number>>;
  readonly constants: Readonly<Record<string, number | boolean>>;
  /**
   * New bodies by hook name: an expression, or `let` statements and then an expression. Only the engine's own text may
   * stand here, never a user's. Bindings that no body names may be left out of `bindings`.
   */
  readonly hooks: Readonly<Record<string, string>>;
  readonly workgroups: readonly [number, number, number];
  /**
   * What does the same, to the bit, with the same bindings and params, and compiles sooner: it may stand in until this
   * dispatch's own pipeline is there. Its entry declares its buffers and params as this one's does.
   */
  readonly start?: Dispatch | undefined;
}

type ParamsOf<P extends string> = [P] extends [never]
  ? { params?: Record<string, never> }
  : { params: Record<P, number> };

/** Describes one dispatch of `entry`; names are checked against the WGSL by the generated types. */
export function dispatch<S extends ShaderNames, E extends keyof S & string>(
  shader: Shader<S>,
  entry: E,
  call: {
    bindings: Record<S[E]['bindings'], BufferRef>;
    constants?: Partial<Record<S[E]['constants'], number | boolean>>;
    hooks?: Partial<Record<S[E]['hooks'], string>>;
    workgroups: readonly [number, number?, number?];
  } & ParamsOf<S[E]['params']>,
): Dispatch {
  const [x, y = 1, z = 1] = call.workgroups;
  return {
    shader: shader as unknown as Shader,
    entry,
    bindings: call.bindings,
    params: (call.params ?? {}) as Record<string, number>,
    constants: (call.constants ?? {}) as Record<string, number | boolean>,
    hooks: (call.hooks ?? {}) as Record<string, string>,
    workgroups: [x, y, z],
  };
}

/**
 * The source of a dispatch with its constants and hooks written in. Two dispatches with equal text and entry share one
 * pipeline.
 */
export function specialize(call: Dispatch): string {
  let code = call.shader.code;
  for (const [name, value] of Object.entries(call.constants)) {
    const constant = call.shader.constants[name];
    if (!constant) throw new Error(`${call.shader.file}: no constant '${name}'`);
    const declaration = new RegExp(`^(override|const) ${name}\\b[^;]*;`, 'm');
    code = code.replace(declaration, `const ${name}: ${constant.type} = ${literal(value, constant.type)};`);
  }
  for (const [name, expression] of Object.entries(call.hooks)) {
    if (!call.shader.hooks.includes(name)) throw new Error(`${call.shader.file}: no hook '${name}'`);
    const body = new RegExp(`(fn ${name}\\([^)]*\\)\\s*->\\s*[\\w<>]+\\s*\\{)\\s*return [^;]*;`);
    const result = expression.lastIndexOf(';') + 1;
    const [statements, value] = [expression.slice(0, result), expression.slice(result).trim()];
    code = code.replace(body, (_, head: string) => `${head} ${statements}${statements && ' '}return ${value};`);
  }
  return code;
}

/** A WGSL literal; WGSL refuses non-finite constants, so they are refused here with a clearer word. */
export function literal(value: number | boolean, type: Constant['type']): string {
  if (typeof value === 'boolean' || type === 'bool') return String(Boolean(value));
  if (!Number.isFinite(value)) throw new Error(`a WGSL constant must be finite, got ${value}`);
  if (type === 'f32') return `${Math.fround(value).toExponential()}f`;
  if (!Number.isInteger(value) || value < (type === 'u32' ? 0 : -(2 ** 31)) || value >= 2 ** 32) {
    throw new Error(`a WGSL ${type} constant must be an integer in range, got ${value}`);
  }
  return type === 'u32' ? `${value}u` : `${value}i`;
}
