import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/core/errors.ts';
import { randomNormal } from '../../src/core/random.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { glyphNames, glyphs } from '../../src/data/glyphs.ts';
import { split } from '../../src/data/split.ts';
import { blobs, circles, moons, spirals, xor } from '../../src/data/synthetic.ts';

const counts = (data: Dataset) => {
  const found = new Array<number>(data.classes!).fill(0);
  for (const label of data.y.data) found[label]!++;
  return found;
};

/** The points of a set with their labels. */
const pointsOf = (data: Dataset) =>
  Array.from(data.y.data, (label, i) => ({ label, x: data.x.data[2 * i]!, y: data.x.data[2 * i + 1]! }));

describe('points', () => {
  test.each([
    ['moons', moons, 2],
    ['circles', circles, 2],
    ['xor', xor, 2],
    ['spirals', spirals, 2],
    ['blobs', blobs, 3],
  ] as [string, (options?: object) => Dataset, number][])('%s: balanced, seeded, finite', (name, make, classes) => {
    const data = make({ size: 101, seed: 4 });
    expect(data).toMatchObject({ size: 101, classes, x: { shape: [2] }, y: { shape: [] } });
    expect(Math.max(...counts(data)) - Math.min(...counts(data))).toBeLessThanOrEqual(1);
    expect(make({ size: 101, seed: 4 })).toEqual(data);
    expect(make({ size: 101, seed: 5 })).not.toEqual(data);
    expect(make().size).toBe(500);
    expect(() => make({ sise: 3 })).toThrow(`${name}: unknown option 'sise', did you mean 'size'?`);
    expect(() => make({ size: 0 })).toThrow(OptionError);
    expect(() => make({ noise: -1 })).toThrow(OptionError);
    expect(() => make({ seed: 0.5 })).toThrow(OptionError);
  });

  test('without noise they lie where their formulas say', () => {
    for (const { label, x, y } of pointsOf(circles({ noise: 0 })))
      expect(Math.hypot(x, y)).toBeCloseTo(label === 0 ? 1 : 0.5, 5);
    for (const { label, x, y } of pointsOf(xor())) expect(x * y >= 0).toBe(label === 0);
    for (const { label, x, y } of pointsOf(moons({ noise: 0 }))) {
      expect(label === 0 ? Math.hypot(x, y) : Math.hypot(x - 1, y - 0.5)).toBeCloseTo(1, 5);
      expect(label === 0 ? y >= 0 : y <= 0.5).toBe(true);
    }
    for (const { label, x, y } of pointsOf(blobs({ noise: 0, classes: 4 }))) {
      expect(Math.atan2(y, x) / (Math.PI / 2)).toBeCloseTo(
        label === 3 ? -1 : label === 2 ? Math.atan2(y, x) / (Math.PI / 2) : label,
        5,
      );
    }
    for (const { x, y } of pointsOf(spirals({ noise: 0, classes: 5 }))) expect(Math.hypot(x, y)).toBeLessThanOrEqual(1);
  });

  test('refuses numbers of classes that cannot be drawn', () => {
    expect(() => blobs({ classes: 1 })).toThrow('blobs: classes is 1, expected an integer from 2 to 10');
    expect(() => spirals({ classes: 11 })).toThrow(OptionError);
    expect(() => circles({ factor: 1 })).toThrow(OptionError);
  });
});

/** Test accuracy of a network 784-32-10 with ReLU, trained by plain loops: SGD, one example at a time. */
function trainedAccuracy(train: Dataset, validation: Dataset, epochs: number): number {
  const hidden = 32;
  const w1 = randomNormal(784 * hidden, 1, 1).map((value) => value * Math.sqrt(2 / 784));
  const w2 = randomNormal(hidden * 10, 1, 2).map((value) => value * Math.sqrt(2 / hidden));
  const b1 = new Float32Array(hidden);
  const b2 = new Float32Array(10);
  const h = new Float64Array(hidden);
  const p = new Float64Array(10);
  const forward = (x: Float64Array) => {
    h.set(b1);
    for (let i = 0; i < 784; i++) if (x[i] !== 0) for (let j = 0; j < hidden; j++) h[j]! += x[i]! * w1[i * hidden + j]!;
    for (let k = 0; k < 10; k++) {
      p[k] = b2[k]!;
      for (let j = 0; j < hidden; j++) p[k]! += Math.max(0, h[j]!) * w2[j * 10 + k]!;
    }
  };
  const pixels = (data: Dataset, i: number) =>
    Float64Array.from(data.x.data.subarray(i * 784, (i + 1) * 784), (byte) => byte / 255);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = 0; i < train.size; i++) {
      const x = pixels(train, i);
      forward(x);
      const top = Math.max(...p);
      const sum = p.reduce((total, value) => total + Math.exp(value - top), 0);
      const dp = p.map((value, k) => 0.02 * (Math.exp(value - top) / sum - (k === train.y.data[i] ? 1 : 0)));
      for (let j = 0; j < hidden; j++) {
        if (h[j]! <= 0) continue;
        let dh = 0;
        for (let k = 0; k < 10; k++) {
          dh += dp[k]! * w2[j * 10 + k]!;
          w2[j * 10 + k]! -= dp[k]! * h[j]!;
        }
        b1[j]! -= dh;
        for (let n = 0; n < 784; n++) if (x[n] !== 0) w1[n * hidden + j]! -= dh * x[n]!;
      }
      for (let k = 0; k < 10; k++) b2[k]! -= dp[k]!;
    }
  }
  let right = 0;
  for (let i = 0; i < validation.size; i++) {
    forward(pixels(validation, i));
    if (p.indexOf(Math.max(...p)) === validation.y.data[i]) right++;
  }
  return right / validation.size;
}

describe('glyphs', () => {
  test('balanced bytes [28, 28, 1], decided by the seed', () => {
    const data = glyphs({ size: 105, seed: 2 });
    expect(data).toMatchObject({ size: 105, classes: 10, x: { shape: [28, 28, 1], scale: 1 / 255 } });
    expect(data.x.data).toBeInstanceOf(Uint8Array);
    expect(Math.max(...counts(data)) - Math.min(...counts(data))).toBe(1);
    expect(glyphs({ size: 105, seed: 2 })).toEqual(data);
    expect(glyphs({ size: 105, seed: 3 })).not.toEqual(data);
    expect(glyphNames).toHaveLength(10);
  });

  test('characters are whole: nothing is cut at the border', () => {
    const { x, size } = glyphs({ size: 300, noise: 0 });
    for (let i = 0; i < size; i++) {
      const image = x.data.subarray(i * 784, (i + 1) * 784);
      const border = image.filter((_, at) => at < 28 || at >= 756 || at % 28 === 0 || at % 28 === 27);
      expect(Math.max(...border)).toBeLessThan(80);
      expect(Math.max(...image)).toBeGreaterThan(100);
    }
  });

  test('a small network learns them: accuracy above 0.95 on new ones', () => {
    const { train, validation } = split(glyphs({ size: 3000, seed: 1 }), { validation: 0.2, stratified: true });
    const accuracy = trainedAccuracy(train, validation, 5);
    expect(accuracy).toBeGreaterThan(0.95);
  });

  test('refuses other sizes', () => {
    expect(() => glyphs({ classes: 11 })).toThrow('glyphs: classes is 11, expected an integer from 2 to 10');
    expect(() => glyphs({ size: 1.5 })).toThrow(OptionError);
    expect(() => glyphs({ noise: 300 })).toThrow(OptionError);
    expect(() => glyphs({ count: 3 } as never)).toThrow("glyphs: unknown option 'count'");
  });
});
