// Optimizer steps over whole arenas: every parameter of a model in one dispatch, with the forms and names of PyTorch.

import shader from '../../shaders/optimizer.wgsl';
import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Accuracy, CallTypes, Op, Sample, SampleInput } from '../graph/op.ts';
import { apply, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';

export interface SgdAttrs {
  /** Coupled: added to the gradient as weightDecay·w. */
  readonly weightDecay: number;
}

export interface SgdMomentumAttrs extends SgdAttrs {
  readonly momentum: number;
  readonly nesterov: boolean;
}

export interface AdamAttrs {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** True: w shrinks by learningRate·weightDecay·w (AdamW). False: weightDecay·w is added to the gradient (Adam). */
  readonly decoupled: boolean;
}

/** What every optimizer step reads and writes beside its moments. */
export interface OptimizerArenas {
  /** f32 [T]; overwritten. */
  readonly params: Tensor;
  /** f32 [T]. */
  readonly grads: Tensor;
  /**
   * f32 [4]: learning rate, 1 / (1 − beta1ᵗ), 1 / (1 − beta2ᵗ), and a factor for the gradients; from the host, in double
   * precision, because beta^t in f32 is wrong by 7e-4 at t = 19,400.
   */
  readonly scalars: Tensor;
  /** u32 [1], 0xffffffff at first: the lowest index whose gradient was NaN or infinite. Overwritten. */
  readonly firstBad: Tensor;
}

/** Checks arenas (all f32 [T]), scalars and firstBad, and gives the outputs' types: params, moments, firstBad. */
function inferStep(where: string, inputs: readonly TensorType[], names: readonly string[]): TensorType[] {
  const [params] = inputs;
  names.forEach((name, i) => {
    expectDType(where, name, inputs[i]!, 'f32');
    if (inputs[i]!.shape.length !== 1 || !equal(inputs[i]!.shape, params!.shape)) {
      const expected = i === 0 ? 'one dimension' : format(params!.shape);
      throw new ShapeError(`${where}: ${name} is ${format(inputs[i]!.shape)}, expected ${expected}`);
    }
  });
  const [scalars, firstBad] = inputs.slice(names.length) as [TensorType, TensorType];
  expectDType(where, 'scalars', scalars, 'f32');
  expectDType(where, 'firstBad', firstBad, 'u32');
  if (!equal(scalars.shape, [4])) throw new ShapeError(`${where}: scalars is ${format(scalars.shape)}, expected [4]`);
  if (!equal(firstBad.shape, [1]))
    throw new ShapeError(`${where}: firstBad is ${format(firstBad.shape)}, expected [1]`);
  const arena: TensorType = { shape: params!.shape, dtype: 'f32' };
  return [arena, ...names.slice(2).map(() => arena), { shape: [1], dtype: 'u32' }];
}

const inFours = ({ inputs }: CallTypes<unknown>) => sizeOf(inputs[0]!.shape) % 4 === 0;

// Parameters: 2 ULP and 1e-5·|dp|, with |dp| of about 0.1 where the learning rate is 0.01. Moments: sums of at most three
// products, whose magnitudes add to at most 16 in standard normal samples, hence 16u where they cancel.
const accuracy: Accuracy<never> = { kind: 'mixed', absolute: 1e-6, relative: 2 ** -22 };

export const sgdOp: Op<SgdAttrs> = {
  name: 'sgd',
  infer: (inputs) => inferStep('sgd', inputs, ['params', 'grads']),
  cpu([params, grads, scalars, firstBad], [w, bad], { attrs }) {
    const [learningRate, , , scale] = scalars as ArrayLike<number> as [number, number, number, number];
    let lowest = firstBad![0]!;
    for (let i = 0; i < params!.length; i++) {
      const p = params![i]!;
      if (!Number.isFinite(grads![i]!)) {
        lowest = Math.min(lowest, i);
        w![i] = p;
      } else w![i] = p - learningRate * (grads![i]! * scale + attrs.weightDecay * p);
    }
    bad![0] = lowest;
  },
  kernels: {
    vec4: {
      fits: inFours,
      plan({ inputs, attrs }) {
        const size = sizeOf(inputs[0]!.shape) / 4;
        return {
          dispatches: [
            dispatch(shader, 'sgd_vec4', {
              bindings: { w4: output(0), grads4: input(1), scalars: input(2), first_bad: output(1) },
              params: { size, weight_decay: attrs.weightDecay, momentum: 0 },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
    naive: {
      plan({ inputs, attrs }) {
        const size = sizeOf(inputs[0]!.shape);
        return {
          dispatches: [
            dispatch(shader, 'sgd', {
              bindings: { w: output(0), grads: input(1), scalars: input(2), first_bad: output(1) },
              params: { size, weight_decay: attrs.weightDecay, momentum: 0 },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // a step is not differentiated
  inPlace: { 0: 0, 1: 3 },
  cost: (types) => ({ flops: 5 * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy,
  samples: [
    step(1, 0, { weightDecay: 0 }),
    step(67, 0, { weightDecay: 0 }),
    step(130, 0, { weightDecay: 0.1 }),
    step(64, 0, { weightDecay: 0 }),
    step(260, 0, { weightDecay: 0.01 }),
    step(9, 0, { weightDecay: 0.1 }, withBad(5)),
    step(16, 0, { weightDecay: 0.1 }, withBad(4)),
    step(20, 0, { weightDecay: 0 }, withBad(9), 3), // an earlier find stays
  ],
};

export const sgdMomentumOp: Op<SgdMomentumAttrs> = {
  name: 'sgd_momentum',
  infer: (inputs) => inferStep('sgd', inputs, ['params', 'grads', 'velocity']),
  cpu([params, grads, velocity, scalars, firstBad], [w, v, bad], { attrs }) {
    const { momentum, nesterov, weightDecay } = attrs;
    const [learningRate, , , scale] = scalars as ArrayLike<number> as [number, number, number, number];
    let lowest = firstBad![0]!;
    for (let i = 0; i < params!.length; i++) {
      const p = params![i]!;
      const old = velocity![i]!;
      if (!Number.isFinite(grads![i]!)) {
        lowest = Math.min(lowest, i);
        w![i] = p;
        v![i] = old;
        continue;
      }
      const g = grads![i]! * scale + weightDecay * p;
      const next = momentum * old + g;
      v![i] = next;
      w![i] = p - learningRate * (nesterov ? g + momentum * next : next);
    }
    bad![0] = lowest;
  },
  kernels: {
    vec4: {
      fits: inFours,
      plan({ inputs, attrs }) {
        const size = sizeOf(inputs[0]!.shape) / 4;
        return {
          dispatches: [
            dispatch(shader, 'sgd_momentum_vec4', {
              bindings: { w4: output(0), grads4: input(1), v4: output(1), scalars: input(3), first_bad: output(2) },
              params: { size, weight_decay: attrs.weightDecay, momentum: attrs.momentum },
              constants: { NESTEROV: attrs.nesterov },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
    naive: {
      plan({ inputs, attrs }) {
        const size = sizeOf(inputs[0]!.shape);
        return {
          dispatches: [
            dispatch(shader, 'sgd_momentum', {
              bindings: { w: output(0), grads: input(1), v: output(1), scalars: input(3), first_bad: output(2) },
              params: { size, weight_decay: attrs.weightDecay, momentum: attrs.momentum },
              constants: { NESTEROV: attrs.nesterov },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // a step is not differentiated
  inPlace: { 0: 0, 1: 2, 2: 4 },
  cost: (types) => ({ flops: 7 * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy,
  samples: [
    step(1, 1, { momentum: 0.9, nesterov: false, weightDecay: 0 }),
    step(131, 1, { momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    step(68, 1, { momentum: 0.5, nesterov: false, weightDecay: 0.1 }),
    step(300, 1, { momentum: 0.9, nesterov: true, weightDecay: 0 }),
    step(9, 1, { momentum: 0.9, nesterov: true, weightDecay: 0.1 }, withBad(8)),
    step(16, 1, { momentum: 0.9, nesterov: false, weightDecay: 0 }, withBad(6)),
  ],
};

export const adamOp: Op<AdamAttrs> = {
  name: 'adam',
  infer: (inputs) => inferStep('adam', inputs, ['params', 'grads', 'm', 'v']),
  cpu([params, grads, means, squares, scalars, firstBad], [w, m, v, bad], { attrs }) {
    const { beta1, beta2, epsilon, weightDecay, decoupled } = attrs;
    const [learningRate, correction1, correction2, scale] = scalars as ArrayLike<number> as [
      number,
      number,
      number,
      number,
    ];
    let lowest = firstBad![0]!;
    for (let i = 0; i < params!.length; i++) {
      const p = params![i]!;
      const mean = means![i]!;
      const square = squares![i]!;
      if (!Number.isFinite(grads![i]!)) {
        lowest = Math.min(lowest, i);
        w![i] = p;
        m![i] = mean;
        v![i] = square;
        continue;
      }
      const g = grads![i]! * scale + (decoupled ? 0 : weightDecay * p);
      const nextMean = beta1 * mean + (1 - beta1) * g;
      const nextSquare = beta2 * square + (1 - beta2) * g * g;
      const direction = (nextMean * correction1) / (Math.sqrt(nextSquare * correction2) + epsilon);
      m![i] = nextMean;
      v![i] = nextSquare;
      w![i] = p - learningRate * (direction + (decoupled ? weightDecay * p : 0));
    }
    bad![0] = lowest;
  },
  kernels: {
    vec4: {
      fits: inFours,
      plan({ inputs, attrs }) {
        const size = sizeOf(inputs[0]!.shape) / 4;
        return {
          dispatches: [
            dispatch(shader, 'adam_vec4', {
              bindings: {
                w4: output(0),
                grads4: input(1),
                m4: output(1),
                v4: output(2),
                scalars: input(4),
                first_bad: output(3),
              },
              params: adamParams(attrs, size),
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
    naive: {
      plan({ inputs, attrs }) {
        const size = sizeOf(inputs[0]!.shape);
        return {
          dispatches: [
            dispatch(shader, 'adam', {
              bindings: {
                w: output(0),
                grads: input(1),
                m: output(1),
                v: output(2),
                scalars: input(4),
                first_bad: output(3),
              },
              params: adamParams(attrs, size),
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // a step is not differentiated
  inPlace: { 0: 0, 1: 2, 2: 3, 3: 5 },
  cost: (types) => ({ flops: 17 * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy,
  samples: [
    step(1, 2, adamAttrs({})),
    step(131, 2, adamAttrs({ weightDecay: 0.1 })),
    step(70, 2, adamAttrs({ weightDecay: 0.01, decoupled: true })),
    step(64, 2, adamAttrs({})),
    step(300, 2, adamAttrs({ beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.1, decoupled: true })),
    step(68, 2, adamAttrs({ weightDecay: 0.01 })),
    step(9, 2, adamAttrs({ weightDecay: 0.1 }), withBad(7)),
    step(16, 2, adamAttrs({ weightDecay: 0.1, decoupled: true }), withBad(2)),
  ],
};

function adamParams({ beta1, beta2, epsilon, weightDecay, decoupled }: AdamAttrs, size: number) {
  return {
    size,
    beta1,
    one_minus_beta1: 1 - beta1,
    beta2,
    one_minus_beta2: 1 - beta2,
    epsilon,
    weight_decay: decoupled ? 0 : weightDecay,
    decoupled_decay: decoupled ? weightDecay : 0,
  };
}

function adamAttrs(attrs: Partial<AdamAttrs>): AdamAttrs {
  return { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false, ...attrs };
}

/** Gradients whose elements from `first` on are not all finite. */
function withBad(first: number): (size: number) => SampleInput {
  return (size) => {
    const values = Array.from({ length: size }, (_, i) => (i % 7) / 4 - 0.8);
    values[first] = NaN;
    if (first + 1 < size) values[first + 1] = -Infinity;
    if (first + 5 < size) values[first + 5] = Infinity;
    return { shape: [size], fill: { values } };
  };
}

/** A step over `size` elements with `moments` moments; the last of two is Adam's mean square, which is positive. */
function step<A>(
  size: number,
  moments: 0 | 1 | 2,
  attrs: A,
  grads: (size: number) => SampleInput = normal,
  firstBad = 0xffffffff,
): Sample<A> {
  const first = moments > 0 ? [normal(size)] : [];
  const second: SampleInput[] = moments > 1 ? [{ shape: [size], fill: 'positive' }] : [];
  return {
    inputs: [
      normal(size),
      grads(size),
      ...first,
      ...second,
      { shape: [4], fill: { values: [0.01, 1.25, 1.5, 0.5] } },
      { shape: [1], dtype: 'u32', fill: { values: [firstBad] } },
    ],
    attrs,
  };
}

function normal(size: number): SampleInput {
  return { shape: [size] };
}

/**
 * One step of stochastic gradient descent in PyTorch's form, in place: with g = grads·scalars[3] + weightDecay·w,
 * v = momentum·v + g and w −= learningRate·v, or with `nesterov` w −= learningRate·(g + momentum·v). `velocity` is given
 * when momentum > 0 and only then. Elements with a NaN or infinite gradient stay as they are and `firstBad` keeps the
 * lowest of their indices. All arenas f32 [T]. ShapeError: shapes or dtypes differ. OptionError: a number out of range,
 * nesterov without momentum, velocity missing or not wanted. Defaults: PyTorch's, momentum 0, nesterov false,
 * weightDecay 0.
 */
export function sgdStep(
  { params, grads, velocity, scalars, firstBad }: OptimizerArenas & { velocity?: Tensor },
  options: { momentum?: number; nesterov?: boolean; weightDecay?: number } = {},
): { params: Tensor; velocity?: Tensor; firstBad: Tensor } {
  checkOptions('sgd', options, ['momentum', 'nesterov', 'weightDecay']);
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  checkNumber('sgd', 'momentum', momentum, 0, 1);
  checkNumber('sgd', 'weightDecay', weightDecay, 0);
  if (nesterov && momentum === 0) throw new OptionError('sgd: nesterov needs a momentum above 0, got 0');
  if (momentum > 0 !== (velocity !== undefined)) {
    throw new OptionError(`sgd: momentum is ${momentum}, expected ${momentum > 0 ? 'a' : 'no'} velocity`);
  }
  if (!velocity) {
    const [w, bad] = apply(sgdOp, [params, grads, scalars, firstBad], { weightDecay });
    return { params: w!, firstBad: bad! };
  }
  const inputs = [params, grads, velocity, scalars, firstBad];
  const [w, v, bad] = apply(sgdMomentumOp, inputs, { momentum, nesterov, weightDecay });
  return { params: w!, velocity: v!, firstBad: bad! };
}

/**
 * One step of Adam (Kingma and Ba, 2015) in PyTorch's form, in place: with g = grads·scalars[3], plus weightDecay·w
 * unless decoupled, m = beta1·m + (1 − beta1)·g, v = beta2·v + (1 − beta2)·g²,
 * w −= learningRate·(m·scalars[1]) / (√(v·scalars[2]) + epsilon), and with `decoupled` (AdamW, Loshchilov and Hutter,
 * 2019) also w −= learningRate·weightDecay·w. Elements with a NaN or infinite gradient stay as they are and `firstBad`
 * keeps the lowest of their indices. All arenas f32 [T]. ShapeError: shapes or dtypes differ. OptionError: a number out
 * of range. Defaults: PyTorch's, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0, coupled.
 */
export function adamStep(
  { params, grads, m, v, scalars, firstBad }: OptimizerArenas & { m: Tensor; v: Tensor },
  options: Partial<AdamAttrs> = {},
): { params: Tensor; m: Tensor; v: Tensor; firstBad: Tensor } {
  checkOptions('adam', options, ['beta1', 'beta2', 'epsilon', 'weightDecay', 'decoupled']);
  const attrs = adamAttrs(options);
  checkNumber('adam', 'beta1', attrs.beta1, 0, 1);
  checkNumber('adam', 'beta2', attrs.beta2, 0, 1);
  checkNumber('adam', 'epsilon', attrs.epsilon, 2 ** -126);
  checkNumber('adam', 'weightDecay', attrs.weightDecay, 0);
  const [w, mean, square, bad] = apply(adamOp, [params, grads, m, v, scalars, firstBad], attrs);
  return { params: w!, m: mean!, v: square!, firstBad: bad! };
}

/** Throws an OptionError unless least ≤ value < below and value is finite in f32. */
function checkNumber(where: string, name: string, value: number, least: number, below = Infinity): void {
  if (value >= least && value < below && Number.isFinite(Math.fround(value))) return;
  const range = below === Infinity ? `a finite number of at least ${least}` : `at least ${least} and below ${below}`;
  throw new OptionError(`${where}: ${name} is ${value}, expected ${range}`);
}

export const optimizerOps = [sgdOp, sgdMomentumOp, adamOp] as const;
