// The networks whose training steps are timed: their layers, first weights and batches. Seeded, and independent of any
// engine, so that others can be given the same.

import { generator } from './statistics.ts';

/** 3×3 convolution without padding and ReLU; max-pool 2; dense layer, with ReLU unless it is the last. */
export type NetworkLayer = { readonly conv: number } | 'pool' | { readonly dense: number };

export interface Network {
  /** For people. */
  readonly name: string;
  /** Of one example: [H, W, C] or [C]. */
  readonly inputShape: readonly number[];
  /** Classes, with labels; or 0: the mean square error of numbers. */
  readonly classes: number;
  readonly layers: readonly NetworkLayer[];
}

export type NetworkName = 'cnn' | 'mlp' | 'tiny';

export const networks: Readonly<Record<NetworkName, Network>> = { cnn: cnn(), mlp: mlp(), tiny: tiny() };

/** `convolutions` of them: 16·width filters, then 32·width each; pool; dense. */
export function cnn({ width = 1, convolutions = 2 }: { width?: number; convolutions?: number } = {}): Network {
  const filters = Array.from({ length: convolutions }, (_, i) => ({ conv: (i === 0 ? 16 : 32) * width }));
  return {
    name: width === 1 && convolutions === 2 ? 'CNN' : `CNN of ${filters.map(({ conv }) => conv).join('-')}`,
    inputShape: [28, 28, 1],
    classes: 10,
    layers: [...filters, 'pool', { dense: 10 }],
  };
}

/** 784, `hidden` layers of `width`, 10. */
export function mlp({ width = 128, hidden = 1 }: { width?: number; hidden?: number } = {}): Network {
  const sizes = Array.from({ length: hidden }, () => width);
  return {
    name: `MLP ${[784, ...sizes, 10].join('-')}`,
    inputShape: [784],
    classes: 10,
    layers: [...sizes, 10].map((dense) => ({ dense })),
  };
}

function tiny(): Network {
  return { name: 'MLP 2-16-1', inputShape: [2], classes: 0, layers: [{ dense: 16 }, { dense: 1 }] };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Of each layer: what it makes of one example, and its kernel's shape, null where it has none. */
export function shapesOf({ inputShape, layers }: Network): { output: number[]; kernel: number[] | null }[] {
  let shape = [...inputShape];
  return layers.map((layer) => {
    const [h, w, c] = shape as [number, number, number];
    let kernel: number[] | null = null;
    if (layer === 'pool') shape = [Math.floor(h / 2), Math.floor(w / 2), c];
    else if ('conv' in layer) {
      kernel = [3, 3, c, layer.conv];
      shape = [h - 2, w - 2, layer.conv];
    } else {
      kernel = [sizeOf(shape), layer.dense];
      shape = [layer.dense];
    }
    return { output: shape, kernel };
  });
}

/** Kernels w1, w2, … and biases b1, b2, …, in order: [KH, KW, C, filters] and [inputs, units]. */
export function weightShapes(network: Network): Record<string, readonly number[]> {
  const kernels = shapesOf(network).flatMap(({ kernel }) => (kernel ? [kernel] : []));
  return Object.fromEntries(
    kernels.flatMap((kernel, i) => [
      [`w${i + 1}`, kernel],
      [`b${i + 1}`, [kernel.at(-1)!]],
    ]),
  );
}

/**
 * Of a training step on one example, multiply-adds of kernels alone, which count two: forward and the kernel's gradient
 * for each layer, and the input's gradient for each but the first.
 */
export function flopsOf(network: Network): number {
  let products = 0;
  return shapesOf(network).reduce((sum, { output, kernel }) => {
    if (!kernel) return sum;
    const positions = output.length === 3 ? output[0]! * output[1]! : 1;
    return sum + (products++ === 0 ? 2 : 3) * 2 * positions * sizeOf(kernel);
  }, 0);
}

/** Glorot's uniform weights, and biases of 0. */
export function firstWeights(network: Network): Record<string, Float32Array<ArrayBuffer>> {
  return Object.fromEntries(
    Object.entries(weightShapes(network)).map(([key, shape], i) => {
      const values = new Float32Array(sizeOf(shape));
      if (shape.length > 1) {
        const receptive = sizeOf(shape.slice(0, -2));
        const limit = Math.sqrt(6 / (receptive * (shape.at(-2)! + shape.at(-1)!)));
        const random = generator(77 + i);
        for (let j = 0; j < values.length; j++) values[j] = limit * (2 * random() - 1);
      }
      return [key, values];
    }),
  );
}

/** One batch: examples in [0, 1), and labels, or targets in [0, 1). */
export function batchOf(
  { inputShape, classes }: Network,
  batch: number,
): { x: Float32Array<ArrayBuffer>; y: Float32Array<ArrayBuffer> } {
  const random = generator(5);
  const x = new Float32Array(batch * sizeOf(inputShape));
  const y = new Float32Array(batch);
  for (let i = 0; i < x.length; i++) x[i] = random();
  for (let i = 0; i < batch; i++) y[i] = classes > 0 ? Math.floor(random() * classes) : random();
  return { x, y };
}

/** Adam's, of every network. */
export const learningRate = 1e-3;
export const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** The losses of so many first steps are what is compared. */
export const comparedSteps = 3;
