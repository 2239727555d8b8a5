// Shapes and options that the gated recurrent unit and its gradient are tested on.

import type { Sample } from '../graph/op.ts';
import type { GruAttrs, GruGradAttrs } from './gru_grad.ts';
import { gateFill, kernelInput, maskInput, walks } from './recurrent_steps.ts';

/** Every order of steps with every masking, both resets, with and without bias; sizes of one, odd, multiples of four. */
export function gruSamples(): Sample<GruAttrs>[] {
  const sizes = [
    [1, 1, 1],
    [2, 3, 3],
    [3, 4, 4],
    [5, 6, 8],
    [1, 3, 20],
  ] as const;
  const forms = [
    { resetAfter: true, bias: true },
    { resetAfter: false, bias: false },
    { resetAfter: true, bias: false },
  ];
  return walks([null, 'lengths', 'mask']).flatMap((walk, i) =>
    forms.flatMap((form, k) =>
      sizes
        .filter((_, j) => (k === 0 && walk.masking === null) || (i + j + k) % 2 === 0)
        .map(([N, T, U], j): Sample<GruAttrs> => ({
          inputs: [
            { shape: [N, T, 3 * U] },
            kernelInput(U, 3 * U),
            { shape: [N, U] },
            ...(form.bias ? [{ shape: [3 * U] }] : []),
            ...(walk.masking === null ? [] : [maskInput(walk, N, T, j + k)]),
          ],
          attrs: { ...walk, ...form },
        })),
    ),
  );
}

/** Every order of steps with every masking, both resets, with and without a gradient of the sequence. */
export function gruGradSamples(): Sample<GruGradAttrs>[] {
  const sizes = [
    [1, 1, 1],
    [2, 3, 3],
    [3, 4, 4],
    [5, 6, 8],
    [1, 3, 20],
  ] as const;
  return walks([null, 'lengths', 'mask']).flatMap((walk, i) =>
    [true, false].flatMap((resetAfter, k) =>
      [true, false].flatMap((sequence, l) =>
        sizes
          .filter((_, j) => (k + l === 0 && walk.masking === null) || (i + j + k + l) % 2 === 0)
          .map(([N, T, U]): Sample<GruGradAttrs> => ({
            inputs: [
              kernelInput(U, 3 * U),
              // Gates and states as they may be: within (0, 1).
              { shape: [N, T, 4 * U], fill: gateFill(N * T * 4 * U) },
              { shape: [N, T, U] },
              { shape: [N, U] },
              ...(sequence ? [{ shape: [N, T, U] }] : []),
              ...(walk.masking === null ? [] : [maskInput(walk, N, T, N)]),
            ],
            // The bias's own gradient is made of the others.
            attrs: { ...walk, resetAfter, bias: resetAfter && U !== 1 && U !== 8, sequence },
          })),
      ),
    ),
  );
}
