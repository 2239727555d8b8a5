// The diverging map of values: orange above zero, blue below, the paper at zero. Its ends keep every digit at 4.5 : 1.
import type { Properties } from './dom.ts';

/** `scale` is the value shown in full colour; to be spread into a cell's properties. */
export function tint(value: number, scale: number): Properties {
  const share = scale > 0 ? Math.min(1, Math.abs(value) / scale) : 0;
  const percent = Math.round(100 * share);
  if (percent === 0) return {};
  return { 'data-sign': value < 0 ? '-' : '+', style: `--tint: ${percent}%` };
}
