// Which elements of a volume each element of a pooled volume stands for: windows, or parts of the whole.

import { ShapeError } from '../core/errors.ts';
import { equal, format, type Shape } from '../core/shape.ts';
import { expectDType, type TensorType } from '../graph/tensor.ts';
import type { PoolCount } from './pool_3d_kernels.ts';
import { outputSize, type Triple, type VolumeShape, type WindowNd } from './window.ts';
import { windowPosition } from './window_map.ts';

/**
 * Windows as everywhere, dilation included; or, where `adaptive`, output o of an axis covers the positions from
 * ⌊o·length/output⌋ up to ⌈(o + 1)·length/output⌉ (PyTorch), which need not be equally many and may overlap.
 */
export type Regions =
  | { readonly adaptive?: false; readonly window: WindowNd<Triple> }
  | { readonly adaptive: true; readonly output: Triple };

export function regionOutput(regions: Regions): Triple {
  return regions.adaptive ? regions.output : regions.window.output;
}

/** The positions on the volume that output o covers along `axis` (0 to 2), in order. */
export function positionsOf(regions: Regions, axis: number, o: number, length: number): number[] {
  if (regions.adaptive) {
    const outputs = regions.output[axis]!;
    const first = Math.floor((o * length) / outputs);
    return Array.from({ length: Math.ceil(((o + 1) * length) / outputs) - first }, (_, i) => first + i);
  }
  return Array.from({ length: regions.window.kernel[axis]! }, (_, k) =>
    windowPosition(regions.window, axis, o, k),
  ).filter((position) => position >= 0 && position < length);
}

/**
 * How many elements a mean over region o counts along `axis`: those on the image ('inside'), those on the padded image
 * ('padded'), or one, which makes the mean a sum.
 */
export function countAlong(regions: Regions, axis: number, o: number, length: number, count: PoolCount): number {
  if (count === 'one') return 1;
  if (count === 'inside' || regions.adaptive) return positionsOf(regions, axis, o, length).length;
  const { kernel, padAfter } = regions.window;
  const end = length + padAfter[axis]!;
  let counted = 0;
  for (let k = 0; k < kernel[axis]!; k++) if (windowPosition(regions.window, axis, o, k) < end) counted++;
  return counted;
}

/** `positionsOf` for each axis and each output. */
export function positionTable([, D, H, W]: VolumeShape, regions: Regions): number[][][] {
  return [D, H, W].map((length, axis) =>
    Array.from({ length: regionOutput(regions)[axis]! }, (_, o) => positionsOf(regions, axis, o, length)),
  );
}

/** Calls `visit(y index, x index)` for every element of every region, in row-major order within a region. */
export function eachRegionElement(volume: VolumeShape, regions: Regions, visit: (y: number, x: number) => void): void {
  const [N, D, H, W, C] = volume;
  const [depths, rows, columns] = positionTable(volume, regions);
  let y = 0;
  for (let n = 0; n < N; n++) {
    for (const ds of depths!) {
      for (const hs of rows!) {
        for (const ws of columns!) {
          for (const d of ds) {
            for (const h of hs) {
              for (const w of ws) {
                for (let c = 0; c < C; c++) visit(y + c, (((n * D + d) * H + h) * W + w) * C + c);
              }
            }
          }
          y += C;
        }
      }
    }
  }
}

/** The largest number of elements in a region. */
export function mostElements(volume: VolumeShape, regions: Regions): number {
  return positionTable(volume, regions).reduce((product, axis) => product * Math.max(...axis.map((p) => p.length)), 1);
}

/** The largest number of regions that hold one element. */
export function mostRegions(volume: VolumeShape, regions: Regions): number {
  return positionTable(volume, regions).reduce((product, axis, i) => {
    const held = new Array<number>(volume[i + 1]!).fill(0);
    for (const positions of axis) for (const position of positions) held[position]!++;
    return product * Math.max(...held);
  }, 1);
}

/** [N, OD, OH, OW, C]. */
export function pooledVolume([N, , , , C]: VolumeShape, regions: Regions): VolumeShape {
  return [N, ...regionOutput(regions), C];
}

/**
 * The shape of x as [N,D,H,W,C]. ShapeError: x is of another rank or not f32, the regions are not those of its size, or
 * one of them has no element on it.
 */
export function checkRegions(where: string, x: TensorType, regions: Regions): VolumeShape {
  expectDType(where, 'x', x, 'f32');
  if (x.shape.length !== 5) throw new ShapeError(`${where}: x is ${format(x.shape)}, expected [N,D,H,W,C]`);
  const volume = x.shape as VolumeShape;
  const lengths = volume.slice(1, 4);
  if (!regions.adaptive) {
    const expected = outputSize(where, lengths, regions.window);
    if (!equal(expected, regions.window.output)) {
      throw new ShapeError(
        `${where}: the window's output is ${format(regions.window.output)}, expected ${format(expected)} for x ${format(x.shape)}`,
      );
    }
    checkNoneEmpty(where, lengths, regions);
  } else if (lengths.some((length, axis) => (length + 1) * (regions.output[axis]! + 1) > 2 ** 32)) {
    throw new ShapeError(
      `${where}: ${format(lengths)} in ${format(regions.output)} parts exceeds the shader's 32 bits`,
    );
  }
  return volume;
}

/**
 * Throws a ShapeError if a window lies wholly in the padding, where a maximum or mean would be of nothing. `rank` is the
 * image's own, whose dimensions the message counts.
 */
export function checkNoneEmpty(where: string, lengths: Shape, regions: Regions, rank = 3): void {
  lengths.forEach((length, axis) => {
    for (let o = 0; o < regionOutput(regions)[axis]!; o++) {
      if (positionsOf(regions, axis, o, length).length > 0) continue;
      throw new ShapeError(
        `${where}: window ${o} in dimension ${axis + rank - 2} holds nothing of the image's ${length}, expected less padding`,
      );
    }
  });
}
