// The terminal command as a user runs it: what it prints and where, what it keeps, how it ends.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';

import { readSafetensors } from '../../src/io/safetensors.ts';
import { cacheIsComplete, fillCache } from '../../tools/train/cache.ts';
import { dataFileNames } from '../../tools/train/data.ts';
import { parseOptions } from '../../tools/train/options.ts';

const root = resolve(import.meta.dirname, '../..');
const fashion = resolve(root, '../shared/data/fashion-mnist');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'retrograd-train-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command; `watch` sees stderr grow and may send signals. */
function train(args: string[], watch?: (stderr: string, signal: () => void) => void, env = {}): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['tools/train.mjs', ...args], { cwd: root, env: { ...process.env, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => {
      stderr += part.toString();
      watch?.(stderr, () => child.kill('SIGINT'));
    });
    child.on('error', fail).on('close', (code) => done({ code, stdout, stderr }));
  });
}

const tiny = ['--data', 'glyphs', '--device', 'cpu', '--model', 'mlp', '--limit', '200', '--batch-size', '20'];

describe('options', () => {
  test('say what is wrong and name the nearest', () => {
    expect(() => parseOptions(['--epoch', '3'])).toThrow("unknown option '--epoch', did you mean '--epochs'?");
    expect(() => parseOptions(['--model', 'cn'])).toThrow(
      "--model is 'cn', did you mean 'cnn'?; expected mlp, cnn, cnn-s",
    );
    expect(() => parseOptions(['--epochs', 'many'])).toThrow(
      "--epochs is 'many', expected an integer from 1 to 100000",
    );
    expect(() => parseOptions(['--lr', '-1'])).toThrow("--lr is '-1', expected a number above 0");
    expect(() => parseOptions(['--out'])).toThrow('--out needs a value');
    expect(() => parseOptions(['--seed', '1', '--seed', '2'])).toThrow('--seed is given twice');
    expect(() => parseOptions(['fashion'])).toThrow("unexpected argument 'fashion'; options begin with --");
    expect(() => parseOptions(['--augment', 'flip,rotate=3'])).toThrow(
      "--augment has 'rotate', did you mean 'rotation'?; expected rotation, translation, zoom",
    );
    expect(() => parseOptions(['--augment', 'rotation=400'])).toThrow(
      "--augment rotation is '400', expected rotation=degrees: v, or least..most, all from -360 to 360",
    );
    expect(parseOptions(['--lr=1e-2', '--json'])).toMatchObject({ lr: 0.01, json: true, model: 'cnn', seed: 42 });
  });
});

describe('data', () => {
  test('a cache holds only files whose contents are the published ones', async () => {
    const good = Buffer.from('images');
    const sha256 = createHash('sha256').update(good).digest('hex');
    const files = [{ name: 'a.gz', size: good.length, sha256 }];
    const server = createServer((request, response) =>
      response.end(request.url!.startsWith('/good/') ? good : 'forged'),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void server.close());
    const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const folder = temporaryFolder();
    await expect(fillCache(folder, files, [`${from}/bad`])).rejects.toThrow(
      'a.gz differ from those published (SHA-256)',
    );
    expect(readdirSync(folder)).toEqual([]);
    expect(await cacheIsComplete(folder, files)).toBe(false);
    await fillCache(folder, files, [`${from}/bad`, `${from}/good`]);
    expect(readdirSync(folder)).toEqual(['a.gz']);
    expect(await cacheIsComplete(folder, files)).toBe(true);
  });

  test('a folder counts only with all four files', () => {
    const folder = temporaryFolder();
    for (const name of ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte.gz', 'test-images-idx3-ubyte.gz']) {
      writeFileSync(join(folder, name), '');
    }
    expect(dataFileNames(folder)).toBeNull();
    writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), '');
    expect(dataFileNames(folder)).toMatchObject({
      trainImages: 'train-images-idx3-ubyte',
      testLabels: 't10k-labels-idx1-ubyte',
    });
  });
});

describe('on the CPU', { timeout: 60_000 }, () => {
  test('trains, keeps the run, and prints plain lines where there is no terminal', async () => {
    const out = join(temporaryFolder(), 'run');
    const { code, stdout, stderr } = await train([...tiny, '--epochs', '2', '--out', out]);
    expect(stderr).toMatch(/^device +CPU/m);
    expect(stderr).toMatch(/glyphs.*180.*20.*200/);
    expect(stderr.match(/^ +[12]\/2 /gm)).toHaveLength(2);
    expect(stdout).toMatch(/^test +acc 0\.\d+/m);
    expect(stdout).toContain(out);
    // oxlint-disable-next-line no-control-regex -- escape codes are what must not be there
    expect(stdout + stderr).not.toMatch(/[\r\u001b]/);
    expect(code).toBe(0);

    expect(readdirSync(out).sort()).toEqual(['curves.svg', 'history.json', 'model.safetensors']);
    const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')) as {
      history: Record<string, number[]>;
    };
    for (const key of ['loss', 'accuracy', 'val_loss', 'val_accuracy'])
      expect(history.history[key], key).toHaveLength(2);
    expect(Object.keys(readSafetensors(readFileSync(join(out, 'model.safetensors'))).tensors).length).toBeGreaterThan(
      1,
    );
    expect(readFileSync(join(out, 'curves.svg'), 'utf8')).toMatch(/^<svg/);

    const again = await train([...tiny, '--out', out]);
    expect(again).toMatchObject({ code: 2, stdout: '' });
    expect(again.stderr).toContain('holds a run already');
  });

  test('tells every event as JSON', async () => {
    const { code, stdout } = await train([
      ...tiny,
      '--epochs',
      '1',
      '--log-every',
      '4',
      '--augment',
      'rotation=-5..20,flip',
      '--json',
      '--quiet',
      '--out',
      temporaryFolder(),
    ]);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual(['start', 'step', 'step', 'epoch', 'stop', 'result']);
    expect(events[0]).toMatchObject({
      model: 'mlp',
      augment: 'rotation=-5..20,flip',
      data: { name: 'glyphs', train: 180, validation: 20, test: 200 },
    });
    expect(events[1]).toMatchObject({ epoch: 1, step: 4, steps: 9 });
    expect(events[4]).toMatchObject({ reason: 'finished', epochs: 1 });
    const { event: _, device, run, ...numbers } = events[5]!;
    expect([device, typeof run]).toEqual(['CPU', 'string']);
    expect(Object.keys(numbers).sort()).toEqual(['imagesPerSecond', 'seconds', 'testAccuracy', 'testLoss']);
    for (const [name, value] of Object.entries(numbers)) expect(Number.isFinite(value), name).toBe(true);
    expect(code).toBe(0);
  });

  test('ends with 2 on a mistake, 3 on a loss that is no number', async () => {
    const mistake = await train(['--epohcs', '2']);
    expect(mistake).toMatchObject({ code: 2, stdout: '' });
    expect(mistake.stderr).toContain("unknown option '--epohcs', did you mean '--epochs'?");

    const diverged = await train([
      ...tiny,
      '--optimizer',
      'sgd',
      '--lr',
      '1e9',
      '--epochs',
      '2',
      '--out',
      temporaryFolder(),
    ]);
    expect(diverged.code).toBe(3);
    expect(diverged.stderr).toMatch(/^step \d+: loss is (NaN|-?Infinity)/m);
    expect(diverged.stderr).not.toContain('--clip-norm');
  });

  test('Ctrl-C once saves the run and ends with 130', async () => {
    const out = temporaryFolder();
    let sent = false;
    const { code, stdout } = await train([...tiny, '--epochs', '5000', '--out', out], (stderr, interrupt) => {
      if (sent || !/ 1\/5000 /.test(stderr)) return;
      sent = true;
      interrupt();
    });
    expect(code).toBe(130);
    expect(stdout).toMatch(/^stopped +after epoch \d+, by Ctrl-C/m);
    expect(existsSync(join(out, 'model.safetensors'))).toBe(true);
    expect(readdirSync(out)).toContain('checkpoint');
  });
});

/** SHA-256 of a saved run's weights and moments. */
function weightsOf(out: string): string {
  const { tensors } = readSafetensors(readFileSync(join(out, 'model.safetensors')));
  const hash = createHash('sha256');
  for (const name of Object.keys(tensors).sort()) {
    const { data } = tensors[name]!;
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** Runs the command and ends it by SIGKILL, browser included, once stdout matches. */
function trainUntil(args: string[], seen: RegExp): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['tools/train.mjs', ...args], { cwd: root, detached: true });
    let stdout = '';
    child.stdout.on('data', (part: Buffer) => {
      stdout += part.toString();
      if (seen.test(stdout) && child.exitCode === null && !child.killed) {
        child.kill('SIGKILL');
        process.kill(-child.pid!, 'SIGKILL'); // the group that the command leads: Chrome
      }
    });
    child.on('error', fail).on('close', (code) => {
      if (code === null) done();
      else fail(new Error(`the command ended by itself: ${stdout}`));
    });
  });
}

const long = process.env['VITE_LONG'] === '1';

// Four starts of the command each.
test.skipIf(!long).each([
  ['cpu', [...tiny, '--checkpoint', '2']],
  ['gpu', ['--data', 'glyphs', '--model', 'cnn-s', '--limit', '300', '--checkpoint', '2']],
] as const)(
  'npm run test:long: a run that is killed on the %s goes on, and ends with the same weights',
  { timeout: 600_000 },
  async (_, args) => {
    const whole = temporaryFolder();
    const parts = temporaryFolder();
    const run = [...args, '--epochs', '3', '--json', '--log-every', '1'];
    expect((await train([...run, '--out', whole])).code).toBe(0);
    // In the middle of the first epoch, and of the one after.
    await trainUntil([...run, '--out', parts], /"event":"step","epoch":1,"epochs":3,"step":4/);
    await trainUntil(['--resume', parts, '--json', '--log-every', '1'], /"event":"step","epoch":2,"epochs":3,"step":3/);
    const { code, stderr } = await train(['--resume', parts, '--no-progress']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(weightsOf(parts)).toBe(weightsOf(whole));
    const historyOf = (out: string) =>
      (JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')) as { history: unknown }).history;
    expect(historyOf(parts)).toEqual(historyOf(whole));
    expect(readdirSync(parts)).not.toContain('checkpoint');
  },
);

test(
  'without a WebGPU adapter the CPU takes over and says so, unless a GPU was asked for',
  { timeout: 60_000 },
  async () => {
    const blind = { CHROME_FLAGS: '--disable-gpu --disable-software-rasterizer' };
    const gpuOrCpu = tiny.filter((word) => word !== '--device' && word !== 'cpu');
    const helped = await train([...gpuOrCpu, '--epochs', '1', '--out', temporaryFolder()], undefined, blind);
    expect(helped.stderr).toMatch(
      /^no WebGPU adapter \(the browser offers none\); using CPU, expect about [\d.]+ s\/epoch$/m,
    );
    expect(helped.code).toBe(0);
    const out = join(temporaryFolder(), 'run');
    const refused = await train([...gpuOrCpu, '--device', 'gpu', '--out', out], undefined, blind);
    expect(refused).toEqual({ code: 1, stdout: '', stderr: 'train: no WebGPU adapter (the browser offers none)\n' });
    expect(existsSync(out)).toBe(false);
  },
);

test.skipIf(!existsSync(fashion))(
  'trains the CNN on Fashion-MNIST in headless Chrome (skipped where ../shared/data/fashion-mnist is absent)',
  { timeout: 120_000 },
  async () => {
    const out = temporaryFolder();
    const args = [
      '--limit',
      '256',
      '--epochs',
      '1',
      '--batch-size',
      '16',
      '--data-dir',
      fashion,
      '--augment',
      'crop=2,noise=0.01',
      '--device',
      'gpu',
      '--json',
      '--out',
      out,
    ];
    const { code, stdout, stderr } = await train(args);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { device: string; testAccuracy: number };
    expect(result.device).toContain('WebGPU');
    expect(result.testAccuracy).toBeGreaterThan(0.2);
    expect(readdirSync(out).sort()).toEqual(['curves.png', 'curves.svg', 'history.json', 'model.safetensors']);
    expect(readFileSync(join(out, 'curves.png')).subarray(1, 4).toString()).toBe('PNG');
  },
);
