// The programs of the README and of docs/explain.md are run as they stand, on the CPU; only the package's name is resolved
// to the sources.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { runnerImport } from 'vite';
import { expect, onTestFinished, test, vi } from 'vitest';

import { wgsl } from '../../tools/wgsl_plugin.ts';

const root = resolve(import.meta.dirname, '../..');

/** What the first program in a page prints, line by line. */
async function printedBy(page: string): Promise<string[]> {
  const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, page), 'utf8'))?.[1];
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
  return printed.mock.calls.flatMap(([text]) => String(text).split('\n'));
}

test('the program in the README trains and prints its accuracy', { timeout: 60_000 }, async () => {
  const lines = await printedBy('README.md');
  const [, accuracy] = /^test accuracy (\d\.\d+)$/.exec(lines.at(-1) ?? '') ?? [];
  expect(Number(accuracy), lines.join('\n')).toBeGreaterThan(0.9);
});

test('the program in docs/explain.md prints what stands below it', async () => {
  const lines = await printedBy('docs/explain.md');
  const text = /```text\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/explain.md'), 'utf8'))?.[1];
  expect(lines.length).toBeGreaterThan(10);
  expect(lines).toEqual(text?.trimEnd().split('\n'));
});
