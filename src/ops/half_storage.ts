// The same kernel over buffers of halves: where a shader loads an f32 or vec4f from a buffer, it loads halves and widens
// them; where it stores one, it stores the nearest halves. All arithmetic stays f32.

import half from '../../shaders/lib/half.wgsl';
import type { Dispatch, Shader } from '../kernel/shader.ts';

/** How a buffer's elements are declared, and what a load or store of element `at` becomes. */
interface Storage {
  /** The array's element, and its length where that is fixed. */
  element(length: string): string;
  load(name: string, at: string): string;
  /** Null where an element cannot be stored by itself. */
  store: ((name: string, at: string, value: string) => string) | null;
}

/** Two halves in each u32, which every device has: one of them cannot be stored without the other. */
const words: Readonly<Record<string, Storage>> = {
  f32: {
    element: (length) => (length === '' ? 'u32' : `u32, (${length} + 1) / 2`),
    load: (name, at) => `half_in(${name}[(${at}) / 2], u32(${at}))`,
    store: null,
  },
  vec4f: {
    element: (length) => (length === '' ? 'vec2u' : `vec2u, ${length}`),
    load: (name, at) => `half4(${name}[${at}])`,
    store: (name, at, value) => `${name}[${at}] = to_half4(${value})`,
  },
};

/** With `shader-f16`. Stores round in integers here too: WGSL's own conversion may go either way. */
const native: Readonly<Record<string, Storage>> = {
  f32: {
    element: (length) => (length === '' ? 'f16' : `f16, ${length}`),
    load: (name, at) => `f32(${name}[${at}])`,
    store: (name, at, value) => `${name}[${at}] = bitcast<vec2<f16>>(to_half2(vec2f(${value}, 0.0))).x`,
  },
  vec4f: {
    element: (length) => (length === '' ? 'vec4<f16>' : `vec4<f16>, ${length}`),
    load: (name, at) => `vec4f(${name}[${at}])`,
    store: (name, at, value) => `${name}[${at}] = bitcast<vec4<f16>>(to_half4(${value}))`,
  },
};

/** A shader over halves, and how its buffers are accessed, in hooks too. */
interface Changed {
  readonly shader: Shader;
  readonly storages: ReadonlyMap<string, Storage>;
}

/**
 * `dispatch` with the buffers that it binds as `names` holding halves, or null where one of them cannot: its elements are
 * neither f32 nor vec4f, or it stores single numbers and the device has no `shader-f16`. Every access in the shader and in
 * hooks must be `name[index]` itself, and stores plain assignments.
 */
export function withHalves(dispatch: Dispatch, names: readonly string[], hasF16: boolean): Dispatch | null {
  const { shader } = dispatch;
  const key = `${hasF16} ${names.join(' ')}`;
  let made = kept.get(shader);
  if (!made) kept.set(shader, (made = new Map()));
  if (!made.has(key)) made.set(key, shaderWithHalves(shader, names, hasF16));
  const changed = made.get(key)!;
  if (!changed) return null;
  const hooks: Record<string, string> = {};
  for (const [hook, body] of Object.entries(dispatch.hooks)) {
    const text = withBuffers(body, changed.storages);
    if (text === null) return null;
    hooks[hook] = text;
  }
  return { ...dispatch, shader: changed.shader, hooks };
}

const kept = /* @__PURE__ */ new WeakMap<Shader, Map<string, Changed | null>>();

function shaderWithHalves(shader: Shader, names: readonly string[], hasF16: boolean): Changed | null {
  let code = shader.code.replace(/\/\/[^\n]*/g, '');
  const storages = new Map<string, Storage>();
  for (const name of names) {
    const declaration = new RegExp(
      `(var<storage[^>]*>\\s*${name}\\s*:\\s*array<)(vec4f|f32)\\s*(?:,\\s*([^>]*?)\\s*)?>`,
    );
    const element = declaration.exec(code)?.[2];
    if (element === undefined || new RegExp(`&\\s*${name}\\b`).test(code)) return null;
    const storage = (hasF16 ? native : words)[element]!;
    storages.set(name, storage);
    code = code.replace(declaration, (_, head: string, __, length = '') => `${head}${storage.element(length)}>`);
  }
  const body = withBuffers(code, storages);
  if (body === null) return null;
  const requires = hasF16 ? [...shader.requires, 'shader-f16'] : shader.requires;
  return { shader: { ...shader, code: `${hasF16 ? 'enable f16; ' : ''}${body}\n${half.code}`, requires }, storages };
}

function withBuffers(text: string, storages: ReadonlyMap<string, Storage>): string | null {
  let changed: string | null = text;
  for (const [name, storage] of storages) changed = changed === null ? null : withAccesses(changed, name, storage);
  return changed;
}

/** `text` with every load and store of the buffer `name` written anew; null where a store cannot be. */
function withAccesses(text: string, name: string, kind: Storage): string | null {
  const access = new RegExp(`(?<![\\w.])${name}\\s*\\[`, 'g');
  let out = '';
  let at = 0;
  for (let match = access.exec(text); match; match = access.exec(text)) {
    const open = match.index + match[0].length;
    const close = closing(text, open);
    const index = withAccesses(text.slice(open, close), name, kind);
    const assigned = /^\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)\s*/.exec(text.slice(close + 1));
    let end = close + 1;
    let written: string | null = null;
    if (assigned) {
      const start = end + assigned[0].length;
      end = text.indexOf(';', start);
      const value = withAccesses(text.slice(start, end), name, kind);
      if (kind.store && assigned[0].trim() === '=' && index !== null && value !== null) {
        written = kind.store(name, index, value);
      }
    } else if (index !== null) written = kind.load(name, index);
    if (written === null) return null;
    out += text.slice(at, match.index) + written;
    at = end;
    access.lastIndex = end;
  }
  return out + text.slice(at);
}

/** Where the bracket that encloses position `at` closes. */
function closing(text: string, at: number): number {
  for (let depth = 1; depth > 0; at++) {
    if (text[at] === '[') depth++;
    if (text[at] === ']') depth--;
  }
  return at - 1;
}
