// A page's state and its link: `#v=1&key=value&…` with only what differs from the defaults, readable and editable by hand.
import type { Field, Fields, Reason, StateOf } from './fields.ts';

export { choice, flag, integer, list, matrix, number, text } from './fields.ts';
export type { Field, Fields, Matrix, Reason, StateOf } from './fields.ts';

/** A value that was not taken as it stood in the link. `used` is what stands now, written as a link would. */
export interface Problem {
  readonly key: string;
  readonly given: string;
  readonly used: string;
  readonly reason: Reason;
}

/** Keys the page does not know, in the link's order: they are kept, for the page the link goes to next. */
export type Unknown = readonly (readonly [key: string, value: string])[];

export interface Parsed<F extends Fields> {
  readonly state: StateOf<F>;
  readonly problems: readonly Problem[];
  readonly unknown: Unknown;
}

const version = '1';

/** Keys with a meaning of the grammar's own, which no field may have. */
const grammarKeys = ['v', 'z'];

/** Keys that mean the same on every page; they stay readable in a compressed link. */
export const commonKeys = ['lang', 'theme', 'embed', 'hide', 'step', 'play', 'seed', 'quiz', 'device', 'force'];

/** A link longer than this is compressed. */
export const longestReadable = 2000;

/** A compressed link may not unfold to more than this: no page has that much state. */
const longestUnpacked = 1_000_000;

export function defaults<F extends Fields>(fields: F): StateOf<F> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.default])) as StateOf<F>;
}

/** Reads what follows the `#`, compressed parts unfolded before (see `unpack`). Never throws: see `problems`. */
export function parse<F extends Fields>(fields: F, hash: string): Parsed<F> {
  const state: Record<string, unknown> = defaults(fields);
  const problems: Problem[] = [];
  const unknown: (readonly [string, string])[] = [];
  const seen = new Set<string>();
  for (const part of hash.replace(/^#/, '').split('&')) {
    if (part === '') continue;
    const [, rawKey = part, rawValue = ''] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    const key = decode(rawKey) ?? rawKey;
    const given = decode(rawValue);
    if (key === 'v') {
      if (given !== version) problems.push({ key, given: rawValue, used: version, reason: 'version' });
      continue;
    }
    const field = Object.hasOwn(fields, key) ? (fields[key] as Field) : undefined;
    if (!field) {
      unknown.push([key, given ?? rawValue]);
      continue;
    }
    const { value, reason } = given === null ? { value: field.default, reason: 'form' as const } : field.read(given);
    state[key] = value;
    const problem = reason ?? (seen.has(key) ? 'twice' : undefined);
    if (problem) problems.push({ key, given: given ?? rawValue, used: writeField(field, value), reason: problem });
    seen.add(key);
  }
  return { state: state as StateOf<F>, problems, unknown };
}

/** What `parse` reads back: the version, the fields that differ from their defaults in their order, and unknown keys. */
export function serialise<F extends Fields>(fields: F, state: StateOf<F>, unknown: Unknown = []): string {
  const parts = [['v', version]];
  for (const [key, field] of Object.entries(fields)) {
    const written = writeField(field, state[key]);
    if (written !== writeField(field, field.default)) parts.push([key, written]);
  }
  return [...parts, ...unknown].map(([key, value]) => `${encode(key!)}=${encode(value!)}`).join('&');
}

const writeField = (field: Field, value: unknown): string => (field.write as (value: unknown) => string)(value);

/** Throws where a page's fields take a key of the grammar's or of the shell's own fields. */
export function checkKeys(fields: Fields, taken: readonly string[]): void {
  const twice = Object.keys(fields).filter((key) => grammarKeys.includes(key) || taken.includes(key));
  if (twice.length > 0) throw new Error(`the keys ${twice.join(', ')} of a page's state belong to every page`);
}

// What a fragment may hold unescaped stays as it is, so that people can read it (RFC 3986, without & and =, and without
// what chat programs take for markup or the end of a link).
function encode(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|3A|2F|3B|40|24)/g, decodeURIComponent);
}

function decode(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

const isCommon = (part: string): boolean => ['v', ...commonKeys].includes(part.slice(0, part.indexOf('=')));

/** A link's text as it stands in the address: beyond 2000 characters all but the common keys goes compressed into `z=`. */
export async function pack(plain: string): Promise<string> {
  if (plain.length <= longestReadable) return plain;
  const parts = plain.split('&');
  const bytes = await through(
    new TextEncoder().encode(parts.filter((part) => !isCommon(part)).join('&')),
    new CompressionStream('deflate-raw'),
  );
  const letters = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const z = letters.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return [...parts.filter(isCommon), `z=${z}`].join('&');
}

/** The opposite of `pack`. A `z` that cannot be read comes back as a problem, with the rest of the link. */
export async function unpack(hash: string): Promise<{ readonly plain: string; readonly problems: readonly Problem[] }> {
  const parts = hash.replace(/^#/, '').split('&');
  const z = parts.find((part) => part.startsWith('z='))?.slice(2);
  if (z === undefined) return { plain: parts.join('&'), problems: [] };
  const rest = parts.filter((part) => !part.startsWith('z='));
  try {
    const letters = atob(z.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = await through(
      Uint8Array.from(letters, (letter) => letter.charCodeAt(0)),
      new DecompressionStream('deflate-raw'),
    );
    return { plain: [...rest, new TextDecoder().decode(bytes)].join('&'), problems: [] };
  } catch {
    const given = z.length > 24 ? `${z.slice(0, 24)}…` : z;
    return { plain: rest.join('&'), problems: [{ key: 'z', given, used: '', reason: 'packed' }] };
  }
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > longestUnpacked) {
      await reader.cancel();
      throw new RangeError(`a link of more than ${longestUnpacked} bytes`);
    }
    pieces.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
