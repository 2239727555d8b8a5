// A user's WGSL as text, from a file or a page's box, to a kernel: reflected, and where that fails, what the compiler says.

import { OptionError } from '../../../src/core/errors.ts';
import type { Shader } from '../../../src/kernel/shader.ts';
import { blankComments, gatherSources, importMark } from '../../../tools/wgsl_source.ts';
import type { OwnKernel } from './own_kernel.ts';
import { placeOf, placed, shown } from './own_place.ts';

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
    const { message } = error as Error;
    const code = wholeText(source);
    const said = gpu && code !== null && (await compilerError(gpu, { file: source.file, code }));
    const named = /'(\w+)'/.exec(message)?.[1] ?? null;
    const at = code === null ? null : placeOf(code, named);
    const bare = message.replace(`${source.file}: `, '');
    throw new OptionError(said || placed({ file: source.file, code: code ?? '' }, at, bare), { cause: error });
  }
}

/** With its imports, its own lines first; null where one is missing. */
function wholeText(source: OwnSource): string | null {
  try {
    const { sources, imports } = gatherSources(source.file, textIn(source), (name) => name);
    return sources.map((text, i) => (i === 0 ? text : `${importMark}${imports[i - 1]}\n${text}`)).join('\n');
  } catch {
    return null;
  }
}

interface Text {
  readonly file: string;
  readonly code: string;
}

/** `file:line:column: message` and the line, of the first error; null where the text compiles. */
export async function compilerError(gpu: GPUDevice, text: Text): Promise<string | null> {
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ code: text.code, label: text.file });
  const scope = gpu.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  await scope;
  const first = messages.find(({ type }) => type === 'error');
  return first ? shown(text, first.lineNum, first.linePos, first.message) : null;
}

/** Of a kernel that could not be run: what the compiler says of its text, or of its pipeline, with the line it is about. */
export async function whyNot(gpu: GPUDevice, { shader }: OwnKernel, error: Error): Promise<string> {
  if (error instanceof OptionError) return error.message;
  const [entry] = Object.keys(shader.entries);
  return (await compilerError(gpu, shader)) ?? (await pipelineError(gpu, shader, entry!)) ?? error.message;
}

/** What a valid text asks of the device in vain: threads of a workgroup, memory that they share. */
async function pipelineError(gpu: GPUDevice, shader: Shader, entryPoint: string): Promise<string | null> {
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ code: shader.code });
  const making = gpu.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint } });
  const scope = gpu.popErrorScope();
  try {
    await making;
    return null;
  } catch (error) {
    if ((error as GPUPipelineError).reason !== 'validation') return null;
    const bare = blankComments(shader.code);
    const { message } = error as Error;
    const about = /storage/i.test(message) ? 'var<workgroup>' : '@workgroup_size';
    const at = bare.indexOf(about);
    // Chrome goes on with where in its own calls it was.
    return placed(shader, at < 0 ? placeOf(shader.code, entryPoint) : at, message.split('\n')[0]!);
  } finally {
    await scope;
  }
}
