// A user's WGSL as text, from a file or a page's box, to a kernel: reflected, and where that fails, what the compiler says.

import { OptionError } from '../../../src/core/errors.ts';
import type { Shader } from '../../../src/kernel/shader.ts';
import { gatherSources } from '../../../tools/wgsl_source.ts';
import type { OwnKernel } from './own_kernel.ts';

/** Plain data, so that it crosses to a page or a worker. */
export interface OwnSource {
  /** What its rows are called. */
  readonly name: string;
  /** What messages call it. */
  readonly file: string;
  readonly code: string;
  /** The text of what it may import, by the names after `@import`. */
  readonly library: Readonly<Record<string, string>>;
}

/** The source with its imports resolved, and what it binds; `reflectSource` of reflect.ts is one. */
export type Reflect = (source: OwnSource) => Shader;

/** Of `source`, the file's own text and what it may import. Error for what is not there. */
export function textIn({ file, code, library }: OwnSource): (name: string) => string {
  return (name) => {
    const text = name === file ? code : library[name];
    if (text === undefined) throw new Error(`no file '${name}'`);
    return text;
  };
}

/** OptionError with file, line, column and the compiler's words where it has any, else with what reflection says. */
export async function ownKernel(gpu: GPUDevice | null, source: OwnSource, reflect: Reflect): Promise<OwnKernel> {
  try {
    return { name: source.name, shader: reflect(source) };
  } catch (error) {
    const whole = wholeText(source);
    const said = gpu && whole !== null && (await compilerError(gpu, source.file, whole));
    throw new OptionError(said || (error as Error).message, { cause: error });
  }
}

/** With its imports, its own lines first; null where one is missing. */
function wholeText(source: OwnSource): string | null {
  try {
    return gatherSources(source.file, textIn(source), (name) => name).sources.join('\n');
  } catch {
    return null;
  }
}

/** `file:line:column: message` and the line, of the first error; null where the text compiles. */
export async function compilerError(gpu: GPUDevice, file: string, code: string): Promise<string | null> {
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ code, label: file });
  const scope = gpu.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  await scope;
  const first = messages.find(({ type }) => type === 'error');
  if (!first) return null;
  const line = code.split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/)[first.lineNum - 1] ?? '';
  const number = String(first.lineNum);
  const mark = ' '.repeat(Math.max(0, first.linePos - 1));
  return `${file}:${first.lineNum}:${first.linePos}: ${first.message}\n  ${number} | ${line}\n  ${' '.repeat(number.length)} | ${mark}^`;
}
