// The op record: everything the engine knows about one op stands in one such record.

import type { Values } from '../core/dtype.ts';
import type { Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import type { Shape } from '../core/shape.ts';
import type { DType } from '../core/dtype.ts';
import type { Call, Tensor, TensorType } from './tensor.ts';

/** The shapes and attributes of one call: all that kernels, references and costs may depend on. */
export interface CallTypes<A> {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  readonly attrs: A;
}

// oxlint-disable-next-line typescript/no-explicit-any -- the registry holds ops of every attribute type
export interface Op<A = any> {
  /** snake_case; also the file's, the shader's and the entry's name. */
  readonly name: string;

  /** The outputs' types, or a ShapeError that names the shapes and what was expected. */
  infer(inputs: readonly TensorType[], attrs: A): TensorType[];

  /**
   * The meaning of the op: plain loops in double precision that fill `y` from `x`. Arrays are Float64Array (oracle) or
   * Float32Array (replay) for f32. With `inPlace`, `y` may be the same memory as `x`. Every element of `y` is written.
   */
  cpu(x: readonly Values[], y: readonly Values[], call: CallTypes<A>): void;

  /** What plans print in place of the name. */
  title?(attrs: A): string;

  /** Ways to run it on a GPU, best first: the first that fits and is preferred is used. The last must fit everything. */
  readonly kernels: Readonly<Record<string, Kernel<A>>>;

  /**
   * The gradient of each input as more graph, or null for an input that has none. `dy[i]` is null where nothing
   * depends on output i. An op that is not differentiable states `grad: null`.
   */
  readonly grad: ((call: GradCall<A>) => (Tensor | null)[]) | null;

  /** What a call takes at least. */
  cost?(call: CallTypes<A>): Cost;

  /** How near a kernel must come to the reference (bounds follow the arithmetic). */
  readonly accuracy: Accuracy<A> | ((call: CallTypes<A>) => Accuracy<A>);

  /** Shapes worth testing, timing and showing: odd sizes, ones, non-multiples of tiles, each option. */
  readonly samples: readonly Sample<A>[];

  /** What an elementwise op is to a planner, which writes several of them into one kernel. */
  readonly elementwise?: Elementwise<A>;

  /** The op that it does over other storage, whose kernels, by the same names, are its own. */
  readonly storageOf?: Op;

  /** The output is the same memory as input 0: no dispatch at all (reshape). */
  readonly view?: boolean;

  /** Output index -> input index that it overwrites. Such a call runs after every other reader of that input. */
  readonly inPlace?: Readonly<Record<number, number>>;

  /**
   * For an op that lays its inputs side by side in one output: the element offset of each. The planner lets producers
   * write there directly and drops the copies, so dispatch i of every kernel copies input i.
   */
  packs?(attrs: A): readonly number[];

  /**
   * Its attributes have `bias`, `residual`, `slope` and `activation`, which the planner may set. The bias is then input 2; a tensor
   * of the output's size, added before the activation, is the last input; or with `slope` it is what that activation gave, and
   * the sum is multiplied by the activation's slope there.
   */
  readonly takesEpilogue?: boolean;

  /**
   * Fusion: the call that gives `reader`'s result straight from this call's inputs, or null where there is none. Rules
   * stand with the op, so that a program without it does not carry what it would be replaced by.
   */
  fuseInto?(call: Call<A>, reader: Call): Call | null;

  /** Fusion: a call that gives the same result from what this call's inputs were computed of, or null. */
  fuseOver?(call: Call<A>): Call | null;

  /**
   * Fusion: the call that gives this call's results and then those of `other`, which reads a tensor that this call reads, or
   * null where there is none or `target` gains nothing by it; a target of null is that of references.
   */
  fuseBeside?(call: Call<A>, other: Call, target: Target | null): Call | null;

  /** Fusion: the call that does the work of `producer`, whose result only this call reads, and of this call at once. */
  fuseWith?(call: Call<A>, producer: Call): Call | null;
}

export interface Cost {
  /** Floating-point operations. */
  readonly flops: number;
  /** Bytes moved, each input read once and each output written once. */
  readonly bytes: number;
  /** Exponentials and logarithms, of which a device makes fewer in a second; 0 where absent. */
  readonly exponentials?: number;
}

/** y[i] = f(x0[i'], x1[i''], …), inputs broadcast to y by NumPy's rule. */
export interface Elementwise<A> {
  /**
   * f as a WGSL expression in names of the operands, of their dtypes, and in those of the op's `numbers`; it may call
   * functions of shaders/lib/activation.wgsl and lib/elementary.wgsl.
   */
  wgsl(operands: readonly string[], numbers: readonly string[], call: CallTypes<A>): string;
  /** f32 values that the expression needs beside its operands. */
  numbers(attrs: A): readonly number[];
}

export interface GradCall<A> {
  readonly dy: readonly (Tensor | null)[];
  readonly x: readonly Tensor[];
  readonly y: readonly Tensor[];
  readonly attrs: A;
  /** Which inputs' gradients are wanted; the others may be returned as null to spare work. */
  readonly needs: readonly boolean[];
}

/** One way to run an op on a GPU. */
export interface Kernel<A> {
  /** Whether it can run these shapes on this device; absent means always. */
  fits?(call: CallTypes<A>, target: Target): boolean;
  /** Whether it is a good choice where it fits; absent means yes. A kernel that is never preferred must be asked for. */
  preferred?(call: CallTypes<A>, target: Target): boolean;
  /**
   * A large kernel: a software adapter takes half a second and more to compile it. There the tuner tries it only where it is
   * preferred, and tests run it with fewer combinations of attributes.
   */
  readonly large?: true;
  /** Outputs that may be written over an input that nothing needs any more, where `plan` is told so. */
  overlays?(call: CallTypes<A>): readonly Overlay[];
  /**
   * The dispatches in order, and the bytes of each scratch buffer they share. Inputs that are `overlaid` are bound as the
   * outputs that lie over them, and only so.
   */
  plan(call: CallTypes<A>, target: Target, overlaid?: readonly Overlay[]): KernelPlan;
}

/** An output in the memory of an input of as many bytes. */
export interface Overlay {
  readonly output: number;
  readonly input: number;
}

export interface KernelPlan {
  readonly dispatches: readonly Dispatch[];
  readonly scratch?: readonly number[];
}

/** u = 2⁻²⁴. */
export type Accuracy<A> =
  | { readonly kind: 'exact' }
  /** Units in the last place of f32 at the reference. */
  | { readonly kind: 'ulp'; readonly ulp: number }
  | { readonly kind: 'mixed'; readonly absolute: number; readonly relative: number }
  /**
   * A sum of K products: (4 + √K / 2)·u·Σ|terms|. Σ|terms| is the reference itself run on the inputs' absolute
   * values, so the op must be a sum of products of its inputs (the test does this).
   */
  | { readonly kind: 'sum'; readonly terms: (call: CallTypes<A>) => number }
  /** What the op derives from its arithmetic on these values: the largest |error| of each element of each output. */
  | {
      readonly kind: 'derived';
      readonly bounds: (x: readonly Values[], y: readonly Values[], call: CallTypes<A>) => Float64Array[];
    }
  /** Each member of a fused call within its own bound, and what is wrong in its operands carried on. */
  | { readonly kind: 'members' };

export interface Sample<A> {
  readonly inputs: readonly SampleInput[];
  readonly attrs: A;
  /**
   * Its values lie where no derivative exists (ties, steps), or its attributes are set after differentiation only: for kernels,
   * not for gradients.
   */
  readonly kink?: true;
}

export interface SampleInput {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** How test values are drawn; 'normal' where absent. Seeded, never constant. */
  readonly fill?: Fill;
}

export type Fill =
  | 'normal'
  /** Uniform in [0.1, 2]: logarithms, roots, divisors. */
  | 'positive'
  /** A shuffled arithmetic series without ties or values near zero: max-pool, ReLU and their gradients. */
  | 'distinct'
  /** Small integers with many ties. */
  | 'ties'
  /** Integers from 0 up to, not including, `below`. */
  | { readonly below: number }
  | { readonly values: readonly number[] };
