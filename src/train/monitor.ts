// A metric that callbacks watch, and its best value so far.

import { checkNumber, checkTypes, OptionError, suggestion } from '../core/errors.ts';
import type { Logs } from './callbacks.ts';

export interface MonitorOptions {
  /** A history key; 'val_loss' unless given. */
  readonly monitor?: string;
  /** 'auto' unless given: the larger the better for accuracy and its like (AUC, precision, PSNR…), the smaller for all else. */
  readonly mode?: 'auto' | 'min' | 'max';
  /** An improvement must be larger than this; 0 unless given. */
  readonly minDelta?: number;
}

export interface Monitor {
  readonly name: string;
  /** The best value so far; null before there is one. */
  best(): number | null;
  /** Whether the epoch's value is better than the best, which it then is. OptionError: it is not in the logs. */
  improves(logs: Logs): boolean;
  set(best: number | null): void;
}

const largerIsBetter = /(accuracy|precision|recall|sensitivity|specificity|auc|f1|dice|iou|psnr|ssim)$/i;

export function monitorOf(
  where: string,
  { monitor = 'val_loss', mode = 'auto', minDelta = 0 }: MonitorOptions,
): Monitor {
  if (!['auto', 'min', 'max'].includes(mode)) {
    throw new OptionError(`${where}: mode is '${mode}', expected 'auto', 'min' or 'max'`);
  }
  checkTypes(where, 'string', { monitor });
  checkNumber(where, 'minDelta', minDelta);
  const sign = mode === 'max' || (mode === 'auto' && largerIsBetter.test(monitor)) ? 1 : -1;
  let best: number | null = null;
  return {
    name: monitor,
    best: () => best,
    improves(logs) {
      const value = monitored(where, monitor, logs);
      const first = best === null ? !Number.isNaN(value) : false;
      if (!first && !(sign * value - sign * best! > minDelta)) return false;
      best = value;
      return true;
    },
    set(value) {
      best = value;
    },
  };
}

function monitored(where: string, monitor: string, logs: Logs): number {
  const value = logs[monitor];
  if (value !== undefined) return value;
  const known = Object.keys(logs);
  const hint =
    monitor.startsWith('val_') && !known.some((key) => key.startsWith('val_')) ? '; fit was given no validation' : '';
  throw new OptionError(
    `${where}: no metric '${monitor}'${suggestion(monitor, known)}; known: ${known.join(', ')}${hint}`,
  );
}
