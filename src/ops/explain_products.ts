// The products of a convolution by each of their three factors, and the im2col matrix they are rows and columns of. Here
// "image" is what windows lie on and "window" what they give; a transposed convolution reads them the other way round.

import { sizeOf, type Shape } from '../core/shape.ts';
import { checkIndex, flatIndex, indexAt, indicesOf, range, windowMap } from './explain_map.ts';
import type { Im2col, Index } from './explain_types.ts';
import type { WindowNd } from './window.ts';

export interface ConvGeometry {
  readonly where: string;
  /** [N, …, C]. */
  readonly image: Shape;
  /** The spatial lengths that windows lie on, where they are less than the image's. */
  readonly reached?: Shape;
  readonly window: WindowNd;
  readonly groups: number;
  /** Channels of what windows give. */
  readonly filters: number;
}

/** Weights as [K…, C/groups, OC], or of a depthwise convolution as [K…, C, M] whose output channel is c·M + m. */
export type WeightLayout = 'grouped' | 'depthwise';

interface Product {
  readonly position: Index;
  readonly image: Index;
  readonly weight: Index;
  readonly window: Index;
}

export interface Products {
  /** Of window [n, o…, oc]: taps, then channels. `image` is null for zeros of the padding; `channel` is the image's. */
  ofWindow(
    name: string,
    index: Index,
  ): (Omit<Product, 'image'> & { readonly image: Index | null; readonly channel: number })[];
  ofWeight(weight: Index): Product[];
  ofImage(name: string, index: Index): Product[];
  readonly im2col: Im2col;
}

export function explainProducts(geometry: ConvGeometry, layout: WeightLayout): Products {
  const { where, image, window, groups, filters } = geometry;
  const [N, C] = [image[0]!, image.at(-1)!];
  const [groupIn, groupOut] = [C / groups, filters / groups];
  const map = windowMap(geometry.reached ?? image.slice(1, -1), window);
  const taps = indicesOf(window.kernel);
  const windowShape = [N, ...window.output, filters];
  const weightShape = [...window.kernel, ...(layout === 'grouped' ? [groupIn, filters] : [C, groupOut])];
  const rank = window.kernel.length;
  const groupOf = (filter: number) => Math.floor(filter / groupOut);
  const weightAt = (k: Index, c: number, oc: number): Index =>
    layout === 'grouped' ? [...k, c, oc] : [...k, groupOf(oc), oc % groupOut];
  /** [k…], the channel within its group and the output channel of a weight. */
  const weightParts = (weight: Index) => {
    checkIndex(where, 'weight', weight, weightShape);
    const [a, b] = weight.slice(rank) as [number, number];
    return layout === 'grouped'
      ? { k: weight.slice(0, rank), c: a, oc: b }
      : { k: weight.slice(0, rank), c: 0, oc: a * groupOut + b };
  };

  const matrix = [N * sizeOf(window.output), sizeOf(window.kernel) * groupIn];
  const cells = sizeOf(matrix) * groups;
  const tapShape = [...window.kernel, groupIn];
  const im2col: Im2col = {
    rows: matrix[0]!,
    columns: matrix[1]!,
    groups,
    cells,
    imageElements: sizeOf(image),
    duplication: cells / sizeOf(image),
    bytes: 4 * cells,
    cell(row, column, group = 0) {
      checkIndex(where, 'im2col', [group, row, column], [groups, ...matrix]);
      const [n, ...o] = indexAt(row, windowShape.slice(0, -1)) as [number, ...number[]];
      const tap = indexAt(column, tapShape);
      const { position, source } = map.read(o, tap.slice(0, rank));
      return { position, element: source && [n, ...source, group * groupIn + tap.at(-1)!], window: [n, ...o], tap };
    },
    rowOf(index) {
      checkIndex(where, 'window', index, windowShape);
      return flatIndex(index.slice(0, -1), windowShape);
    },
    columnOf(weight) {
      const { k, c } = weightParts(weight);
      return flatIndex([...k, c], tapShape);
    },
  };

  return {
    ofWindow(name, index) {
      checkIndex(where, name, index, windowShape);
      const [n, oc] = [index[0]!, index.at(-1)!];
      const first = groupOf(oc) * groupIn;
      return taps.flatMap((k) => {
        const { position, source } = map.read(index.slice(1, -1), k);
        return range(groupIn).map((c) => ({
          position,
          image: source && [n, ...source, first + c],
          channel: first + c,
          weight: weightAt(k, c, oc),
          window: index,
        }));
      });
    },
    ofWeight(weight) {
      const { k, c, oc } = weightParts(weight);
      const channel = groupOf(oc) * groupIn + c;
      return indicesOf(windowShape.slice(0, -1)).flatMap((at) => {
        const { position, source } = map.read(at.slice(1), k);
        return source ? [{ position, image: [at[0]!, ...source, channel], weight, window: [...at, oc] }] : [];
      });
    },
    ofImage(name, index) {
      checkIndex(where, name, index, image);
      const [n, channel] = [index[0]!, index.at(-1)!];
      const first = Math.floor(channel / groupIn) * groupOut;
      return map.readers(index.slice(1, -1)).flatMap(({ position, o, k }) =>
        range(groupOut).map((i) => ({
          position,
          image: index,
          weight: weightAt(k, channel % groupIn, first + i),
          window: [n, ...o, first + i],
        })),
      );
    },
    im2col,
  };
}
