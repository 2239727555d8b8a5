// `npm run study` as a user runs it: its tables, what it keeps, and that a killed one goes on to the same result.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { parseOptions } from '../../tools/study/options.ts';

const root = resolve(import.meta.dirname, '../..');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'retrograd-study-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the command; `watch` sees stderr grow and may kill it. */
function study(args: string[], watch?: (stderr: string, kill: () => void) => void) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((done, fail) => {
    const child = spawn(process.execPath, ['tools/study.mjs', ...args], { cwd: root });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => {
      stderr += part.toString();
      watch?.(stderr, () => child.kill('SIGKILL'));
    });
    child.on('error', fail).on('close', (code) => done({ code, stdout, stderr }));
  });
}

const glyphs = ['--data', 'glyphs', '--device', 'cpu', '--limit', '100', '--epochs', '2'];
const grid = ['grid', ...glyphs, '--lr', '0.01,0.03', '--batch-size', '20,40'];

interface Saved {
  readonly result: { readonly records: readonly { readonly seconds: number }[]; readonly table: unknown };
}

const saved = (folder: string) => JSON.parse(readFileSync(join(folder, 'study.json'), 'utf8')) as Saved;
const untimed = ({ result }: Saved) => result.records.map(({ seconds: _, ...record }) => record);

test('a study that was killed goes on to the result of one that was not', { timeout: 120_000 }, async () => {
  const killed = temporaryFolder();
  const whole = temporaryFolder();
  const first = await study([...grid, '--out', killed], (stderr, kill) => {
    if (/^2\/4 /m.test(stderr)) kill();
  });
  expect(first.code).toBeNull();
  expect(readdirSync(killed).sort()).toEqual(['command.txt', 'store']);
  const again = await study([...grid, '--out', killed]);
  expect(again.code).toBe(0);
  expect(again.stderr.match(/^[1-4]\/4 .*kept$/gm)!.length).toBeGreaterThanOrEqual(2);
  await study([...grid, '--out', whole]);
  expect(untimed(saved(killed))).toEqual(untimed(saved(whole)));
  expect(saved(killed).result.table).toEqual(saved(whole).result.table);

  expect(readdirSync(killed).sort()).toEqual([
    'command.txt',
    'curves.svg',
    'runs.csv',
    'store',
    'study.json',
    'table.csv',
  ]);
  expect(again.stdout).toMatch(/^\* +0\.0[13] +[24]0 +1 +\d\.\d{4}/m);
  expect(readFileSync(join(killed, 'runs.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(5);
  expect(readFileSync(join(killed, 'curves.svg'), 'utf8').match(/<path[^>]*stroke-width="2"/g)).toHaveLength(8);
});

test('in Chrome each run is kept as it ends, and the curves are also a bitmap', { timeout: 120_000 }, async () => {
  const out = temporaryFolder();
  const options = ['--data', 'glyphs', '--limit', '60', '--epochs', '2', '--folds', '2', '--batch-size', '20'];
  const { code, stdout, stderr } = await study([
    'cross-validate',
    ...options,
    '--device',
    'gpu',
    '--json',
    '--out',
    out,
  ]);
  expect(code, stderr).toBe(0);
  const { device, result } = JSON.parse(stdout) as Saved & { readonly device: string };
  expect(device).toContain('WebGPU');
  expect(result.records).toHaveLength(2);
  expect(readdirSync(join(out, 'store')).sort()).toEqual(
    ['plan', 'r0-s0-n0-f0', 'r0-s0-n0-f1'].map((key) => `crossValidate.${key}.a`),
  );
  expect(readFileSync(join(out, 'curves.png')).subarray(1, 4).toString()).toBe('PNG');
});

test('the finder keeps its table and its curve', { timeout: 120_000 }, async () => {
  const out = temporaryFolder();
  const few = ['--data', 'glyphs', '--device', 'cpu', '--limit', '60', '--steps', '12', '--batch-size', '20'];
  const { code, stdout, stderr } = await study(['finder', ...few, '--out', out]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^steepest +learning rate/m);
  expect(readdirSync(out).sort()).toEqual(['command.txt', 'curves.svg', 'finder.csv', 'store', 'study.json']);
  expect(readFileSync(join(out, 'finder.csv'), 'utf8').trimEnd().split('\n').length).toBeGreaterThan(3);
  const svg = readFileSync(join(out, 'curves.svg'), 'utf8');
  expect(svg).toContain('finder: mlp on 60 images');
  expect(svg).toContain('learning rate');
});

test('options say what is wrong', () => {
  expect(parseOptions(['grid'])).toMatchObject({ learningRates: [0.0003, 0.001, 0.003], batchSizes: [32, 64, 128] });
  expect(parseOptions(['grid', '--optimizer', 'sgd,adam'])).toMatchObject({ learningRates: null, batchSizes: [64] });
  expect(parseOptions(['random'])).toMatchObject({ rateRange: [1e-4, 0.1], trials: 8, rounds: 2 });
  expect(parseOptions(['cross-validate'])).toMatchObject({ folds: 5, model: 'mlp', limit: 10_000 });
  expect(parseOptions(['finder', '--lr', '1e-5..10'])).toMatchObject({ rateRange: [1e-5, 10] });
  expect(() => parseOptions(['gird'])).toThrow("unknown study 'gird', did you mean 'grid'?");
  expect(() => parseOptions(['grid', '--trials', '3'])).toThrow('--trials is for random, not for grid');
  expect(() => parseOptions(['grid', '--lr', '0.1'])).toThrow('a grid needs a list of values');
  expect(() => parseOptions(['cross-validate', '--lr', '0.1,0.2'])).toThrow("--lr is '0.1,0.2', expected one value");
  expect(() => parseOptions(['grid', '--lr', '0.1,x'])).toThrow("--lr has 'x', expected numbers above 0");
  expect(() => parseOptions(['grid', '--lr', '0.1,0.1'])).toThrow('--lr has a value twice');
  expect(() => parseOptions(['random', '--lr', '1..0.1'])).toThrow('expected the smaller number first');
  expect(() => parseOptions(['grid', '--optimizer', 'sgd,adm'])).toThrow("--optimizer has 'adm', did you mean 'adam'?");
});
