// Calls in lines of Python as the code panel writes them: literals, names, calls and slices; no nested quotes.

export interface Call {
  readonly name: string;
  readonly argumentsText: string;
  /** What the line's result is called; null where it has none. */
  readonly target: string | null;
}

const opening = '([{';
const closing = ')]}';

/** Where the bracket that opens at `from` closes. */
function closes(code: string, from: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = from; i < code.length; i++) {
    const letter = code[i]!;
    if (letter === "'") quoted = !quoted;
    if (quoted) continue;
    if (opening.includes(letter)) depth++;
    if (closing.includes(letter) && --depth === 0) return i;
  }
  throw new Error(`a bracket never closes: ${code.slice(from, from + 40)}`);
}

/** The statements: comments left out, a literal over several lines as one. */
export function statements(code: string): string[] {
  const bare = code.replace(/#.*$/gm, '');
  const all: string[] = [];
  for (let at = 0; at < bare.length;) {
    let end = at;
    while (end < bare.length && bare[end] !== '\n')
      end = opening.includes(bare[end]!) ? closes(bare, end) + 1 : end + 1;
    const statement = bare.slice(at, end).trim();
    if (statement !== '') all.push(statement);
    at = end + 1;
  }
  return all;
}

/** Every call of a program, outer ones before those among their arguments. */
export function callsIn(code: string): Call[] {
  return statements(code).flatMap((statement) => {
    const target = /^(\w+) = /.exec(statement)?.[1] ?? null;
    return [...statement.matchAll(/([A-Za-z_][\w.]*)\(/g)].map((found): Call => {
      const from = found.index + found[0].length - 1;
      return { name: found[1]!, argumentsText: statement.slice(from + 1, closes(statement, from)), target };
    });
  });
}

/** The arguments of a call, or the elements of a tuple. */
export function splitArguments(given: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i <= given.length; i++) {
    if (i < given.length && opening.includes(given[i]!)) i = closes(given, i);
    else if (i === given.length || given[i] === ',') {
      const part = given.slice(from, i).trim();
      if (part !== '') parts.push(part);
      from = i + 1;
    }
  }
  return parts;
}

export function number(given: string): number {
  if (!/^-?\d+(\.\d+)?(e-?\d+)?$/.test(given)) throw new Error(`'${given}' is no number`);
  return Number(given);
}

/** Of a tuple of numbers. */
export function numbers(given: string): number[] {
  if (!/^\(.*\)$/s.test(given)) throw new Error(`'${given}' is no tuple`);
  return splitArguments(given.slice(1, -1)).map(number);
}

/** Of a text in quotes. */
export function text(given: string): string {
  const [, inside] = /^'([^']*)'$/.exec(given) ?? [];
  if (inside === undefined) throw new Error(`${given} is no text`);
  return inside;
}

/** Of a literal of nested lists, whose rows are all as long as the first. */
export function shapeOf(literal: string): number[] {
  const read = (value: unknown): number[] => {
    if (!Array.isArray(value)) return [];
    const [first, ...rest] = value.map(read);
    if (rest.some((one) => one.join() !== first!.join())) throw new Error('a list of uneven rows');
    return [value.length, ...first!];
  };
  return read(JSON.parse(literal));
}
