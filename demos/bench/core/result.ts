// The shape of a benchmark's result: what the terminal writes, what the page shows, saves and compares.
// bench.schema.json is the same as a published schema; a test holds the two together.

export const SCHEMA = 'retrograd-bench/1';

export interface BenchResult {
  readonly schema: typeof SCHEMA;
  readonly tool: 'bench' | 'peers';
  /** ISO 8601, UTC. */
  readonly created: string;
  /** Of the source that ran; `dirty` where it had changes that no commit holds. */
  readonly source: { readonly version: string; readonly commit: string | null; readonly dirty: boolean };
  /** The command's arguments, or the page's address. */
  readonly command: string;
  readonly host: Host;
  readonly device: DeviceInfo;
  readonly clock: Clock;
  readonly method: Method;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

export interface Host {
  readonly runtime: 'browser' | 'node';
  readonly userAgent: string;
  readonly platform: string;
  readonly cores: number;
  readonly crossOriginIsolated: boolean;
}

export interface DeviceInfo {
  readonly kind: 'webgpu' | 'cpu';
  readonly description: string;
  readonly adapter: 'software' | 'integrated' | 'discrete' | 'unknown' | 'none';
  /** As the browser tells them; often empty. */
  readonly vendor: string;
  readonly architecture: string;
  readonly name: string;
  readonly details: string;
  readonly fallback: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly subgroups: { readonly least: number; readonly most: number } | null;
}

export interface Clock {
  readonly kind: 'timestamp-query' | 'wall';
  /** The clock's smallest step, measured. */
  readonly quantumNs: number;
  /** What an empty submit takes by the wall clock; subtracted from wall times. */
  readonly emptySubmitNs: number;
}

export interface Method {
  readonly quick: boolean;
  readonly leastSamples: number;
  /** A kernel's samples end after this long, however many there are by then. */
  readonly mostMs: number;
  /** Repetitions are put in one sample until it takes this long. */
  readonly sampleNs: number;
  readonly text: string;
}

/** One thing that was measured. A suite names what the numbers mean. */
export interface Row {
  readonly suite: SuiteName;
  /** Equal in rows that do the same work and may be ranked against each other. */
  readonly work: string;
  /** The op, the model, or the roof. */
  readonly subject: string;
  /** The kernel, the engine, or how it was done. */
  readonly variant: string;
  /** Whether it is what a plan takes where nothing else is asked for. */
  readonly preferred: boolean;
  readonly shape: string;
  readonly dtype: string;
  /** Of one repetition, by the formula of the op. */
  readonly flops: number;
  readonly bytes: number;
  /** Nanoseconds of one repetition: every sample, in the order taken. */
  readonly samplesNs: readonly number[];
  /** Repetitions in each sample. */
  readonly repeats: number;
  readonly summary: { readonly n: number; readonly median: number; readonly p10: number; readonly p90: number } | null;
  /** Pipelines' compile time; null where all of them had been compiled before. */
  readonly compileMs: number | null;
  readonly gflops: number | null;
  readonly gigabytesPerSecond: number | null;
  /** The share of what the measured roofs allow, and which of them binds. */
  readonly roof: { readonly bound: 'multiply-add' | 'copy' | 'exponentials'; readonly share: number } | null;
  readonly check: Check;
  /** What else was counted, by name; `exponentials` by the formula of the op. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of a training step: each dispatch, on the GPU's own clock. */
  readonly parts: readonly Part[];
  /** 'disturbed', 'hidden', 'below resolution'. */
  readonly flags: readonly string[];
  /** Why there are no samples, in words; empty where there are. */
  readonly skipped: string;
}

export interface Part {
  readonly op: string;
  /** The layer or tensor it computes. */
  readonly label: string;
  readonly kernel: string;
  readonly entry: string;
  readonly nanoseconds: number;
}

/** 'wrong' strikes the row: it is shown, and never ranked. */
export interface Check {
  readonly state: 'ok' | 'wrong' | 'not checked';
  readonly maxAbsolute: number;
  readonly maxRelative: number;
  /** The largest error as a share of its bound. */
  readonly worst: number;
  /**
   * The bound of the element with that error; of no error, the least bound. Of training steps, that of a loss or of the
   * length by which a tensor of weights may be off (step_check.ts). Absent where nothing was compared.
   */
  readonly tolerance?: number;
  /** What is wrong, or why nothing was checked. */
  readonly message: string;
}

export const suiteNames = [
  'roofs',
  'shapes',
  'samples',
  'layers',
  'steps',
  'memory',
  'transfers',
  'data',
  'scaling',
  'start',
  'peers',
] as const;
export type SuiteName = (typeof suiteNames)[number];

/** What can be measured in one page; a cold start takes a new one each time. */
export const pageSuites = ['shapes', 'samples', 'layers', 'steps', 'memory', 'transfers', 'data', 'scaling'] as const;
export type PageSuite = (typeof pageSuites)[number];

/** What a page measures first, and `--suite quick`: with `quick`, on small shapes. */
export const quickSuites = ['shapes', 'steps'] as const satisfies readonly PageSuite[];

/** A row of which nothing is known yet but what it is about; `work` is made of these unless given. */
export function blankRow(row: Pick<Row, 'suite' | 'subject' | 'variant' | 'shape'> & Partial<Row>): Row {
  return {
    work: `${row.subject} ${row.shape}`,
    preferred: true,
    dtype: 'f32',
    flops: 0,
    bytes: 0,
    samplesNs: [],
    repeats: 0,
    summary: null,
    compileMs: null,
    gflops: null,
    gigabytesPerSecond: null,
    roof: null,
    check: { state: 'not checked', maxAbsolute: 0, maxRelative: 0, worst: 0, message: '' },
    counts: {},
    parts: [],
    flags: [],
    skipped: '',
    ...row,
  };
}

/** Rows that may be ranked: right, and measured. */
export function ranked(rows: readonly Row[]): Row[] {
  return rows.filter(({ check, summary }) => check.state !== 'wrong' && summary !== null);
}

/** Rows by their work, in the order of their first row. */
export function byWork(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.suite} ${row.work}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
