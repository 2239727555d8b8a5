// What is done to each image of a batch: one map of places and one of colours, composed of transformations that are drawn
// from a counter, so that they depend on seed, epoch and image and on nothing else.

import shader from '../../shaders/augment_parameters.wgsl';
import { OptionError, ShapeError } from '../core/errors.ts';
import { philoxInto, uniform01 } from '../core/random.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, constantTensor, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { compose, growth, type Transform, transformKinds, unchanged } from './augment_transforms.ts';
import { checkRandom } from './random.ts';

export interface AugmentParametersAttrs {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly transforms: readonly Transform[];
}

/** Numbers that say what is done to one image: see shaders/augment_parameters.wgsl. */
export const parametersAnImage = 24;

// Streams of the generator; transformation t has the t-th after the first.
const NOISE = 0xa06e0000;
const FIRST = NOISE + 1;

/** What the shader reads of transformations: f32 [transforms, 8]. */
function tableOf(transforms: readonly Transform[]): Float32Array {
  return Float32Array.from(
    transforms.flatMap(({ kind, probability, first, second }) => [
      transformKinds.indexOf(kind),
      probability,
      ...first,
      ...second,
      0,
      0,
    ]),
  );
}

/** Some amounts for each kind. */
const amounts: Readonly<Record<Transform['kind'], Pick<Transform, 'first' | 'second'>>> = {
  rotation: { first: [-3, 3], second: [0, 0] },
  translation: { first: [-4, 4], second: [-2, 3] },
  zoom: { first: [0.5, 2], second: [0, 0] },
  stretch: { first: [0.8, 1.2], second: [0.6, 1] },
  shear: { first: [-0.3, 0.3], second: [0, 0.2] },
  flipX: { first: [0, 0], second: [0, 0] },
  flipY: { first: [0, 0], second: [0, 0] },
  crop: { first: [0.5, 1], second: [0, 0] },
  shift: { first: [3, 3], second: [0, 0] },
  brightness: { first: [-40, 40], second: [0, 0] },
  contrast: { first: [0.5, 1.5], second: [127.5, 127.5] },
  saturation: { first: [0, 2], second: [0, 0] },
  hue: { first: [-3, 3], second: [0, 0] },
  noise: { first: [5, 5], second: [0, 0] },
};

function samples(): Sample<AugmentParametersAttrs>[] {
  const of = (kind: Transform['kind'], probability: number): Transform => ({ kind, probability, ...amounts[kind] });
  const made = (batch: number, length: number, cursor: number, transforms: Transform[], seed = 7) => ({
    inputs: [
      { shape: [length], dtype: 'u32' as const, fill: { below: 4294967296 } },
      { shape: [1], dtype: 'u32' as const, fill: { values: [cursor] } },
      { shape: [4], dtype: 'u32' as const, fill: { values: [seed, 3, 0, 0] } },
      { shape: [transforms.length, 8], fill: { values: [...tableOf(transforms)] } },
    ],
    attrs: { batch, height: 28, width: 31, transforms },
  });
  return transformKinds.flatMap((kind, i) => {
    const next = transformKinds[(i + 1) % transformKinds.length]!;
    const third = transformKinds[(i + 5) % transformKinds.length]!;
    return [
      made(3, 5, 1, [of(kind, 1)], 1000 * i),
      made(1, 1, 0, [of(kind, 0.5), of(next, 1), of(third, 0.7)], i),
      made(67, 80, 4, [of(kind, 0.5)], i),
      made(9, 9, 0, [of(kind, 1), of(third, 0.25)], 4294967295 - i),
      made(1, 4, 9, [of(kind, 1)]),
    ];
  });
}

export const augmentParametersOp: Op<AugmentParametersAttrs> = {
  name: 'augment_parameters',
  infer([ids, cursor, random, table], { batch, transforms }) {
    expectDType('augmentParameters', 'ids', ids!, 'u32');
    expectDType('augmentParameters', 'cursor', cursor!, 'u32');
    checkRandom('augmentParameters', random!);
    if (ids!.shape.length !== 1)
      throw new ShapeError(`augmentParameters: ids is ${format(ids!.shape)}, expected [length]`);
    if (sizeOf(cursor!.shape) !== 1) {
      throw new ShapeError(`augmentParameters: cursor is ${format(cursor!.shape)}, expected [1]`);
    }
    if (batch > ids!.shape[0]!) {
      throw new ShapeError(`augmentParameters: batch ${batch} exceeds the ${ids!.shape[0]} entries of ids`);
    }
    if (sizeOf(table!.shape) !== 8 * transforms.length) {
      throw new ShapeError(`augmentParameters: table is ${format(table!.shape)}, expected [${transforms.length},8]`);
    }
    return [{ shape: [batch, parametersAnImage], dtype: 'f32' }];
  },
  cpu([ids, cursor, random], [y], { attrs: { batch, height, width, transforms } }) {
    const [seed, epoch] = [random![0]!, random![1]!];
    const words = new Uint32Array(4);
    for (let b = 0; b < batch; b++) {
      const id = ids![Math.min(cursor![0]! + b, ids!.length - 1)]!;
      const to = unchanged();
      transforms.forEach((transform, t) => {
        philoxInto(words, id, epoch, 0, 0, seed, FIRST + t);
        const u = Array.from(words, uniform01);
        if (u[3]! < Math.fround(transform.probability)) compose(to, transform, u, words, [width, height]);
      });
      philoxInto(words, id, epoch, 0, 0, seed, NOISE);
      const [p, q, r, s] = to.linear;
      const [x, z] = [(width - 1) / 2, (height - 1) / 2];
      const whole = [
        [p, q, to.shift[0] + x - p * x - q * z, 0],
        [r, s, to.shift[1] + z - r * x - s * z, 0],
        ...to.colours,
        [Math.sqrt(to.variance), words[0]! >>> 8, words[1]! >>> 8, 0],
      ];
      whole.flat().forEach((value, i) => (y![parametersAnImage * b + i] = value));
    }
  },
  kernels: {
    naive: {
      plan: ({ inputs, attrs: { batch, height, width, transforms } }) => ({
        dispatches: [
          dispatch(shader, 'augment_parameters', {
            bindings: { ids: input(0), cursor: input(1), random: input(2), table: input(3), y: output(0) },
            params: {
              batch,
              length: inputs[0]!.shape[0]!,
              transforms: transforms.length,
              first_stream: FIRST,
              noise_stream: NOISE,
              height,
              width,
            },
            workgroups: flatGrid(batch, 64),
          }),
        ],
      }),
    },
  },
  grad: null, // nothing that is trained goes in
  cost: (types) => ({ flops: 100 * types.attrs.batch * (types.attrs.transforms.length + 1), bytes: bytesMoved(types) }),
  // Each transformation multiplies two maps whose numbers are what those before it grew to, some ten roundings each (u = 2⁻²⁴),
  // four of them in a sine or a quotient. The noise's key is exact, far within that bound.
  accuracy({ attrs: { height, width, transforms } }) {
    let [stretch, reach, gain, light] = [1, height + width, 1, 1];
    for (const transform of transforms) {
      const [more, moved, factor, added] = growth(transform, height + width);
      reach += stretch * moved;
      stretch *= Math.max(1, more);
      light = light * factor + added;
      gain *= factor;
    }
    const roundings = 10 * transforms.length + 12;
    return {
      kind: 'mixed',
      absolute: roundings * 2 ** -24 * Math.max(stretch * reach, gain + light),
      relative: 0,
    };
  },
  samples: samples(),
};

/**
 * What is done to each image of a batch: ids u32 [L] (numbers of the examples in their order), cursor u32 [1] (where in `ids` the
 * batch begins), random u32 [4] = (seed, epoch, 0, 0) -> f32 [batch, 24], for `augmentBatch`. The same seed, epoch and
 * id give the same, wherever it stands in whichever batch. OptionError: no transformation. ShapeError: dtypes or shapes that do not fit.
 */
export function augmentParameters(
  ids: Tensor,
  cursor: Tensor,
  random: Tensor,
  options: AugmentParametersAttrs,
): Tensor {
  const { transforms } = options;
  if (transforms.length === 0) throw new OptionError('augmentParameters: no transformations, expected at least one');
  const table = constantTensor(tableOf(transforms), [transforms.length, 8], 'f32');
  return applyOne(augmentParametersOp, [ids, cursor, random, table], options);
}
