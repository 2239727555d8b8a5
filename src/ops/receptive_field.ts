// What part of the first input an element of the last output depends on.

import { OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, type Shape } from '../core/shape.ts';
import type { ReceptiveField } from './explain_types.ts';
import type { WindowSteps } from './size_steps.ts';

/** As much of `explain`'s convolutions and pools as is needed here. */
export interface Windowed {
  readonly axes: readonly Pick<WindowSteps, 'effectiveKernel' | 'stride' | 'padBefore'>[];
  readonly inputShape?: Shape;
  readonly outputShape?: Shape;
}

/**
 * The receptive field of a stack of convolutions and pools, the first layer first, along each axis: with
 * e = d·(k − 1) + 1 of each layer in turn size += (e − 1)·jump, start −= padBefore·jump, jump *= stride, from
 * size 1, jump 1, start 0 (Araujo et al., Computing Receptive Fields of Convolutional Neural Networks, Distill 2019).
 * OptionError: an empty stack or other ranks; ShapeError: layers that do not follow one another.
 */
export function receptiveField(stack: readonly Windowed[]): ReceptiveField[] {
  if (stack.length === 0) throw new OptionError('receptiveField: the stack is empty, expected a convolution or pool');
  let fields = stack[0]!.axes.map((): ReceptiveField => ({ size: 1, jump: 1, start: 0 }));
  stack.forEach(({ axes, inputShape }, i) => {
    const before = stack[i - 1]?.outputShape;
    if (axes.length !== fields.length) {
      throw new OptionError(`receptiveField: layer ${i + 1} has ${axes.length} axes, expected ${fields.length}`);
    }
    if (before && inputShape && !equal(before, inputShape)) {
      throw new ShapeError(
        `receptiveField: layer ${i + 1} takes ${format(inputShape)}, the layer before it gives ${format(before)}`,
      );
    }
    fields = fields.map(({ size, jump, start }, axis) => {
      const { effectiveKernel, stride, padBefore } = axes[axis]!;
      return { size: size + (effectiveKernel - 1) * jump, jump: jump * stride, start: start - padBefore * jump };
    });
  });
  return fields;
}
