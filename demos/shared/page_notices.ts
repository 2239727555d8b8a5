// The notices every page can show by itself: corrected values of its link, and its own failure.
import { html } from './dom.ts';
import type { Translator } from './language.ts';
import type { Notice } from './notices.ts';
import type { Problem } from './state.ts';
import type { ShellKey } from './words.ts';

type Words = () => Translator<ShellKey>;

/** E17: each value of the link that was not taken as it stood. */
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

/** A defect of the page itself; what was shown before stays. */
export function failureNotice(words: Words, message: string, restart: () => void): Notice {
  return {
    name: 'failure',
    tone: 'error',
    code: 'E18',
    title: () => words()('page failed', { message }),
    body: () => html('p', {}, words()('page failed next')),
    offers: [
      { label: () => words()('reload'), act: () => location.reload() },
      { label: () => words()('start again'), act: restart },
    ],
  };
}
