// What the gradients of the reference layers may take beside their forward pass, and what they take.

import type { Row } from './result.ts';
import { ratioInterval, type Interval } from './statistics.ts';

/** At most this many times the forward pass. */
export const layerLimits: Readonly<Record<string, number>> = { conv2d_grad_filter: 2, conv2d_grad_input: 1.5 };

export interface LayerRatio {
  readonly row: Row;
  /** Its time by the forward pass's, and the 95 % interval of that. */
  readonly ratio: number;
  readonly interval: Interval;
  readonly limit: number;
}

/** The gradients' times as shares of the forward pass of the same shape; where one was not measured, nothing. */
export function layerRatios(rows: readonly Row[]): LayerRatio[] {
  const measured = rows.filter(({ suite, summary, check }) => suite === 'layers' && summary && check.state === 'ok');
  return measured.flatMap((row): LayerRatio[] => {
    const limit = layerLimits[row.subject];
    const forward = measured.find(({ subject, shape }) => subject === 'conv2d' && shape === row.shape);
    if (limit === undefined || !forward) return [];
    const ratio = row.summary!.median / forward.summary!.median;
    return [{ row, ratio, interval: ratioInterval(row.samplesNs, forward.samplesNs), limit }];
  });
}
