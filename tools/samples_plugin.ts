// The built library leaves out the ops' samples, which only tests and benchmarks use, and these run from the source.
import type { Plugin } from 'vite';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

interface Property extends Node {
  readonly key: Node & { readonly name?: string };
  readonly computed: boolean;
}

/** `repository` is its folder where Vite's root is another one; bundles whose entry `keeping` names have the samples. */
export function withoutSamples(repository?: string, keeping?: RegExp): Plugin {
  let folder = '';
  let kept = false;
  return {
    name: 'retrograd:without-samples',
    apply: 'build',
    enforce: 'post',
    configResolved({ root }) {
      folder = `${repository ?? root}/src/ops/`;
    },
    buildStart({ input }) {
      kept = keeping !== undefined && Object.values(input).some((entry: string) => keeping.test(entry));
    },
    transform(code, id) {
      if (kept || !id.startsWith(folder) || !code.includes('samples')) return null;
      const properties = samplesIn(this.parse(code));
      if (properties.length === 0) return null;
      const pieces = properties.map(({ start }, i) => code.slice(properties[i - 1]?.end ?? 0, start));
      return { code: [...pieces, code.slice(properties.at(-1)!.end)].join('samples: []'), map: null };
    },
  };
}

/** The outermost properties `samples` of object literals, in the order of the text. */
function samplesIn(node: unknown): Property[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(samplesIn);
  if (!isObject(node)) return Object.values(node).flatMap(samplesIn);
  return node.properties.flatMap((property) =>
    property.type === 'Property' && !property.computed && property.key.name === 'samples'
      ? [property]
      : samplesIn(property),
  );
}

function isObject(node: object): node is Node & { readonly properties: readonly Property[] } {
  return (node as Node).type === 'ObjectExpression';
}
