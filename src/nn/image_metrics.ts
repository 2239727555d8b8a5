// How near a picture comes to another: PSNR and SSIM.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import { constantTensor, type Tensor } from '../graph/tensor.ts';
import { add, div, maximum, mul, sub } from '../ops/binary.ts';
import { concat, split } from '../ops/concat.ts';
import { depthwiseConv2d } from '../ops/convolution.ts';
import { mean, sum } from '../ops/reduce.ts';
import { reshape } from '../ops/reshape.ts';
import { log } from '../ops/unary.ts';
import { asValues } from './loss.ts';
import type { ConfiguredMetric, MeanMetric } from './metrics.ts';

export interface ImageMetricOptions {
  /** What lies between black and white; 1 unless given. */
  readonly range?: number;
  readonly name?: string;
}

/** More than this is not told apart: f32 images of that likeness differ by rounding. */
const mostDecibels = 100;

/** 10·log₁₀(range² / MSE) of each example in decibels, at most 100 (identical images), averaged over the examples. */
export function psnr(options: ImageMetricOptions = {}): ConfiguredMetric {
  const { range, name } = checked('psnr', options);
  return imageMetric(name, (prediction, target) => {
    const examples = prediction.shape[0]!;
    const difference = sub(prediction, target);
    const error = mean(reshape(mul(difference, difference), [examples, sizeOf(prediction.shape) / examples]), {
      axes: 1,
    });
    const relative = maximum(div(error, range * range), 10 ** (-mostDecibels / 10));
    return mul(sum(log(relative)), -10 / Math.LN10);
  });
}

/**
 * The structural similarity of each image [H, W] or [H, W, C], averaged over places, channels and examples: Wang et al.,
 * "Image quality assessment" (2004), with their Gaussian window of 11 × 11 and σ = 1.5, K₁ = 0.01, K₂ = 0.03, at places
 * where the window lies inside the image. ShapeError: images below 11 × 11.
 */
export function ssim(options: ImageMetricOptions = {}): ConfiguredMetric {
  const { range, name } = checked('ssim', options);
  const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2];
  return imageMetric(name, (prediction, target) => {
    const { shape } = prediction;
    const [examples, height = 0, width = 0, channels = 1] = shape as [number, ...number[]];
    if (shape.length < 3 || shape.length > 4 || height < WINDOW || width < WINDOW) {
      throw new ShapeError(
        `${name}: the images are ${format(shape.slice(1))}, expected [H,W] or [H,W,C] of at least ${WINDOW} × ${WINDOW}`,
      );
    }
    const [x, y] = [prediction, target].map((image) => reshape(image, [examples, height, width, channels])) as [
      Tensor,
      Tensor,
    ];
    const blurred = blur(concat([x, y, mul(x, x), mul(y, y), mul(x, y)], 3));
    const [mx, my, xx, yy, xy] = split(blurred, 5, 3) as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const [mx2, my2, mxy] = [mul(mx, mx), mul(my, my), mul(mx, my)];
    const likeness = div(
      mul(add(mul(mxy, 2), c1), add(mul(sub(xy, mxy), 2), c2)),
      mul(add(add(mx2, my2), c1), add(add(sub(xx, mx2), sub(yy, my2)), c2)),
    );
    return div(sum(likeness), sizeOf(likeness.shape) / examples);
  });
}

const WINDOW = 11;

/** The Gaussian of each channel, first along columns, then along rows. */
function blur(images: Tensor): Tensor {
  const channels = images.shape[3]!;
  const weights = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
  const total = weights.reduce((a, b) => a + b);
  const kernel = Float32Array.from({ length: WINDOW * channels }, (_, i) => weights[Math.floor(i / channels)]! / total);
  const along = (shape: readonly number[]) => constantTensor(kernel, shape, 'f32');
  const down = depthwiseConv2d(images, along([WINDOW, 1, channels, 1]));
  return depthwiseConv2d(down, along([1, WINDOW, channels, 1]));
}

function checked(what: string, options: ImageMetricOptions): Required<ImageMetricOptions> {
  checkOptions(what, options, ['range', 'name']);
  const { range = 1, name = what } = options;
  if (!(range > 0 && Number.isFinite(range))) {
    throw new OptionError(`${what}: range is ${range}, expected a positive number`);
  }
  return { range, name };
}

function imageMetric(name: string, of: (prediction: Tensor, target: Tensor) => Tensor): ConfiguredMetric {
  const metric: MeanMetric = {
    name,
    sum(prediction, target, mask) {
      if (mask) throw new OptionError(`${name}: the output is a masked sequence, expected images`);
      return of(prediction, asValues(name, prediction, target));
    },
  };
  return { name, resolve: () => metric };
}
