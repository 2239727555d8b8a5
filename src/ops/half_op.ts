// An op over f16 storage: the same reference and kernels, with some tensors kept as halves. What is read is widened to f32,
// what is written is rounded to the nearest half.

import type { DType, Values } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, KernelPlan, Op, Overlay, Sample } from '../graph/op.ts';
import type { TensorType } from '../graph/tensor.ts';
import { withHalves } from './half_storage.ts';
import { input, output, scratch, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { baseTarget, type Target } from '../kernel/target.ts';
import { halfNumbers, narrowing, setHalves, widening } from './cast_half.ts';
import { bytesMoved } from './copy.ts';
import { halfRows } from './half_rows.ts';

export interface HalfAttrs<A> {
  /** The attributes of the op it stands for. */
  readonly of: A;
  /** The dtype of each output: f16, or that of the op it stands for. */
  readonly outputs: readonly DType[];
}

const widened = (type: TensorType): TensorType => (type.dtype === 'f16' ? { ...type, dtype: 'f32' } : type);

/** The call that `call` stands for. */
function fullCall<A>({ inputs, outputs, attrs }: CallTypes<HalfAttrs<A>>): CallTypes<A> {
  return { inputs: inputs.map(widened), outputs: outputs.map(widened), attrs: attrs.of };
}

/**
 * `op`, which has a row in half_rows.ts, under the name `<op>_f16`: of its inputs those are f16 that come so, of its outputs
 * those that its attributes name. Made once for each op, by plans for mixed precision and by the registry.
 */
export function halfOp<A>(op: Op<A>): Op<HalfAttrs<A>> {
  let made = kept.get(op);
  if (!made) kept.set(op, (made = describe(op)));
  return made;
}

const kept = /* @__PURE__ */ new WeakMap<Op, Op>();

function describe<A>(op: Op<A>): Op<HalfAttrs<A>> {
  return {
    name: `${op.name}_f16`,
    storageOf: op,
    ...(op.title ? { title: ({ of }) => `${op.title!(of)} (f16)` } : {}),
    infer(inputs, { of, outputs }) {
      const types = op.infer(inputs.map(widened), of);
      return types.map((type, i) => ({ ...type, dtype: outputs[i]! }));
    },
    cpu(x, y, call) {
      const wide = x.map((values, i) => (call.inputs[i]!.dtype === 'f16' ? toNumbers(values) : values));
      const results = y.map((values, i) =>
        call.outputs[i]!.dtype === 'f16' ? new Float64Array(values.length) : values,
      );
      op.cpu(wide, results, fullCall(call));
      y.forEach((values, i) => {
        if (values !== results[i]) setHalves(values, results[i]!);
      });
    },
    kernels: Object.fromEntries(Object.entries(op.kernels).map(([name, kernel]) => [name, halfKernel(kernel)])),
    grad: null, // made by the planner, after differentiation
    cost: (call) => ({ flops: 0, ...op.cost?.(fullCall(call)), bytes: bytesMoved(call) }),
    accuracy(call) {
      const full = fullCall(call);
      const accuracy = typeof op.accuracy === 'function' ? op.accuracy(full) : op.accuracy;
      if (accuracy.kind === 'derived') return { kind: 'derived', bounds: (x, y) => accuracy.bounds(x, y, full) };
      return accuracy.kind === 'sum' ? { kind: 'sum', terms: () => accuracy.terms(full) } : accuracy;
    },
    samples: op.samples
      .flatMap((sample, i) => halfSamples(op, sample, i))
      .filter(({ inputs, attrs }) => [...inputs.map(({ dtype }) => dtype), ...attrs.outputs].includes('f16')),
  };
}

function toNumbers(values: Values): Values {
  return values instanceof Float64Array ? values : Float64Array.from(halfNumbers(values));
}

/**
 * The sample with some tensors as f16: both factors of a product always, and what is added to it mostly; of two other inputs
 * both, the first and the second, each in a sample of its own; what is written every other time.
 */
function halfSamples<A>(op: Op<A>, sample: Sample<A>, i: number): Sample<HalfAttrs<A>>[] {
  const { operands, reads, writes } = halfRows[op.name]!;
  const chosen = operands || reads.length < 2 ? [reads] : [reads, [0], [1]];
  return chosen.map((halves, k) => {
    const inputs = sample.inputs.map((input, index) =>
      halves.includes(index) && (index < 2 || i % 5 > 0) ? { ...input, dtype: 'f16' as const } : input,
    );
    const types = op.infer(
      inputs.map(({ shape, dtype }) => widened({ shape, dtype: dtype ?? 'f32' })),
      sample.attrs,
    );
    const outputs = types.map(({ dtype }, index) =>
      (reads.length === 0 || (i + k) % 2 === 0) && dtype === 'f32' && writes.includes(index) ? 'f16' : dtype,
    );
    return { ...sample, inputs, attrs: { of: sample.attrs, outputs } };
  });
}

function halfKernel<A>(kernel: Kernel<A>): Kernel<HalfAttrs<A>> {
  const { fits, preferred, overlays } = kernel;
  return {
    ...(fits ? { fits: (call, target) => fits(fullCall(call), target) } : {}),
    ...(kernel.large ? { large: true } : {}),
    ...(preferred ? { preferred: (call, target) => preferred(fullCall(call), target) } : {}),
    ...(overlays ? { overlays: (call) => halfOverlays(overlays(fullCall(call)), kernel, call) } : {}),
    plan: (call, target, overlaid) => halfPlan(kernel.plan(fullCall(call), target, overlaid), call, target),
  };
}

/** Those of `overlays` whose tensors are of one dtype, and stored as they are on every device. */
function halfOverlays<A>(overlays: readonly Overlay[], kernel: Kernel<A>, call: CallTypes<HalfAttrs<A>>): Overlay[] {
  const copied = copiedRefs(kernel.plan(fullCall(call), baseTarget), call, false);
  return overlays.filter(
    (one) =>
      call.outputs[one.output]!.dtype === call.inputs[one.input]!.dtype &&
      !copied.has(keyOf(output(one.output))) &&
      !copied.has(keyOf(input(one.input))),
  );
}

const keyOf = ({ kind, index }: BufferRef) => `${kind} ${index}`;

/** What a dispatch binds that is f16. */
function halvesOf({ bindings }: Dispatch, call: CallTypes<unknown>): [name: string, ref: BufferRef][] {
  return Object.entries(bindings).filter(([, ref]) => typeOf(ref, call)?.dtype === 'f16');
}

function typeOf({ kind, index }: BufferRef, { inputs, outputs }: CallTypes<unknown>): TensorType | null {
  return kind === 'scratch' ? null : (kind === 'input' ? inputs : outputs)[index]!;
}

/** The f16 tensors that some dispatch cannot load or store as halves. */
function copiedRefs(plan: KernelPlan, call: CallTypes<unknown>, hasF16: boolean): Map<string, BufferRef> {
  const copied = new Map<string, BufferRef>();
  for (const dispatch of plan.dispatches) {
    for (const [name, ref] of halvesOf(dispatch, call)) {
      if (!withHalves(dispatch, [name], hasF16)) copied.set(keyOf(ref), ref);
    }
  }
  return copied;
}

/**
 * The plan with halves in the buffers of `call`'s f16 tensors. A tensor that some dispatch cannot load or store so is worked
 * on as an f32 copy instead, which is widened before or rounded after.
 */
function halfPlan(plan: KernelPlan, call: CallTypes<unknown>, { features }: Target): KernelPlan {
  const hasF16 = features.has('shader-f16');
  const extra = [...(plan.scratch ?? [])];
  const before: Dispatch[] = [];
  const after: Dispatch[] = [];
  const copies = new Map<string, BufferRef>();
  for (const [key, ref] of copiedRefs(plan, call, hasF16)) {
    const size = sizeOf(typeOf(ref, call)!.shape);
    const copy = scratch(extra.push(4 * size) - 1);
    copies.set(key, copy);
    if (ref.kind === 'input') before.push(widening(ref, copy, size));
    else after.push(narrowing(copy, ref, size));
  }
  const changed = plan.dispatches.map(({ start: _ofFloats, ...dispatch }): Dispatch => {
    const bindings = { ...dispatch.bindings };
    const direct: string[] = [];
    for (const [name, ref] of halvesOf(dispatch, call)) {
      const copy = copies.get(keyOf(ref));
      if (copy) bindings[name] = copy;
      else direct.push(name);
    }
    return direct.length === 0 ? { ...dispatch, bindings } : { ...withHalves(dispatch, direct, hasF16)!, bindings };
  });
  return { dispatches: [...before, ...changed, ...after], scratch: extra };
}
