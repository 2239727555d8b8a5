// Which images are near twins of each other, so that a split can keep them on one side: blocks of neighbours.

import { DataError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import type { Dataset } from '../../src/data/dataset.ts';

/** The most images of a class that are put in order by their likeness: the work grows with its square. */
const mostOfAClass = 400;

/**
 * A group for each image. With `files`, what each image was called before (`Hand/005628.jpeg`): those of a class whose numbers are in
 * the same run of `length` belong together. Without, each class is laid out as a chain in which neighbours differ least, as
 * the slices of a volume do, and cut into blocks of `length`.
 */
export function neighbourGroups(data: Dataset, length: number, files: readonly string[] | null): string[] {
  if (files) {
    if (files.length !== data.size) {
      throw new DataError(`--split groups: ${files.length} source files for ${data.size} images, expected one each`);
    }
    return files.map((file) => {
      const [, folder = '', number = ''] = /^(.*?)(\d+)\.\w+$/.exec(file) ?? [];
      if (number === '') throw new DataError(`--split groups: the source file '${file}' has no number`);
      return `${folder}${Math.floor(Number(number) / length)}`;
    });
  }
  const groups = Array<string>(data.size);
  const labels = data.y.data;
  for (const label of new Set(labels)) {
    const members = Array.from({ length: data.size }, (_, i) => i).filter((i) => labels[i] === label);
    if (members.length > mostOfAClass) {
      throw new DataError(
        `--split groups: class ${label} has ${members.length} images, expected at most ${mostOfAClass} to find neighbours among, or source-files.txt.gz`,
      );
    }
    chain(data, members).forEach((image, place) => (groups[image] = `${label}/${Math.floor(place / length)}`));
  }
  return groups;
}

/** `members` in an order in which neighbours differ little: from every start to the nearest left, the best of those, untangled. */
export function chain({ x }: Dataset, members: readonly number[]): number[] {
  const count = members.length;
  const step = sizeOf(x.shape);
  const distance = Array.from({ length: count }, () => new Float64Array(count));
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k < step; k++) sum += (x.data[members[i]! * step + k]! - x.data[members[j]! * step + k]!) ** 2;
      distance[i]![j] = distance[j]![i] = Math.sqrt(sum);
    }
  }
  let best: { order: number[]; length: number } | null = null;
  for (let start = 0; start < count; start++) {
    const order = [start];
    const left = new Set(members.keys());
    left.delete(start);
    let length = 0;
    while (left.size > 0) {
      const from = distance[order.at(-1)!]!;
      let nearest = -1;
      for (const one of left) if (nearest < 0 || from[one]! < from[nearest]!) nearest = one;
      length += from[nearest]!;
      order.push(nearest);
      left.delete(nearest);
    }
    if (!best || length < best.length) best = { order, length };
  }
  return untangled(best?.order ?? [], distance).map((i) => members[i]!);
}

/** Turns stretches round as long as that makes the chain shorter (2-opt: Croes 1958). */
function untangled(order: number[], distance: readonly Float64Array[]): number[] {
  const between = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? 0 : distance[a]![b]!;
  for (let better = true; better;) {
    better = false;
    for (let a = 0; a < order.length - 1; a++) {
      for (let b = a + 1; b < order.length; b++) {
        const now = between(order[a - 1], order[a]) + between(order[b], order[b + 1]);
        const turned = between(order[a - 1], order[b]) + between(order[a], order[b + 1]);
        if (turned > now - 1e-9) continue;
        order.splice(a, b - a + 1, ...order.slice(a, b + 1).reverse());
        better = true;
      }
    }
  }
  return order;
}
