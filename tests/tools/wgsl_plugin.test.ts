// The WGSL plugin: what an import yields, what it refuses, and that a name changed in WGSL is a TypeScript error.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { dispatch, input, output, specialize } from '../../src/kernel/shader.ts';
import { wgsl } from '../../tools/wgsl_plugin.ts';
import { reflectShader, type Reflection } from '../../tools/wgsl_reflection.ts';
import { declarationText, reflectFile, writeTypes } from '../../tools/wgsl_types.ts';
import scale from './scale.wgsl';

function reflect(main: string, files: Record<string, string> = {}, strip = false): Reflection {
  const read = (name: string): string => {
    const text = { 'main.wgsl': main, ...files }[name];
    if (text === undefined) throw new Error('no such file');
    return text;
  };
  return reflectShader('main.wgsl', { read, strip });
}

const buffers = `
struct Params { rows: u32, shift: i32, alpha: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
`;

describe('imports', () => {
  const files = {
    'lib/a.wgsl': '// @import lib/b.wgsl\nfn a() -> u32 { return b(); }\n',
    'lib/b.wgsl': 'fn b() -> u32 { return 1u; }',
  };

  test('are appended once each, so that line numbers of the importing file stay true', () => {
    const main =
      'enable f16;\n// @import lib/a.wgsl\n// @import lib/b.wgsl\n@compute @workgroup_size(1) fn e() { _ = a(); }\n';
    const { shader, imports } = reflect(main, files);
    expect(imports).toEqual(['lib/a.wgsl', 'lib/b.wgsl']);
    expect(shader.code.split('\n').slice(1, 4)).toEqual(main.split('\n').slice(1, 4));
    expect(shader.code.match(/fn b\(\)/g)).toHaveLength(1);
    expect(shader.code.split('\n')[0]).toBe('enable f16;');
    expect(shader.requires).toEqual(['shader-f16']);
  });

  test('are parts of the code, which a build keeps once for all who import them', () => {
    const main = 'enable f16;\n// @import lib/a.wgsl\n@compute @workgroup_size(1) fn e() { _ = a(); }\n';
    for (const strip of [false, true]) {
      const { shader, parts } = reflect(main, files, strip);
      expect(parts).toHaveLength(3);
      expect(parts.map((part) => part.trimEnd()).join('\n')).toBe(shader.code.trimEnd());
      expect(parts[0]).toMatch(/^enable f16;/);
    }
  });

  test.each([
    'enable subgroups;',
    '  requires readonly_and_readwrite_storage_textures;',
    '/* */ diagnostic(off, a.b);',
  ])('have no directives, which stand before all else: %s', (directive) => {
    const main = '// @import lib/c.wgsl\n@compute @workgroup_size(1) fn e() { c(); }\n';
    const text = `// enable f16;\n${directive}\nfn c() {}\n`;
    expect(() => reflect(main, { 'lib/c.wgsl': text })).toThrow(
      `main.wgsl: lib/c.wgsl is imported and has '${directive.replace('/* */', '').trim()}', expected that in main.wgsl itself`,
    );
    // Also where nothing imports it.
    const folder = mkdtempSync(join(tmpdir(), 'retrograd-wgsl-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'shaders/lib'), { recursive: true });
    writeFileSync(join(folder, 'shaders/lib/c.wgsl'), text);
    expect(() => reflectFile(folder, 'shaders/lib/c.wgsl')).toThrow('shaders/lib/c.wgsl: has ');
    expect(writeTypes(folder).map(({ message }) => message)).toEqual([
      expect.stringContaining('shaders/lib/c.wgsl: has '),
    ]);
    writeFileSync(
      join(folder, 'shaders/lib/c.wgsl'),
      '// enable f16;\n@diagnostic(off, a.b) fn c() { let enabled = 1; }\n',
    );
    expect(writeTypes(folder)).toEqual([]);
  });

  test('that lack their file or declare a name twice are errors naming the file', () => {
    expect(() => reflect('// @import lib/none.wgsl\n')).toThrow(
      'main.wgsl: imported by main.wgsl, cannot be read: lib/none.wgsl',
    );
    expect(() => reflect('// @import lib/b.wgsl\nfn b() {}', files)).toThrow("main.wgsl: 'b' is declared twice");
  });
});

describe('entries', () => {
  test('list the buffers and the uniform they use through the functions they call', () => {
    const { shader } = reflect(`${buffers}
      fn load(i: u32) -> f32 { return x[i] * params.alpha; }
      @compute @workgroup_size(64u) fn copy(@builtin(global_invocation_id) id: vec3u) { y[id.x] = load(id.x); }
      @compute @workgroup_size(8, 8,) fn clear(@builtin(global_invocation_id) id: vec3u) { y[id.x] = 0; }`);
    expect(shader.entries).toEqual({
      copy: {
        bindings: { x: { index: 0, access: 'read' }, y: { index: 1, access: 'read_write' } },
        params: {
          index: 2,
          size: 12,
          members: {
            rows: { offset: 0, type: 'u32' },
            shift: { offset: 4, type: 'i32' },
            alpha: { offset: 8, type: 'f32' },
          },
        },
      },
      clear: { bindings: { y: { index: 1, access: 'read_write' } }, params: null },
    });
  });

  test('do not count parameters, locals and members that share a name with a buffer', () => {
    const uses = (body: string): string[] =>
      Object.keys(reflect(`${buffers} struct P { x: f32 } ${body}`).shader.entries.e!.bindings);
    expect(uses('fn f(x: f32) -> f32 { return x; } @compute @workgroup_size(1) fn e() { y[0] = f(1); }')).toEqual([
      'y',
    ]);
    expect(uses('@compute @workgroup_size(1) fn e() { let x = 1.0; y[0] = x; }')).toEqual(['y']);
    expect(uses('@compute @workgroup_size(1) fn e() { let x = x[0]; y[0] = x; }')).toEqual(['x', 'y']);
    expect(uses('@compute @workgroup_size(1) fn e() { for (var x = 0u; x < 4; x++) { y[x] = 0; } }')).toEqual(['y']);
    expect(uses('@compute @workgroup_size(1) fn e() { for (var x = 0u; x < 4; x++) { } y[0] = x[0]; }')).toEqual([
      'x',
      'y',
    ]);
    expect(uses('@compute @workgroup_size(1) fn e() { { let x = 1; } y[0] = x[0]; }')).toEqual(['x', 'y']);
    expect(uses('@compute @workgroup_size(1) fn e() { var p: P; y[0] = p.x; /* x */ } // x')).toEqual(['y']);
  });

  test('take what wgsl_reflect would refuse', () => {
    const { shader } = reflect(`enable f16, subgroups;
const N: u32 = 4u;
      @group(0) @binding(0) var<storage, read_write> y: array<vec2<f32,>,>;
      fn g(workgroup: vec3u,) -> u32 { const_assert N > 1u; return workgroup.y; }
      @compute @workgroup_size(N * 2u) fn e(@builtin(workgroup_id) id: vec3u) { y[g(id)] = vec2f(); }`);
    expect(Object.keys(shader.entries.e!.bindings)).toEqual(['y']);
    expect(shader.requires).toEqual(['shader-f16', 'subgroups']);
  });
});

describe('constants and hooks', () => {
  const source = `${buffers}
override TILE: u32 = 16u;
const FAST: bool = false;
const HALF: f32 = -5e-1;
const MASK: u32 = 0xffu;
const TABLE = array(1, 2);
var<workgroup> tile: array<f32, TILE * 2u>;
// @hook
fn activate(v: f32) -> f32 { return v; }
@compute @workgroup_size(TILE) fn tiled() { if FAST { tile[0] = activate(HALF); } y[0] = tile[0]; }
@compute @workgroup_size(1) fn plain() { y[0] = f32(MASK); }`;

  test('are listed with their values, and per entry in the declaration', () => {
    const { shader, uses } = reflect(source);
    expect(shader.constants).toEqual({
      TILE: { type: 'u32', value: 16 },
      FAST: { type: 'bool', value: 0 },
      HALF: { type: 'f32', value: -0.5 },
      MASK: { type: 'u32', value: 255 },
    });
    expect(shader.hooks).toEqual(['activate']);
    expect(uses.tiled).toEqual({
      bindings: ['y'],
      params: [],
      constants: ['TILE', 'FAST', 'HALF'],
      hooks: ['activate'],
    });
    expect(uses.plain).toEqual({ bindings: ['y'], params: [], constants: ['MASK'], hooks: [] });
    expect(declarationText('shaders/lib/main.wgsl', uses)).toContain("from '../../src/kernel/shader.ts'");
    expect(declarationText('shaders/main.wgsl', uses)).toContain("constants: 'TILE' | 'FAST' | 'HALF';");
  });

  test('survive a production build, which drops comments and blank lines', () => {
    const { shader } = reflect(`// A remark.\n\n/* and /* nested */ more */${source}\n\n// last`, {}, true);
    expect(shader.code).not.toMatch(/\/\/|\/\*|\n\s*\n/);
    const call = { bindings: {}, params: {}, workgroups: [1, 1, 1] as const, entry: 'tiled', shader };
    const code = specialize({ ...call, constants: { TILE: 8, FAST: true }, hooks: { activate: 'max(v, 0)' } });
    expect(code).toContain('const TILE: u32 = 8u;');
    expect(code).toContain('const FAST: bool = true;');
    expect(code).toContain('{ return max(v, 0); }');
  });
});

test('in a production build imported WGSL brings no directives, which must stand before all else', () => {
  const root = resolve(import.meta.dirname, '../..');
  const plugin = wgsl() as unknown as {
    configResolved(config: object): void;
    load: { handler(this: object, id: string): { code: string } };
  };
  plugin.configResolved({ root, command: 'build' });
  const files = readdirSync(join(root, 'shaders/lib'));
  expect(files).toContain('quad.wgsl');
  for (const file of files) {
    const { code } = plugin.load.handler.call({ addWatchFile() {} }, join(root, 'shaders/lib', file));
    expect(code, file).not.toMatch(/\b(?:enable|requires|diagnostic)\b/);
  }
});

test.each([
  ['an unknown feature', 'enable clip_distances;', "'enable clip_distances;'"],
  ['another bind group', '@group(1) @binding(0) var<storage> x: array<f32>;', "'x' is in @group(1)"],
  ['a texture', '@group(0) @binding(0) var t: texture_2d<f32>;', "'t' is neither"],
  [
    'a uniform member that is no scalar',
    'struct P { v: vec4f } @group(0) @binding(0) var<uniform> p: P; @compute @workgroup_size(1) fn e() { _ = p.v; }',
    "uniform member 'v' is a vec4f",
  ],
  [
    'a uniform that is no struct',
    '@group(0) @binding(0) var<uniform> p: u32; @compute @workgroup_size(1) fn e() { _ = p; }',
    "uniform 'p' must be a struct",
  ],
  [
    'one binding number twice',
    '@group(0) @binding(0) var<storage> a: array<f32>; @group(0) @binding(0) var<storage> b: array<f32>; @compute @workgroup_size(1) fn e() { _ = a[0] + b[0]; }',
    'both @binding(0)',
  ],
  ['an override without a value', 'override N: u32;', "override 'N' needs a value"],
  ['a numbered override', '@id(1) override N: u32 = 1;', "override 'N' must have no attributes"],
  ['an indented constant', '  const N: u32 = 1;', "constant 'N' must begin its line"],
  ['a hook of two statements', '// @hook\nfn f(x: f32) -> f32 { let y = x; return y; }', "hook 'f' must be"],
  ['a hook with a comment inside', '// @hook\nfn f(x: f32) -> f32 {\n  // why\n  return x;\n}', "hook 'f' must be"],
  ['a hook mark before no function', '// @hook\nconst N: u32 = 1;', 'must stand before a function'],
  ['unbalanced brackets', 'fn f() { if (true) { }', 'brackets do not match'],
  ['a struct that does not parse', 'struct P { a u32 }', 'wgsl_reflect cannot parse it'],
])('%s is an error that names the file', (_, source, message) => {
  expect(() => reflect(source)).toThrow(/^main\.wgsl: /);
  expect(() => reflect(source)).toThrow(message);
});

test('an imported shader is a frozen record that dispatch takes by name', () => {
  expect(Object.isFrozen(scale)).toBe(true);
  expect(scale.file).toBe('tests/tools/scale.wgsl');
  const call = dispatch(scale, 'scale', {
    bindings: { x: input(0), y: output(0) },
    params: { count: 4, factor: 2 },
    constants: { WORKGROUP: 32 },
    hooks: { after: 'abs(value)' },
    workgroups: [1],
  });
  expect(specialize(call)).toContain('return abs(value);');
  expect(scale.entries.scale.params?.members.factor).toEqual({ offset: 4, type: 'f32' });
});

test('a struct member or variable renamed in WGSL is a TypeScript error where it is used', () => {
  const root = resolve(import.meta.dirname, '../..');
  const project = mkdtempSync(join(tmpdir(), 'retrograd-types-'));
  onTestFinished(() => rmSync(project, { recursive: true }));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), text);
  };
  mkdirSync(join(project, 'src/kernel'), { recursive: true });
  cpSync(join(root, 'src/kernel/shader.ts'), join(project, 'src/kernel/shader.ts'));
  cpSync(join(root, 'tsconfig.json'), join(project, 'tsconfig.json'));
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  write(
    'src/use.ts',
    `import scale from '../shaders/scale.wgsl';
import { dispatch, input, output } from './kernel/shader.ts';
export const call = dispatch(scale, 'scale', {
  bindings: { x: input(0), y: output(0) },
  params: { count: 4, factor: 2 },
  workgroups: [1],
});
`,
  );
  const source = readFileSync(join(root, 'tests/tools/scale.wgsl'), 'utf8');
  const check = (wgsl: string): string => {
    write('shaders/scale.wgsl', wgsl);
    expect(writeTypes(project)).toEqual([]);
    try {
      return execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], {
        encoding: 'utf8',
      });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };
  expect(check(source)).toBe('');
  expect(check(source.replaceAll('factor', 'gain'))).toMatch(/src\/use\.ts\(5,.*'factor'/);
  expect(check(source.replaceAll(/\by\b/g, 'z'))).toMatch(/src\/use\.ts\(4,.*'y'/);
  expect(check(source.replaceAll('fn scale', 'fn rescale'))).toMatch(/src\/use\.ts\(3,.*'"scale"'/);
});
