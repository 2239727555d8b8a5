// How FLOPs are counted, from sizes of the true output: what each op's `cost` in src/ops computes, as a formula.

const rowsTimes = (count: number): string => `${count} · size(x)`;

const formulas: Readonly<Record<string, string>> = {
  matmul: '2 · M · N · K',
  conv2d: '2 · kH · kW · C_in · C_out · N · oH · oW',
  conv2d_grad_input: '2 · kH · kW · C_in · C_out · N · oH · oW',
  conv2d_grad_filter: '2 · kH · kW · C_in · C_out · N · oH · oW',
  max_pool_2d: 'kH · kW · size(y)',
  max_pool_2d_grad: 'kH · kW · size(dy)',
  softmax: rowsTimes(10),
  softmax_grad: rowsTimes(5),
  sum: rowsTimes(1),
  max: rowsTimes(1),
  normalize: rowsTimes(9),
  normalize_grad: rowsTimes(14),
  adam: '17 · size(w)',
  multiply_add: '2 · 64 · iterations · threads',
};

/** Of the op without its storage; null where the count is a number of each op alone. */
export const formulaOf = (op: string): string | null => formulas[op.replace(/_f16$/, '')] ?? null;
