// Every error the engine throws is one of these types, with one sentence that states the values and what was expected.

/** What of a convolution's or a pool's sizes does not fit, for programs that say it in their own words. */
export interface Misfit {
  /**
   * `window`: the effective kernel exceeds the padded input; `mirror`: padding reflects or wraps more than there is;
   * `empty window`: padding as wide as a pool's window; `cut`: padding leaves nothing of a transposed convolution;
   * `output padding`: as much as a stride, or beside `'same'`.
   */
  readonly rule: 'window' | 'mirror' | 'empty window' | 'cut' | 'output padding';
  /** 1 for the first spatial axis. */
  readonly dimension: number;
  readonly value: number;
  /** The most that `value` may be there. */
  readonly most: number;
}

type MisfitOptions = ErrorOptions & { readonly misfit?: Misfit };

/** Shapes, dtypes or attributes that do not fit together; thrown where the graph is built. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  readonly #misfit: Misfit | null;
  constructor(message: string, options: MisfitOptions = {}) {
    super(message, options);
    this.#misfit = options.misfit ?? null;
  }
  /** Of sizes that do not fit; null where the sentence says something else. */
  get misfit(): Misfit | null {
    return this.#misfit;
  }
}

/** An option that is unknown, out of range, or in conflict with another. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
  readonly #misfit: Misfit | null;
  constructor(message: string, options: MisfitOptions = {}) {
    super(message, options);
    this.#misfit = options.misfit ?? null;
  }
  /** Of sizes that do not fit; null where the sentence says something else. */
  get misfit(): Misfit | null {
    return this.#misfit;
  }
}

/** One weight in which a file and a model differ, for programs that say it in their own words. */
export type WeightDifference = {
  /** Its name: `conv1/kernel`. */
  readonly weight: string;
} & (
  | { readonly what: 'missing'; readonly expected: readonly number[] } // the model alone has it, of this shape
  | { readonly what: 'extra'; readonly found: readonly number[] } // the file alone has it
  | { readonly what: 'shape'; readonly expected: readonly number[]; readonly found: readonly number[] }
  | { readonly what: 'dtype'; readonly expected: readonly string[]; readonly found: string } // `expected` is any of these
);

/**
 * A file or array that cannot be what it claims to be; `byteOffset` says where, when it is a file, and `differences` have each
 * weight of a file that is other than the model's, which the message lists line by line.
 */
export class DataError extends Error {
  override readonly name: string = 'DataError';
  constructor(
    message: string,
    readonly byteOffset?: number,
    readonly differences?: readonly WeightDifference[],
  ) {
    super(message);
  }
}

/** Of an error of the reason 'limit': the feature that the device lacks, or its limit and what was wanted of it. */
export type Lacking =
  | { readonly feature: string }
  | { readonly limit: string; readonly needed: number; readonly given: number };

/**
 * What a device refused, lost or could not hold, with what to do about it. `reason` and `lacking` are for programs, the message
 * for people.
 */
export class DeviceError extends Error {
  override readonly name: string = 'DeviceError';
  constructor(
    readonly reason: DeviceErrorReason,
    message: string,
    readonly lacking: Lacking | null = null,
  ) {
    super(message);
  }
}
export type DeviceErrorReason =
  | 'unavailable' // no navigator.gpu
  | 'no-adapter'
  | 'limit'
  | 'out-of-memory'
  | 'lost'
  | 'destroyed'
  | 'hung'
  | 'worker' // the worker that holds the device ended, or did not begin
  | 'validation'
  | 'shader'
  | 'stale'; // a handle of a lost device's generation

/** A loss or gradient that is NaN or infinite: which tensor and which step. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';
  constructor(
    message: string,
    readonly step: number,
    readonly tensor: string | null,
    /** Of a checked model: the layer and the op that gave it; null where there is none, as of a weight or the loss. */
    readonly origin: { readonly layer: string | null; readonly op: string | null } | null = null,
  ) {
    super(message);
  }
}

/** A call that the object's state does not allow: used after dispose, run before prepare. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/** A store that could not keep what it was given; what it held before stands. `reason` is 'full' where it has no space left. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  constructor(
    readonly reason: 'full' | 'failed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Throws an OptionError naming the nearest known option for every key of `options` that is not in `known`. */
export function checkOptions(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError(`${where}: its options are ${String(options)}, expected a record of ${known.join(', ')}`);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new OptionError(`${where}: unknown option '${key}'${suggestion(key, known)}; known: ${known.join(', ')}`);
  }
}

/** As `least`: any number above 0. */
export const ABOVE_ZERO = Number.MIN_VALUE;

/** Throws an OptionError unless `value` is a number from `least` to `most`, of which Infinity is not one unless it is `most`. */
export function checkNumber(
  where: string,
  name: string,
  value: unknown,
  least = 0,
  most = Number.MAX_VALUE,
  kind: 'number' | 'whole number' = 'number',
): void {
  const whole = kind === 'number' || Number.isInteger(value) || value === Infinity;
  if (typeof value === 'number' && whole && value >= least && value <= most) return;
  const from = least === ABOVE_ZERO ? 'above 0' : most >= Number.MAX_VALUE ? `of at least ${least}` : `from ${least}`;
  const to = most >= Number.MAX_VALUE ? '' : least === ABOVE_ZERO ? ` and of at most ${most}` : ` to ${most}`;
  throw new OptionError(`${where}: ${name} is ${String(value)}, expected a ${kind} ${from}${to}`);
}

/** Throws an OptionError unless each of `values` is of the type, or not given. */
export function checkTypes(
  where: string,
  type: 'boolean' | 'function' | 'string',
  values: Readonly<Record<string, unknown>>,
): void {
  const expected = { boolean: 'true or false', function: 'a function', string: 'a text' }[type];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || typeof value === type) continue;
    throw new OptionError(`${where}: ${name} is ${JSON.stringify(value)}, expected ${expected}`);
  }
}

/** `, did you mean 'x'?` for the closest of `known`, or an empty string when nothing is near. */
export function suggestion(word: string, known: readonly string[]): string {
  let best = '';
  let bestDistance = Math.max(2, Math.floor(word.length / 2)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best === '' ? '' : `, did you mean '${best}'?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
