// Which kernel does a call: the one that was asked for, restored or measured, else the first that is good for its shapes.

import { OptionError, suggestion } from '../core/errors.ts';
import type { CallTypes, Kernel, Op } from '../graph/op.ts';
import type { Call, TensorType } from '../graph/tensor.ts';
import type { Dispatch, Shader } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';

export interface ChooseOptions {
  /** What the device offers; null plans for the CPU's references, without kernels. */
  readonly target: Target | null;
  /** Ops by name -> the kernel that must be used where it fits; for benchmarks and tests. */
  readonly kernels?: Readonly<Record<string, string>> | undefined;
  /** Choices for calls of a class, in the order in which they are asked. */
  readonly tuned?: readonly Lookup[] | undefined;
}

/**
 * The kernel for calls of class `key`, or null where none is known or the kernels have changed since. `versions` gives
 * what each kernel that fits is made of.
 */
export type Lookup = (
  key: string,
  versions: () => Readonly<Record<string, string>>,
) => { readonly kernel: string; readonly reason: string } | null;

export interface KernelChoice {
  readonly name: string;
  /** Why it is not the default one, for people; else empty. */
  readonly reason: string;
  readonly dispatches: readonly Dispatch[];
  readonly scratch: readonly number[];
}

export function chooseKernel(call: Call, { target, kernels: forced, tuned = [] }: ChooseOptions): KernelChoice {
  const { op } = call;
  if (op.view || target === null) {
    return { name: op.view ? 'view' : 'reference', reason: '', dispatches: [], scratch: [] };
  }
  const types: CallTypes<unknown> = call;
  const candidates = fitting(op, types, target);
  const wanted = forcedKernel(op, forced);
  if (wanted !== null && !Object.hasOwn(op.kernels, wanted)) {
    const known = Object.keys(op.kernels);
    throw new OptionError(
      `kernels: ${op.name} has no kernel '${wanted}'${suggestion(wanted, known)}; known: ${known.join(', ')}`,
    );
  }
  const found = (name: string, reason: string) => planned(name, candidates.get(name)!, reason, types, target);
  if (wanted !== null && candidates.has(wanted)) return found(wanted, 'forced');

  if (tuned.length > 0 && candidates.size > 1) {
    const key = classOf(op, types);
    for (const lookup of tuned) {
      const choice = lookup(key, () => versionsOf(op, types, target));
      if (choice && candidates.has(choice.kernel)) return found(choice.kernel, choice.reason);
    }
  }
  for (const [name, kernel] of candidates) {
    if (kernel.preferred?.(types, target) ?? true) return found(name, '');
  }
  const last = [...candidates.keys()].at(-1);
  if (last === undefined) throw new Error(`plan: no kernel of ${op.name} fits; the last one must fit everything`);
  return found(last, '');
}

function forcedKernel(op: Op, forced: ChooseOptions['kernels'] = {}): string | null {
  if (Object.hasOwn(forced, op.name)) return forced[op.name]!;
  return op.storageOf ? forcedKernel(op.storageOf, forced) : null;
}

function planned(
  name: string,
  kernel: Kernel<unknown>,
  reason: string,
  types: CallTypes<unknown>,
  target: Target,
): KernelChoice {
  const { dispatches, scratch = [] } = kernel.plan(types, target);
  return { name, reason, dispatches, scratch };
}

/** The kernels that can run a call, best first. */
export function fitting(op: Op, types: CallTypes<unknown>, target: Target): Map<string, Kernel<unknown>> {
  return new Map(Object.entries(op.kernels).filter(([, kernel]) => kernel.fits?.(types, target) ?? true));
}

/** What calls have in common that a choice holds for: op, attributes, and shapes by powers of two. */
export function classOf(op: Op, { inputs, attrs }: CallTypes<unknown>): string {
  return [op.name, JSON.stringify(attrs), ...inputs.map(typeClass)].join(' ');
}

/** `f32[64,1024,16~]`: above 8, sizes count as the next power of two, with ~ where they are no multiple of 4. */
function typeClass({ dtype, shape }: TensorType): string {
  const sizes = shape.map((size) => (size <= 8 ? size : `${2 ** Math.ceil(Math.log2(size))}${size % 4 ? '~' : ''}`));
  return `${dtype}[${sizes.join()}]`;
}

/** For each kernel that fits: its entries and a hash of their sources. */
export function versionsOf(op: Op, types: CallTypes<unknown>, target: Target): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const [name, kernel] of fitting(op, types, target)) {
    const { dispatches } = kernel.plan(types, target);
    versions[name] = dispatches.map(({ entry, shader }) => `${entry} ${hashOf(shader)}`).join(' + ');
  }
  return versions;
}

const hashes = new WeakMap<Shader, string>();

/** FNV-1a (Fowler, Noll and Vo), 32 bits, over the source's UTF-16 units. */
function hashOf(shader: Shader): string {
  let text = hashes.get(shader);
  if (text === undefined) {
    let hash = 0x811c9dc5;
    for (let i = 0; i < shader.code.length; i++) hash = Math.imul(hash ^ shader.code.charCodeAt(i), 0x01000193);
    hashes.set(shader, (text = (hash >>> 0).toString(36)));
  }
  return text;
}
