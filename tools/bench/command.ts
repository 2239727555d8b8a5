// The command from its arguments to its exit code: measures in Chrome or in Node, prints tables, keeps the JSON.

import { writeFileSync } from 'node:fs';

import type { BenchEvent, BenchRequest } from '../../demos/bench/core/run.ts';
import { UsageError } from '../flags.ts';
import { benchInChrome } from './chrome.ts';
import { benchInNode } from './node.ts';
import { parseOptions, usage } from './options.ts';
import { sourceOf } from './source.ts';
import { headOf, tableOf, titleOf, wrongRows } from './table.ts';

const exitCodes = { done: 0, error: 1, usage: 2, wrong: 4 } as const;

export async function main(argv: readonly string[], root: string): Promise<number> {
  try {
    const options = parseOptions(argv);
    if (options.help) {
      process.stdout.write(`${usage}\n`);
      return exitCodes.done;
    }
    const { suites, ops, shapes, attrs, kernels, device, roofs, quick, repeat } = options;
    const request: BenchRequest = {
      suites,
      ops,
      shapes,
      attrs,
      kernels,
      device,
      roofs,
      quick,
      repeat,
      source: sourceOf(root),
      command: ['bench', ...argv].join(' '),
    };
    // With JSON on stdout, what people read goes to stderr.
    const screen = options.json === '-' ? process.stderr : process.stdout;
    const show = (text: string): void => void screen.write(`${text}\n`);
    const measure = options.runtime === 'node' ? benchInNode : benchInChrome;
    const result = await measure(root, request, (event) => showEvent(event, show));
    if (options.json === '-') process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (options.json) writeFileSync(options.json, `${JSON.stringify(result)}\n`);
    const wrong = wrongRows(result.rows);
    if (wrong.length > 0) show(`\n${wrong.length} wrong:\n${wrong.join('\n')}`);
    return wrong.length > 0 ? exitCodes.wrong : exitCodes.done;
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.error;
  }
}

function showEvent(event: BenchEvent, show: (text: string) => void): void {
  if (event.kind === 'device') show(headOf(event.session));
  if (event.kind === 'rows' && event.rows.length > 0) show(`\n${titleOf(event.rows[0]!)}\n${tableOf(event.rows)}`);
}
