// What pooling layers share: the window and its checks.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { checkPool, window2d, type NumberOrPair, type Padding2d, type Pair } from '../../ops/window.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';

export interface PoolLayerOptions extends LayerOptions {
  /** Height and width of the window; 2 unless given (Keras). */
  readonly poolSize?: NumberOrPair;
  /** `poolSize` unless given (Keras). */
  readonly strides?: NumberOrPair;
  /** 'valid' unless given. */
  readonly padding?: Padding2d;
}

interface PoolGeometry {
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding2d;
}

export function poolLayer(
  where: string,
  type: string,
  options: PoolLayerOptions,
  pool: (x: Tensor, geometry: PoolGeometry) => Tensor,
): Layer {
  checkOptions(where, options, [...layerOptions, 'poolSize', 'strides', 'padding']);
  const poolSize = pair(options.poolSize ?? 2);
  const geometry = { poolSize, strides: pair(options.strides ?? poolSize), padding: options.padding ?? 'valid' };
  // Values out of range are refused on the caller's line.
  window2d(where, [1, 1], { ...geometry, padding: 'same' });
  return {
    type,
    kind: 'pool',
    config: geometry,
    ...commonFields(where, options),
    build(inputShape, at) {
      if (inputShape.length !== 3) throw new ShapeError(`${at}: expected images [H,W,C], got ${format(inputShape)}`);
      const [height, width, channels] = inputShape as [number, number, number];
      const window = window2d(at, [height, width], geometry);
      checkPool(at, window);
      return { outputShape: [window.output[0], window.output[1], channels], weights: {}, flopsPerSample: 0 };
    },
    apply: (x) => pool(x, geometry),
  };
}

function pair(value: NumberOrPair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}
