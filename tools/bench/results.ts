// Results as files: read only where they are what the schema says.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BenchResult } from '../../demos/bench/core/result.ts';
import { validate, type Schema } from '../../demos/bench/core/schema.ts';
import { DataError } from '../../src/core/errors.ts';

/** DataError that names the file and the first thing that is wrong in it. `root` holds the schema. */
export function readResult(root: string, file: string): BenchResult {
  const schema = JSON.parse(readFileSync(join(root, 'demos/bench/bench.schema.json'), 'utf8')) as Schema;
  if (!existsSync(file)) throw new DataError(`${file}: there is no such file`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new DataError(`${file}: ${(error as Error).message}`);
  }
  const [wrong] = validate(value, schema);
  if (wrong !== undefined) throw new DataError(`${file}: ${wrong}`);
  return value as BenchResult;
}

/** Every result that is kept in the repository. */
export function keptResults(root: string): BenchResult[] {
  const folder = join(root, 'demos/bench/results');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readResult(root, join(folder, name)));
}
