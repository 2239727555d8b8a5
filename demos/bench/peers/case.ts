// Each piece of work as one of Retrograd's ops.

import { shapedCase, type Case } from '../core/cases.ts';
import type { Work } from './work.ts';

/** The op, and the names of the work's inputs in its order. */
export function caseOf({ kind, inputs }: Work): { one: Case; names: readonly string[] } {
  const size = (shape: readonly number[]) => shape.join('x');
  const convolution = '32x28x28x32,k3,f64,same';
  switch (kind) {
    case 'matmul': {
      const { a, b } = inputs as Record<'a' | 'b', readonly number[]>;
      return { one: shapedCase('matmul', size([...a, b[1]!]), null), names: ['a', 'b'] };
    }
    case 'conv':
      return { one: shapedCase('conv2d', convolution, null), names: ['x', 'w'] };
    case 'conv_grad_input':
      return { one: shapedCase('conv2d_grad_input', convolution, null), names: ['dy', 'w'] };
    case 'conv_grad_filter':
      return { one: shapedCase('conv2d_grad_filter', convolution, null), names: ['x', 'dy'] };
    case 'softmax':
      return { one: shapedCase('softmax', size(inputs['x']!), null), names: ['x'] };
    case 'max_pool':
      return { one: shapedCase('max_pool_2d', size(inputs['x']!), null), names: ['x'] };
    case 'max_pool_grad':
      return { one: shapedCase('max_pool_2d_grad', size(inputs['x']!), null), names: ['dy', 'x'] };
    case 'step':
      throw new Error('a step is no operation');
  }
}
