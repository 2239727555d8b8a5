// Round numbers for an axis.

/**
 * Ascending multiples of 1, 2 or 5 times a power of ten that enclose `low` to `high`, about `count` steps. Equal bounds
 * are widened. Bounds are below 1e300.
 */
export function axisTicks(low: number, high: number, count: number): number[] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low <= Math.max(size * 1e-9, 1e-300)) {
    const room = size > 1e-200 ? size * 0.1 : 1;
    return axisTicks(low - room, high + room, count);
  }
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999)!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** `tick` with as many decimals as the step between `ticks` needs; in powers of ten where that would be long. */
export function tickText(tick: number, ticks: readonly number[]): string {
  const step = Math.abs(ticks.length > 1 ? ticks[1]! - ticks[0]! : tick) || 1;
  const largest = Math.max(...ticks.map(Math.abs));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (largest >= 1e6 || decimals > 5)
    return tick === 0 ? '0' : String(Number(tick.toPrecision(3)).toExponential()).replace('e+', 'e');
  return (Math.round(tick / step) * step).toFixed(decimals);
}
