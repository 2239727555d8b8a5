// Gradients of many elements against finite differences along random directions, where a difference for each element would
// cost too much.

import { gradients } from '../../src/autodiff/gradients.ts';
import type { Values } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { generator } from './table.ts';

export interface Slope {
  /** ∇L·v by autodiff. */
  readonly analytic: number;
  /** (L(x + h·v) − L(x − h·v)) / 2h. */
  readonly numeric: number;
  /** How far apart the two may be. */
  readonly bound: number;
}

/**
 * The slope of L = Σ c·f(x), for fixed pseudo-random c, along `directions` random directions v of ones and minus ones.
 *
 * The difference D(h) has two errors. Truncation is h²·L‴/6 and more; D(2h) − D(h) is three times that, so that it bounds the
 * one of D(h) with a factor to spare. Rounding: each of the values that L adds is wrong by at most (4 + √K/2)·u·m, as for
 * kernels but with u = 2⁻⁵³, where m is the sum of its K terms' magnitudes (`magnitudes`, `terms`); L adds them with
 * Neumaier's compensation, which leaves 2u of the whole. Two values of L, divided by 2h, err by (6 + √K/2)·u·Σ|c|·m / h. The
 * step itself is exact: x is of f32 and h a power of two.
 */
export function slopesAlong(
  f: (inputs: Record<string, Tensor>) => Tensor,
  at: Record<string, { shape: readonly number[]; values: ArrayLike<number> }>,
  { directions, h, magnitudes, terms }: { directions: number; h: number; magnitudes: ArrayLike<number>; terms: number },
): Slope[] {
  const names = Object.keys(at);
  const inputs = Object.fromEntries(names.map((name) => [name, inputTensor(name, at[name]!.shape)]));
  const x = names.map((name) => Float64Array.from(at[name]!.values));
  const fed = (values: readonly Values[]) => new Map(names.map((name, i) => [inputs[name]!, values[i]!]));

  const y = f(inputs);
  const c = Float64Array.from({ length: sizeOf(y.shape) }, (_, i) => Math.sin(1.7 * i + 1) + 0.3);
  const seed = inputTensor('cotangent', y.shape);
  const wanted = gradients(
    y,
    names.map((name) => inputs[name]!),
    seed,
  );
  const slopes = evaluate(wanted, new Map([...fed(x), [seed, c]]));
  const weight = compensated(c, magnitudes, Math.abs);
  const rounding = ((6 + Math.sqrt(terms) / 2) * 2 ** -53 * weight) / h;

  return Array.from({ length: directions }, (_, d): Slope => {
    const random = generator(1000 + d);
    const v = x.map((values) => Float64Array.from(values, () => (random() < 0.5 ? -1 : 1)));
    const loss = (step: number): number => {
      const moved = x.map((values, i) => values.map((value, k) => value + step * v[i]![k]!));
      return compensated(c, evaluate([y], fed(moved))[0]!);
    };
    const difference = (step: number) => (loss(step) - loss(-step)) / (2 * step);
    const numeric = difference(h);
    return {
      analytic: slopes.reduce((sum, gradient, i) => sum + compensated(gradient, v[i]!), 0),
      numeric,
      bound: Math.abs(difference(2 * h) - numeric) + rounding,
    };
  });
}

/** Σ a·b in order, with what each addition loses added at the end (Neumaier 1974). */
function compensated(a: ArrayLike<number>, b: ArrayLike<number>, of: (x: number) => number = (value) => value): number {
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < a.length; i++) {
    const term = of(a[i]! * b[i]!);
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  return sum + lost;
}
