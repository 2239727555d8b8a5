// Turns one WGSL file into the Shader record of src/kernel/shader.ts and the names its generated type needs.
import { ResourceType, WgslReflect, type VariableInfo } from 'wgsl_reflect/wgsl_reflect.module.js';

import type { Binding, Constant, Entry, Shader } from '../src/kernel/shader.ts';
import { blankComments, loadModule, reach, type Declaration, type Module } from './wgsl_source.ts';

export interface EntryUse {
  readonly bindings: readonly string[];
  readonly params: readonly string[];
  readonly constants: readonly string[];
  readonly hooks: readonly string[];
}

export interface Reflection {
  readonly shader: Shader;
  /** What each entry uses, for the generated declaration. */
  readonly uses: Readonly<Record<string, EntryUse>>;
  readonly imports: readonly string[];
  /** The shader's own code, then that of each import; stripped where `code` is. */
  readonly parts: readonly string[];
}

export interface ReflectOptions {
  /** Reads a file by the name it was asked for with. */
  read: (file: string) => string;
  /** The file an import comment's path stands for. */
  importPath?: (name: string) => string;
  /** Production builds drop comments and blank lines, and with them the true line numbers. */
  strip?: boolean;
}

const features: Readonly<Record<string, string>> = { f16: 'shader-f16', subgroups: 'subgroups' };
const scalars = ['u32', 'i32', 'f32'] as const;

/** Reads and reflects `file`; every failure names it. */
export function reflectShader(file: string, { read, importPath = (name) => name, strip }: ReflectOptions): Reflection {
  try {
    const module = loadModule(file, read, importPath);
    const variables = reflectVariables(module);
    const constants = findConstants(module);
    const hooks = findHooks(module);
    const entries: Record<string, Entry> = {};
    const uses: Record<string, EntryUse> = {};
    for (const [name, declaration] of module.declarations) {
      if (declaration.kind !== 'fn' || !isCompute(declaration)) continue;
      const names = reach(module, name);
      const entry = describeEntry(name, names, variables);
      entries[name] = entry;
      uses[name] = {
        bindings: Object.keys(entry.bindings),
        params: Object.keys(entry.params?.members ?? {}),
        constants: Object.keys(constants).filter((constant) => names.has(constant)),
        hooks: hooks.filter((hook) => names.has(hook)),
      };
    }
    const code = strip ? stripCode(module.bare) : module.code;
    return {
      shader: { file, code, entries, constants, hooks, requires: findFeatures(module) },
      uses,
      imports: module.imports,
      parts: strip ? module.parts.map((part) => stripCode(blankComments(part))) : module.parts,
    };
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function isCompute({ tokens }: Declaration): boolean {
  return tokens.some((token, at) => token.text === 'compute' && tokens[at - 1]?.text === '@');
}

/** One space of indentation stays, so that a local never looks like a module-scope constant to `specialize`. */
function stripCode(bare: string): string {
  return bare
    .split('\n')
    .map((line) => line.trimEnd().replace(/^\s+/, ' '))
    .filter((line) => line.trim() !== '')
    .join('\n');
}

/**
 * What wgsl_reflect is given: variables and what their types need. It refuses valid function bodies (`const_assert`, a
 * parameter named `workgroup`), misreads `@workgroup_size(64u)`, and is not asked about either; Chrome judges functions.
 */
function withoutFunctions(module: Module): string {
  let text = module.bare.replace(/[^\n]/g, ' ');
  for (const { kind, start, tokens } of module.declarations.values()) {
    if (kind === 'fn' || kind === 'const_assert') continue;
    const end = tokens.at(-1)!.start + 1;
    text = text.slice(0, start) + module.bare.slice(start, end) + text.slice(end);
  }
  return text.replace(/,(\s*[)>])/g, '$1');
}

function reflectVariables(module: Module): ReadonlyMap<string, VariableInfo> {
  let reflection: WgslReflect;
  try {
    reflection = new WgslReflect(withoutFunctions(module));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`wgsl_reflect cannot parse it: ${reason.replace(/\.{2,}/g, '.')}`, { cause: error });
  }
  const variables = [reflection.uniforms, reflection.storage, reflection.textures, reflection.samplers].flat();
  for (const { name, group, resourceType } of variables) {
    if (group !== 0) throw new Error(`'${name}' is in @group(${group}); every binding belongs in @group(0)`);
    if (resourceType !== ResourceType.Uniform && resourceType !== ResourceType.Storage) {
      throw new Error(`'${name}' is neither a storage buffer nor a uniform`);
    }
  }
  return new Map(variables.map((variable) => [variable.name, variable]));
}

function describeEntry(name: string, names: ReadonlySet<string>, variables: ReadonlyMap<string, VariableInfo>): Entry {
  const bindings: Record<string, Binding> = {};
  let params: Entry['params'] = null;
  const taken = new Map<number, string>();
  // In the order of the binding numbers, which is the order a reader finds them in.
  for (const variable of [...variables.values()].sort((a, b) => a.binding - b.binding)) {
    if (!names.has(variable.name)) continue;
    const other = taken.get(variable.binding);
    if (other !== undefined) {
      throw new Error(`entry '${name}' uses '${other}' and '${variable.name}', both @binding(${variable.binding})`);
    }
    taken.set(variable.binding, variable.name);
    if (variable.resourceType === ResourceType.Storage) {
      const access = variable.access === 'read_write' ? 'read_write' : 'read';
      bindings[variable.name] = { index: variable.binding, access };
    } else if (params) {
      throw new Error(`entry '${name}' uses more than one uniform`);
    } else {
      params = describeParams(variable);
    }
  }
  return { bindings, params };
}

function describeParams(variable: VariableInfo): NonNullable<Entry['params']> {
  if (!variable.isStruct) throw new Error(`uniform '${variable.name}' must be a struct`);
  const members: Record<string, { offset: number; type: (typeof scalars)[number] }> = {};
  for (const member of variable.members ?? []) {
    const type = scalars.find((scalar) => scalar === member.type.name);
    if (!type) {
      throw new Error(`uniform member '${member.name}' is a ${member.type.getTypeName()}; use u32, i32 or f32`);
    }
    members[member.name] = { offset: member.offset, type };
  }
  return { index: variable.binding, size: variable.size, members };
}

function findConstants(module: Module): Record<string, Constant> {
  const constants: Record<string, Constant> = {};
  for (const { kind, name, start, tokens } of module.declarations.values()) {
    if (kind !== 'override' && kind !== 'const') continue;
    const texts = tokens.map((token) => token.text);
    const keyword = texts.indexOf(kind);
    if (kind === 'override') {
      if (keyword > 0) throw new Error(`override '${name}' must have no attributes: values are written in by name`);
      if (!texts.includes('=')) throw new Error(`override '${name}' needs a value`);
      if (texts[keyword + 2] !== ':') throw new Error(`override '${name}' needs a type`);
    }
    const [colon, type, equals, ...rest] = texts.slice(keyword + 2);
    if (colon !== ':' || equals !== '=' || !isConstantType(type)) continue;
    const value = literalValue(rest.slice(0, -1).join(''), type);
    if (value === null) continue;
    // The expression by which `specialize` finds it.
    if (new RegExp(`^(override|const) ${name}\\b[^;]*;`, 'm').exec(module.code)?.index !== start) {
      throw new Error(
        `constant '${name}' must begin its line, one space after '${kind}', and be the first of its name`,
      );
    }
    constants[name] = { type, value };
  }
  return constants;
}

function isConstantType(type: string | undefined): type is Constant['type'] {
  return type === 'u32' || type === 'i32' || type === 'f32' || type === 'bool';
}

function literalValue(text: string, type: Constant['type']): number | null {
  if (type === 'bool') return text === 'true' ? 1 : text === 'false' ? 0 : null;
  if (/^-?0[xX][\da-fA-F]+[ui]?$/.test(text)) {
    const magnitude = Number(text.replace('-', '').replace(/[ui]$/, ''));
    return text.startsWith('-') ? -magnitude : magnitude;
  }
  if (!/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[uif]?$/.test(text)) return null;
  return Number(text.replace(/[uif]$/, ''));
}

function findHooks(module: Module): string[] {
  const functions = [...module.declarations.values()];
  const hooks: string[] = [];
  for (const mark of module.code.matchAll(/^[ \t]*\/\/[ \t]*@hook\b/gm)) {
    const next = functions
      .filter((declaration) => declaration.start > mark.index)
      .reduce<Declaration | null>((first, one) => (first && first.start < one.start ? first : one), null);
    if (next?.kind !== 'fn') throw new Error(`'// @hook' must stand before a function`);
    const texts = next.tokens.map((token) => token.text);
    const open = texts.indexOf('{');
    const single = texts[open + 1] === 'return' && texts.indexOf(';') === texts.length - 2;
    // The expression by which `specialize` finds it; a comment inside the body would mislead it.
    const pattern = new RegExp(`(fn ${next.name}\\([^)]*\\)\\s*->\\s*[\\w<>]+\\s*\\{)\\s*return [^;]*;`);
    const match = pattern.exec(module.code);
    const end = next.tokens.at(-2)!.start + 1;
    if (!single || !match || match.index + match[0].length !== end) {
      throw new Error(
        `hook '${next.name}' must be 'fn ${next.name}(...) -> T { return ...; }' without comments inside`,
      );
    }
    hooks.push(next.name);
  }
  return hooks;
}

function findFeatures({ enables }: Module): string[] {
  return [...enables].map((name) => {
    const feature = features[name];
    if (!feature) throw new Error(`'enable ${name};' has no WebGPU feature listed in tools/wgsl_reflection.ts`);
    return feature;
  });
}
