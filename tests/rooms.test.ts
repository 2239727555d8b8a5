// The rooms of src/ and their one-way doors: a room imports only from the rooms named here.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const src = resolve(import.meta.dirname, '../src');

const doors: Record<string, readonly string[]> = {
  core: [],
  kernel: ['core'],
  graph: ['core', 'kernel'],
  ops: ['core', 'kernel', 'graph'],
  autodiff: ['core', 'kernel', 'graph', 'ops', 'cpu'], // cpu: gradcheck computes with the oracle
  plan: ['core', 'kernel', 'graph', 'ops', 'autodiff'],
  cpu: ['core', 'kernel', 'graph', 'ops', 'plan'],
  gpu: ['core', 'kernel', 'graph', 'ops', 'plan'],
  nn: ['core', 'kernel', 'graph', 'ops', 'autodiff'],
  data: ['core'],
  io: ['core'],
  train: ['core', 'kernel', 'graph', 'ops', 'autodiff', 'plan', 'cpu', 'gpu', 'nn', 'data', 'io'],
};

/** What users import. */
const entries = ['index.ts', 'trainer.ts', 'worker.ts'];

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function imports(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gm)].map((match) => match[1]!);
}

describe('rooms', () => {
  test.each(files)('%s imports only through its doors', (file) => {
    const room = file.split('/')[0]!;
    for (const specifier of imports(file)) {
      expect(specifier, `${file} imports a package; the library has no dependency`).toMatch(/^\.{1,2}\//);
      const target = relative(src, resolve(src, dirname(file), specifier));
      if (target.startsWith('../shaders/')) {
        expect(['ops'], `${file} imports a shader`).toContain(room);
        continue;
      }
      expect(target.startsWith('..'), `${file} imports ${specifier} from outside src`).toBe(false);
      if (entries.includes(room)) continue;
      const targetRoom = target.split('/')[0]!;
      if (targetRoom !== room) expect(doors[room], `${file} imports ${specifier}`).toContain(targetRoom);
    }
  });

  test('only gpu/ touches a GPUDevice or navigator.gpu', () => {
    for (const file of files) {
      if (file.startsWith('gpu/')) continue;
      const text = readFileSync(join(src, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      expect(/navigator\.gpu|createBuffer\(|createComputePipeline/.test(text), file).toBe(false);
    }
  });
});
