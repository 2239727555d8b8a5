// The theme of a page: the system's, or the one chosen in the header, which stands in the link and is remembered.
import { keep, kept } from './stored.ts';

export const themes = ['auto', 'light', 'dark', 'projector'] as const;
export type ThemeChoice = (typeof themes)[number];
export type Theme = Exclude<ThemeChoice, 'auto'>;

const saved = 'retrograd.theme';
const dark = '(prefers-color-scheme: dark)';
const motion = '(prefers-reduced-motion: reduce)';

/** The choice of a page: the link's, else the one chosen before, else the system's. */
export const chooseTheme = (linked: ThemeChoice | ''): ThemeChoice => linked || (kept(saved, themes) ?? 'auto');

export const saveTheme = (choice: ThemeChoice): void => keep(saved, choice);

export function resolveTheme(choice: ThemeChoice): Theme {
  if (choice !== 'auto') return choice;
  return matchMedia(dark).matches ? 'dark' : 'light';
}

/** Writes the theme where theme.css reads it. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}

/** Whether movement is unwanted: steps then jump. */
export const isStill = (): boolean => matchMedia(motion).matches;

/** Calls back when the system's theme or its wish for stillness changes. */
export function onSystemChange(changed: () => void): void {
  for (const query of [dark, motion]) matchMedia(query).addEventListener('change', changed);
}

/** A colour of the theme as a canvas takes it: `colour('--accent')`. */
export const colour = (variable: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
