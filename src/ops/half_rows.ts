// Which ops may keep tensors as halves in mixed precision. Losses, softmax, optimizers and whatever is not named here see
// f32 alone; sums and statistics are f32 of values read as halves.

export interface HalfRow {
  /** Inputs that become f16 wherever they come from: what a product multiplies. */
  readonly operands?: readonly number[];
  /** Inputs that may be f16 where they are kept so anyway, operands among them. */
  readonly reads: readonly number[];
  /** Outputs that may be f16. */
  readonly writes: readonly number[];
}

/** Operands, then bias and residual. */
const product: HalfRow = { operands: [0, 1], reads: [0, 1, 2, 3], writes: [0] };
/** The gradient of weights goes to the optimizer as it was summed. */
const filterGradient: HalfRow = { ...product, writes: [] };
const unary: HalfRow = { reads: [0], writes: [0] };
const binary: HalfRow = { reads: [0, 1], writes: [0] };
const reduction: HalfRow = { reads: [0], writes: [] };

/** By the op's name. */
export const halfRows: Readonly<Record<string, HalfRow>> = {
  matmul: product,
  conv2d: product,
  conv2d_grad_input: product,
  conv2d_grad_filter: filterGradient,
  conv_nd: product,
  conv_nd_grad_input: product,
  conv_nd_grad_filter: filterGradient,
  add: binary,
  relu: unary,
  relu_grad: binary,
  leaky_relu: unary,
  leaky_relu_grad: binary,
  silu: unary,
  silu_grad: binary,
  gelu: unary,
  gelu_grad: binary,
  tanh_grad: binary,
  sigmoid_grad: binary,
  dropout: unary,
  max_pool_2d: unary,
  max_pool_2d_grad: binary,
  average_pool_2d: unary,
  average_pool_2d_grad: unary,
  normalize: unary,
  normalize_grad: binary,
  normalize_with: unary,
  sum: reduction,
  mean: reduction,
};
