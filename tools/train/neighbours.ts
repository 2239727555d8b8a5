// Which images are near twins of each other, so that a split can keep them on one side: blocks of neighbours.

import { DataError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import type { Dataset } from '../../src/data/dataset.ts';

/** The most images of a class that are put in order by their likeness: the work grows with its square. */
const mostOfAClass = 400;

/**
 * A group for each image. With `files`, what each image was called before (`Hand/005628.jpeg`): those of a class whose numbers are in
 * the same run of `length` belong together. Without, each class is laid out as a chain in which neighbours differ least, as
 * the slices of a volume do, and cut into blocks of `length`; classes whose chains show the same places in the same order, as
 * the sequences of one scan do, are cut as one, so that a place is on one side in all of them.
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
  const chains: { label: number; order: number[] }[] = [];
  for (const label of [...new Set(labels)].sort((a, b) => a - b)) {
    const members = Array.from({ length: data.size }, (_, i) => i).filter((i) => labels[i] === label);
    if (members.length > mostOfAClass) {
      throw new DataError(
        `--split groups: class ${label} has ${members.length} images, expected at most ${mostOfAClass} to find neighbours among, or source-files.txt.gz`,
      );
    }
    chains.push({ label, order: chain(data, members) });
  }
  const outlines = outlinesOf(data);
  chains.forEach(({ label, order }, at) => {
    let places = { of: label, at: Array.from(order.keys()) };
    for (const first of chains.slice(0, at)) {
      const found = samePlaces(order, first.order, outlines);
      if (!found) continue;
      places = { of: first.label, at: found };
      break;
    }
    order.forEach((image, i) => (groups[image] = `${places.of}/${Math.floor(places.at[i]! / length)}`));
  });
  return groups;
}

/** Of each image, which pixels are brighter than a tenth of a byte's range: the same in every sequence of a scan. */
function outlinesOf({ x, size }: Dataset): Uint8Array[] {
  const step = sizeOf(x.shape);
  return Array.from({ length: size }, (_, i) =>
    Uint8Array.from(x.data.subarray(i * step, (i + 1) * step), (v) => +(v > 25)),
  );
}

/**
 * Where in the chain `first` each image of `order` is, if both show the same places, in this order or the other way round: laid beside
 * each other their outlines differ by less than a quarter of what those of images far apart in the chains do. Else null.
 */
function samePlaces(
  order: readonly number[],
  first: readonly number[],
  outlines: readonly Uint8Array[],
): number[] | null {
  const far = first.length - 1;
  const apart = (places: readonly number[]): number => {
    let sum = 0;
    places.forEach((place, i) => {
      const [a, b] = [outlines[order[i]!]!, outlines[first[place]!]!];
      for (let k = 0; k < a.length; k++) sum += a[k]! ^ b[k]!;
    });
    return sum;
  };
  const along = order.map((_, i) => Math.round((i * far) / Math.max(1, order.length - 1)));
  const back = along.map((place) => far - place);
  const best = apart(back) < apart(along) ? back : along;
  const shifts = [0.25, 0.5, 0.75].map((share) => along.map((place) => (place + Math.round(share * far)) % (far + 1)));
  const usual = shifts.reduce((sum, places) => sum + apart(places), 0) / shifts.length;
  return apart(best) < usual / 4 ? best : null;
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
