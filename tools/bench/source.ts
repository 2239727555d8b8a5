// Which source is measured: the package's version and the commit.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BenchResult } from '../../demos/bench/core/result.ts';

export function sourceOf(root: string): BenchResult['source'] {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const git = (...args: string[]): string | null => {
    const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
    return status === 0 ? stdout.trim() : null;
  };
  return { version, commit: git('rev-parse', 'HEAD'), dirty: git('status', '--porcelain') !== '' };
}

/** Scaling is a study of its own, so a run of nothing else takes no other's place. */
export function keptName(suites: readonly string[], device: BenchResult['device']): string {
  return `${suites.every((suite) => suite === 'scaling') ? 'scaling' : 'bench'}-${slug(device)}.json`;
}

/** `google-swiftshader`: which machine's numbers a file holds. */
export function slug({ vendor, architecture, kind }: BenchResult['device']): string {
  return (
    [vendor, architecture]
      .filter(Boolean)
      .join('-')
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-') || kind
  );
}
