// A curve in one line of text.

import { checkOptions } from '../core/errors.ts';

/**
 * A row of bars of 8 heights (5 characters in ASCII) between the smallest and the largest value; at most `width` (40)
 * columns, each the mean of its part. NaN and infinities show as `x`; equal values as the lowest bar.
 */
export function sparkline(values: readonly number[], options: { ascii?: boolean; width?: number } = {}): string {
  checkOptions('sparkline', options, ['ascii', 'width']);
  const { ascii = false, width = 40 } = options;
  const bars = ascii ? '_.-=#' : '▁▂▃▄▅▆▇█';
  const columns = Math.min(values.length, Math.max(1, width));
  const means = Array.from({ length: columns }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / columns),
      Math.floor(((i + 1) * values.length) / columns),
    );
    return part.reduce((sum, value) => sum + value / part.length, 0);
  });
  const finite = means.filter(Number.isFinite);
  const low = Math.min(...finite);
  const range = Math.max(...finite) - low;
  return means
    .map((value) => {
      if (!Number.isFinite(value)) return 'x';
      const height = range > 0 && range < Infinity ? (value - low) / range : 0;
      return bars[Math.min(bars.length - 1, Math.floor(height * bars.length))];
    })
    .join('');
}
