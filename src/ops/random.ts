// Random tensors, drawn from a counter: the same seed, step and stream give the same bits on every device.

import shader from '../../shaders/random.wgsl';
import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { normalOf, normalTable } from '../core/normal_table.ts';
import { checkWord, philoxInto, uniform01 } from '../core/random.ts';
import { equal, format, type Shape, sizeOf } from '../core/shape.ts';
import type { Values } from '../core/dtype.ts';
import type { CallTypes, Fill, Op, Sample } from '../graph/op.ts';
import { attrsOf, derive, fieldsOf, operandOf, type Scalar, valueOf } from '../graph/live.ts';
import { applyOne, constantTensor, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { add, mul } from './binary.ts';
import { bytesMoved } from './copy.ts';

interface DrawAttrs {
  readonly shape: Shape;
  /** One number for each use, so that none draws what another does. */
  readonly stream: number;
  /** Of `random_bernoulli`: the chance of a 1 in units of 2⁻²⁴. */
  readonly threshold: number;
}

/** Throws unless `random` is what a step's random ops draw from. */
export function checkRandom(where: string, random: TensorType): void {
  expectDType(where, 'random', random, 'u32');
  if (!equal(random.shape, [4])) throw new ShapeError(`${where}: random is ${format(random.shape)}, expected [4]`);
}

/** Calls `visit` with each element's word. */
function eachWord(random: Values, stream: number, size: number, visit: (word: number, i: number) => void): void {
  const words = new Uint32Array(4);
  for (let i = 0; i < size; i++) {
    if (i % 4 === 0) philoxInto(words, i / 4, random[1]!, 0, 0, random[0]!, stream);
    visit(words[i % 4]!, i);
  }
}

const draws: readonly (readonly [Shape, number, number, number])[] = [
  [[1], 0, 7, 0],
  [[3, 5, 7], 1, 42, 9],
  [[67], 2, 4294967295, 4294967295],
  [[], 5, 3, 1],
  [[8], 4294967295, 0, 0],
  [[33, 20], 3, 123456789, 1000000],
  [[2, 4], 0, 11, 5],
  [[1, 6], 7, 12, 6],
  [[4100], 9, 77, 2],
];

const tableFill: Fill = {
  get values() {
    return normalTable() as unknown as readonly number[];
  },
};

function drawOp(
  name: 'random_uniform' | 'random_bernoulli' | 'random_normal',
  flops: number,
  valueOf: (word: number, attrs: DrawAttrs) => number,
  thresholds: readonly number[] = [0],
): Op<DrawAttrs> {
  const call = ({ attrs: { shape, stream, threshold } }: CallTypes<DrawAttrs>) => ({
    params: { size: sizeOf(shape), stream, threshold },
    workgroups: flatGrid(Math.ceil(sizeOf(shape) / 4), 64),
  });
  const withTable = name === 'random_normal';
  return {
    name,
    infer([random, table], { shape }) {
      checkRandom(name, random!);
      if (withTable) expectDType(name, 'table', table!, 'u32');
      return [{ shape, dtype: 'f32' }];
    },
    cpu([random], [y], { attrs }) {
      eachWord(random!, attrs.stream, y!.length, (word, i) => (y![i] = valueOf(word, attrs)));
    },
    kernels: {
      vec4: {
        fits: ({ attrs }) => sizeOf(attrs.shape) % 4 === 0,
        plan: (types) => {
          const bindings = { random: input(0), y4: output(0) };
          const one =
            name === 'random_normal'
              ? dispatch(shader, 'random_normal_vec4', { bindings: { ...bindings, table: input(1) }, ...call(types) })
              : name === 'random_uniform'
                ? dispatch(shader, 'random_uniform_vec4', { bindings, ...call(types) })
                : dispatch(shader, 'random_bernoulli_vec4', { bindings, ...call(types) });
          return { dispatches: [one] };
        },
      },
      naive: {
        plan: (types) => {
          const bindings = { random: input(0), y: output(0) };
          const one =
            name === 'random_normal'
              ? dispatch(shader, 'random_normal', { bindings: { ...bindings, table: input(1) }, ...call(types) })
              : name === 'random_uniform'
                ? dispatch(shader, 'random_uniform', { bindings, ...call(types) })
                : dispatch(shader, 'random_bernoulli', { bindings, ...call(types) });
          return { dispatches: [one] };
        },
      },
    },
    grad: () => (withTable ? [null, null] : [null]), // nothing differentiable goes in
    cost: (types) => ({ flops: flops * sizeOf(types.attrs.shape), bytes: bytesMoved(types) }),
    accuracy: { kind: 'exact' },
    samples: thresholds.flatMap((threshold) =>
      draws.map(([shape, stream, seed, step]): Sample<DrawAttrs> => ({
        inputs: [
          { shape: [4], dtype: 'u32', fill: { values: [seed, step, 0, 0] } },
          ...(withTable ? [{ shape: [2048], dtype: 'u32', fill: tableFill } as const] : []),
        ],
        attrs: { shape, stream, threshold },
      })),
    ),
  };
}

export const randomUniformOp = drawOp('random_uniform', 25, uniform01);
export const randomBernoulliOp = drawOp(
  'random_bernoulli',
  25,
  (word, { threshold }) => Number(word >>> 8 < threshold),
  [0, 2 ** 23, 12345678, 2 ** 24],
);
export const randomNormalOp = drawOp('random_normal', 60, normalOf);

export const randomOps: readonly Op[] = [randomUniformOp, randomBernoulliOp, randomNormalOp];

export interface DrawOptions {
  /** From 0 to 2³² − 1, 0 unless given: uses that share seed and step draw independently when their streams differ. */
  readonly stream?: number;
}

function drawAttrs(where: string, shape: Shape, { stream = 0 }: DrawOptions): DrawAttrs {
  checkWord(where, 'stream', stream);
  return { shape: [...shape], stream, threshold: 0 };
}

function checkFinite(where: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new OptionError(`${where}: ${name} is ${value}, expected a finite number`);
  }
}

// `random` is u32 [4] = (seed, step, 0, 0), as `program` gives it to the function it traces. Seed, step, stream and
// an element's place decide what is drawn; bits are the same on every device. No gradient.

/**
 * Numbers in [0, 1), multiples of 2⁻²⁴; with `min` and `max`, min + (max − min)·u, which may round to max. OptionError:
 * min or max not finite, or min above max.
 */
export function randomUniform(
  shape: Shape,
  random: Tensor,
  options: DrawOptions & { readonly min?: number; readonly max?: number } = {},
): Tensor {
  checkOptions('randomUniform', options, ['stream', 'min', 'max']);
  const { min = 0, max = 1 } = options;
  checkFinite('randomUniform', { min, max });
  if (min > max) throw new OptionError(`randomUniform: min is ${min} and max ${max}, expected min ≤ max`);
  const drawn = applyOne(randomUniformOp, [random], drawAttrs('randomUniform', shape, options));
  return moved(drawn, min, max - min);
}

/** 1 with the given probability (rounded to a multiple of 2⁻²⁴), else 0. OptionError: a probability outside [0, 1]. */
export function randomBernoulli(
  shape: Shape,
  random: Tensor,
  options: DrawOptions & { readonly probability: Scalar },
): Tensor {
  checkOptions('randomBernoulli', options, ['stream', 'probability']);
  const probability = valueOf(options.probability);
  if (!(probability >= 0 && probability <= 1)) {
    throw new OptionError(`randomBernoulli: probability is ${probability}, expected a number from 0 to 1`);
  }
  const attrs = drawAttrs('randomBernoulli', shape, options);
  const threshold = derive(options.probability, 'threshold', (value) => Math.round(value * 2 ** 24));
  return applyOne(randomBernoulliOp, [random], attrsOf(attrs, fieldsOf({ threshold })));
}

/**
 * Normal numbers of the given mean and standard deviation; 0 and 1 unless given. Standard ones lie within ±6.34, are
 * symmetric, and are within 2e-8 of the distribution's inverse at 2³² even steps (core/normal_table.ts).
 */
export function randomNormal(
  shape: Shape,
  random: Tensor,
  options: DrawOptions & { readonly mean?: number; readonly stddev?: Scalar } = {},
): Tensor {
  checkOptions('randomNormal', options, ['stream', 'mean', 'stddev']);
  const { mean = 0, stddev = 1 } = options;
  checkFinite('randomNormal', { mean, stddev: valueOf(stddev) });
  if (valueOf(stddev) < 0) {
    throw new OptionError(`randomNormal: stddev is ${valueOf(stddev)}, expected a number of at least 0`);
  }
  const table = constantTensor(normalTable(), [normalTable().length], 'u32');
  const drawn = applyOne(randomNormalOp, [random, table], drawAttrs('randomNormal', shape, options));
  return moved(drawn, mean, stddev);
}

/** Two ops, each of which rounds once: one kernel's a·b + c would round once or twice, as the device likes. */
function moved(drawn: Tensor, offset: number, scale: Scalar): Tensor {
  const scaled = scale === 1 ? drawn : mul(drawn, operandOf(scale));
  return offset === 0 ? scaled : add(scaled, offset);
}
