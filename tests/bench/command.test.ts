// The commands as a user runs them: what they print, what they keep, and their exit codes.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { runnerImport } from 'vite';
import { expect, onTestFinished, test, vi } from 'vitest';

import schemaFile from '../../demos/bench/bench.schema.json';
import { blankRow, type BenchResult, type Row } from '../../demos/bench/core/result.ts';
import { validate, type Schema } from '../../demos/bench/core/schema.ts';
import { main } from '../../tools/bench/command.ts';
import { main as report } from '../../tools/bench/report.ts';
import { benchResult } from './results.ts';

const root = resolve(import.meta.dirname, '../..');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'retrograd-bench-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function bench(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['tools/bench.mjs', ...args], { cwd: root });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
    child.on('error', fail).on('close', (code) => done({ code, stdout, stderr }));
  });
}

/** The command in this process: for what is over before anything is loaded. */
async function told(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const streams = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation(() => true),
  );
  try {
    const code = await main(args, root, (url) => import(/* @vite-ignore */ url));
    const [stdout, stderr] = streams.map(({ mock }) => mock.calls.map(([text]) => String(text)).join(''));
    return { code, stdout: stdout!, stderr: stderr! };
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
}

test('on the CPU: a table, and JSON as the schema has it', { timeout: 120_000 }, async () => {
  const args = ['--runtime', 'node', '--device', 'cpu', '--op', 'softmax', '--shape', '8x10', '--quick', '--json', '-'];
  const { code, stdout, stderr } = await bench(args);
  expect(stderr).toContain('softmax 8x10');
  expect(stderr).toContain('reference');
  expect(code).toBe(0);
  expect(validate(JSON.parse(stdout), schemaFile as unknown as Schema)).toEqual([]);
  expect((JSON.parse(stdout) as BenchResult).command).toBe(`bench ${args.join(' ')}`);
});

test.each([
  ['zeros', '0.0 * x[id.x]', 'element \\d+: got 0, expected'],
  ['one_off', 'max(x[id.x], 0.0) + select(0.0, 0.001, id.x == 777)', 'element 777: got'],
])(
  'a user’s kernel, wrong by %s, is struck and named, and the command fails',
  { timeout: 180_000 },
  async (name, value, said) => {
    const file = join(temporaryFolder(), `${name}.wgsl`);
    writeFileSync(
      file,
      `// @workgroups ceil(size / 64)
struct Params { size: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn mine(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.size) { y[id.x] = ${value}; }
}
`,
    );
    const args = ['--op', 'relu', '--shape', '1000', '--quick', '--no-roofs', '--kernels', 'naive', '--kernel', file];
    const { code, stdout } = await bench(args);
    expect(stdout).toMatch(new RegExp(`✗ ${name}\\.wgsl .*WRONG: output 0, ${said}`));
    expect(stdout).toMatch(new RegExp(`1 wrong:\nrelu 1000: ${name}\\.wgsl: output 0`));
    expect(stdout).toMatch(/naive .*fastest/);
    expect(code).toBe(4);
  },
);

test('wrong use is told in one line', { timeout: 60_000 }, async () => {
  expect(await bench(['--ops', 'relu'])).toMatchObject({
    code: 2,
    stderr: "bench: unknown option '--ops', did you mean '--op'?; --help lists all\n",
  });
  const { code, stderr } = await bench(['--runtime', 'node', '--device', 'cpu', '--op', 'relus', '--shape', '4']);
  expect(stderr).toBe("bench: no op 'relus', did you mean 'relu'?\n");
  expect(code).toBe(1);
  expect(await told(['--op', 'relu', '--kernel', 'nowhere.wgsl'])).toMatchObject({
    code: 2,
    stderr: 'bench: --kernel nowhere.wgsl: the file cannot be read\n',
  });
  expect(await told(['--compare', 'a.json', 'b.json'])).toMatchObject({
    code: 1,
    stderr: 'bench: a.json: there is no such file\n',
  });
});

test('compares two files', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const files = [10, 5].map((milliseconds, i) => {
    const file = join(folder, `${i}.json`);
    const software = { ...benchResult('bench', []).device, adapter: i === 0 ? 'software' : 'discrete' } as const;
    const value = {
      ...benchResult('bench', [
        row('shapes', 'quad', 'matmul', milliseconds, { samplesNs: Array<number>(6).fill(milliseconds * 1e6) }),
      ]),
      device: software,
    };
    writeFileSync(file, JSON.stringify(value));
    return file;
  });
  const { code, stderr } = await told(['--compare', ...files]);
  expect(stderr).toContain('whose times say nothing about hardware; --across-kinds compares them all the same');
  expect(code).toBe(1);
  const confirmed = await told(['--compare', ...files, '--across-kinds']);
  expect(confirmed.stdout).toMatch(/shapes: matmul · quad +10\.0 ms +5\.00 ms +−50\.0 % .*faster/);
  expect(confirmed.code).toBe(0);
});

test.each(['command', 'peers', 'report'])('%s loads without the plugin that reads shaders', async (name) => {
  const options = { configFile: false, root, logLevel: 'error' } as const;
  const { module } = await runnerImport<{ main: unknown }>(`./tools/bench/${name}.ts`, options);
  expect(module.main).toBeTypeOf('function');
});

const row = (
  suite: Row['suite'],
  variant: string,
  subject: string,
  milliseconds: number,
  more: Partial<Row> = {},
): Row =>
  blankRow({
    suite,
    work: subject,
    subject,
    variant,
    shape: subject,
    samplesNs: [milliseconds * 1e6],
    repeats: 1,
    summary: { n: 1, median: milliseconds * 1e6, p10: milliseconds * 1e6, p90: milliseconds * 1e6 },
    check: { state: 'ok', maxAbsolute: 0, maxRelative: 0, worst: 0, message: '' },
    ...more,
  });

const scaling = (name: string, points: readonly [number, number, Partial<Row>][]): Row[] =>
  points.map(([x, milliseconds, more]) =>
    row('scaling', 'webgpu', `${name}: ${x}`, milliseconds, { subject: name, counts: { x }, ...more }),
  );

test('the report: ratios, who is wrong, roofs and a plot', () => {
  const folder = temporaryFolder();
  for (const path of ['docs', 'demos/bench/results']) mkdirSync(join(folder, path), { recursive: true });
  const copied = ['demos/bench/bench.schema.json', 'docs/performance.md'];
  for (const path of copied) writeFileSync(join(folder, path), readFileSync(join(root, path)));
  const wrong = { state: 'wrong', maxAbsolute: 1, maxRelative: 1, worst: 1, message: 'element 0' } as const;
  const peers = [
    row('peers', 'Retrograd WebGPU', 'matmul 256', 2, { flops: 4e9 }),
    row('peers', 'jax-js WebGPU', 'matmul 256', 8),
    row('peers', 'tfjs WebGPU', 'matmul 256', 1, { check: wrong }),
    row('peers', 'tfjs wasm', 'matmul 256', 1),
  ];
  const roof = (subject: string, more: Partial<Row>) => row('roofs', 'vec4', subject, 1, { ...more, subject });
  const own = [
    roof('multiply_add', { gflops: 4000 }),
    roof('stream_copy', { gigabytesPerSecond: 100 }),
    roof('storage_loads', { gflops: 500 }),
    roof('exponentials', { gflops: 250 }),
    ...scaling('CNN by batch', [
      [16, 10, { flops: 1e9, counts: { x: 16, imagesPerSecond: 1600 } }],
      [64, 20, { flops: 4e9, counts: { x: 64, imagesPerSecond: 3200 } }],
    ]),
    ...scaling('MLP by layers, batch 8', [
      [1, 10, { flops: 2e9, counts: { x: 1, dispatches: 10, javaScriptNs: 5e4 } }],
      [2, 20, { flops: 4e9, counts: { x: 2, dispatches: 20, javaScriptNs: 6e4 } }],
      [4, 40, { skipped: 'would take about 9 ms a step, more than 8 ms', summary: null, counts: { x: 4 } }],
    ]),
  ];
  const write = (name: string, value: BenchResult) =>
    writeFileSync(join(folder, 'demos/bench/results', name), JSON.stringify(value));
  write('peers.json', benchResult('peers', peers));
  write('bench.json', benchResult('bench', own));
  expect(report(folder)).toBe(0);
  const text = readFileSync(join(folder, 'docs/performance.md'), 'utf8');
  // The wrong engine is faster, and is no one's rival.
  expect(text).toContain(
    '| matmul 256 | 2.00 ms | 50 % multiply-add | jax-js WebGPU 8.00 ms | 4.00× (aim 2.5×) | tfjs wasm 1.00 ms | 0.500× |',
  );
  expect(text).toContain('wrong result');
  expect(text).toContain('| exponentials | vec4 | 250 billion exponentials/s |');
  expect(text).toContain('![The cost of a training step as the work grows](performance_maker-new-one.svg)');
  expect(text).toContain('| CNN by batch | 16 to 64 | 10.0 ms to 20.0 ms | 0.50 | 1.00 | 625 µs to 313 µs |');
  expect(text).toMatch(
    /\| MLP by layers, batch 8 \| 1 to 2 \|.* \| 1\.00 \| 1\.00 \|.*\| 10 to 20 \| 50\.0 µs to 60\.0 µs \|/,
  );
  expect(text).toContain('MLP by layers, batch 8: 4: would take about 9 ms a step, more than 8 ms.');
  const svg = readFileSync(join(folder, 'docs/performance_maker-new-one.svg'), 'utf8');
  for (const said of [
    '>CNN by batch<',
    '>MLP by layers: JavaScript<',
    '<title id="title">',
    'from 10.0 ms at batch 16 to 20.0 ms',
  ])
    expect(svg).toContain(said);
  // Written again, it is the same: what stands around the tables stays.
  expect(report(folder)).toBe(0);
  expect(readFileSync(join(folder, 'docs/performance.md'), 'utf8')).toBe(text);
  expect(text.startsWith(readFileSync(join(root, 'docs/performance.md'), 'utf8').slice(0, 200))).toBe(true);

  // A later run of scaling alone has a file of its own, and leaves the rest.
  const later = scaling('CNN by batch', [
    [16, 10, {}],
    [64, 80, {}],
  ]);
  write('bench.json', benchResult('bench', [...own, row('memory', 'webgpu', 'CNN', 1)]));
  write('scaling.json', { ...benchResult('bench', later), created: '2026-02-02T03:04:05.000Z' });
  expect(report(folder)).toBe(0);
  const both = readFileSync(join(folder, 'docs/performance.md'), 'utf8');
  expect(both).toContain('| CNN by batch | 16 to 64 | 10.0 ms to 80.0 ms | 1.50 |');
  expect(both).toContain('| exponentials | vec4 | 250 billion exponentials/s |');

  write('bench.json', { ...benchResult('bench', own), tool: 'other' as never });
  expect(report(folder)).toBe(1);
});
