// Which elements of an axis, with which weights, make each element of the axis resized.

export type Interpolation = 'nearest' | 'linear' | 'cubic';

/**
 * Where output t lies on the input of scale s = output / input: `'halfPixel'` at (t + ½) / s − ½ (TensorFlow 2, PyTorch
 * with align_corners false), `'alignCorners'` at t·(input − 1) / (output − 1), `'asymmetric'` at t / s. As ONNX has
 * them, `'pytorchHalfPixel'` is 0 where there is one output, and `'halfPixelSymmetric'` keeps the centre where s is not
 * output / input.
 */
export type Coordinates = 'halfPixel' | 'alignCorners' | 'asymmetric' | 'pytorchHalfPixel' | 'halfPixelSymmetric';

/** How 'nearest' rounds; the two in the middle differ at halves only. */
export type Rounding = 'floor' | 'roundPreferFloor' | 'roundPreferCeil' | 'ceil';

export interface ResampleRule {
  readonly interpolation: Interpolation;
  readonly coordinates: Coordinates;
  readonly rounding: Rounding;
  /** Output / input where it is not the quotient of the lengths. */
  readonly scale?: number;
  /** a of the cubic kernel. */
  readonly cubicCoefficient: number;
  /** Widens the kernel by input / output where the axis shrinks. */
  readonly antialias: boolean;
  /** Elements beyond the edge get no weight; otherwise they are the edge's. */
  readonly excludeOutside: boolean;
}

/** [source, weight] in order of the sources, each source once. */
export type Row = readonly (readonly [source: number, weight: number])[];

function coordinate(t: number, from: number, to: number, { coordinates, scale }: ResampleRule): number {
  const s = scale ?? to / from;
  const half = (t + 0.5) / s - 0.5;
  switch (coordinates) {
    case 'halfPixel':
      return half;
    case 'pytorchHalfPixel':
      return to > 1 ? half : 0;
    case 'halfPixelSymmetric':
      return (from / 2) * (1 - to / (s * from)) + half;
    case 'asymmetric':
      return t / s;
    case 'alignCorners':
      return to > 1 ? (t * (from - 1)) / (s * from - 1) : 0;
  }
}

function rounded(x: number, rounding: Rounding): number {
  switch (rounding) {
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'roundPreferFloor':
      return Math.ceil(x - 0.5);
    case 'roundPreferCeil':
      return Math.floor(x + 0.5);
  }
}

/** The interpolation's weight at distance x: a tent, or Keys's cubic (1981). */
function weightAt(x: number, { interpolation, cubicCoefficient: a }: ResampleRule): number {
  const d = Math.abs(x);
  if (interpolation === 'linear') return Math.max(0, 1 - d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** The row for each of `to` outputs of an axis of `from` elements. Weights are doubles; tables keep them as f32. */
export function resampleRows(from: number, to: number, rule: ResampleRule): Row[] {
  const clamped = (i: number) => Math.min(Math.max(i, 0), from - 1);
  return Array.from({ length: to }, (_, t): Row => {
    const at = coordinate(t, from, to, rule);
    if (rule.interpolation === 'nearest') return [[clamped(rounded(at, rule.rounding)), 1]];
    const shrink = rule.antialias ? Math.min(1, rule.scale ?? to / from) : 1;
    const reach = (rule.interpolation === 'linear' ? 1 : 2) / shrink;
    const weights = new Map<number, number>();
    let sum = 0;
    for (let i = Math.floor(at - reach) + 1; i < at + reach; i++) {
      const weight = weightAt((i - at) * shrink, rule);
      if (weight === 0 || (rule.excludeOutside && (i < 0 || i >= from))) continue;
      weights.set(clamped(i), (weights.get(clamped(i)) ?? 0) + weight);
      sum += weight;
    }
    return [...weights].sort(([a], [b]) => a - b).map(([source, weight]) => [source, weight / sum] as const);
  });
}

/** The rows of the gradient: for each of `from` elements, the outputs that read it. */
export function transposedRows(rows: readonly Row[], from: number): Row[] {
  const back: [number, number][][] = Array.from({ length: from }, () => []);
  rows.forEach((row, t) => row.forEach(([source, weight]) => back[source]!.push([t, weight])));
  return back;
}

/** Rows as the shader reads them: where each begins, then sources and the bits of weights. */
export function tableOf(rows: readonly Row[]): Uint32Array<ArrayBuffer> {
  const entries = rows.flat();
  const table = new Uint32Array(rows.length + 1 + 2 * entries.length);
  const floats = new Float32Array(table.buffer);
  rows.forEach((row, t) => (table[t + 1] = table[t]! + row.length));
  entries.forEach(([source, weight], e) => {
    table[rows.length + 1 + 2 * e] = source;
    floats[rows.length + 2 + 2 * e] = weight;
  });
  return table;
}
