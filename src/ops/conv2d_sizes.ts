// The attributes of the implicit convolution ops and the sizes their loops and kernels need.

import type { EpilogueAttrs } from './epilogue.ts';
import type { Window2d } from './window.ts';

export interface Conv2dAttrs extends EpilogueAttrs {
  readonly window: Window2d;
}

export interface Conv2dGradAttrs {
  readonly window: Window2d;
  /** [N, H, W, C] of the convolution's input. */
  readonly inputShape: readonly [number, number, number, number];
}

/** Forward of a transposed convolution is the input's gradient of an ordinary one, so either may have bias and activation. */
export interface Conv2dGradInputAttrs extends Conv2dGradAttrs, EpilogueAttrs {}

/** Letters as in the README: N batch, H W C image, KH KW window, OH OW output, OC output channels. */
export interface ConvSizes {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly kh: number;
  readonly kw: number;
  readonly oh: number;
  readonly ow: number;
  readonly oc: number;
}

export function convSizes(inputShape: readonly number[], window: Window2d, oc: number): ConvSizes {
  const [n, h, w, c] = inputShape as [number, number, number, number];
  const [kh, kw] = window.kernel;
  const [oh, ow] = window.output;
  return { n, h, w, c, kh, kw, oh, ow, oc };
}
