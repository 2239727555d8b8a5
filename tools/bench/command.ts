// The command from its arguments to its exit code: measures in Chrome or in Node, prints tables, keeps the JSON.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

import type { OwnSource } from '../../demos/bench/core/own_source.ts';
import type { BenchEvent, BenchRequest } from '../../demos/bench/core/run.ts';
import { pageSuites, type BenchResult, type Row } from '../../demos/bench/core/result.ts';
import { engines } from '../../demos/bench/peers/engines.ts';
import { UsageError } from '../flags.ts';
import { gatherSources } from '../wgsl_source.ts';
import { benchInChrome } from './chrome.ts';
import { benchInNode, type Load } from './node.ts';
import { parseOptions, usage, type BenchOptions } from './options.ts';
import { bundlePages, servePages } from './pages.ts';
import { comparisonText } from './comparison.ts';
import { readResult } from './results.ts';
import { keptName, sourceOf } from './source.ts';
import { measureStarts } from './starts.ts';
import { headOf, layerText, tableOf, titleOf, wrongRows } from './table.ts';

const exitCodes = { done: 0, error: 1, usage: 2, wrong: 4 } as const;

export async function main(argv: readonly string[], root: string, load: Load): Promise<number> {
  try {
    const options = parseOptions(argv);
    if (options.help) {
      process.stdout.write(`${usage}\n`);
      return exitCodes.done;
    }
    if (options.compare) {
      const [base, current] = options.compare.map((file) => readResult(root, file)) as [BenchResult, BenchResult];
      process.stdout.write(`${comparisonText(base, current, options.confirmed)}\n`);
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
      const file = join(root, 'demos/bench/results', keptName(options.suites, result.device));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      show(`\nkept in ${relative(root, file)}`);
    }
    const ratios = layerText(result.rows);
    if (ratios !== '') show(`\n${ratios}`);
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

/** The file and what it imports, from the repository's shaders. */
function readKernel(root: string, file: string): OwnSource {
  const read = (path: string): string => readFileSync(path === file ? file : join(root, 'shaders', path), 'utf8');
  try {
    const { sources, imports } = gatherSources(file, read, (name) => name);
    const library = Object.fromEntries(imports.map((name, i) => [name, sources[i + 1]!]));
    return { name: basename(file), file, code: sources[0]!, library };
  } catch (error) {
    throw new UsageError(`--kernel ${file}: ${(error as Error).message}`, { cause: error });
  }
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
