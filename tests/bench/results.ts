// A result for tests.

import type { BenchResult, Row } from '../../demos/bench/core/result.ts';

/** A result of a device that is none, with these rows. */
export const benchResult = (tool: BenchResult['tool'], rows: readonly Row[]): BenchResult => ({
  schema: 'retrograd-bench/1',
  tool,
  created: '2026-01-02T03:04:05.000Z',
  source: { version: '1.2.3', commit: 'abcdef0123456789', dirty: false },
  command: tool,
  host: { runtime: 'browser', userAgent: 'a browser', platform: 'a machine', cores: 4, crossOriginIsolated: true },
  device: {
    kind: 'webgpu',
    description: 'a device',
    adapter: 'discrete',
    vendor: 'Maker',
    architecture: 'New One',
    name: '',
    details: '',
    fallback: false,
    features: [],
    limits: {},
    subgroups: null,
  },
  clock: { kind: 'wall', quantumNs: 5000, emptySubmitNs: 0 },
  method: { quick: false, leastSamples: 1, mostMs: 1, sampleNs: 1, text: '' },
  rows,
  notes: [],
});
