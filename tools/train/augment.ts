// `--augment rotation=15,flip`: how the terminal names what is done to training images. Pages read it too, so nothing here is Node's.

import type { Amount } from '../../src/train/image_transforms.ts';
import { suggestion } from '../../src/core/errors.ts';
import { UsageError } from '../usage_error.ts';

/** What one word of the option asks for: the transformation's name and its amount, if it was given one. */
export interface AugmentWord {
  readonly name: AugmentName;
  readonly amount: Amount | string | null;
}

interface Rule {
  /** As the message and the help say it. */
  readonly form: string;
  /** Bounds of the numbers that one number stands for, which are `around` ± the number. */
  readonly around?: 0 | 1;
  readonly least?: number;
  readonly most?: number;
  /** Instead of numbers between two bounds. */
  readonly one?: 'number' | 'integer' | 'direction';
}

/** By the names that the option has for them; `transforms.ts` makes them. */
export const augmentRules = {
  rotation: { form: 'degrees', around: 0, least: -360, most: 360 },
  translation: { form: 'share of the sides', around: 0, least: -1, most: 1 },
  zoom: { form: 'change of the factor 1', around: 1, least: 0.01, most: 100 },
  shear: { form: 'slant', around: 0, least: -0.9, most: 0.9 },
  crop: { form: 'pixels', one: 'integer', least: 1, most: 127 },
  flip: { form: 'horizontal or vertical', one: 'direction' },
  brightness: { form: 'share of the range', around: 0, least: -1, most: 1 },
  contrast: { form: 'change of the factor 1', around: 1, least: 0, most: 100 },
  saturation: { form: 'change of the factor 1', around: 1, least: 0, most: 100 },
  hue: { form: 'degrees', around: 0, least: -360, most: 360 },
  noise: { form: 'deviation, a share of the range', one: 'number', least: 0, most: 1 },
} as const satisfies Record<string, Rule>;
export type AugmentName = keyof typeof augmentRules;
const names = Object.keys(augmentRules) as AugmentName[];

/** The words of `text`, in the order in which they are done. UsageError: what is wrong with the first that is. */
export function parseAugment(text: string): AugmentWord[] {
  return text.split(',').map((word) => {
    const [given, ...values] = word.trim().split('=');
    const name = names.find((known) => known === given);
    if (!name) {
      throw new UsageError(`--augment has '${given}'${suggestion(given!, names)}; expected ${names.join(', ')}`);
    }
    const rule: Rule = augmentRules[name];
    const value = values.length === 0 ? null : values.join('=');
    const amount = amountOf(rule, value);
    if (amount !== undefined) return { name, amount };
    const within = rule.least === undefined ? '' : `, all from ${rule.least} to ${rule.most}`;
    const forms = rule.one ? rule.form : `${rule.form}: v, or least..most`;
    throw new UsageError(`--augment ${name} is '${value ?? ''}', expected ${name}=${forms}${within}`);
  });
}

/** Undefined where the value is none that the rule has. */
function amountOf(
  { one, around = 0, least = 0, most = 0 }: Rule,
  value: string | null,
): AugmentWord['amount'] | undefined {
  if (one === 'direction') return value === null || value === 'horizontal' || value === 'vertical' ? value : undefined;
  const numbers = (value ?? '').split('..').map((text) => (text.trim() === '' ? NaN : Number(text)));
  const [low, high] = numbers as [number, number?];
  if (!numbers.every(Number.isFinite) || numbers.length > (one ? 1 : 2)) return undefined;
  if (one) return low >= least && low <= most && (one === 'number' || Number.isInteger(low)) ? low : undefined;
  const [from, to] = high === undefined ? [around - low, around + low] : [low, high];
  if (from > to || from < least || to > most) return undefined;
  return high === undefined ? low : [low, high];
}
