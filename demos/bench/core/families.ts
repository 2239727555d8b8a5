// The families of kernels that a page offers, the shapes each is measured on, and how its shapes are written. No engine is
// needed to read this.

export const familyNames = [
  'gemm',
  'conv',
  'pool',
  'softmax',
  'reduce',
  'normalize',
  'elementwise',
  'optimizer',
] as const;
export type Family = (typeof familyNames)[number];

const convolution = ',k3,f64,same';

/** Small shapes first within each family. The last product of each is the one that its convolution makes. */
export const familyShapes: Readonly<Record<'quick' | 'full', Readonly<Record<Family, readonly string[]>>>> = {
  quick: {
    gemm: ['64x64x64', '256x256x256', '1024x64x64'],
    conv: [`4x28x28x32${convolution}`],
    pool: ['4x28x28x64'],
    softmax: ['512x1000'],
    reduce: ['512x1000'],
    normalize: ['512x1000', '4x28x28x64'],
    elementwise: ['262144'],
    optimizer: ['262144'],
  },
  full: {
    gemm: ['256x256x256', '512x512x512', '1024x1024x1024', '4096x64x256', '128x784x128', '25088x288x64'],
    conv: ['32x14x14x64,k3,f128,same', `32x28x28x32${convolution}`, '64x26x26x16,k3,f32'],
    pool: ['32x28x28x64'],
    softmax: ['4096x1000'],
    reduce: ['4096x1000'],
    normalize: ['4096x1000', '32x28x28x64'],
    elementwise: ['4194304'],
    optimizer: ['4194304'],
  },
};

/** How many lengths a family's shapes have: MxKxN, NxHxWxC with words after commas, rows x columns, or a size. */
export const familyRanks: Readonly<Record<Family, readonly number[]>> = {
  gemm: [3],
  conv: [4],
  pool: [4],
  softmax: [2],
  reduce: [2],
  normalize: [2, 4],
  elementwise: [1],
  optimizer: [1],
};

/** Their ops, for lists to choose from. */
export const familyOps: Readonly<Record<Family, readonly string[]>> = {
  gemm: ['matmul'],
  conv: ['conv2d', 'conv2d_grad_input', 'conv2d_grad_filter'],
  pool: ['max_pool_2d', 'max_pool_2d_grad'],
  softmax: ['softmax', 'softmax_grad', 'sparse_softmax_cross_entropy', 'sparse_softmax_cross_entropy_grad'],
  reduce: ['sum', 'max', 'transpose'],
  normalize: ['normalize', 'normalize_grad'],
  elementwise: ['add', 'relu', 'relu_grad', 'tanh', 'gelu'],
  optimizer: ['adam'],
};
