// A convolution computed from what `explain` says of it and nothing else.

import { flatIndex, indicesOf } from '../../src/ops/explain_map.ts';
import type { ConvExplanation, TransposedConvExplanation } from '../../src/ops/explain_types.ts';

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
