// A convolution or pool computed from what `explain` says of it and nothing else.

import { flatIndex, indicesOf } from '../../src/ops/explain_map.ts';
import type { ConvExplanation, PoolExplanation, TransposedConvExplanation } from '../../src/ops/explain_types.ts';

type Values = ArrayLike<number>;

export function rebuild(made: ConvExplanation | TransposedConvExplanation) {
  const { inputShape, outputShape, weightShape } = made;
  const at = (values: Values, index: readonly number[], shape: readonly number[]) => values[flatIndex(index, shape)]!;
  const all = (shape: readonly number[], sum: (index: number[]) => number) =>
    Float64Array.from(indicesOf(shape).map(sum));
  return {
    y: (x: Values, w: Values) =>
      all(outputShape, (output) =>
        made.terms(output).reduce((sum, { input, weight }) => {
          return input ? sum + at(x, input, inputShape) * at(w, weight, weightShape) : sum;
        }, 0),
      ),
    dx: (dy: Values, w: Values) =>
      all(inputShape, (input) =>
        made.inputPairs(input).reduce((sum, { output, weight }) => {
          return output ? sum + at(dy, output, outputShape) * at(w, weight, weightShape) : sum;
        }, 0),
      ),
    dw: (x: Values, dy: Values) =>
      all(weightShape, (weight) =>
        made
          .weightPairs(weight)
          .reduce((sum, { input, output }) => sum + at(x, input, inputShape) * at(dy, output, outputShape), 0),
      ),
  };
}

/** Small whole numbers, whose products and sums f32 holds exactly. */
export function integers(shape: readonly number[], seed: number): Float64Array {
  let state = seed * 2654435761;
  return Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state % 7919) % 9) - 4;
  });
}

/** A pool likewise; a maximum's gradient goes to the first largest term. */
export function rebuildPool(made: PoolExplanation) {
  const { inputShape, outputShape } = made;
  const inside = (output: readonly number[]) =>
    made.terms(output).flatMap(({ input }) => (input ? [flatIndex(input, inputShape)] : []));
  const first = (x: Values, output: readonly number[]) =>
    inside(output).reduce((best, at) => (x[at]! > x[best]! ? at : best));
  const largest = made.op.startsWith('max');
  return {
    y: (x: Values) =>
      Float64Array.from(indicesOf(outputShape), (output) =>
        largest ? x[first(x, output)]! : inside(output).reduce((sum, at) => sum + x[at]!, 0) / made.divisor(output),
      ),
    dx: (x: Values, dy: Values) =>
      Float64Array.from(indicesOf(inputShape), (input, at) =>
        made.inputPairs(input).reduce((sum, { output }) => {
          if (largest && first(x, output) !== at) return sum;
          return sum + dy[flatIndex(output, outputShape)]! / made.divisor(output);
        }, 0),
      ),
  };
}
