// Activations beside the classic ones of unary.ts: rows of the same table.

import { checkOptions, OptionError } from '../core/errors.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';
import { minimum, mul, type Operand, pair } from './binary.ts';
import { binaryOp, type ElementwiseAttrs, type ElementwiseOp, exact, internal, near, ulp } from './binary_row.ts';
import { call, number, unaryOp, type UnaryRow } from './unary_row.ts';

interface Row extends Omit<UnaryRow, 'grad'> {
  /** Of dy (a) and x (b), or y where `fromY`. */
  readonly slope: {
    readonly wgsl: string;
    reference(dy: number, other: number, p: number, q: number): number;
    readonly fromY?: true;
    readonly exact?: true;
  };
}

/** The function's op and its gradient's. */
function withSlope({ slope, ...row }: Row): readonly [ElementwiseOp, ElementwiseOp] {
  const { parameters = [], sampled } = row;
  const gradient = internal({
    name: `${row.name}_grad`,
    wgsl: slope.wgsl,
    reference: slope.reference,
    parameters,
    sampled,
    accuracy: slope.exact ? exact : near(2e-6, 2e-6),
    flops: row.flops ?? 2,
  });
  const grad: UnaryRow['grad'] = ({ dy, x, y, attrs }) => applyOne(gradient, [dy, slope.fromY ? y : x], attrs);
  return [unaryOp({ ...row, grad }), gradient];
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const clamp = (x: number, least: number, most: number) => Math.min(Math.max(x, least), most);

// Far out and near 0, but no kink, so that gradients can be checked at them too.
const ends = [-120, -89, -20, -9, -1e-3, 1e-3, 9, 20, 89, 120, -0.26, 0.4, 2.9, 3.1, -3.1, -2.9];

const celuOps = withSlope({
  name: 'celu',
  wgsl: 'select(p * expm1(x / p), x, x > 0.0)',
  reference: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x / alpha)),
  slope: {
    wgsl: 'select(a * (b / p + 1.0), a, b > 0.0)',
    reference: (dy, y, alpha) => (y > 0 ? dy : dy * (y / alpha + 1)),
    fromY: true,
  },
  accuracy: near(1e-30, 3e-6),
  parameters: ['alpha'],
  sampled: [[1], [2], [0.5]],
  values: ends,
  flops: 14,
  exponentials: 1,
});
const hardSigmoidOps = withSlope({
  name: 'hard_sigmoid',
  wgsl: 'clamp(p * x + q, 0.0, 1.0)',
  reference: (x, alpha, beta) => clamp(alpha * x + beta, 0, 1),
  slope: {
    wgsl: 'select(0.0, p * a, b > 0.0 && b < 1.0)',
    reference: (dy, y, alpha) => (y > 0 && y < 1 ? alpha * dy : 0),
    fromY: true,
  },
  accuracy: near(2e-7, 2e-7),
  parameters: ['alpha', 'beta'],
  sampled: [
    [Math.fround(1 / 6), 0.5],
    [0.25, 0.375],
    ...[-0.75, 0, 0.5].flatMap((alpha) => [-0.25, 0, 0.5].map((beta) => [alpha, beta])),
  ],
  values: ends,
  flops: 2,
});
const hardSwishOps = withSlope({
  name: 'hard_swish',
  wgsl: 'x * clamp(x * 0.16666667 + 0.5, 0.0, 1.0)',
  reference: (x) => x * clamp(x / 6 + 0.5, 0, 1),
  slope: {
    wgsl: 'a * select(select(0.0, b * 0.33333334 + 0.5, b > -3.0), 1.0, b >= 3.0)',
    reference: (dy, x) => dy * (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5),
  },
  accuracy: near(4e-7, 2e-7),
  values: ends,
  flops: 4,
});
const hardTanhOps = withSlope({
  name: 'hard_tanh',
  wgsl: 'clamp(x, p, q)',
  reference: clamp,
  slope: {
    wgsl: 'select(0.0, a, b > p && b < q)',
    reference: (dy, y, min, max) => (y > min && y < max ? dy : 0),
    fromY: true,
    exact: true,
  },
  accuracy: exact,
  parameters: ['min', 'max'],
  sampled: [
    [-1, 1],
    [0, 6],
    [-1, -0.5],
    [-1, 0],
    [0, 0],
    [0.25, 0.5],
  ],
  values: ends,
  kinks: [-1, 1, 0, 6],
});
const mishOps = withSlope({
  name: 'mish',
  wgsl: 'mish(x)',
  reference: (x) => {
    const n = Math.exp(Math.min(x, 40));
    return (x * (n * (n + 2))) / (n * (n + 2) + 2);
  },
  slope: {
    wgsl: 'a * mish_slope(b)',
    reference: (dy, x) => {
      const n = Math.exp(Math.min(x, 40));
      const m = n * (n + 2);
      return dy * (m / (m + 2) + (x * 4 * (m + 1) * logistic(x)) / (m + 2) ** 2);
    },
  },
  accuracy: near(1e-30, 2e-6),
  values: ends,
  flops: 16,
  exponentials: 1,
});
const softsignOps = withSlope({
  name: 'softsign',
  wgsl: 'x / (1.0 + abs(x))',
  reference: (x) => x / (1 + Math.abs(x)),
  slope: {
    wgsl: 'a / (1.0 + abs(b)) / (1.0 + abs(b))',
    reference: (dy, x) => dy / (1 + Math.abs(x)) ** 2,
  },
  accuracy: ulp(5),
  values: ends,
  flops: 3,
});
const thresholdedReluOps = withSlope({
  name: 'thresholded_relu',
  wgsl: 'select(0.0, x, x > p)',
  reference: (x, theta) => (x > theta ? x : 0),
  slope: {
    wgsl: 'select(0.0, a, b > p)',
    reference: (dy, x, theta) => (x > theta ? dy : 0),
    exact: true,
  },
  accuracy: exact,
  parameters: ['theta'],
  sampled: [[1], [-0.25], [0]],
  kinks: [1, 0.5, 1.5, -1],
});
const shrinkOps = withSlope({
  name: 'shrink',
  wgsl: 'select(select(0.0, x + q, x < -p), x - q, x > p)',
  reference: (x, lambda, bias) => (x < -lambda ? x + bias : x > lambda ? x - bias : 0),
  slope: {
    wgsl: 'select(0.0, a, abs(b) > p)',
    reference: (dy, x, lambda) => (Math.abs(x) > lambda ? dy : 0),
    exact: true,
  },
  accuracy: ulp(1),
  parameters: ['lambda', 'bias'],
  sampled: [
    [0.5, 0],
    [0.75, 0.75],
    [0.5, -0.25],
    [0, 0],
    [0, 0.5],
    [0, -0.5],
  ],
  kinks: [0.5, -0.5, 0.75, -0.25, 2],
});
const logSigmoidOps = withSlope({
  name: 'log_sigmoid',
  wgsl: '-softplus(-x)',
  reference: (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
  slope: { wgsl: 'a * sigmoid(-b)', reference: (dy, x) => dy * logistic(-x) },
  accuracy: near(1.5e-6, 5e-7),
  values: ends,
  flops: 20,
  exponentials: 2,
});

const preluSlopeOp = internal({
  name: 'prelu_slope',
  wgsl: 'select(b, 1.0, a > 0.0)',
  reference: (x, slope) => (x > 0 ? 1 : slope),
  accuracy: exact,
});
const preluOp = binaryOp({
  name: 'prelu',
  wgsl: 'select(a * b, a, a > 0.0)',
  reference: (x, slope) => (x > 0 ? x : slope * x),
  grad: [({ dy, a, b }) => mul(dy, pair(preluSlopeOp, a, b)), ({ dy, a }) => mul(dy, minimum(a, 0))],
  accuracy: ulp(1),
});

export const rectifierOps: readonly ElementwiseOp[] = [
  celuOps,
  hardSigmoidOps,
  hardSwishOps,
  hardTanhOps,
  mishOps,
  softsignOps,
  thresholdedReluOps,
  shrinkOps,
  logSigmoidOps,
  [preluSlopeOp, preluOp],
].flat();

// Each of these takes an f32 tensor of any shape and gives the same shape; another dtype is a ShapeError, an option that
// is unknown or not finite an OptionError.

/** x where x > 0, else alpha·(e^(x / alpha) − 1). Default 1 (Barron 2017, PyTorch); an OptionError unless above 0. */
export function celu(x: Tensor, options: { alpha?: number } = {}): Tensor {
  checkOptions('celu', options, ['alpha']);
  const alpha = number('celu', 'alpha', options.alpha ?? 1);
  if (alpha <= 0) throw new OptionError(`celu: alpha is ${alpha}, expected a number above 0`);
  return call(celuOps[0], x, { alpha });
}

/** alpha·x + beta held between 0 and 1, where its gradient is 0. Defaults 1/6 and 1/2 (PyTorch, Keras 3). */
export function hardSigmoid(x: Tensor, options: { alpha?: number; beta?: number } = {}): Tensor {
  checkOptions('hardSigmoid', options, ['alpha', 'beta']);
  return call(hardSigmoidOps[0], x, {
    alpha: number('hardSigmoid', 'alpha', options.alpha ?? 1 / 6),
    beta: number('hardSigmoid', 'beta', options.beta ?? 0.5),
  });
}

/** x·hardSigmoid(x) (Howard et al. 2019); its slope is 0 at −3 and 1 at 3. */
export const hardSwish = (x: Tensor): Tensor => call(hardSwishOps[0], x);

/** x held between min and max, −1 and 1 unless given; the gradient is 0 from the bounds on. OptionError: min > max. */
export function hardTanh(x: Tensor, options: { min?: number; max?: number } = {}): Tensor {
  checkOptions('hardTanh', options, ['min', 'max']);
  const attrs: ElementwiseAttrs = {
    min: number('hardTanh', 'min', options.min ?? -1),
    max: number('hardTanh', 'max', options.max ?? 1),
  };
  if (attrs['min']! <= attrs['max']!) return call(hardTanhOps[0], x, attrs);
  throw new OptionError(`hardTanh: min is ${options.min} and max ${options.max}, expected min to be at most max`);
}

/** min(max(x, 0), 6), with gradient 0 at both bounds. */
export const relu6 = (x: Tensor): Tensor => call(hardTanhOps[0], x, { min: 0, max: 6 });

/** x·tanh(log(1 + eˣ)) (Misra 2019) */
export const mish = (x: Tensor): Tensor => call(mishOps[0], x);

/** x / (1 + |x|) */
export const softsign = (x: Tensor): Tensor => call(softsignOps[0], x);

/** x where x > theta, else 0. Default 1 (Konda et al. 2014, ONNX). */
export function thresholdedRelu(x: Tensor, options: { theta?: number } = {}): Tensor {
  checkOptions('thresholdedRelu', options, ['theta']);
  return call(thresholdedReluOps[0], x, { theta: number('thresholdedRelu', 'theta', options.theta ?? 1) });
}

/**
 * x + bias where x < −lambda, x − bias where x > lambda, else 0: hard shrinkage with the default bias 0, soft shrinkage
 * where bias is lambda. lambda is 0.5 unless given (ONNX, PyTorch); an OptionError where it is below 0.
 */
export function shrink(x: Tensor, options: { lambda?: number; bias?: number } = {}): Tensor {
  checkOptions('shrink', options, ['lambda', 'bias']);
  return call(shrinkOps[0], x, {
    lambda: number('shrink', 'lambda', options.lambda ?? 0.5, 0),
    bias: number('shrink', 'bias', options.bias ?? 0),
  });
}

/** log(1 / (1 + e⁻ˣ)) = −softplus(−x), which keeps its digits where sigmoid would round to 0 or 1. */
export const logSigmoid = (x: Tensor): Tensor => call(logSigmoidOps[0], x);

/** x where x > 0, else slope·x, for a learned slope that broadcasts to x (He et al. 2015); at 0 the gradient is slope. */
export const prelu = (x: Operand, slope: Operand): Tensor => pair(preluOp, x, slope);
