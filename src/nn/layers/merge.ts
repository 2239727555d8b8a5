// Layers that make one tensor of several of one shape: by an elementwise function.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { logicalOr } from '../../ops/logic.ts';
import { add as sum, maximum as larger, minimum as smaller, mul, sub } from '../../ops/binary.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { anyMask } from '../masking.ts';
import { callable } from '../symbolic.ts';

/** What is called on at least two inputs, or on exactly two. */
export function checkInputs(where: string, shapes: readonly Shape[], exactly?: 2): void {
  if (exactly ? shapes.length === exactly : shapes.length >= 2) return;
  throw new OptionError(
    `${where}: expected ${exactly ? 'two' : 'two or more'} inputs in an array, got ${shapes.length}`,
  );
}

/** The shape that examples of one rank stretch to, axes of length 1 as long as the others'. */
function commonShape(where: string, shapes: readonly Shape[]): Shape {
  const [first] = shapes;
  const fits = shapes.every(({ length }) => length === first!.length);
  const common = first!.map((_, axis) => Math.max(...shapes.map((shape) => shape[axis]!)));
  if (fits && shapes.every((shape) => shape.every((length, axis) => length === 1 || length === common[axis]))) {
    return common;
  }
  throw new ShapeError(
    `${where}: the inputs are ${shapes.map(format).join(' and ')}, expected one shape, or lengths of 1 in its place`,
  );
}

function merge(
  name: string,
  type: string,
  options: LayerOptions,
  join: (a: Tensor, b: Tensor) => Tensor,
  { exactly, scale = () => 1 }: { exactly?: 2; scale?: (count: number) => number } = {},
): Layer {
  checkOptions(name, options, layerOptions);
  return callable({
    type,
    kind: name,
    config: {},
    several: true,
    masking: anyMask,
    ...commonFields(name, options),
    build(inputShape, where, others = []) {
      const shapes = [inputShape, ...others];
      checkInputs(where, shapes, exactly);
      return { outputShape: commonShape(where, shapes), weights: {}, flopsPerSample: 0 };
    },
    apply(x, _weights, { masks, giveMask }, others = []) {
      // A step that one of them has is there (Keras); an input without a mask says nothing about padding.
      const known = [...new Set(masks.filter((mask) => mask !== null))];
      if (known.length > 0) giveMask(known.reduce((a, b) => logicalOr(a, b)));
      const joined = others.reduce(join, x);
      const factor = scale(1 + others.length);
      return factor === 1 ? joined : mul(joined, factor);
    },
  });
}

// Of inputs with masks of padding, the result has a step where one of them has it.

/**
 * a + b + … of two or more inputs of one shape; axes of length 1 stretch. As `add()([a, b])`: what a residual block ends
 * in. OptionError: fewer than two inputs. ShapeError: shapes that differ.
 */
export function add(options: LayerOptions = {}): Layer {
  return merge('add', 'Add', options, sum);
}

/** a − b of exactly two inputs; otherwise as `add`. */
export function subtract(options: LayerOptions = {}): Layer {
  return merge('subtract', 'Subtract', options, sub, { exactly: 2 });
}

/** a · b · … element by element; otherwise as `add`. */
export function multiply(options: LayerOptions = {}): Layer {
  return merge('multiply', 'Multiply', options, mul);
}

/** (a + b + …) / n of n inputs; otherwise as `add`. */
export function average(options: LayerOptions = {}): Layer {
  return merge('average', 'Average', options, sum, { scale: (count) => 1 / count });
}

/** The largest of the inputs, element by element; otherwise as `add`. */
export function maximum(options: LayerOptions = {}): Layer {
  return merge('maximum', 'Maximum', options, larger);
}

/** The smallest of the inputs, element by element; otherwise as `add`. */
export function minimum(options: LayerOptions = {}): Layer {
  return merge('minimum', 'Minimum', options, smaller);
}
