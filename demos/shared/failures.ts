// Which error state an error means: the one table from the engine's and the browser's errors to E1…E18. Errors are known by
// their names, so that the shell needs no engine.
import type { DeviceErrorReason, Lacking, WeightDifference } from '../../src/index.ts';
import type { ErrorKey } from './error_words.ts';
import type { ErrorCode, Told, Wording } from './errors.ts';
import type { Translator, Values } from './language.ts';

/** What a page knows of the moment; all of it may be left out. */
export interface Situation {
  /** What the browser was asked for: its own errors do not say. */
  readonly of?: 'camera' | 'storage' | 'file' | 'load';
  readonly batch?: number | undefined;
  /** Whole epochs that are kept. */
  readonly epoch?: number | undefined;
  /** A lost GPU is not asked again by itself. */
  readonly gaveUp?: boolean;
  /** The last finite loss. */
  readonly last?: number | undefined;
  readonly file?: string | undefined;
  /** What was loaded, or what the file should have been, in the page's language. */
  readonly what?: (() => string) | undefined;
  /** One of `DataError.differences` in the page's language. */
  readonly difference?: ((difference: WeightDifference) => string) | undefined;
}

export interface Failure extends Wording {
  readonly code: ErrorCode;
  readonly values?: Told;
}

const byReason: Readonly<Record<DeviceErrorReason, ErrorCode>> = {
  unavailable: 'E2',
  'no-adapter': 'E3',
  limit: 'E6',
  'out-of-memory': 'E8',
  lost: 'E7',
  destroyed: 'E7',
  hung: 'E7',
  stale: 'E7',
  validation: 'E9',
  shader: 'E9',
  worker: 'E18',
};

const bySituation = { camera: 'E13', storage: 'E14' } as const;

/** As Chrome, Firefox and Safari word it where a module, or what one imports, does not come. */
const notLoaded = /dynamically imported module|Importing a module script failed|Unable to preload CSS/i;

interface Typed {
  readonly name: string;
  readonly message: string;
  readonly reason?: DeviceErrorReason;
  readonly lacking?: Lacking | null;
  readonly step?: number;
  readonly differences?: readonly WeightDifference[];
}

/** The state, its values and wording. What no line of the table knows is a defect of the page: E18. */
export function failureOf(error: unknown, situation: Situation = {}): Failure {
  const typed: Typed = error instanceof Error ? error : { name: '', message: String(error) };
  const { name, message, reason, differences } = typed;
  if (name === 'DeviceError' && reason) return ofDevice(typed, reason, situation);
  if (name === 'NonFiniteError') return ofNaN(typed, situation);
  if (name === 'DataError' && differences) return ofWeights(differences, situation, message);
  if (name === 'DataError') return ofFile(situation, message);
  if (name === 'QuotaExceededError') return { code: 'E14', detail: message };
  if (notLoaded.test(message)) return ofLoading(situation, message);
  if (!situation.of) return { code: 'E18', detail: message };
  if (situation.of === 'file') return ofFile(situation, message);
  if (situation.of === 'load') return ofLoading(situation, message);
  return { code: bySituation[situation.of], detail: message };
}

function ofDevice(
  { message, lacking }: Typed,
  reason: DeviceErrorReason,
  { batch, epoch, gaveUp }: Situation,
): Failure {
  const code = byReason[reason];
  switch (code) {
    case 'E2':
      // The engine knows no page: why there is no WebGPU is this page's to say.
      return { code: globalThis.isSecureContext === false ? 'E1' : hasGpu() ? 'E3' : 'E2' };
    case 'E6':
      if (!lacking) return { code, what: 'E6.plain', detail: message };
      if ('feature' in lacking) return { code: 'E5', values: { feature: lacking.feature }, detail: message };
      return { code, values: (t) => limitValues(t, lacking), detail: message };
    case 'E7': {
      const next = gaveUp ? 'E7.kept' : epoch === undefined ? undefined : epoch === 0 ? 'E7.first' : 'E7.resumed';
      const key = reason === 'stale' ? 'reason lost' : (`reason ${reason}` as 'reason lost');
      return { code, values: (t) => ({ reason: t(key), epoch: epoch ?? 0 }), next, detail: message };
    }
    case 'E8':
      return batch === undefined
        ? { code, detail: message }
        : { code, values: { batch }, what: 'E8.batch', next: 'E8.half', detail: message };
    case 'E18':
      return { code, what: 'E18.worker', next: 'E18.worker next', detail: message };
    default:
      return { code, detail: message };
  }
}

const hasGpu = (): boolean => Boolean((globalThis.navigator as Partial<Navigator> | undefined)?.gpu);

function limitValues(t: Translator<ErrorKey>, { limit, needed, given }: Exclude<Lacking, { feature: string }>): Values {
  const said = (n: number): string =>
    limit.endsWith('Size') ? t('mebibytes', { n: Math.round((n / 2 ** 20) * 100) / 100 }) : t('limit of', { limit, n });
  return { need: said(needed), have: said(given) };
}

const ofNaN = ({ step = 0, message }: Typed, { last }: Situation): Failure => ({
  code: 'E10',
  detail: message,
  ...(last === undefined
    ? { values: { step }, what: 'E10.first' }
    : { values: (t) => ({ step, last: t.number(last, { maximumSignificantDigits: 4 }) }) }),
});

const ofWeights = (all: readonly WeightDifference[], { difference }: Situation, detail: string): Failure =>
  difference ? { code: 'E16', lines: () => all.map(difference) } : { code: 'E16', detail };

function ofFile({ file, what }: Situation, detail: string): Failure {
  if (file === undefined || !what) return { code: 'E12', what: 'E12.plain', detail };
  return { code: 'E12', values: () => ({ file, expected: what() }), detail };
}

function ofLoading({ what }: Situation, detail: string): Failure {
  if (!what) return { code: 'E11', what: 'E11.plain', detail };
  return { code: 'E11', values: () => ({ what: what() }), detail };
}
