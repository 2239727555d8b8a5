// The benchmark's core as a page and the terminal use it: a user's source, a run, its clock and its end.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import schemaFile from '../../demos/bench/bench.schema.json';
import { shapedCase } from '../../demos/bench/core/cases.ts';
import { sampleValues } from '../../demos/bench/core/check.ts';
import { measureCase } from '../../demos/bench/core/measure.ts';
import { withOwnKernel } from '../../demos/bench/core/own_kernel.ts';
import { ownKernel, type OwnSource } from '../../demos/bench/core/own_source.ts';
import { prepareKernel } from '../../demos/bench/core/prepare.ts';
import { reflectSource } from '../../demos/bench/core/reflect.ts';
import { runBench, type BenchEvent, type BenchRequest } from '../../demos/bench/core/run.ts';
import { validate, type Schema } from '../../demos/bench/core/schema.ts';
import { openSession, type Session } from '../../demos/bench/core/session.ts';
import example from '../../demos/bench/own_matmul.wgsl?raw';

/** The smallest run there is. */
const relu: BenchRequest = {
  device: 'webgpu',
  suites: ['shapes'],
  ops: ['relu'],
  shapes: ['100'],
  attrs: null,
  kernels: null,
  own: null,
  roofs: false,
  quick: true,
  repeat: 1,
  source: { version: '0', commit: null, dirty: true },
  command: 'a test',
};
const method = { quick: true, leastSamples: 3, mostMs: 50, sampleNs: 1e5, text: '' };
let session: Session;
beforeAll(async () => {
  session = await openSession('webgpu');
});
afterAll(() => session.dispose());

describe('a user’s source', () => {
  const source = (code: string): OwnSource => ({ name: 'mine.wgsl', file: 'folder/mine.wgsl', code, library: {} });

  test('is right in the example that the documentation names', { timeout: 60_000 }, async () => {
    const { name, shader } = await ownKernel(session.gpu, source(example), reflectSource);
    const one = shapedCase('matmul', '33x17x65', null);
    const options = { method, kernels: [name] };
    const [row] = await measureCase(
      session,
      { ...one, op: withOwnKernel(one.op, { name, shader }) },
      options,
      new Map(),
    );
    expect(row).toMatchObject({ variant: 'mine.wgsl', preferred: false, skipped: '' });
    expect(row!.check).toMatchObject({ state: 'ok', message: '' });
    expect(row!.summary!.median).toBeGreaterThan(0);
  });

  test.each([
    [
      'a struct',
      'n: u32,',
      'n u32,',
      /^folder\/mine\.wgsl:\d+:5: expected ':' for struct member\n +\d+ \|   n u32,\n +\| +\^$/,
    ],
    ['brackets', 'k; first += 16) {', 'k; first += 16) { {', /^folder\/mine\.wgsl:\d+:\d+: expected '\}'/],
  ])('that is wrong in %s is told by the compiler, with file, line and column', async (_, from, to, said) => {
    expect(example).toContain(from);
    await expect(ownKernel(session.gpu, source(example.replace(from, to)), reflectSource)).rejects.toThrow(said);
    await expect(ownKernel(null, source(example.replace(from, to)), reflectSource)).rejects.toThrow(
      'folder/mine.wgsl: ',
    );
  });

  test.each([
    ['a function', 'fma(', 'fmaa(', /^folder\/mine\.wgsl:41:13: unresolved call target 'fmaa'\n {2}41 \|/],
    [
      'its columns, after a comment',
      '    sum = f',
      '/* é */ sum = 1u; sum = f',
      /^folder\/mine\.wgsl:41:15: cannot assign/,
    ],
    ['its threads', 'size(16, 16)', 'size(16, 4096)', /^folder\/mine\.wgsl:26:10: .*4096/],
    ['its memory', 'array<f32, 16>, 16>;', 'array<f32, 16>, 9999>;', /^folder\/mine\.wgsl:23:1: .*storage/],
    ['its buffers', '> a:', '> left:', /^folder\/mine\.wgsl:19:42: matmul has no binding 'left'/],
  ])('that is wrong in %s has its row, with file, line and column', { timeout: 60_000 }, async (_, from, to, said) => {
    expect(example).toContain(from);
    const code = example.replace(from, to).replaceAll(/\ba\[/g, to.includes('left') ? 'left[' : 'a[');
    const request: BenchRequest = {
      ...relu,
      ops: ['matmul'],
      shapes: ['33x17x65'],
      kernels: ['naive'],
      own: source(code),
    };
    const { rows } = await runBench(request, { emit: () => undefined, reflect: reflectSource });
    expect(rows.map(({ variant, check }) => `${variant} ${check.state}`)).toEqual(['mine.wgsl wrong', 'naive ok']);
    expect(rows[0]!.check.message).toMatch(said);
    expect(rows[0]!.summary).toBeNull();
  });
});

describe('a run', () => {
  const request: BenchRequest = relu;

  test(
    'without a clock of the GPU takes wall times, and reads no result in their span',
    { timeout: 60_000 },
    async () => {
      const mapped: number[] = [];
      const gpu = withoutTimestamps(mapped);
      const wall = await openSession('webgpu', gpu);
      try {
        expect(wall.clock.kind).toBe('wall');
        expect(wall.clock.emptySubmitNs).toBeGreaterThan(0);
        const one = shapedCase('relu', '65536', null);
        const x = [sampleValues(one.sample.inputs[0]!, 1)];
        const prepared = await prepareKernel(wall.device, one.op, one.sample, 'naive', x, wall.clock.emptySubmitNs);
        expect(Math.max(...mapped)).toBeGreaterThanOrEqual(4 * 65_536); // the results that are checked
        mapped.length = 0;
        expect(await prepared.sample(50)).toBeGreaterThan(0);
        // Only the four bytes by whose arrival the end of the work is known, as in the empty submit.
        expect(Math.max(...mapped)).toBeLessThanOrEqual(64);
        prepared.dispose();
      } finally {
        wall.dispose();
      }
    },
  );

  test('stops at once, whatever the device is at', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    // A naive gradient takes a software adapter a second, and compiling the others as long.
    const large = { ...request, ops: ['conv2d_grad_filter'], shapes: ['8x28x28x16,k3,f32'], quick: false };
    let began!: () => void;
    const measuring = new Promise<void>((resolve) => (began = resolve));
    const emit = ({ kind }: BenchEvent): void => void (kind === 'total' && setTimeout(began, 50));
    const ended = runBench(large, { emit, signal: stop.signal }).catch((error: unknown) => error);
    await measuring;
    stop.abort(new Error('stopped by hand'));
    const next = new Promise((resolve) => setTimeout(resolve, 0, 'still at work'));
    expect(await Promise.race([ended, next])).toMatchObject({ message: 'stopped by hand' });
    await expect(runBench(large, { emit, signal: stop.signal })).rejects.toThrow('stopped by hand');
  });

  test('carries whether the adapter is a fallback, in what the schema says', { timeout: 60_000 }, async () => {
    const result = await runBench(request, { emit: () => undefined });
    expect(validate(result, schemaFile as unknown as Schema)).toEqual([]);
    const adapter = await navigator.gpu.requestAdapter();
    expect(result.device.fallback).toBe(adapter!.info.isFallbackAdapter);
    if (result.device.adapter === 'software') expect(result.notes[0]).toContain('nothing about hardware');
  });
});

/** The page's GPU whose adapters lack the clock; `mapped` gets the size of every buffer that is read. */
function withoutTimestamps(mapped: number[]): GPU {
  const bound = <T extends object>(object: T, own: Record<string, unknown>): T =>
    new Proxy(object, {
      get(target, name) {
        if (typeof name === 'string' && Object.hasOwn(own, name)) return own[name];
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return bound(navigator.gpu, {
    async requestAdapter(options: GPURequestAdapterOptions) {
      const adapter = (await navigator.gpu.requestAdapter(options))!;
      const features = new Set([...adapter.features].filter((name) => name !== 'timestamp-query'));
      const requestDevice = async (descriptor: GPUDeviceDescriptor): Promise<GPUDevice> => {
        const device = await adapter.requestDevice(descriptor);
        const createBuffer = device.createBuffer.bind(device);
        device.createBuffer = (description) => {
          const buffer = createBuffer(description);
          const mapAsync = buffer.mapAsync.bind(buffer);
          buffer.mapAsync = (mode, offset, size) => {
            mapped.push(size ?? buffer.size);
            return mapAsync(mode, offset, size);
          };
          return buffer;
        };
        return device;
      };
      return bound(adapter, { features, requestDevice });
    },
  });
}
