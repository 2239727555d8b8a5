// The planner's rules for products over im2col: convolutions that find their pixels in the image, and never write the
// im2col matrix.

import type { Call } from '../graph/tensor.ts';
import { conv2dGradFilterOp, conv2dGradInputOp, conv2dOp } from './conv2d.ts';
import type { Conv2dAttrs, Conv2dGradAttrs, Conv2dGradInputAttrs } from './conv2d_sizes.ts';
import { noEpilogue } from './epilogue.ts';
import { matmulOp } from './matmul.ts';
import type { MatmulAttrs } from './matmul_sizes.ts';
import type { Window2d } from './window.ts';

/** matmul(im2col(x), w) -> conv2d; matmul(im2col(x), dy, transposeA) -> conv2d_grad_filter. */
export function convolutionOver(columns: Call<Window2d>, product: Call): Call | null {
  if (product.op !== matmulOp || product.inputs.length !== 2) return null;
  const { transposeA, transposeB } = product.attrs as MatmulAttrs;
  if (transposeB) return null;
  const x = columns.inputs[0]!;
  const inputs = [x, product.inputs[1]!];
  const window = columns.attrs;
  if (!transposeA) {
    const attrs: Conv2dAttrs = { window, ...noEpilogue };
    return { op: conv2dOp, attrs, inputs, outputs: product.outputs };
  }
  const attrs: Conv2dGradAttrs = { window, inputShape: x.shape as Conv2dGradAttrs['inputShape'] };
  return { op: conv2dGradFilterOp, attrs, inputs, outputs: product.outputs };
}

/** col2im(matmul(dy, w, transposeB)) -> conv2d_grad_input. */
export function inputGradientOver(image: Call<Conv2dGradAttrs>, product: Call): Call | null {
  if (product.op !== matmulOp || product.inputs.length !== 2) return null;
  const { transposeA, transposeB } = product.attrs as MatmulAttrs;
  if (transposeA || !transposeB) return null;
  const attrs: Conv2dGradInputAttrs = { ...image.attrs, ...noEpilogue };
  return { op: conv2dGradInputOp, attrs, inputs: product.inputs, outputs: image.outputs };
}
