// What every page's link may hold beside the page's own.
import { choice, flag, text } from './fields.ts';
import type { StateOf } from './state.ts';

/** The fields of every page, which stand in its link beside its own. */
export const shellFields = {
  lang: choice(['', 'en', 'fr', 'xx'], ''),
  theme: choice(['', 'auto', 'light', 'dark', 'projector'], ''),
  embed: flag(false),
  hide: text(''),
  device: choice(['auto', 'gpu', 'cpu'], 'auto'),
  force: text('', 8),
};

export type ShellState = StateOf<typeof shellFields>;
