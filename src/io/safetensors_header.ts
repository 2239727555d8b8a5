// The JSON header of a safetensors file, parsed byte by byte: JSON.parse would keep the last of two equal names, allow
// any depth, and could not say at which byte a file goes wrong.

import { DataError } from '../core/errors.ts';

export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The tensor's bytes in the data section: from begin up to, not including, end. */
  readonly begin: number;
  readonly end: number;
  /** Where the entry stands in the file. */
  readonly byteOffset: number;
}

export const maxTensors = 65_536;
export const maxRank = 8;
const maxMetadata = 65_536;

/** A name from a file as messages show it: quoted, and cut where it would fill the screen. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/**
 * Parses `{ name: { dtype, shape, data_offsets }, __metadata__?: { key: text } }` from `bytes[start]` up to `end`.
 * Duplicate names, the name `__proto__`, unknown or missing members, more than 65,536 tensors, ranks above 8, lengths
 * of 2³¹ or more and anything that is not strict JSON is a DataError.
 */
export function parseHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
): { entries: HeaderEntry[]; metadata: Record<string, string> } {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let at = start;

  const fail = (problem: string, offset = at): never => {
    throw new DataError(`safetensors: ${problem} at byte ${offset}`, offset);
  };
  const space = (): void => {
    while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)) at++;
  };
  /** Skips white space and takes `character` if it comes next. */
  const next = (character: string): boolean => {
    space();
    if (at >= end || bytes[at] !== character.charCodeAt(0)) return false;
    at++;
    return true;
  };
  const expect = (character: string): void => {
    if (!next(character)) fail(`the header lacks '${character}'`);
  };

  const text = (): string => {
    expect('"');
    const open = at - 1;
    while (at < end && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
    if (at >= end) fail('a string does not end', open);
    at++;
    try {
      return JSON.parse(utf8.decode(bytes.subarray(open, at))) as string;
    } catch {
      return fail('a string is not valid UTF-8 and JSON', open);
    }
  };

  const integer = (): number => {
    space();
    const first = at;
    let value = 0;
    while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) value = value * 10 + (bytes[at++]! - 0x30);
    if (at === first) fail('expected an integer from 0');
    if (bytes[first] === 0x30 && at > first + 1) fail('an integer begins with 0', first);
    if (!Number.isSafeInteger(value)) fail('an integer exceeds 2^53 - 1', first);
    return value;
  };

  const integers = (most: number, below: number): number[] => {
    const list: number[] = [];
    expect('[');
    if (next(']')) return list;
    do {
      if (list.length === most) fail(`more than ${most} integers in a list`);
      space();
      const first = at;
      const value = integer();
      if (value >= below) fail(`the integer ${value}, expected one below ${below},`, first);
      list.push(value);
    } while (next(','));
    expect(']');
    return list;
  };

  /** Reads `{ "key": value, ... }`; `member` reads each value. */
  const members = (member: (key: string, offset: number) => void): void => {
    const seen = new Set<string>();
    expect('{');
    if (next('}')) return;
    do {
      space();
      const offset = at;
      const key = text();
      if (seen.has(key)) fail(`the name ${quoted(key)} occurs twice`, offset);
      if (key === '__proto__') fail("the name '__proto__' is not allowed", offset);
      seen.add(key);
      expect(':');
      member(key, offset);
    } while (next(','));
    expect('}');
  };

  const entries: HeaderEntry[] = [];
  const metadata = Object.create(null) as Record<string, string>;
  const tensor = (name: string, byteOffset: number): void => {
    let dtype: string | undefined;
    let shape: number[] | undefined;
    let range: number[] | undefined;
    members((key, offset) => {
      if (key === 'dtype') dtype = text();
      else if (key === 'shape') shape = integers(maxRank, 2 ** 31);
      else if (key === 'data_offsets') range = integers(2, Number.MAX_SAFE_INTEGER);
      else fail(`tensor ${quoted(name)} has the unknown member ${quoted(key)}`, offset);
    });
    if (dtype === undefined || shape === undefined || range?.length !== 2) {
      return fail(`tensor ${quoted(name)} lacks dtype, shape or two data_offsets`, byteOffset);
    }
    entries.push({ name, dtype, shape, begin: range[0]!, end: range[1]!, byteOffset });
  };

  members((name, offset) => {
    if (name === '__metadata__') {
      let count = 0;
      members((key) => {
        if (++count > maxMetadata) fail(`more than ${maxMetadata} metadata entries`);
        metadata[key] = text();
      });
    } else {
      if (entries.length === maxTensors) fail(`more than ${maxTensors} tensors`, offset);
      tensor(name, offset);
    }
  });
  space();
  if (at < end) fail('more text after the header');
  return { entries, metadata };
}
