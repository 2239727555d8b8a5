// An image read at places that are themselves numbers of the graph, between its elements too: spatial transformers, warps.

import { checkOptions, OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { equal, format } from '../core/shape.ts';
import { constantTensor, expectDType, type Tensor } from '../graph/tensor.ts';
import { add, greaterEqual, lessEqual, mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import { gatherNd } from './gather.ts';
import { broadcastTo } from './reduce.ts';
import { reshape } from './reshape.ts';
import { floor, fmod, mod, round } from './rounding.ts';
import { slice } from './slice.ts';
import { stack } from './stack.ts';
import { abs, clip } from './unary.ts';
import { where } from './where.ts';

const interpolations = ['linear', 'nearest', 'cubic'] as const;
const paddings = ['zeros', 'border', 'reflection'] as const;

export interface GridSampleOptions {
  /** `'linear'` unless given: bilinear on images, trilinear in volumes. 'cubic' is that of `resize`, a = −0.75. */
  readonly interpolation?: (typeof interpolations)[number];
  /**
   * What stands outside: zeros unless given, the nearest element of the border, or the image mirrored, at its outermost
   * elements' centres where `alignCorners`, else at their outer edges (PyTorch).
   */
  readonly paddingMode?: (typeof paddings)[number];
  /** −1 and 1 are the centres of the outermost elements; their outer edges unless given (PyTorch). */
  readonly alignCorners?: boolean;
}

/** One element that counts at each place, along one axis: its position and its weight, [N, …places]. */
interface Tap {
  readonly position: Tensor;
  readonly weight: Tensor | null;
}

/** Positions mirrored into the axis. */
function reflected(position: Tensor, length: number, alignCorners: boolean): Tensor {
  const [low, span] = alignCorners ? [0, length - 1] : [-0.5, length];
  if (span === 0) return mul(position, 0);
  const beyond = abs(sub(position, low));
  const rest = fmod(beyond, span);
  const odd = mod(round(mul(sub(beyond, rest), 1 / span)), 2);
  return clip(add(where(odd, sub(span, rest), rest), low), { min: 0, max: length - 1 });
}

/** Weights of the four elements around a place t behind the second (Keys 1981). */
function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75;
  const far = (d: Tensor) => add(mul(add(mul(add(mul(d, a), -5 * a), d), 8 * a), d), -4 * a);
  const near = (d: Tensor) => add(mul(mul(add(mul(d, a + 2), -(a + 3)), d), d), 1);
  const back = sub(1, t);
  return [far(add(t, 1)), near(t), near(back), far(add(back, 1))];
}

/** Where and with what weight elements of an axis of `length` are read; a weight of 0 stands for what is outside. */
function tapsOf(coordinate: Tensor, length: number, options: Required<GridSampleOptions>): Tap[] {
  const { interpolation, paddingMode, alignCorners } = options;
  const position = alignCorners
    ? mul(add(coordinate, 1), (length - 1) / 2)
    : sub(mul(add(coordinate, 1), length / 2), 0.5);
  const last = { min: 0, max: length - 1 };
  const within = (at: Tensor) => (paddingMode === 'reflection' ? reflected(at, length, alignCorners) : clip(at, last));
  // Cubic weights are of the place itself, and it is the four elements around it that lie outside.
  const moved = paddingMode === 'zeros' || interpolation === 'cubic' ? position : within(position);
  const first = interpolation === 'nearest' ? round(moved) : floor(moved);
  const t = sub(moved, first);
  const weights: (Tensor | null)[] =
    interpolation === 'nearest' ? [null] : interpolation === 'linear' ? [sub(1, t), t] : cubicWeights(t);
  return weights.map((weight, i): Tap => {
    const at = add(first, interpolation === 'cubic' ? i - 1 : i);
    if (paddingMode !== 'zeros') {
      return { position: interpolation === 'cubic' ? within(at) : clip(at, last), weight };
    }
    const inside = mul(greaterEqual(at, 0), lessEqual(at, length - 1));
    return { position: clip(at, last), weight: weight ? mul(weight, inside) : inside };
  });
}

/**
 * y[n, p…, c] = x[n, …, c] at grid[n, p…] (PyTorch's grid_sample, ONNX's GridSample): x f32 [N, …, C] with one to three
 * spatial axes, grid f32 [N, …places, axes], whose last axis has the place along x's last spatial axis first: (x, y) or
 * (x, y, z), from −1 to 1 along the whole axis. Gives [N, …places, C]. Gradients go to x and to the grid, whose own is 0
 * for 'nearest' and where a place is beyond the border. Positions are whole in f32, so an axis may have 2²⁴ elements.
 * ShapeError: shapes and dtypes that do not fit. OptionError: unknown options and values.
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  checkOptions('gridSample', options, ['interpolation', 'paddingMode', 'alignCorners']);
  const { interpolation = 'linear', paddingMode = 'zeros', alignCorners = false } = options;
  for (const [name, value, known] of [
    ['interpolation', interpolation, interpolations],
    ['paddingMode', paddingMode, paddings],
  ] as const) {
    if ((known as readonly string[]).includes(value)) continue;
    throw new OptionError(
      `gridSample: unknown ${name} '${String(value)}'${suggestion(String(value), known)}; known: ${known.join(', ')}`,
    );
  }
  expectDType('gridSample', 'x', x, 'f32');
  expectDType('gridSample', 'grid', grid, 'f32');
  const rank = x.shape.length - 2;
  const [n = 0, ...rest] = grid.shape;
  if (rank < 1 || rank > 3 || n !== x.shape[0] || rest.length < 1 || rest.at(-1) !== rank) {
    throw new ShapeError(
      `gridSample: x is ${format(x.shape)} and grid ${format(grid.shape)}, expected [N, ..., C] of one to three axes and [N, ..., ${Math.max(rank, 1)}]`,
    );
  }
  const places = [n, ...rest.slice(0, -1)];
  const along = Array.from({ length: rank }, (_, axis): Tap[] => {
    const column = slice(grid, { axes: [-1], starts: [rank - 1 - axis], sizes: [1] });
    const length = x.shape[axis + 1]!;
    return tapsOf(reshape(column, places), length, { interpolation, paddingMode, alignCorners });
  });
  const example = constantTensor(
    Float32Array.from({ length: n }, (_, i) => i),
    places.map((length, i) => (i === 0 ? length : 1)),
    'f32',
  );
  const examples = equal(example.shape, places) ? example : broadcastTo(example, places);

  // Every element around each place: one tap of each axis.
  const corners = along.reduce<(readonly Tap[])[]>(
    (found, taps) => found.flatMap((corner) => taps.map((tap) => [...corner, tap])),
    [[]],
  );
  const parts = corners.map((corner) => {
    const indices = stack([examples, ...corner.map(({ position }) => position)], -1);
    const values = gatherNd(x, cast(indices, 'i32'));
    const weights = corner.flatMap(({ weight }) => weight ?? []);
    if (weights.length === 0) return values;
    const weight = weights.reduce((a, b) => mul(a, b));
    return mul(values, reshape(weight, [...places, 1]));
  });
  return parts.reduce((a, b) => add(a, b));
}
