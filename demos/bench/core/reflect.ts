// Reflection of a user's WGSL, apart from the rest because its parser is as large as a page: only who has a kernel loads it.

import type { Shader } from '../../../src/kernel/shader.ts';
import { reflectShader } from '../../../tools/wgsl_reflection.ts';
import { textIn, type OwnSource } from './own_source.ts';

/** The shader with its imports resolved; every failure names the file. */
export function reflectSource(source: OwnSource): Shader {
  return reflectShader(source.file, { read: textIn(source) }).shader;
}
