// Numbers that tell the places of a sequence apart.

import { checkOptions, OptionError } from '../core/errors.ts';
import { constantTensor, type Tensor } from '../graph/tensor.ts';

/**
 * [length, size] of sin(p / w^(2i / size)) in column 2i and cos of the same in column 2i + 1, for place p and w =
 * `maxWavelength` (10000 unless given; Vaswani et al. 2017, section 3.5). Computed on the host in double precision, since
 * shaders' sin and cos may err by 2⁻¹¹. OptionError: lengths that are no positive integers, w not above 1.
 */
export function sinusoidalEncoding(
  length: number,
  size: number,
  options: { readonly maxWavelength?: number } = {},
): Tensor {
  checkOptions('sinusoidalEncoding', options, ['maxWavelength']);
  const { maxWavelength = 10000 } = options;
  for (const [name, value] of Object.entries({ length, size })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new OptionError(`sinusoidalEncoding: ${name} is ${value}, expected a positive integer`);
    }
  }
  if (!(maxWavelength > 1 && Number.isFinite(maxWavelength))) {
    throw new OptionError(`sinusoidalEncoding: maxWavelength is ${maxWavelength}, expected a number above 1`);
  }
  const table = new Float32Array(length * size);
  for (let p = 0; p < length; p++) {
    for (let c = 0; c < size; c++) {
      const angle = p / maxWavelength ** ((c - (c % 2)) / size);
      table[p * size + c] = c % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return constantTensor(table, [length, size], 'f32');
}
