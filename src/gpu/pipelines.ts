// Compiled kernels: one pipeline for each specialized source and entry, shared by every plan of the device.

import { DeviceError } from '../core/errors.ts';
import { reachable } from '../kernel/reach.ts';
import { specialize, type Binding, type Dispatch, type Entry } from '../kernel/shader.ts';
import { computeStage } from './buffers.ts';
import type { Life } from './life.ts';
import { entryOf } from './limits.ts';

export interface Pipelines {
  /** The layout reflection found for `entry`; equal ones are the same object. */
  layout(entry: Entry): GPUBindGroupLayout;
  /** One pipeline for each dispatch; all that are new are compiled at the same time. */
  compile(
    dispatches: readonly Dispatch[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<GPUComputePipeline[]>;
  /** Whether the pipeline of `dispatch` is there. */
  has(dispatch: Dispatch): boolean;
  created(): number;
}

// A pipeline keeps about 60 KB (Chromium 156) and its source text some 10 KB; runners keep the ones they use anyway.
const mostCached = 512;
// Compilers work barely in parallel: on the software adapter a large plan takes minutes before the first is done.
const compilePatience = 4;

export function createPipelines(life: Life, hangTimeout: number): Pipelines {
  const { gpu } = life;
  const layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
  const cache = new Map<string, Promise<GPUComputePipeline>>();
  const finished = new WeakSet<Promise<GPUComputePipeline>>();
  let created = 0;

  function layoutsOf(entry: Entry) {
    const signature = signatureOf(entry);
    let made = layouts.get(signature);
    if (!made) {
      const group = gpu.createBindGroupLayout({ label: signature, entries: layoutEntries(entry) });
      made = { group, pipeline: gpu.createPipelineLayout({ label: signature, bindGroupLayouts: [group] }) };
      layouts.set(signature, made);
    }
    return made;
  }

  /** Modules are shared within one `compile` only: a pipeline does not need its module any more. */
  function start(dispatch: Dispatch, code: string, modules: Map<string, Module>): Promise<GPUComputePipeline> {
    const { shader, entry } = dispatch;
    const what = `compiling ${shader.file}: ${entry}`;
    let module = modules.get(code);
    if (!module) {
      // The scope keeps an invalid module's error from surfacing a second time as an uncaptured one.
      module = life.scoped(what, () => gpu.createShaderModule({ label: shader.file, code }));
      modules.set(code, module);
    }
    const { value } = module;
    const layout = layoutsOf(entryOf(dispatch)).pipeline;
    const build = async (): Promise<GPUComputePipeline> => {
      try {
        const compute = { module: value, entryPoint: entry };
        return await gpu.createComputePipelineAsync({ label: `${shader.file}: ${entry}`, layout, compute });
      } catch (error) {
        throw await shaderError(shader.file, entry, code, value, error as Error);
      }
    };
    return life.wait(build(), what, compilePatience * hangTimeout).then((pipeline) => {
      // A lost device gives pipelines of any text whatever (Chromium 156).
      life.check();
      life.progress();
      created++;
      return pipeline;
    });
  }

  return {
    layout: (entry) => layoutsOf(entry).group,
    async compile(dispatches, onProgress) {
      const modules = new Map<string, Module>();
      const wanted = new Map<string, Promise<GPUComputePipeline>>();
      const keys = dispatches.map((dispatch) => {
        const { code, key } = keyOf(dispatch);
        if (wanted.has(key)) return key;
        const pipeline = cache.get(key) ?? start(dispatch, code, modules);
        pipeline.then(
          () => finished.add(pipeline),
          () => cache.get(key) === pipeline && cache.delete(key),
        );
        cache.delete(key); // to the end: the first key is the one unused for longest
        cache.set(key, pipeline);
        wanted.set(key, pipeline);
        return key;
      });
      for (const key of cache.keys()) {
        if (cache.size <= mostCached) break;
        cache.delete(key);
      }
      let done = 0;
      onProgress?.(0, wanted.size);
      const compiled = new Map<string, GPUComputePipeline>();
      const each = async ([key, pipeline]: [string, Promise<GPUComputePipeline>]): Promise<void> => {
        compiled.set(key, await pipeline);
        onProgress?.(++done, wanted.size);
      };
      await Promise.all([...wanted].map(each));
      return keys.map((key) => compiled.get(key)!);
    },
    has(dispatch) {
      const pipeline = cache.get(keyOf(dispatch).key);
      return pipeline !== undefined && finished.has(pipeline);
    },
    created: () => created,
  };
}

function keyOf(dispatch: Dispatch): { readonly code: string; readonly key: string } {
  const code = reachable(specialize(dispatch), dispatch.entry);
  return { code, key: `${dispatch.entry} ${signatureOf(entryOf(dispatch))}\n${code}` };
}

interface Module {
  value: GPUShaderModule;
}

/** `0u16 1r 2w`: binding numbers with their access, and the uniform's size. */
function signatureOf(entry: Entry): string {
  const parts = Object.values(entry.bindings).map(({ index, access }) => `${index}${access === 'read' ? 'r' : 'w'}`);
  if (entry.params) parts.push(`${entry.params.index}u${paramsBytes(entry)}`);
  return parts.sort().join(' ');
}

function layoutEntries(entry: Entry): GPUBindGroupLayoutEntry[] {
  const entries = Object.values(entry.bindings).map(({ index, access }): GPUBindGroupLayoutEntry => {
    const type = accessTypes[access];
    return { binding: index, visibility: computeStage, buffer: { type } };
  });
  if (entry.params) {
    const buffer: GPUBufferBindingLayout = { type: 'uniform', minBindingSize: paramsBytes(entry) };
    entries.push({ binding: entry.params.index, visibility: computeStage, buffer });
  }
  return entries;
}

const accessTypes: Record<Binding['access'], GPUBufferBindingType> = {
  uniform: 'uniform',
  read: 'read-only-storage',
  read_write: 'storage',
};

/** A uniform's bytes as bound: whole 16-byte rows, which is what Chrome's validation counts. */
export function paramsBytes(entry: Entry): number {
  return Math.ceil((entry.params?.size ?? 0) / 16) * 16;
}

/** File, entry, line, message and three lines of source: a failed pipeline by itself says none of them. */
async function shaderError(
  file: string,
  entry: string,
  code: string,
  module: GPUShaderModule,
  error: Error,
): Promise<Error> {
  const { messages } = await module.getCompilationInfo();
  const message = messages.find(({ type }) => type === 'error');
  if (!message) {
    // 'internal' may be a device on its way out, which the caller waits to learn.
    if ((error as GPUPipelineError).reason !== 'validation') return error;
    return new DeviceError('shader', `${file}: entry '${entry}': ${error.message}`);
  }
  const { lineNum, linePos } = message;
  const lines = code.split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/); // WGSL's line breaks (section "Blankspace and Line Breaks")
  const first = Math.max(1, lineNum - 1);
  const excerpt = lines.slice(first - 1, lineNum + 1).map((line, i) => {
    const number = first + i;
    return `${number === lineNum ? '>' : ' '} ${String(number).padStart(4)} | ${line}`;
  });
  return new DeviceError(
    'shader',
    `${file}:${lineNum}:${linePos}: entry '${entry}': ${message.message}\n${excerpt.join('\n')}`,
  );
}
