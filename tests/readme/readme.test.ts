// The README's program is run as it stands, on the CPU; only the package's name is resolved to the sources.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { runnerImport } from 'vite';
import { expect, onTestFinished, test, vi } from 'vitest';

import { wgsl } from '../../tools/wgsl_plugin.ts';

const root = resolve(import.meta.dirname, '../..');

test('the program in the README trains and prints its accuracy', { timeout: 60_000 }, async () => {
  const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  expect(program).toContain("from 'retrograd'");
  const folder = mkdtempSync(join(tmpdir(), 'retrograd-readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'program.ts');
  writeFileSync(file, program!);

  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  onTestFinished(() => printed.mockRestore());
  await runnerImport(file, {
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [wgsl()],
    resolve: { alias: { retrograd: join(root, 'src/index.ts') } },
  });
  const [, accuracy] = /^test accuracy (\d\.\d+)$/.exec(String(printed.mock.lastCall?.[0])) ?? [];
  expect(Number(accuracy), String(printed.mock.lastCall)).toBeGreaterThan(0.9);
});
