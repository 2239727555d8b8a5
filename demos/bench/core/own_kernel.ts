// A user's own WGSL beside an op's kernels: its bindings and params are those of the op's kernels, by name, and a comment
// says how many workgroups to launch.

import { OptionError, suggestion } from '../../../src/core/errors.ts';
import type { CallTypes, Kernel, Op } from '../../../src/graph/op.ts';
import type { Dispatch, Shader } from '../../../src/kernel/shader.ts';
import type { Target } from '../../../src/kernel/target.ts';
import { placeOf, placed } from './own_place.ts';

export interface OwnKernel {
  /** What its rows are called. */
  readonly name: string;
  readonly shader: Shader;
}

/** `op` with the kernel before its own; no plan takes it unless asked. OptionError with the line where it does not fit the op. */
export function withOwnKernel(op: Op, { name, shader }: OwnKernel): Op {
  const entries = Object.keys(shader.entries);
  if (entries.length !== 1) {
    const got = entries.length === 0 ? 'none' : entries.join(', ');
    throw new OptionError(
      placed(shader, placeOf(shader.code, entries[1] ?? null), `expected one @compute function, got ${got}`),
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
      if (absent) {
        throw new OptionError(placed(shader, placeOf(shader.code, absent.name), `${op.name} has no ${absent.says}`));
      }
      checkAccess(op, shader, entry, like);
      const dispatch: Dispatch = {
        shader,
        entry,
        bindings: Object.fromEntries(wanted.bindings.map((one) => [one, like.bindings[one]!])),
        params: Object.fromEntries(wanted.params.map((one) => [one, like.params[one]!])),
        constants: {},
        hooks: {},
        workgroups: workgroupsOf(shader, entry, like, target),
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

interface Absent {
  readonly name: string;
  readonly says: string;
}

/** The first name that a dispatch does not have; null where it has all. Numbers mean what they mean beside its bindings. */
function missing(wanted: { bindings: readonly string[]; params: readonly string[] }, like: Dispatch): Absent | null {
  for (const [what, names, from] of [
    ['binding', wanted.bindings, like.bindings],
    ['param', wanted.params, like.params],
  ] as const) {
    const known = Object.keys(from);
    const absent = names.find((name) => !known.includes(name));
    if (absent === undefined) continue;
    const says = `${what} '${absent}'${suggestion(absent, known)}; known: ${known.join(', ') || 'none'}`;
    return { name: absent, says };
  }
  return null;
}

/** A result that is declared as read only stays as it was; an operand that may be written could spoil the next sample. */
function checkAccess(op: Op, shader: Shader, entry: string, like: Dispatch): void {
  for (const [name, { access }] of Object.entries(shader.entries[entry]!.bindings)) {
    const theirs = like.shader.entries[like.entry]!.bindings[name]!.access;
    if (access === theirs) continue;
    const what = theirs === 'read' ? 'only reads' : 'writes';
    throw new OptionError(
      placed(
        shader,
        placeOf(shader.code, name),
        `${op.name} ${what} '${name}': expected var<storage, ${theirs}>, got var<storage, ${access}>`,
      ),
    );
  }
}

/** As the comment `// @workgroups ceil(m / 64), ceil(n / 64)` says, else as many as the op's kernel of the same entry name. */
function workgroupsOf(
  shader: Shader,
  entry: string,
  like: Dispatch,
  { limits: { maxComputeWorkgroupsPerDimension: most } }: Target,
): [number, number, number] {
  const { code } = shader;
  const comment = /^[ \t]*\/\/[ \t]*@workgroups\b(.*)$/m.exec(code);
  if (!comment && like.entry === entry) return [...like.workgroups];
  if (!comment) {
    const says = "expected a comment such as '// @workgroups ceil(size / 64)' with the op's params";
    throw new OptionError(placed(shader, placeOf(code, entry), says));
  }
  const said = comment[1]!;
  const at = code.indexOf('@workgroups', comment.index);
  const counts = splitAtCommas(said).map((text) => evaluate(placed(shader, at), text, like.params));
  const [x, y = 1, z = 1] = counts;
  const gives = `@workgroups${said} gives ${counts.join(', ')}, expected one to three`;
  if (x === undefined || counts.length > 3 || counts.some((count) => !Number.isInteger(count) || count < 1)) {
    throw new OptionError(placed(shader, at, `${gives} positive integers`));
  }
  if (counts.some((count) => count > most)) {
    throw new OptionError(placed(shader, at, `${gives} up to ${most}, this device's maxComputeWorkgroupsPerDimension`));
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
