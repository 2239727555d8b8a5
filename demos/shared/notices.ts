// Notices above a page: what happened, what to do next, and buttons that do it. Never an alert.
import { button, iconButton } from './buttons.ts';
import { html, type Child } from './dom.ts';
import { icon } from './icons.ts';
import type { Translator } from './language.ts';
import type { ShellKey } from './words.ts';

export interface Offer {
  label(): string;
  act(): void;
}

/** Texts are functions, since the language may change while a notice stands. */
export interface Notice {
  /** A newer notice of the same name takes its place. */
  readonly name: string;
  readonly tone: 'information' | 'warning' | 'error';
  /** E1 to E18, shown for reports. */
  readonly code?: string | undefined;
  title(): string;
  body?(): Child;
  readonly offers?: readonly Offer[];
}

export function noticeList(
  t: Translator<ShellKey>,
  notices: readonly Notice[],
  dismiss: (name: string) => void,
): Child {
  if (notices.length === 0) return null;
  return html('section', { class: 'notices', 'aria-label': t('notices'), key: 'notices' }, notices.map(one));

  function one({ name, tone, code, title, body, offers = [] }: Notice): HTMLElement {
    return html(
      'div',
      { class: `notice ${tone}`, key: name, 'data-code': code, role: tone === 'error' ? 'alert' : 'group' },
      icon(tone === 'information' ? 'information' : 'warning'),
      html(
        'div',
        { class: 'text' },
        html('p', { class: 'title' }, html('strong', {}, title()), code ? html('span', { class: 'code' }, code) : null),
        body?.(),
        offers.length === 0
          ? null
          : html(
              'p',
              { class: 'offers' },
              offers.map(({ label, act }) => button(label(), act)),
            ),
      ),
      iconButton(icon('close'), t('dismiss'), () => dismiss(name)),
    );
  }
}
