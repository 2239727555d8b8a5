// The precision that a program or a model was asked for. Mixed precision is loaded by those who ask for it only: a bundle that does
// not name `mixedPrecision` has it in a file apart. One that does has it at once, as `createState(…, mixedPrecision())` cannot
// wait; bundling every name together, Rolldown then says of the import below that it splits nothing.

import { OptionError, suggestion } from '../core/errors.ts';
import type { Precision } from '../nn/precision.ts';

/** 'f32' unless given; 'mixed' is `mixedPrecision()` with its defaults. */
export type PrecisionOption = 'f32' | 'mixed' | Precision;

/** Null for f32. */
export async function resolvePrecision(where: string, precision: PrecisionOption = 'f32'): Promise<Precision | null> {
  if (typeof precision === 'object' && typeof precision.scaler === 'function') return precision;
  if (precision === 'f32') return null;
  if (precision === 'mixed') return (await import('./mixed_precision.ts')).mixedPrecision();
  const known = ['f32', 'mixed'];
  const given = typeof precision === 'object' ? 'an object' : `'${String(precision)}'`;
  throw new OptionError(
    `${where}: unknown precision ${given}${suggestion(given.replaceAll("'", ''), known)}; known: ${known.join(', ')}, and what mixedPrecision() gives`,
  );
}
