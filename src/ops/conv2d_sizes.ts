// The attributes of the implicit convolution ops and the sizes their loops and kernels need.

import type { EpilogueActivation } from './activations.ts';
import type { Window2d } from './window.ts';

export interface Conv2dAttrs {
  readonly window: Window2d;
  /** Input 2 is a vector added to every output position. */
  readonly bias: boolean;
  readonly activation: EpilogueActivation | null;
}

export interface Conv2dGradAttrs {
  readonly window: Window2d;
  /** [N, H, W, C] of the convolution's input. */
  readonly inputShape: readonly [number, number, number, number];
}

/** Forward of a transposed convolution is the input's gradient of an ordinary one, so that kernel has an epilogue too. */
export interface Conv2dGradInputAttrs extends Conv2dGradAttrs {
  /** Input 2 is a vector added to every pixel. */
  readonly bias: boolean;
  readonly activation: EpilogueActivation | null;
}

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
