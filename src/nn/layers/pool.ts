// What pooling layers share: their options, the window's checks, and the records they make.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { poolOptionNames, poolWindow, type PoolOptions } from '../../ops/pool_window.ts';
import {
  type NumberOrPair,
  type NumberOrTriple,
  type Padding,
  type Padding1d,
  type Padding2d,
  type Padding3d,
  paddings,
  perAxis,
} from '../../ops/window.ts';
import { commonFields, layerOptions, type Json, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

interface WindowOptions<Size, Padding> extends LayerOptions, Omit<PoolOptions<Size, Padding>, 'poolSize'> {
  /** Lengths of the window; 2 unless given (Keras). */
  readonly poolSize?: Size;
}
export type PoolLayerOptions1d = WindowOptions<number | readonly [number], Padding1d>;
export type PoolLayerOptions2d = WindowOptions<NumberOrPair, Padding2d>;
export type PoolLayerOptions3d = WindowOptions<NumberOrTriple, Padding3d>;
type AnyOptions = WindowOptions<number | readonly number[], Padding>;

/** A pooling function as these layers call it: options of the layer's own rank. */
// oxlint-disable-next-line typescript/no-explicit-any -- the ranks' functions differ in their options' types only
type Pool = (x: Tensor, options: any) => Tensor;

const images = ['', '[L,C]', '[H,W,C]', '[D,H,W,C]'];

/** The lengths of an image's spatial axes; a ShapeError unless it has `rank` of them and channels. */
function lengthsOf(at: string, inputShape: Shape, rank: number): Shape {
  if (inputShape.length !== rank + 1) {
    throw new ShapeError(`${at}: expected images ${images[rank]}, got ${format(inputShape)}`);
  }
  return inputShape.slice(0, -1);
}

/** `maxPool2d` and its like: `name` without the rank, options of its own beside those of all windows. */
export function poolLayer(
  name: string,
  rank: number,
  options: AnyOptions,
  pool: Pool,
  own: Readonly<Record<string, Json | undefined>> = {},
): Layer {
  const where = `${name}${rank}d`;
  checkOptions(where, options, [...layerOptions, ...poolOptionNames, ...Object.keys(own)]);
  const poolSize = perAxis(where, 'poolSize', options.poolSize ?? 2, rank, 1);
  const strides = perAxis(where, 'strides', options.strides ?? poolSize, rank, 1);
  const dilation = perAxis(where, 'dilationRate', options.dilationRate ?? 1, rank, 1);
  const { padding = 'valid', ceilMode } = options;
  paddings(where, padding, poolSize, { kernel: poolSize, strides, dilation }); // refused on the caller's line
  const given = Object.entries(own).filter(([, value]) => value !== undefined) as [string, Json][];
  const geometry = {
    poolSize,
    strides,
    padding,
    ...(options.dilationRate === undefined ? {} : { dilationRate: dilation }),
    ...(ceilMode === undefined ? {} : { ceilMode }),
  };
  const config = { ...geometry, ...Object.fromEntries(given) };
  return callable({
    type: typeOf(where),
    kind: 'pool',
    config: config as Readonly<Record<string, Json>>,
    ...commonFields(where, options),
    build(inputShape, at) {
      const window = poolWindow(at, lengthsOf(at, inputShape, rank), geometry as Parameters<typeof poolWindow>[2]);
      return { outputShape: [...window.output, inputShape.at(-1)!], weights: {}, flopsPerSample: 0 };
    },
    apply: (x) => pool(x, config),
  });
}

/** A layer without weights that pools `rank` axes into `outputOf` them. */
export function plainPoolLayer(
  where: string,
  rank: number,
  options: LayerOptions,
  config: Readonly<Record<string, Json>>,
  outputOf: (inputShape: Shape) => Shape,
  pool: Pool,
  /** Of the steps that a mask says are there; without it an input with a mask is refused. */
  masked?: (x: Tensor, mask: Tensor) => Tensor,
): Layer {
  checkOptions(where, options, [...layerOptions, ...Object.keys(config)]);
  return callable({
    type: typeOf(where),
    kind: 'pool',
    config,
    ...(masked ? { masking: () => false } : {}),
    ...commonFields(where, options),
    build(inputShape, at) {
      lengthsOf(at, inputShape, rank);
      return { outputShape: outputOf(inputShape), weights: {}, flopsPerSample: 0 };
    },
    apply: (x, _, { masks: [mask] }) => (mask && masked ? masked(x, mask) : pool(x, config)),
  });
}

/** `maxPool2d` -> `MaxPool2d`. */
function typeOf(where: string): string {
  return `${where[0]!.toUpperCase()}${where.slice(1)}`;
}
