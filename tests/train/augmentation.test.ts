// What augmentation means: each kind on images small enough to follow, and what a batch depends on.

import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/core/errors.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { dataset } from '../../src/data/dataset.ts';
import { augmentation, type ImageTransform } from '../../src/train/augmentation.ts';
import {
  brightness,
  contrast,
  flip,
  hue,
  noise,
  randomCrop,
  rotation,
  saturation,
  shear,
  translation,
  zoom,
} from '../../src/train/image_transforms.ts';
import { sequential } from '../../src/train/model.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { flatten } from '../../src/nn/layers/flatten.ts';
import { anyImages, batchOf, colourImages, largestDifference, roughImages } from './augmentation_cases.ts';

/** One grey image, by rows of grey levels. */
function image(...rows: number[][]) {
  const shape = [rows.length, rows[0]!.length, 1];
  return dataset({ x: Uint8Array.from(rows.flat()), y: Int32Array.of(0), shape });
}

function shown(rows: number[][], transforms: ImageTransform[], options = {}): number[] {
  return [...augmentation(transforms, options).preview(image(...rows), [0]).data];
}

const four = [
  [10, 20],
  [30, 40],
];
const three = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];

describe('places', () => {
  test('flips', () => {
    expect(shown(three, [flip({ probability: 1 })])).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
    expect(shown(three, [flip({ direction: 'vertical', probability: 1 })])).toEqual([7, 8, 9, 4, 5, 6, 1, 2, 3]);
    expect(shown(three, [flip({ probability: 0 })])).toEqual(three.flat());
  });

  test('a quarter turn counter-clockwise, and a half', () => {
    expect(shown(three, [rotation({ degrees: [90, 90] })])).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
    expect(shown(three, [rotation({ degrees: [180, 180] })])).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  test('translations to the right and down, by whole pixels and by halves', () => {
    expect(shown(three, [translation({ x: [1 / 3, 1 / 3] })])).toEqual([0, 1, 2, 0, 4, 5, 0, 7, 8]);
    expect(shown(three, [translation({ y: [1 / 3, 1 / 3] })])).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect(shown(four, [translation({ x: [0.25, 0.25] })])).toEqual([5, 15, 15, 35]);
  });

  test.each([
    ['constant', {}, [0, 0, 1, 2, 3]],
    ['constant', { fillValue: 9 }, [9, 9, 1, 2, 3]],
    ['replicate', {}, [1, 1, 1, 2, 3]],
    ['reflect', {}, [3, 2, 1, 2, 3]],
    ['circular', {}, [4, 5, 1, 2, 3]],
  ])('beyond the image: %s %j', (fill, options, expected) => {
    const right = translation({ x: [0.4, 0.4] });
    expect(shown([[1, 2, 3, 4, 5]], [right], { fill, ...options })).toEqual(expected);
  });

  test('zooms, slants and crops', () => {
    const row = [[0, 100, 200, 100, 0]];
    expect(shown(row, [zoom({ width: [2, 2] })])).toEqual([100, 150, 200, 150, 100]);
    expect(shown(row, [zoom({ factor: [0.5, 0.5] })])).toEqual([0, 0, 200, 0, 0]);
    // The row above the centre moves left, the one below right.
    expect(shown(three, [shear({ x: [0.9, 0.9] })], { fill: 'circular' }).slice(3, 6)).toEqual([4, 5, 6]);
    // The window of the whole is the image itself; windows of a pixel are one colour.
    expect(shown(three, [randomCrop({ size: 1 })])).toEqual(three.flat());
    const data = roughImages(40, [9, 9, 1]);
    const crops = augmentation([randomCrop({ padding: 2 })], { fill: 'circular' });
    const moved = new Set(
      Array.from({ length: 40 }, (_, i) => {
        const whole = data.x.data.subarray(81 * i, 81 * i + 81);
        const got = crops.preview(data, [i]).data;
        const places = [-2, -1, 0, 1, 2].flatMap((dy) =>
          [-2, -1, 0, 1, 2]
            .filter((dx) =>
              got.every((v, p) => v === whole[((Math.floor(p / 9) - dy + 9) % 9) * 9 + (((p % 9) - dx + 9) % 9)]),
            )
            .map((dx) => `${dx},${dy}`),
        );
        expect(places).toHaveLength(1);
        return places[0];
      }),
    );
    expect(moved.size).toBeGreaterThan(12); // of 25
  });

  test('are done in the order of the list', () => {
    const right = translation({ x: [1 / 3, 1 / 3] });
    const mirror = flip({ probability: 1 });
    expect(shown(three, [right, mirror]).slice(0, 3)).toEqual([2, 1, 0]);
    expect(shown(three, [mirror, right]).slice(0, 3)).toEqual([0, 3, 2]);
  });
});

describe('colours', () => {
  test('brightness and contrast, kept within the range', () => {
    const row = [[0, 100, 250]];
    expect(shown(row, [brightness({ delta: [0.2, 0.2] })])).toEqual([51, 151, 255]);
    expect(shown(row, [brightness({ delta: [-0.2, -0.2] })])).toEqual([0, 49, 199]);
    expect(shown(row, [contrast({ factor: [0, 0] })])).toEqual([128, 128, 128]);
    expect(shown(row, [contrast({ factor: [0.5, 0.5] })])).toEqual([64, 114, 189]);
    expect(shown(row, [contrast({ factor: [0.5, 0.5] })], { range: [0, 250] })).toEqual([63, 113, 188]);
  });

  test('saturation and hue as CSS has them', () => {
    const data = dataset({ x: Uint8Array.of(255, 0, 0), y: Int32Array.of(0), shape: [1, 1, 3] });
    const see = (transform: ImageTransform) => [...augmentation([transform]).preview(data, [0]).data];
    expect(see(saturation({ factor: [0, 0] }))).toEqual([54, 54, 54]);
    expect(see(saturation({ factor: [0.5, 0.5] }))).toEqual([155, 27, 27]);
    expect(see(hue({ degrees: [0, 0] }))).toEqual([255, 0, 0]);
    // hue-rotate(180deg) of red: 0.213 − 0.787, 0.213 + 0.213, 0.213 + 0.213
    expect(see(hue({ degrees: [180, 180] }))).toEqual([0, 109, 109]);
  });

  test('noise has the mean 0 and the deviation asked for, and no two pixels share theirs', () => {
    const grey = dataset({ x: new Float32Array(3 * 50 * 40).fill(0.5), y: Int32Array.of(0), shape: [50, 40, 3] });
    const data = Float32Array.from(augmentation([noise({ stddev: 0.05 })], { range: [0, 1] }).preview(grey, [0]).data);
    const mean = data.reduce((sum, v) => sum + v, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length);
    // Of 6000 numbers: 5 standard errors.
    expect(Math.abs(mean - 0.5)).toBeLessThan((5 * 0.05) / Math.sqrt(6000));
    expect(Math.abs(deviation - 0.05)).toBeLessThan((5 * 0.05) / Math.sqrt(12000));
    expect(new Set(data).size).toBeGreaterThan(5900);
  });

  test('float images need a range where colours change, and none where they do not', () => {
    const data = dataset({ x: Float32Array.of(-3, 5), y: Int32Array.of(0), shape: [1, 2, 1] });
    expect([...augmentation([flip({ probability: 1 })]).preview(data, [0]).data]).toEqual([5, -3]);
    expect(() => augmentation([brightness({ delta: 1 })]).preview(data, [0])).toThrow(
      'augmentation: brightness of float images needs the range of their values: augmentation([…], { range: [0, 1] })',
    );
  });
});

describe('a batch', () => {
  const all = augmentation([...anyImages, ...colourImages]);
  const images = roughImages(9, [8, 7, 3]);

  test('is the same for the same seed, epoch and image, in whatever order and batch', async () => {
    const device = createCpuDevice();
    const size = 8 * 7 * 3;
    const whole = await batchOf(device, all, images, [0, 1, 2, 3, 4, 5, 6, 7, 8], { seed: 3, epoch: 2 });
    const part = await batchOf(device, all, images, [5, 8, 1, 4], { seed: 3, epoch: 2, batch: 2, cursor: 1 });
    expect([...part]).toEqual([...whole.subarray(8 * size, 9 * size), ...whole.subarray(size, 2 * size)]);
    const preview = all.preview(images, [8, 1], { seed: 3, epoch: 2 });
    expect(largestDifference(preview.data, part)).toBeLessThanOrEqual(0.5001);
    expect(preview.shape).toEqual([2, 8, 7, 3]);
    for (const other of [
      { seed: 4, epoch: 2 },
      { seed: 3, epoch: 1 },
    ]) {
      expect(
        largestDifference(await batchOf(device, all, images, [8], other), whole.subarray(8 * size)),
      ).toBeGreaterThan(9);
    }
    device.dispose();
  });

  test('of training is augmented, and of validation is not', async () => {
    // A model without a layer that learns: its loss is the data's, seen through fit.
    const data = dataset({ x: new Uint8Array(16).fill(255), y: new Float32Array(4), shape: [2, 2, 1] });
    const model = sequential([flatten({ inputShape: [2, 2, 1] }), dense({ units: 1, kernelInitializer: 'ones' })]);
    await model.compile({
      optimizer: sgd({ learningRate: 1e-9 }),
      loss: 'meanSquaredError',
      device: createCpuDevice(),
    });
    const black = brightness({ delta: [-1, -1] });
    const { history } = await model.fit(data, { epochs: 1, batchSize: 4, validation: data, augment: [black] });
    expect(history['loss']![0]).toBeCloseTo(0, 6); // all is black, the bias 0
    expect(history['val_loss']![0]).toBeCloseTo(16, 4);
  });
});

test('messages', () => {
  const thrown = (f: () => unknown) => {
    try {
      f();
    } catch (error) {
      expect(error).toBeInstanceOf(OptionError);
      return (error as Error).message;
    }
    return 'nothing';
  };
  expect(thrown(() => rotation({ degree: 5 } as never))).toContain("'degree'");
  expect(thrown(() => rotation({ degrees: [5, 4] }))).toBe(
    'rotation: degrees is [5,4], expected [least, most] or a number v for −v to v, all from -360 to 360',
  );
  expect(thrown(() => zoom({ factor: 1.5 }))).toContain('a number v for factors 1 − v to 1 + v, all from 0.01 to 100');
  expect(thrown(() => zoom({ factor: 0.1, width: 0.1 }))).toBe('zoom: expected either factor, or width and height');
  expect(thrown(() => flip({ direction: 'both' as never }))).toBe(
    "flip: direction is 'both', expected 'horizontal' or 'vertical'",
  );
  expect(thrown(() => flip({ probability: 2 }))).toBe('flip: probability is 2, expected a number from 0 to 1');
  expect(thrown(() => randomCrop({}))).toBe('randomCrop: expected either size or padding');
  expect(thrown(() => randomCrop({ padding: 0.5 }))).toContain('a whole number from 1 to 127');
  expect(thrown(() => noise({ stddev: -1 }))).toContain('from 0 to 1');
  expect(thrown(() => augmentation([]))).toContain('at least one');
  expect(thrown(() => augmentation([{} as never]))).toContain('entry 0 is no transformation');
  expect(thrown(() => augmentation([flip()], { fill: 'reflct' as never }))).toContain("did you mean 'reflect'");
  expect(thrown(() => augmentation([flip()], { range: [1, 1] }))).toContain('range is [1,1]');
  expect(thrown(() => augmentation([hue({ degrees: 9 })]).preview(image(...four), [0]))).toBe(
    'hue: the images have 1 channels, expected the three of colour images',
  );
});
