// Channels moved into space and back, a block of pixels at a time.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { format } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { reshape } from './reshape.ts';
import { transpose } from './transpose.ts';
import { imageShape } from './window.ts';

export interface BlockOptions {
  /** b: a block is b × b pixels. */
  readonly blockSize: number;
  /**
   * Which of the C·b² channels are pixel (i, j) of a block's channel c: 'blocks', (i·b + j)·C + c (TensorFlow, and unless
   * given), or 'channels', c·b² + i·b + j (PyTorch's pixel shuffle).
   */
  readonly order?: 'blocks' | 'channels';
}

function checkBlock(where: string, options: BlockOptions): { b: number; blocks: boolean } {
  checkOptions(where, options, ['blockSize', 'order']);
  const { blockSize: b, order = 'blocks' } = options;
  if (!Number.isInteger(b) || b < 1) throw new OptionError(`${where}: blockSize is ${b}, expected a positive integer`);
  if (order !== 'blocks' && order !== 'channels') {
    throw new OptionError(`${where}: unknown order '${String(order)}'; known: blocks, channels`);
  }
  return { b, blocks: order === 'blocks' };
}

/**
 * [N,H,W,C·b²] -> [N,H·b,W·b,C]: the channels of each pixel become a block of pixels. Any dtype but u8. ShapeError:
 * another rank, or channels that do not divide. OptionError: blockSize is no positive integer, an unknown order.
 */
export function depthToSpace(x: Tensor, options: BlockOptions): Tensor {
  const { b, blocks } = checkBlock('depthToSpace', options);
  const [n, h, w, channels] = imageShape('depthToSpace', 'x', x.shape);
  const c = channels / (b * b);
  if (!Number.isInteger(c)) {
    throw new ShapeError(`depthToSpace: x is ${format(x.shape)}, expected channels in multiples of ${b}² = ${b * b}`);
  }
  const apart = reshape(x, blocks ? [n, h, w, b, b, c] : [n, h, w, c, b, b]);
  return reshape(transpose(apart, blocks ? [0, 1, 3, 2, 4, 5] : [0, 1, 4, 2, 5, 3]), [n, h * b, w * b, c]);
}

/** [N,H·b,W·b,C] -> [N,H,W,C·b²]: the way back from `depthToSpace`. ShapeError also where b does not divide H or W. */
export function spaceToDepth(x: Tensor, options: BlockOptions): Tensor {
  const { b, blocks } = checkBlock('spaceToDepth', options);
  const [n, height, width, c] = imageShape('spaceToDepth', 'x', x.shape);
  const [h, w] = [height / b, width / b];
  if (!Number.isInteger(h) || !Number.isInteger(w)) {
    throw new ShapeError(`spaceToDepth: x is ${format(x.shape)}, expected H and W in multiples of ${b}`);
  }
  const apart = transpose(reshape(x, [n, h, b, w, b, c]), blocks ? [0, 1, 3, 2, 4, 5] : [0, 1, 3, 5, 2, 4]);
  return reshape(apart, [n, h, w, c * b * b]);
}
