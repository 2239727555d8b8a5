// A user's own WGSL beside an op's kernels: its bindings and params are those of the op's kernels, by name, and a comment
// says how many workgroups to launch.

import { OptionError, suggestion } from '../../../src/core/errors.ts';
import type { CallTypes, Kernel, Op } from '../../../src/graph/op.ts';
import type { Dispatch, Shader } from '../../../src/kernel/shader.ts';
import type { Target } from '../../../src/kernel/target.ts';

export interface OwnKernel {
  /** What its rows are called. */
  readonly name: string;
  readonly shader: Shader;
}

/** `op` with the kernel before its own; no plan takes it unless asked. OptionError where it does not fit the op. */
export function withOwnKernel(op: Op, { name, shader }: OwnKernel): Op {
  const { file } = shader;
  const entries = Object.keys(shader.entries);
  if (entries.length !== 1) {
    throw new OptionError(
      `${file}: expected one @compute function, got ${entries.length === 0 ? 'none' : entries.join(', ')}`,
    );
  }
  const [entry] = entries as [string];
  const { bindings, params } = shader.entries[entry]!;
  const wanted = { bindings: Object.keys(bindings), params: Object.keys(params?.members ?? {}) };
  const kernel: Kernel<unknown> = {
    preferred: () => false,
    plan: (call, target) => {
      const theirs = dispatchesOf(op, call, target);
      const like = theirs.find((one) => !missing(wanted, one)) ?? theirs[0]!;
      const absent = missing(wanted, like);
      if (absent) throw new OptionError(`${file}: ${op.name} has no ${absent}`);
      const dispatch: Dispatch = {
        shader,
        entry,
        bindings: Object.fromEntries(wanted.bindings.map((one) => [one, like.bindings[one]!])),
        params: Object.fromEntries(wanted.params.map((one) => [one, like.params[one]!])),
        constants: {},
        hooks: {},
        workgroups: workgroupsOf(shader, entry, like),
      };
      return { dispatches: [dispatch] };
    },
  };
  return { ...op, kernels: { [name]: kernel, ...op.kernels } };
}

/** Of every kernel that fits and needs one dispatch, the plainest first: ops have it last. */
function dispatchesOf(op: Op, call: CallTypes<unknown>, target: Target): Dispatch[] {
  return Object.values(op.kernels)
    .filter((kernel) => kernel.fits?.(call, target) ?? true)
    .map((kernel) => kernel.plan(call, target).dispatches)
    .filter((dispatches) => dispatches.length === 1)
    .map(([only]) => only!)
    .reverse();
}

/** The first name that a dispatch does not have, in words; null where it has all. Numbers mean what they mean beside its bindings. */
function missing(wanted: { bindings: readonly string[]; params: readonly string[] }, like: Dispatch): string | null {
  for (const [what, names, from] of [
    ['binding', wanted.bindings, like.bindings],
    ['param', wanted.params, like.params],
  ] as const) {
    const known = Object.keys(from);
    const absent = names.find((name) => !known.includes(name));
    if (absent !== undefined)
      return `${what} '${absent}'${suggestion(absent, known)}; known: ${known.join(', ') || 'none'}`;
  }
  return null;
}

/** As the comment `// @workgroups ceil(m / 64), ceil(n / 64)` says, else as many as the op's kernel of the same entry name. */
function workgroupsOf({ file, code }: Shader, entry: string, like: Dispatch): [number, number, number] {
  const said = /^[ \t]*\/\/[ \t]*@workgroups\b(.*)$/m.exec(code)?.[1];
  if (said === undefined && like.entry === entry) return [...like.workgroups];
  if (said === undefined) {
    throw new OptionError(`${file}: expected a comment such as '// @workgroups ceil(size / 64)' with the op's params`);
  }
  const counts = splitAtCommas(said).map((text) => evaluate(file, text, like.params));
  const [x, y = 1, z = 1] = counts;
  if (x === undefined || counts.length > 3 || counts.some((count) => !Number.isInteger(count) || count < 1)) {
    throw new OptionError(
      `${file}: @workgroups${said} gives ${counts.join(', ')}, expected one to three positive integers`,
    );
  }
  return [x, y, z];
}

/** Commas inside parentheses belong to calls. */
function splitAtCommas(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const sign of text) {
    if (sign === '(') depth++;
    if (sign === ')') depth--;
    if (sign === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += sign;
  }
  return parts;
}

const calls: Readonly<Record<string, (...values: number[]) => number>> = {
  ceil: Math.ceil,
  floor: Math.floor,
  min: Math.min,
  max: Math.max,
};

/** Numbers, the params' names, + - * / and ceil, floor, min, max. */
export function evaluate(file: string, text: string, numbers: Readonly<Record<string, number>>): number {
  const tokens = text.match(/[A-Za-z_]\w*|\d+(\.\d+)?|[-+*/(),]|\S/g) ?? [];
  let at = 0;
  const fail = (): never => {
    const known = Object.keys(numbers).join(', ');
    throw new OptionError(`${file}: '${text.trim()}': '${tokens[at] ?? 'the end'}' is not understood; known: ${known}`);
  };
  const take = (sign: string): boolean => tokens[at] === sign && ++at > 0;
  function value(): number {
    const token = tokens[at] ?? fail();
    if (take('(')) {
      const inner = sum();
      return take(')') ? inner : fail();
    }
    if (take('-')) return -value();
    if (/^\d/.test(token)) {
      at++;
      return Number(token);
    }
    if (Object.hasOwn(calls, token) && tokens[at + 1] === '(') {
      at += 2;
      const values = [sum()];
      while (take(',')) values.push(sum());
      return take(')') ? calls[token]!(...values) : fail();
    }
    if (!Object.hasOwn(numbers, token)) return fail();
    at++;
    return numbers[token]!;
  }
  function product(): number {
    let result = value();
    for (;;) {
      if (take('*')) result *= value();
      else if (take('/')) result /= value();
      else return result;
    }
  }
  function sum(): number {
    let result = product();
    for (;;) {
      if (take('+')) result += product();
      else if (take('-')) result -= product();
      else return result;
    }
  }
  const result = sum();
  return at === tokens.length ? result : fail();
}
