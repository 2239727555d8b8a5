// Which ops may keep tensors as halves in mixed precision. Losses, softmax, optimizers and whatever is not named here see
// f32 alone; sums and statistics are f32 of values read as halves.

export interface HalfRow {
  /** Inputs that become f16 wherever they come from: what a product multiplies. */
  readonly operands?: readonly number[];
  /** Inputs that may be f16 where they are kept so anyway, operands among them. */
  readonly reads: readonly number[];
  /** Outputs that may be f16: where their last axis, or with `flat` their size, is a multiple of four, as stores are. */
  readonly writes: readonly number[];
  readonly flat?: true;
}

/** Operands, then bias and residual. */
const product: HalfRow = { operands: [0, 1], reads: [0, 1, 2, 3], writes: [0] };
/** The gradient of weights goes to the optimizer as it was summed. */
const filterGradient: HalfRow = { operands: [0, 1], reads: [0, 1], writes: [] };
const elementwise1: HalfRow = { reads: [0], writes: [0], flat: true };
const elementwise2: HalfRow = { reads: [0, 1], writes: [0], flat: true };
const rows1: HalfRow = { reads: [0], writes: [0] };
const rows2: HalfRow = { reads: [0, 1], writes: [0] };
const reduction: HalfRow = { reads: [0], writes: [] };

/** By the op's name. */
export const halfRows: Readonly<Record<string, HalfRow>> = {
  matmul: product,
  matmul_with_sums: filterGradient,
  conv2d: product,
  conv2d_grad_input: product,
  conv2d_grad_filter: filterGradient,
  conv_nd: product,
  conv_nd_grad_input: product,
  conv_nd_grad_filter: filterGradient,
  gather_batch: { reads: [], writes: [0], flat: true },
  add: elementwise2,
  relu: elementwise1,
  relu_grad: elementwise2,
  leaky_relu: elementwise1,
  leaky_relu_grad: elementwise2,
  silu: elementwise1,
  silu_grad: elementwise2,
  gelu: elementwise1,
  gelu_grad: elementwise2,
  tanh_grad: elementwise2,
  sigmoid_grad: elementwise2,
  dropout: elementwise1,
  max_pool_2d: rows1,
  max_pool_2d_grad: rows2,
  average_pool_2d: rows1,
  average_pool_2d_grad: rows1,
  normalize: rows1,
  normalize_grad: rows2,
  normalize_with: rows1,
  sum: reduction,
  mean: reduction,
  mark_non_finite: reduction,
};
