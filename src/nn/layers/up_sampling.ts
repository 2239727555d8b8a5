// The upsampling layers.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import * as ops from '../../ops/resize.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

const images = ['', '[L,C]', '[H,W,C]', '[D,H,W,C]'];

function upSamplingLayer<O extends ops.UpSamplingOptions<number | readonly number[], string>>(
  rank: number,
  upSample: (x: Tensor, options: O) => Tensor,
) {
  const where = `upSampling${rank}d`;
  return (options: O & LayerOptions = {} as O & LayerOptions): Layer => {
    checkOptions(where, options, [...layerOptions, ...ops.upSamplingOptionNames]);
    const config = ops.resolveUpSampling(where, rank, options);
    return callable({
      type: `UpSampling${rank}d`,
      kind: 'upsampling',
      config,
      ...commonFields(where, options),
      build(inputShape, at) {
        if (inputShape.length !== rank + 1) {
          throw new ShapeError(`${at}: expected images ${images[rank]}, got ${format(inputShape)}`);
        }
        return { outputShape: inputShape.map((n, i) => n * (config.size[i] ?? 1)), weights: {}, flopsPerSample: 0 };
      },
      apply: (x) => upSample(x, config as unknown as O),
    });
  };
}

/**
 * [N,L,C] -> [N,size·L,C]: `size` 2, `interpolation` 'nearest' unless given (Keras), else 'linear' with half-pixel
 * centres, or with `alignCorners` from end to end.
 */
export const upSampling1d = /* @__PURE__ */ upSamplingLayer<ops.UpSampling1dOptions>(1, ops.upSampling1d);
/** As `upSampling1d` for [N,H,W,C]: `interpolation` 'nearest' or 'bilinear'. */
export const upSampling2d = /* @__PURE__ */ upSamplingLayer<ops.UpSampling2dOptions>(2, ops.upSampling2d);
/** As `upSampling1d` for [N,D,H,W,C]: `interpolation` 'nearest' or 'trilinear'. */
export const upSampling3d = /* @__PURE__ */ upSamplingLayer<ops.UpSampling3dOptions>(3, ops.upSampling3d);
