// Dynamic loss scaling as two calls of a training step: is every gradient finite, and what follows from it.

import shader from '../../shaders/loss_scale.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { DType } from '../core/dtype.ts';
import type { Op, Sample, SampleInput } from '../graph/op.ts';
import { apply, applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output, type Dispatch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';

/** Of `found` and `firstBad`, while every gradient has been finite. */
const NONE = 0xffffffff;
/** So that 1 / scale, and any factor of the optimizer's times it, is a normal f32. */
const LARGEST = 2 ** 100;

export interface LossScaleAttrs {
  /** Steps without a bad gradient after which the scale doubles. */
  readonly growthInterval: number;
  /** What the scale never falls below; a power of two. */
  readonly smallest: number;
  /** ln β₁ and ln β₂ of means whose corrections count the steps applied; 0: the host's correction is kept. */
  readonly logBetas: readonly [number, number];
}

function expectVector(where: string, name: string, found: TensorType, dtype: DType, length: number): void {
  expectDType(where, name, found, dtype);
  if (equal(found.shape, [length])) return;
  throw new ShapeError(`${where}: ${name} is ${format(found.shape)}, expected ${format([length])}`);
}

/**
 * grads [T], found u32 [1], and where several batches make a step, place [4] -> found: the lowest index of a NaN or infinity, if it is
 * lower than what was there; at the first of the batches nothing was. In place.
 */
export const findNonFiniteOp: Op<Record<never, never>> = {
  name: 'find_non_finite',
  infer([grads, found, place]) {
    expectDType('findNonFinite', 'grads', grads!, 'f32');
    expectVector('findNonFinite', 'found', found!, 'u32', 1);
    if (place) expectVector('findNonFinite', 'place', place, 'f32', 4);
    return [{ shape: [1], dtype: 'u32' }];
  },
  cpu([grads, found, place], [lowest]) {
    const index = grads!.findIndex((value: number) => !Number.isFinite(value));
    const before = place?.[0] === 0 ? NONE : found![0]!;
    lowest![0] = Math.min(before, index < 0 ? NONE : index);
  },
  kernels: {
    vec4: {
      fits: ({ inputs }) => sizeOf(inputs[0]!.shape) % 4 === 0,
      plan({ inputs }) {
        const size = sizeOf(inputs[0]!.shape) / 4;
        const bindings = { grads4: input(0), found: output(0) };
        const rest = { params: { size }, workgroups: flatGrid(size, 64) };
        return { dispatches: [...begin(inputs), dispatch(shader, 'find_non_finite_vec4', { bindings, ...rest })] };
      },
    },
    naive: {
      plan({ inputs }) {
        const size = sizeOf(inputs[0]!.shape);
        const bindings = { grads: input(0), found: output(0) };
        const rest = { params: { size }, workgroups: flatGrid(size, 64) };
        return { dispatches: [...begin(inputs), dispatch(shader, 'find_non_finite', { bindings, ...rest })] };
      },
    },
  },
  grad: null, // of gradients, behind which nothing is differentiated
  inPlace: { 0: 1 },
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [1, 4, 67, 132].flatMap((size) =>
    [[NONE], [2], [2, 0], [2, 1]].flatMap(([before, keep]) =>
      [[], [0], [3], [5, 130], [66]].map((bad): Sample<Record<never, never>> => {
        const values = Array.from({ length: size }, (_, i) =>
          bad.includes(i) ? [NaN, Infinity, -Infinity][i % 3]! : i % 5 === 0 ? -3e38 : 1e-38 * i,
        );
        const found = { shape: [1], dtype: 'u32' as const, fill: { values: [before!] } };
        return { inputs: [{ shape: [size], fill: { values } }, found, ...placed(keep, 0)], attrs: {} };
      }),
    ),
  ),
};

/** A sample's place among the batches of a step, where there are several. */
function placed(keep: number | undefined, ready: number): SampleInput[] {
  return keep === undefined ? [] : [{ shape: [4], fill: { values: [keep, 0.25, ready, 0] } }];
}

/** The dispatch before the search. */
const begin = (inputs: readonly TensorType[]): Dispatch[] =>
  inputs.length < 3
    ? []
    : [dispatch(shader, 'begin_group', { bindings: { place: input(2), found_index: output(0) }, workgroups: [1] })];

/**
 * scale [1], counts u32 [3], found u32 [1], firstBad u32 [1], scalars [4], and where several batches make a step, place [4] -> the first
 * four in place, then the scalars that the optimizer is given and the number of steps skipped: see shaders/loss_scale.wgsl.
 */
export const updateLossScaleOp: Op<LossScaleAttrs> = {
  name: 'update_loss_scale',
  infer([scale, counts, found, firstBad, scalars, place]) {
    expectVector('updateLossScale', 'scale', scale!, 'f32', 1);
    expectVector('updateLossScale', 'counts', counts!, 'u32', 3);
    expectVector('updateLossScale', 'found', found!, 'u32', 1);
    expectVector('updateLossScale', 'firstBad', firstBad!, 'u32', 1);
    expectVector('updateLossScale', 'scalars', scalars!, 'f32', 4);
    if (place) expectVector('updateLossScale', 'place', place, 'f32', 4);
    return [scale!, counts!, found!, firstBad!, scalars!, found!].map(({ shape, dtype }) => ({ shape, dtype }));
  },
  cpu([scale, counts, found, firstBad, given, place], y, { attrs }) {
    const [after, counted, none, bad, scalars, skipped] = y as [(typeof y)[0], ...typeof y];
    const { growthInterval, smallest, logBetas } = attrs;
    const index = found![0]!;
    const before = scale![0]!;
    let [good, skips, applied] = counts as ArrayLike<number> as [number, number, number];
    const ready = place?.[2] !== 0;
    const isBad = ready && index !== NONE;
    bad![0] = Math.min(firstBad![0]!, isBad && before <= smallest ? index : NONE);
    if (isBad) {
      good = 0;
      skips++;
      after[0] = Math.max(before / 2, smallest);
    } else if (!ready) {
      after[0] = before;
    } else {
      good = (good + 1) % growthInterval;
      applied++;
      after[0] = good === 0 ? Math.min(before * 2, LARGEST) : before;
    }
    const corrections = logBetas.map((log, i) =>
      log === 0 ? given![1 + i]! : -1 / Math.expm1(Math.max(applied, 1) * log),
    );
    scalars!.set([given![0]!, ...corrections, isBad || !ready ? 0 : given![3]! / before]);
    counted!.set([good, skips, applied]);
    skipped![0] = skips;
    none![0] = ready ? NONE : index;
  },
  kernels: {
    single: {
      plan({ attrs: { growthInterval, smallest, logBetas }, inputs }) {
        const bindings = {
          scale: output(0),
          counts: output(1),
          found_index: output(2),
          first_bad: output(3),
          given: input(4),
          scalars: output(4),
          skipped: output(5),
        };
        const params = {
          growth_interval: growthInterval,
          smallest,
          largest: LARGEST,
          log_beta1: logBetas[0],
          log_beta2: logBetas[1],
        };
        const grouped = { bindings: { ...bindings, place: input(5) }, params, workgroups: [1] as const };
        return {
          dispatches: [
            inputs.length < 6
              ? dispatch(shader, 'update_loss_scale', { bindings, params, workgroups: [1] })
              : dispatch(shader, 'update_loss_scale_of_group', grouped),
          ],
        };
      },
    },
  },
  grad: null, // of a training step, behind which nothing is differentiated
  inPlace: { 0: 0, 1: 1, 2: 2, 3: 3 },
  cost: (call) => ({ flops: 40, bytes: bytesMoved(call) }),
  // The corrections are at most a few units in the last place wrong, as expm1 is; the rest is exact.
  accuracy: { kind: 'mixed', absolute: 0, relative: 43 * 2 ** -23 },
  samples: [
    [65536, [0, 0, 0], NONE, NONE],
    [65536, [1999, 3, 19_400], NONE, NONE], // doubles
    [4096, [7, 0, 12], 5, NONE], // halves
    [1, [0, 20, 4], 130, NONE], // is as small as may be: reports
    [1, [0, 21, 4], 130, 17], // an earlier report stays
    [LARGEST, [1999, 0, 2_000_000], NONE, NONE],
    [1, [0, 0, 0], 0, NONE],
    [4096, [7, 0, 12], 5, NONE, 0], // in the middle of a group
    [4096, [1999, 0, 12], NONE, NONE, 0],
    [4096, [7, 0, 12], 5, NONE, 1], // at its end
    [65536, [1999, 3, 19_400], NONE, NONE, 1],
  ].flatMap((values) =>
    [[0, 0] as const, [Math.log(0.9), Math.log(0.999)] as const].map((logBetas): Sample<LossScaleAttrs> => {
      const [scale, counts, found, firstBad, ready] = values as [number, number[], number, number, number?];
      const words = (list: number[]) => ({ shape: [list.length], dtype: 'u32' as const, fill: { values: list } });
      return {
        inputs: [
          { shape: [1], fill: { values: [scale] } },
          words(counts),
          words([found]),
          words([firstBad]),
          { shape: [4], fill: { values: [0.01, 1.25, 1.5, 0.5] } },
          ...(ready === undefined ? [] : placed(1, ready)),
        ],
        attrs: { growthInterval: 2000, smallest: 1, logBetas },
      };
    }),
  ),
};

/**
 * The lowest index of a gradient that is NaN or infinite, by bits; 0xffffffff where none is. Overwrites `found`. With `place` (see
 * `sumGradients`) in any batch of the group so far.
 */
export function findNonFinite(grads: Tensor, found: Tensor, place: Tensor | null = null): Tensor {
  return applyOne(findNonFiniteOp, place ? [grads, found, place] : [grads, found], {});
}

/**
 * What a step makes of `found` (see `findNonFinite`), in place: where no gradient is bad, counts it as applied, doubles the
 * scale after `growthInterval` of them in a row, and divides the optimizer's gradient scale by the one the step had; where
 * one is bad, halves the scale, and the optimizer's gradient scale is 0, so that nothing changes. At the smallest scale a
 * bad gradient is reported in firstBad. With `place` that happens at a group's last batch; before it the gradient scale is 0, and
 * all else stays.
 */
export function updateLossScale(
  state: {
    scale: Tensor;
    counts: Tensor;
    found: Tensor;
    firstBad: Tensor;
    scalars: Tensor;
    place?: Tensor | null;
  },
  attrs: LossScaleAttrs,
): { scale: Tensor; counts: Tensor; firstBad: Tensor; scalars: Tensor; skipped: Tensor } {
  const { scale, counts, found, firstBad, scalars, place } = state;
  const [after, counted, , bad, given, skipped] = apply(
    updateLossScaleOp,
    [scale, counts, found, firstBad, scalars, ...(place ? [place] : [])],
    attrs,
  );
  return { scale: after!, counts: counted!, firstBad: bad!, scalars: given!, skipped: skipped! };
}

export const lossScaleOps = [findNonFiniteOp, updateLossScaleOp] as const;
