// E17: what a link said and the page could not take as it stood.
import { html } from './dom.ts';
import type { Translator } from './language.ts';
import type { Notice } from './notices.ts';
import type { Problem } from './state.ts';
import type { ShellKey } from './words.ts';

type Words = () => Translator<ShellKey>;

/** Each value of the link that was not taken as it stood. */
export function linkNotice(words: Words, problems: readonly Problem[]): Notice {
  return {
    name: 'link',
    tone: 'warning',
    code: 'E17',
    title: () => words()('link problems', { n: problems.length }),
    body: () =>
      html(
        'ul',
        {},
        problems.map(({ key, given, used, reason }) => {
          const t = words();
          const why = t(`reason ${reason}`);
          const values = { key, given: short(given), used: short(used), reason: why };
          return html('li', {}, reason === 'packed' ? t('problem dropped', values) : t('problem used', values));
        }),
      ),
  };
}

const short = (value: string): string => (value.length > 40 ? `${value.slice(0, 40)}…` : value);
