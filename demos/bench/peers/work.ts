// The work that every engine does: its sizes, its inputs, and the three networks with their first weights. Written once, so
// that all engines compute the same numbers. Nothing here imports an engine.

import { comparedSteps, flopsOf, networks, sizeOf, type NetworkName } from '../core/networks.ts';
import { generator } from '../core/statistics.ts';

export type Kind =
  | 'matmul'
  | 'conv'
  | 'conv_grad_input'
  | 'conv_grad_filter'
  | 'softmax'
  | 'max_pool'
  | 'max_pool_grad'
  | 'step';

export interface Work {
  readonly id: string;
  readonly kind: Kind;
  /** Of the inputs, in Retrograd's layouts (NHWC, HWIO), by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly network?: NetworkName;
  readonly batch?: number;
  /** Of one repetition, by the formula. */
  readonly flops: number;
  readonly bytes: number;
  /** How much faster than the fastest WebGPU peer Retrograd wants to be at least. */
  readonly aim: number;
}

function product(m: number, k: number, n: number): Work {
  return {
    id: m === k && k === n ? `matmul ${m}` : `matmul ${m}×${k}×${n}`,
    kind: 'matmul',
    inputs: { a: [m, k], b: [k, n] },
    flops: 2 * m * k * n,
    bytes: 4 * (m * k + k * n + m * n),
    aim: 2.5,
  };
}

/** 3×3, padding 'same', 28×28, 32 to 64 channels, 32 images. */
const convolution = {
  x: [32, 28, 28, 32],
  w: [3, 3, 32, 64],
  y: [32, 28, 28, 64],
} as const;
const convolutionCost = {
  flops: 2 * 32 * 28 * 28 * 64 * 9 * 32,
  bytes: 4 * (32 * 28 * 28 * 32 + 9 * 32 * 64 + 32 * 28 * 28 * 64),
};
/** 2×2 with stride 2. */
const pooling = { x: [32, 28, 28, 64], y: [32, 14, 14, 64] } as const;
const pooled = 32 * 14 * 14 * 64;

function step(network: NetworkName, batch: number, aim: number): Work {
  return {
    id: `${networks[network].name} step, batch ${batch}`,
    kind: 'step',
    inputs: {},
    network,
    batch,
    flops: batch * flopsOf(networks[network]),
    bytes: 0,
    aim,
  };
}

export const works: readonly Work[] = [
  product(256, 256, 256),
  product(512, 512, 512),
  product(1024, 1024, 1024),
  product(4096, 64, 256),
  { id: 'conv 3×3 forward', kind: 'conv', inputs: { x: convolution.x, w: convolution.w }, ...convolutionCost, aim: 3 },
  {
    id: 'conv 3×3 dX',
    kind: 'conv_grad_input',
    inputs: { dy: convolution.y, w: convolution.w },
    ...convolutionCost,
    aim: 3,
  },
  {
    id: 'conv 3×3 dW',
    kind: 'conv_grad_filter',
    inputs: { x: convolution.x, dy: convolution.y },
    ...convolutionCost,
    aim: 4.5,
  },
  {
    id: 'softmax 4096×1000',
    kind: 'softmax',
    inputs: { x: [4096, 1000] },
    flops: 10 * 4096 * 1000,
    bytes: 8 * 4096 * 1000,
    aim: 3,
  },
  {
    id: 'max-pool 2×2 forward',
    kind: 'max_pool',
    inputs: { x: pooling.x },
    flops: 4 * pooled,
    bytes: 4 * 5 * pooled,
    aim: 1.5,
  },
  {
    id: 'max-pool 2×2 gradient',
    kind: 'max_pool_grad',
    inputs: { dy: pooling.y, x: pooling.x },
    flops: 4 * pooled,
    bytes: 4 * 9 * pooled,
    aim: 7,
  },
  step('cnn', 64, 4),
  step('cnn', 128, 4),
  step('mlp', 128, 3),
  step('tiny', 32, 10),
];

export function workById(id: string): Work {
  const found = works.find((work) => work.id === id);
  if (!found) throw new Error(`no work '${id}'; known: ${works.map((work) => work.id).join(', ')}`);
  return found;
}

/** Uniform in [-1, 1), as f32. Pooling's has no two equal values in a window, so that every engine picks the same one. */
export function inputValues({ kind }: Work, name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const values = new Float32Array(sizeOf(shape));
  if (name === 'x' && kind.startsWith('max_pool')) {
    // 48,271 has order 1,000,002 modulo the prime 1,000,003, and a window's elements lie nearer together than that.
    for (let i = 0; i < values.length; i++) values[i] = (2 * ((i * 48_271) % 1_000_003)) / 1_000_003 - 1;
    return values;
  }
  const random = generator(1000 + name.charCodeAt(0));
  for (let i = 0; i < values.length; i++) values[i] = 2 * random() - 1;
  return values;
}

export function inputsOf(work: Work): Record<string, Float32Array<ArrayBuffer>> {
  return Object.fromEntries(Object.entries(work.inputs).map(([name, shape]) => [name, inputValues(work, name, shape)]));
}

/** Labels as rows of zeros with a one. */
export function oneHot(labels: Float32Array, classes: number): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => (rows[i * classes + label] = 1));
  return rows;
}

/** `values` of `shape` with its axes in the order of `permutation`: how layouts are converted. */
export function permuted(
  values: Float32Array,
  shape: readonly number[],
  permutation: readonly number[],
): Float32Array<ArrayBuffer> {
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const lengths = permutation.map((axis) => shape[axis]!);
  const steps = permutation.map((axis) => strides[axis]!);
  const result = new Float32Array(values.length);
  const index = lengths.map(() => 0);
  let at = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = values[at]!;
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < lengths[axis]!) break;
      at -= steps[axis]! * lengths[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

const toNchw = [0, 3, 1, 2] as const;
const toNhwc = [0, 2, 3, 1] as const;
const toOihw = [3, 2, 0, 1] as const;
const toHwio = [2, 3, 1, 0] as const;

/** NHWC and HWIO to NCHW and OIHW, for engines that want their channels first. */
export const channelsFirst = {
  image: (values: Float32Array, [n, h, w, c]: readonly number[]) => ({
    values: permuted(values, [n!, h!, w!, c!], toNchw),
    shape: [n!, c!, h!, w!],
  }),
  filter: (values: Float32Array, [h, w, i, o]: readonly number[]) => ({
    values: permuted(values, [h!, w!, i!, o!], toOihw),
    shape: [o!, i!, h!, w!],
  }),
  /** Back, given the shape that it has with its channels last. */
  imageBack: (values: Float32Array, [n, h, w, c]: readonly number[]) => permuted(values, [n!, c!, h!, w!], toNhwc),
  filterBack: (values: Float32Array, [h, w, i, o]: readonly number[]) => permuted(values, [o!, i!, h!, w!], toHwio),
  /** The rows of a dense layer that reads a flattened image [h, w, c]. */
  denseRows: (values: Float32Array, [h, w, c]: readonly number[], units: number) =>
    permuted(values, [h!, w!, c!, units], [2, 0, 1, 3]),
} as const;

/** Shape of the result, in Retrograd's layouts. */
export function outputShape({ kind, inputs }: Work): readonly number[] {
  switch (kind) {
    case 'matmul':
      return [inputs['a']![0]!, inputs['b']![1]!];
    case 'conv':
      return convolution.y;
    case 'conv_grad_input':
      return convolution.x;
    case 'conv_grad_filter':
      return convolution.w;
    case 'softmax':
      return inputs['x']!;
    case 'max_pool':
      return pooling.y;
    case 'max_pool_grad':
      return pooling.x;
    case 'step':
      return [comparedSteps];
  }
}
