// The command line of `npm run bench`: what is understood, and what is wrong with the rest.

import { pageSuites, quickSuites } from '../../demos/bench/core/result.ts';
import { suggestion } from '../../src/core/errors.ts';
import { readFlags, UsageError, type Given } from '../flags.ts';

export const suites = [...pageSuites, 'start'] as const;
export type Suite = (typeof suites)[number];

/** Scaling is a study of its own, and quick is for those who have a minute. */
const usual: readonly Suite[] = ['shapes', 'samples', 'layers', 'steps', 'memory', 'transfers', 'data', 'start'];

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
  /** Two files to be compared, in place of measuring. */
  readonly compare: readonly [string, string] | null;
  /** Whether a software adapter's times may be compared with a GPU's. */
  readonly confirmed: boolean;
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
  'across-kinds': 'none',
  help: 'none',
} as const;

export const usage = `npm run bench -- [options]

Times kernels and training on this machine's GPU, each result compared with the CPU reference first.

  --suite name              may be repeated (all but quick and scaling)
                            quick: shapes and steps with --quick, as the page's first choice: about a minute; alone
                            shapes: shapes of real networks, every kernel that fits
                            samples: every op's own samples, every kernel that fits
                            layers: both gradients of two convolutions as shares of their forward pass
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
                            op's shader, and a comment such as // @workgroups ceil(m / 16), ceil(n / 16);
                            demos/bench/own_matmul.wgsl is an example
  --device webgpu|cpu       (webgpu)
  --runtime chrome|node     node: without a browser, with the npm package webgpu (chrome)
  --no-roofs                do not measure the device's ceilings first
  --quick                   fewer and smaller: 7 samples or 0.3 s a kernel in place of 20 or 2 s, dispatches below 250 ms
  --repeat n                n times as many samples (1)
  --json file               the result, with every sample, as JSON (demos/bench/bench.schema.json); - for stdout
  --keep                    the same in demos/bench/results/bench-<device>.json (scaling-<device>.json of that suite alone), for
                            npm run bench:report
  --compare a.json b.json   measures nothing: what b's rows take beside a's, with 95 % intervals; a difference is claimed
                            only where the whole interval lies beyond 2 %
  --across-kinds            with --compare: also a software adapter or the CPU beside a GPU
  --help                    this text

Exit codes: 0 done, 1 error, 2 wrong use, 4 a kernel's results are wrong.
CHROME_PATH names a browser, CHROME_FLAGS adds flags to it.`;

export function parseOptions(argv: readonly string[]): BenchOptions {
  const { compare, rest } = comparedFiles(argv);
  const given = readFlags(rest, flags);
  const beside = rest.find((flag) => flag !== '--across-kinds' && flag !== '--help');
  if (compare && beside !== undefined) throw new UsageError(`--compare measures nothing, and ${beside} says how`);
  if (given.has('across-kinds') && !compare) throw new UsageError('--across-kinds needs --compare');
  const ops = given.many('op');
  const shapes = given.many('shape');
  if (shapes.length > 0 && ops.length !== 1) throw new UsageError('--shape needs exactly one --op');
  if (shapes.length > 0 && given.many('suite').length > 0)
    throw new UsageError('--shape and --suite exclude each other');
  if (given.has('kernel') && ops.length !== 1) throw new UsageError('--kernel needs exactly one --op');
  if (given.has('attrs') && shapes.length === 0) throw new UsageError('--attrs needs --shape');
  const wanted = given.many('suite').map((name) => choice('suite', name, [...suites, 'quick'] as const));
  const quick = wanted.includes('quick');
  if (quick && wanted.length > 1) throw new UsageError('--suite quick goes alone');
  return {
    suites: quick
      ? quickSuites
      : wanted.length > 0
        ? (wanted as Suite[])
        : ops.length > 0
          ? ['shapes', 'samples']
          : usual,
    ops: ops.length > 0 ? ops : null,
    shapes,
    attrs: attributes(given),
    kernels: given.one('kernels')?.split(',') ?? null,
    kernel: given.one('kernel'),
    device: choice('device', given.one('device') ?? 'webgpu', ['webgpu', 'cpu'] as const),
    runtime: choice('runtime', given.one('runtime') ?? 'chrome', ['chrome', 'node'] as const),
    roofs: !given.has('no-roofs'),
    quick: quick || given.has('quick'),
    repeat: given.integer('repeat', 1, 100) ?? 1,
    json: given.one('json'),
    keep: given.has('keep'),
    compare,
    confirmed: given.has('across-kinds'),
    help: given.has('help'),
  };
}

/** The two files after `--compare`, and the arguments without them. */
function comparedFiles(argv: readonly string[]): Pick<BenchOptions, 'compare'> & { readonly rest: readonly string[] } {
  const at = argv.indexOf('--compare');
  if (at < 0) return { compare: null, rest: argv };
  const [base, current] = argv.slice(at + 1, at + 3);
  if (!base || !current || base.startsWith('--') || current.startsWith('--')) {
    throw new UsageError('--compare needs two files, --compare base.json current.json');
  }
  return { compare: [base, current], rest: argv.toSpliced(at, 3) };
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
