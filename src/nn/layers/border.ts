// The layers that add a border to images or take one away.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import { checkPadding, crop, pad, padMode, type Padding, type PadOptions } from '../../ops/pad.ts';
import type { Pair } from '../../ops/window.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

/** A number for all sides, one for each axis, or [before, after] for each axis. In 1-D a pair is [before, after]. */
export type Border1d = number | readonly [number] | Pair | readonly [Pair];
export type Border2d = number | Pair | readonly [top_bottom: Pair, left_right: Pair];
export type Border3d =
  | number
  | readonly [number, number, number]
  | readonly [front_back: Pair, top_bottom: Pair, left_right: Pair];
type Border = Border1d | Border2d | Border3d;

/** [before, after] for each of `rank` axes, integers of at least 0. */
function sidesOf(where: string, name: string, border: Border, rank: number): Pair[] {
  const whole = (n: unknown) => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 2 ** 31;
  const axes: readonly unknown[] = !Array.isArray(border)
    ? Array.from({ length: rank }, () => border)
    : rank === 1 && border.length === 2
      ? [border]
      : border;
  const sides = axes.map((axis): unknown => (Array.isArray(axis) ? axis : [axis, axis])) as Pair[];
  if (sides.length !== rank || !sides.every((side) => side.length === 2 && side.every(whole))) {
    throw new OptionError(
      `${where}: ${name} is ${JSON.stringify(border)}, expected an integer of at least 0, ${rank} of them, or [before, after] for each axis`,
    );
  }
  return sides;
}

const images = ['', '[L,C]', '[H,W,C]', '[D,H,W,C]'];

function borderLayer(
  where: string,
  rank: number,
  options: LayerOptions,
  config: Layer['config'],
  sides: readonly Pair[],
  sign: 1 | -1,
  check: (at: string, axis: number, length: number, side: Pair) => void,
  apply: (x: Parameters<Layer['apply']>[0], all: readonly Padding[]) => ReturnType<Layer['apply']>,
): Layer {
  return callable({
    type: `${where[0]!.toUpperCase()}${where.slice(1)}`,
    kind: sign === 1 ? 'pad' : 'crop',
    config,
    ...commonFields(where, options),
    build(inputShape, at) {
      if (inputShape.length !== rank + 1) {
        throw new ShapeError(`${at}: expected images ${images[rank]}, got ${format(inputShape)}`);
      }
      const outputShape = inputShape.map((length, axis) => {
        const side = sides[axis] ?? [0, 0];
        check(at, axis + 1, length, side);
        const [before, after] = side;
        return length + sign * (before + after);
      });
      if (Math.min(...outputShape) < 1) {
        throw new ShapeError(`${at}: cropping ${JSON.stringify(sides)} leaves nothing of ${format(inputShape)}`);
      }
      return { outputShape, weights: {}, flopsPerSample: 0 };
    },
    apply: (x) => apply(x, [[0, 0], ...sides, [0, 0]]),
  });
}

function paddingLayer(rank: number) {
  const where = `zeroPadding${rank}d`;
  return (options: LayerOptions & PadOptions & { readonly padding?: Border } = {}): Layer => {
    checkOptions(where, options, [...layerOptions, 'padding', 'paddingMode', 'value']);
    const sides = sidesOf(where, 'padding', options.padding ?? 1, rank);
    const { paddingMode, value } = options;
    const how: PadOptions = {
      ...(paddingMode === undefined ? {} : { paddingMode }),
      ...(value === undefined ? {} : { value }),
    };
    const { mode } = padMode(where, how);
    const check = (at: string, axis: number, length: number, side: Pair) => checkPadding(at, axis, length, side, mode);
    return borderLayer(where, rank, options, { padding: sides, ...how }, sides, 1, check, (x, all) => pad(x, all, how));
  };
}

function croppingLayer(rank: number) {
  const where = `cropping${rank}d`;
  return (options: LayerOptions & { readonly cropping?: Border } = {}): Layer => {
    checkOptions(where, options, [...layerOptions, 'cropping']);
    const sides = sidesOf(where, 'cropping', options.cropping ?? (rank === 2 ? 0 : 1), rank);
    return borderLayer(where, rank, options, { cropping: sides }, sides, -1, () => {}, crop);
  };
}

export type PaddingLayerOptions<B> = LayerOptions & PadOptions & { readonly padding?: B };
export type CroppingLayerOptions<B> = LayerOptions & { readonly cropping?: B };
type PaddingLayer<B> = (options?: PaddingLayerOptions<B>) => Layer;
type CroppingLayer<B> = (options?: CroppingLayerOptions<B>) => Layer;

/**
 * [N,L,C] with a border along L: `padding` elements on both sides, 1 unless given (Keras), or [before, after]. It holds
 * zeros, or what `paddingMode` says: 'constant' with a `value`, 'replicate', 'reflect' (below the image's length) or
 * 'circular' (at most that).
 */
export const zeroPadding1d = /* @__PURE__ */ paddingLayer(1) as PaddingLayer<Border1d>;
/** As `zeroPadding1d` for [N,H,W,C]: `padding` a number, one for each axis, or [[top, bottom], [left, right]]. */
export const zeroPadding2d = /* @__PURE__ */ paddingLayer(2) as PaddingLayer<Border2d>;
/** As `zeroPadding1d` for [N,D,H,W,C]. */
export const zeroPadding3d = /* @__PURE__ */ paddingLayer(3) as PaddingLayer<Border3d>;
/** [N,L,C] without `cropping` elements on both sides of L, 1 unless given (Keras), or [before, after]. */
export const cropping1d = /* @__PURE__ */ croppingLayer(1) as CroppingLayer<Border1d>;
/** As `cropping1d` for [N,H,W,C]: a number, one for each axis, or [[top, bottom], [left, right]]; 0 unless given (Keras). */
export const cropping2d = /* @__PURE__ */ croppingLayer(2) as CroppingLayer<Border2d>;
/** As `cropping1d` for [N,D,H,W,C]. */
export const cropping3d = /* @__PURE__ */ croppingLayer(3) as CroppingLayer<Border3d>;
