// The command from its arguments to its exit code: measures in Chrome or in Node, prints tables, keeps the JSON.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

import type { OwnKernel } from '../../demos/bench/core/own_kernel.ts';
import type { BenchEvent, BenchRequest } from '../../demos/bench/core/run.ts';
import { pageSuites, type BenchResult, type Row } from '../../demos/bench/core/result.ts';
import { engines } from '../../demos/bench/peers/engines.ts';
import { UsageError } from '../flags.ts';
import { reflectShader } from '../wgsl_reflection.ts';
import { benchInChrome } from './chrome.ts';
import { benchInNode, type Load } from './node.ts';
import { parseOptions, usage, type BenchOptions } from './options.ts';
import { bundlePages, servePages } from './pages.ts';
import { slug, sourceOf } from './source.ts';
import { measureStarts } from './starts.ts';
import { headOf, tableOf, titleOf, wrongRows } from './table.ts';

const exitCodes = { done: 0, error: 1, usage: 2, wrong: 4 } as const;

export async function main(argv: readonly string[], root: string, load: Load): Promise<number> {
  try {
    const options = parseOptions(argv);
    if (options.help) {
      process.stdout.write(`${usage}\n`);
      return exitCodes.done;
    }
    // With JSON on stdout, what people read goes to stderr.
    const screen = options.json === '-' ? process.stderr : process.stdout;
    const show = (text: string): void => void screen.write(`${text}\n`);
    const result = await measure(root, options, ['bench', ...argv].join(' '), show, load);
    const text = `${JSON.stringify(result)}\n`;
    if (options.json === '-') process.stdout.write(text);
    else if (options.json) writeFileSync(options.json, text);
    if (options.keep) {
      const file = join(root, 'demos/bench/results', `bench-${slug(result.device)}.json`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      show(`\nkept in ${relative(root, file)}`);
    }
    const wrong = wrongRows(result.rows);
    if (wrong.length > 0) show(`\n${wrong.length} wrong:\n${wrong.join('\n')}`);
    return wrong.length > 0 ? exitCodes.wrong : exitCodes.done;
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.error;
  }
}

async function measure(
  root: string,
  options: BenchOptions,
  command: string,
  show: (text: string) => void,
  load: Load,
): Promise<BenchResult> {
  const { suites, ops, shapes, attrs, kernels, kernel, device, roofs, quick, repeat, runtime } = options;
  const request: BenchRequest = {
    suites: pageSuites.filter((suite) => suites.includes(suite)),
    ops,
    shapes,
    attrs,
    kernels,
    own: kernel === null ? null : readKernel(root, kernel),
    device,
    roofs,
    quick,
    repeat,
    source: sourceOf(root),
    command,
  };
  const emit = (event: BenchEvent): void => showEvent(event, show);
  const result = await (runtime === 'node'
    ? benchInNode(root, request, emit, load)
    : benchInChrome(root, request, emit));
  if (!suites.includes('start')) return result;
  if (runtime === 'node') return { ...result, notes: [...result.notes, 'No cold starts: they need a browser.'] };
  const rows = await startRows(root, quick, (found) => show(`\n${titleOf(found[0]!)}\n${tableOf(found)}`));
  return { ...result, rows: [...result.rows, ...rows] };
}

/** Reflected like the shaders of this repository, import comments included. */
function readKernel(root: string, file: string): OwnKernel {
  const read = (name: string): string => readFileSync(name === file ? file : join(root, name), 'utf8');
  const { shader } = reflectShader(file, { read, importPath: (name) => `shaders/${name}` });
  return { name: basename(file), shader };
}

async function startRows(root: string, quick: boolean, show: (rows: readonly Row[]) => void): Promise<Row[]> {
  const server = await servePages(root, await bundlePages(root, 'own starts'));
  try {
    const own = engines.filter(({ own: ours, starts }) => ours && starts.length > 0);
    return await measureStarts(server.origin, own, quick ? 1 : 5, show);
  } finally {
    await server.close();
  }
}

function showEvent(event: BenchEvent, show: (text: string) => void): void {
  if (event.kind === 'device') show(headOf(event.session));
  if (event.kind === 'rows' && event.rows.length > 0) show(`\n${titleOf(event.rows[0]!)}\n${tableOf(event.rows)}`);
}
