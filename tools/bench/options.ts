// The command line of `npm run bench`: what is understood, and what is wrong with the rest.

import { pageSuites } from '../../demos/bench/core/result.ts';
import { suggestion } from '../../src/core/errors.ts';
import { readFlags, UsageError, type Given } from '../flags.ts';

export const suites = [...pageSuites, 'start'] as const;
export type Suite = (typeof suites)[number];

/** Scaling is a study of its own. */
const usual: readonly Suite[] = ['shapes', 'samples', 'steps', 'memory', 'transfers', 'data', 'start'];

export interface BenchOptions {
  readonly suites: readonly Suite[];
  readonly ops: readonly string[] | null;
  readonly shapes: readonly string[];
  readonly attrs: Readonly<Record<string, unknown>> | null;
  readonly kernels: readonly string[] | null;
  /** A WGSL file to be timed beside the kernels of the op given. */
  readonly kernel: string | null;
  readonly device: 'webgpu' | 'cpu';
  readonly runtime: 'chrome' | 'node';
  /** Whether the device's ceilings are measured first. */
  readonly roofs: boolean;
  readonly quick: boolean;
  readonly repeat: number;
  /** Where the result goes; null: nowhere, '-': stdout. */
  readonly json: string | null;
  /** Whether it is kept among the results of this repository. */
  readonly keep: boolean;
  readonly help: boolean;
}

const flags = {
  suite: 'many',
  op: 'many',
  shape: 'many',
  attrs: 'one',
  kernels: 'one',
  kernel: 'one',
  device: 'one',
  runtime: 'one',
  'no-roofs': 'none',
  quick: 'none',
  repeat: 'one',
  json: 'one',
  keep: 'none',
  help: 'none',
} as const;

export const usage = `npm run bench -- [options]

Times kernels and training on this machine's GPU, each result compared with the CPU reference first.

  --suite name              may be repeated (all but scaling)
                            shapes: shapes of real networks, every kernel that fits
                            samples: every op's own samples, every kernel that fits
                            steps: training steps; memory: predicted against live bytes; transfers: uploads, readbacks;
                            data: steps from images on the device, with and without augmentation
                            start: page load to first finished training step
                            scaling: steps against batch, width, depth and layers
  --op name                 only this op's shapes and samples; may be repeated
  --shape shape             this shape of the one op given, in place of the suites; may be repeated
                            matmul: MxKxN. conv2d, conv2d_grad_input, conv2d_grad_filter: NxHxWxC,k3,f64
                            with s2, d2, same. max_pool_2d, max_pool_2d_grad: NxHxWxC with k3, s2.
                            Other ops: their inputs' shapes, such as 4096x1000,4096x1000
  --attrs json              attributes for --shape, such as '{"transposeA":true}'
  --kernels a,b             only these kernels (all that fit)
  --kernel file.wgsl        your own beside them: one @compute function whose bindings and params are called as in the
                            op's shader, and a comment such as // @workgroups ceil(m / 16), ceil(n / 16)
  --device webgpu|cpu       (webgpu)
  --runtime chrome|node     node: without a browser, with the npm package webgpu (chrome)
  --no-roofs                do not measure the device's ceilings first
  --quick                   fewer and smaller
  --repeat n                n times as many samples (1)
  --json file               the result, with every sample, as JSON; - for stdout
  --keep                    the same in demos/bench/results/bench-<device>.json, for npm run bench:report
  --help                    this text

Exit codes: 0 done, 1 error, 2 wrong use, 4 a kernel's results are wrong.
CHROME_PATH names a browser, CHROME_FLAGS adds flags to it.`;

export function parseOptions(argv: readonly string[]): BenchOptions {
  const given = readFlags(argv, flags);
  const ops = given.many('op');
  const shapes = given.many('shape');
  if (shapes.length > 0 && ops.length !== 1) throw new UsageError('--shape needs exactly one --op');
  if (shapes.length > 0 && given.many('suite').length > 0)
    throw new UsageError('--shape and --suite exclude each other');
  if (given.has('kernel') && ops.length !== 1) throw new UsageError('--kernel needs exactly one --op');
  if (given.has('attrs') && shapes.length === 0) throw new UsageError('--attrs needs --shape');
  const wanted = given.many('suite').map((name) => choice('suite', name, suites));
  return {
    suites: wanted.length > 0 ? wanted : ops.length > 0 ? ['shapes', 'samples'] : usual,
    ops: ops.length > 0 ? ops : null,
    shapes,
    attrs: attributes(given),
    kernels: given.one('kernels')?.split(',') ?? null,
    kernel: given.one('kernel'),
    device: choice('device', given.one('device') ?? 'webgpu', ['webgpu', 'cpu'] as const),
    runtime: choice('runtime', given.one('runtime') ?? 'chrome', ['chrome', 'node'] as const),
    roofs: !given.has('no-roofs'),
    quick: given.has('quick'),
    repeat: given.integer('repeat', 1, 100) ?? 1,
    json: given.one('json'),
    keep: given.has('keep'),
    help: given.has('help'),
  };
}

function choice<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === text);
  if (found) return found;
  throw new UsageError(`--${name} is '${text}'${suggestion(text, choices)}; expected ${choices.join(', ')}`);
}

function attributes(given: Given<typeof flags>): Readonly<Record<string, unknown>> | null {
  const text = given.one('attrs');
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new UsageError(`--attrs is '${text}', expected a JSON object`);
}
