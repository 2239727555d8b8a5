// A command line's flags by name: those that are known, given as often as they may be, with a value where they need one.

import { parseArgs } from 'node:util';

import { suggestion } from '../src/core/errors.ts';
import { UsageError } from './usage_error.ts';

export { UsageError };

/** How many values a flag takes. */
export type Flags = Readonly<Record<string, 'none' | 'one' | 'many'>>;

export interface Given<F extends Flags = Flags> {
  has(name: keyof F & string): boolean;
  one(name: keyof F & string): string | null;
  many(name: keyof F & string): readonly string[];
  integer(name: keyof F & string, least: number, most: number): number | null;
}

export function readFlags<F extends Flags>(argv: readonly string[], flags: F): Given<F> {
  const known = Object.keys(flags).map((name) => `--${name}`);
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, kind]) => [name, { type: kind === 'none' ? 'boolean' : 'string' } as const]),
  );
  // Not strict, because Node's own messages name neither the nearest option nor the known ones.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new UsageError(`unexpected argument '${token.value}'; options begin with --`);
    if (token.kind !== 'option') continue;
    const kind = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (!kind)
      throw new UsageError(`unknown option '${token.rawName}'${suggestion(token.rawName, known)}; --help lists all`);
    if (given.has(token.name) && kind !== 'many') throw new UsageError(`${token.rawName} is given twice`);
    if (kind === 'none' && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    if (kind !== 'none' && (!token.value || (!token.inlineValue && token.value.startsWith('--')))) {
      throw new UsageError(`${token.rawName} needs a value`);
    }
    given.set(token.name, [...(given.get(token.name) ?? []), token.value ?? '']);
  }
  const one = (name: string): string | null => given.get(name)?.[0] ?? null;
  return {
    has: (name) => given.has(name),
    one,
    many: (name) => given.get(name) ?? [],
    integer(name, least, most) {
      const text = one(name);
      if (text === null) return null;
      const value = Number(text);
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      throw new UsageError(`--${name} is '${text}', expected an integer from ${least} to ${most}`);
    },
  };
}
