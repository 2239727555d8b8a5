// Circular and hyperbolic functions and their inverses, as rows of the table of unary.ts.

import type { Tensor } from '../graph/tensor.ts';
import { applyOne } from '../graph/tensor.ts';
import { type ElementwiseOp, internal, near, ulp } from './binary_row.ts';
import { call, unaryOp, type UnaryRow } from './unary_row.ts';

interface Row extends Omit<UnaryRow, 'grad'> {
  /** Of dy (a) and x (b), or y where `fromY`. */
  readonly slope: { readonly wgsl: string; reference(dy: number, other: number): number; readonly fromY?: true };
}

/** The function's op and its gradient's. */
function pair({ slope, ...row }: Row): readonly [ElementwiseOp, ElementwiseOp] {
  const gradient = internal({
    name: `${row.name}_grad`,
    wgsl: slope.wgsl,
    reference: slope.reference,
    fills: ['normal', row.fill ?? 'normal'],
    accuracy: near(1e-6, 2e-6),
    flops: 8,
  });
  const grad: UnaryRow['grad'] = ({ dy, x, y }) => applyOne(gradient, [dy, slope.fromY ? y : x], {});
  return [unaryOp({ flops: 16, ...row, grad }), gradient];
}

const inside = [-0.97, -0.75, -0.5001, -0.4999, -0.25, -1e-3, 1e-20, 0.001, 0.3, 0.4999, 0.5001, 0.9, 0.98];
const wide = [-80, -20, -3, -1.001, -0.999, -0.4999, -1e-3, 0, 1e-20, 0.4143, 0.4142, 0.5001, 1.5, 2.4141, 2.4143, 50];
const unit = { values: inside } as const;
const above1 = { values: [1.001, 1.25, 1.4999, 1.5001, 2, 7.5, 100, 1.01] } as const;

const tanOps = pair({
  name: 'tan',
  wgsl: 'tan_of(x)',
  reference: Math.tan,
  slope: { wgsl: 'a * (1.0 + b * b)', reference: (dy, y) => dy * (1 + y * y), fromY: true },
  accuracy: ulp(4),
  fill: unit,
  values: [-100, -4.5, -3, -1.5, 0, 1e-20, 0.7853, 0.7855, 1.3, 3.1416, 6.2832],
  kinks: [21999384576, 7.729178919452902e28, -3e38, 12345.678, -1e5, 252.89820861816406, 4.71238899230957],
});
const asinOps = pair({
  name: 'asin',
  wgsl: 'asin_of(x)',
  reference: Math.asin,
  slope: {
    wgsl: 'a * inverseSqrt((1.0 - b) * (1.0 + b))',
    reference: (dy, x) => dy / Math.sqrt((1 - x) * (1 + x)),
  },
  accuracy: ulp(4),
  fill: unit,
  kinks: [-1, 1, 0.9999, -0.999, 0.99999994],
});
const acosOps = pair({
  name: 'acos',
  wgsl: 'acos_of(x)',
  reference: Math.acos,
  slope: {
    wgsl: '-a * inverseSqrt((1.0 - b) * (1.0 + b))',
    reference: (dy, x) => -dy / Math.sqrt((1 - x) * (1 + x)),
  },
  accuracy: ulp(4),
  fill: unit,
  kinks: [-1, 1, 0.9999, -0.999, 0.99999994],
});
const atanOps = pair({
  name: 'atan',
  wgsl: 'atan_of(x)',
  reference: Math.atan,
  slope: { wgsl: 'a / (1.0 + min(b * b, 3e38))', reference: (dy, x) => dy / (1 + x * x) },
  accuracy: ulp(4),
  values: wide,
});
const sinhOps = pair({
  name: 'sinh',
  wgsl: 'sinh_of(x)',
  reference: Math.sinh,
  slope: { wgsl: 'a * cosh_of(b)', reference: (dy, x) => dy * Math.cosh(x) },
  accuracy: ulp(5),
  values: inside,
});
const coshOps = pair({
  name: 'cosh',
  wgsl: 'cosh_of(x)',
  reference: Math.cosh,
  slope: { wgsl: 'a * sinh_of(b)', reference: (dy, x) => dy * Math.sinh(x) },
  accuracy: ulp(5),
  values: inside,
});
const asinhOps = pair({
  name: 'asinh',
  wgsl: 'asinh_of(x)',
  reference: Math.asinh,
  slope: {
    wgsl: 'a * asinh_slope(b)',
    reference: (dy, x) => dy / Math.sqrt(1 + x * x),
  },
  accuracy: ulp(5),
  values: [...wide, 1499, 1501, 1e30],
});
const acoshOps = pair({
  name: 'acosh',
  wgsl: 'acosh_of(x)',
  reference: Math.acosh,
  slope: {
    wgsl: 'a / (sqrt(b - 1.0) * sqrt(b + 1.0))',
    reference: (dy, x) => dy / Math.sqrt((x - 1) * (x + 1)),
  },
  accuracy: ulp(5),
  fill: above1,
  values: [1.0625, 1.5, 3, 1499, 1502],
});
const atanhOps = pair({
  name: 'atanh',
  wgsl: 'atanh_of(x)',
  reference: Math.atanh,
  slope: { wgsl: 'a / ((1.0 - b) * (1.0 + b))', reference: (dy, x) => dy / ((1 - x) * (1 + x)) },
  accuracy: ulp(5),
  fill: unit,
  kinks: [0.9999, -0.999, 0.99999994],
});

export const trigonometryOps: readonly ElementwiseOp[] = [
  tanOps,
  asinOps,
  acosOps,
  atanOps,
  sinhOps,
  coshOps,
  asinhOps,
  acoshOps,
  atanhOps,
].flat();

// Each of these takes an f32 tensor of any shape and gives the same shape; another dtype is a ShapeError.

/** tan x, of every finite x to a few units in the last place. */
export const tan = (x: Tensor): Tensor => call(tanOps[0], x);
/** The angle in [−π/2, π/2] whose sine is x, for −1 ≤ x ≤ 1; the gradient at ±1 is not defined. */
export const asin = (x: Tensor): Tensor => call(asinOps[0], x);
/** The angle in [0, π] whose cosine is x, for −1 ≤ x ≤ 1; the gradient at ±1 is not defined. */
export const acos = (x: Tensor): Tensor => call(acosOps[0], x);
/** The angle in (−π/2, π/2) whose tangent is x. */
export const atan = (x: Tensor): Tensor => call(atanOps[0], x);
/** (eˣ − e⁻ˣ) / 2; f32 overflows from 89.4 on. */
export const sinh = (x: Tensor): Tensor => call(sinhOps[0], x);
/** (eˣ + e⁻ˣ) / 2; f32 overflows from 89.4 on. */
export const cosh = (x: Tensor): Tensor => call(coshOps[0], x);
/** log(x + √(x² + 1)) */
export const asinh = (x: Tensor): Tensor => call(asinhOps[0], x);
/** log(x + √(x² − 1)), for x ≥ 1; the gradient at 1 is not defined. */
export const acosh = (x: Tensor): Tensor => call(acoshOps[0], x);
/** log((1 + x) / (1 − x)) / 2, for −1 < x < 1. */
export const atanh = (x: Tensor): Tensor => call(atanhOps[0], x);
