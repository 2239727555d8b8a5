// Rows and results as a run would give them, for tests of what the lab makes of them.

import { SCHEMA, type BenchResult, type DeviceInfo, type Row } from '../../demos/bench/core/result.ts';
import { summarize } from '../../demos/bench/core/statistics.ts';

interface Given {
  readonly variant: string;
  readonly samplesNs: readonly number[];
  readonly shape?: string;
  readonly flags?: readonly string[];
  /** What is wrong with it. */
  readonly wrong?: string;
}

export function rowOf({ variant, samplesNs, shape = '64x64x64', flags = [], wrong }: Given): Row {
  const summary = summarize(samplesNs);
  return {
    suite: 'shapes',
    work: `matmul ${shape}`,
    subject: 'matmul',
    variant,
    preferred: false,
    shape,
    dtype: 'f32',
    flops: 524288,
    bytes: 49152,
    samplesNs,
    repeats: 1,
    summary,
    compileMs: 3,
    gflops: 524288 / summary.median,
    gigabytesPerSecond: 49152 / summary.median,
    roof: null,
    check: {
      state: wrong ? 'wrong' : 'ok',
      maxAbsolute: 1e-6,
      maxRelative: 1e-6,
      worst: wrong ? 9 : 0.3,
      message: wrong ?? '',
    },
    counts: {},
    parts: [],
    flags,
    skipped: '',
  };
}

export function resultOf(rows: readonly Row[], adapter: DeviceInfo['adapter'] = 'software'): BenchResult {
  return {
    schema: SCHEMA,
    tool: 'bench',
    created: '2026-01-02T03:04:05.000Z',
    source: { version: '0.1.0', commit: null, dirty: false },
    command: '',
    host: { runtime: 'browser', userAgent: 'test', platform: 'test', cores: 2, crossOriginIsolated: false },
    device: {
      kind: 'webgpu',
      description: adapter,
      adapter,
      vendor: 'test',
      architecture: adapter,
      name: '',
      details: '',
      fallback: adapter === 'software',
      features: [],
      limits: {},
      subgroups: null,
    },
    clock: { kind: 'wall', quantumNs: 1000, emptySubmitNs: 0 },
    method: { quick: true, leastSamples: 3, mostMs: 100, sampleNs: 1000, text: '' },
    rows,
    notes: [],
  };
}

/** A field of a line of comma-separated values, by its head's name. */
export function cellOf(lines: readonly string[], line: number, head: string): string | undefined {
  return lines[line]!.split(',')[lines[0]!.split(',').indexOf(head)];
}
