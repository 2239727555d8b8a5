// Checks gradients against central finite differences in double precision; public, because courses use it.

import { sizeOf } from '../core/shape.ts';
import type { Values } from '../core/dtype.ts';
import { evaluate } from '../cpu/oracle.ts';
import { inputTensor, type Tensor } from '../graph/tensor.ts';
import { gradients } from './gradients.ts';

export interface GradcheckResult {
  readonly passed: boolean;
  /** Over every element of every input: the largest |analytic − numeric| / (absoluteTolerance + relativeTolerance·|numeric|). */
  readonly worst: number;
  /** Where the worst element is. */
  readonly input: string;
  readonly index: number;
  readonly analytic: number;
  readonly numeric: number;
}

/**
 * Compares the gradients that autodiff builds for `f` with (L(x + h) − L(x − h)) / 2h, everything in double precision,
 * where L = Σ c·f(x) for fixed pseudo-random cotangents c. Kinks (ReLU at 0, ties of a maximum) must be 10 h away.
 * `most`: how many elements of each input are compared, spread over it; all unless given. Defaults: h = 1e-6, relative 1e-5, absolute 1e-7 (tighter than PyTorch's gradcheck).
 */
export function gradcheck(
  f: (inputs: Record<string, Tensor>) => Tensor,
  at: Record<string, { shape: readonly number[]; values: ArrayLike<number> }>,
  options: { h?: number; relativeTolerance?: number; absoluteTolerance?: number; most?: number } = {},
): GradcheckResult {
  const { h = 1e-6, relativeTolerance = 1e-5, absoluteTolerance = 1e-7, most = Infinity } = options;
  const names = Object.keys(at);
  const inputs = Object.fromEntries(names.map((name) => [name, inputTensor(name, at[name]!.shape)]));
  const values = new Map<Tensor, Values>(names.map((name) => [inputs[name]!, Float64Array.from(at[name]!.values)]));

  const y = f(inputs);
  const cotangent = Float64Array.from({ length: sizeOf(y.shape) }, (_, i) => Math.sin(1.7 * i + 1) + 0.3);
  const seed = inputTensor('cotangent', y.shape);
  const symbolic = gradients(
    y,
    names.map((name) => inputs[name]!),
    seed,
  );
  const analytic = evaluate(symbolic, new Map([...values, [seed, cotangent]]));
  const loss = () => {
    const [result] = evaluate([y], values);
    let sum = 0;
    for (let i = 0; i < cotangent.length; i++) sum += cotangent[i]! * result![i]!;
    return sum;
  };

  let worst: GradcheckResult = { passed: true, worst: 0, input: names[0] ?? '', index: 0, analytic: 0, numeric: 0 };
  names.forEach((name, n) => {
    const x = values.get(inputs[name]!)!;
    const count = Math.min(most, x.length);
    for (let i = 0; i < count; i++) {
      const index = Math.floor((i * x.length) / count);
      const original = x[index]!;
      x[index] = original + h;
      const above = loss();
      x[index] = original - h;
      const below = loss();
      x[index] = original;
      const numeric = (above - below) / (2 * h);
      const computed = analytic[n]![index]!;
      const error = Math.abs(computed - numeric) / (absoluteTolerance + relativeTolerance * Math.abs(numeric));
      if (!(error <= worst.worst)) {
        worst = { passed: error <= 1, worst: error, input: name, index, analytic: computed, numeric };
      }
    }
  });
  return worst;
}
