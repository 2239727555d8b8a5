// The coded error states of the pages: each says what happened, why, and offers the next action. E17 is linkNotice; which
// state an error means is in failures.ts.
import { browsersHere } from './browsers.ts';
import { copyReport, copyText } from './clipboard.ts';
import type { Context } from './context.ts';
import { html, type Child } from './dom.ts';
import type { ErrorKey } from './error_words.ts';
import type { Translator, Values } from './language.ts';
import type { Notice } from './notices.ts';
import { scrollBox } from './scroll_box.ts';

export type OfferName =
  | 'https'
  | 'cpu'
  | 'retry'
  | 'reload'
  | 'restart'
  | 'continue'
  | 'gpu page'
  | 'smaller'
  | 'half batch'
  | 'report'
  | 'restore'
  | 'clip'
  | 'download'
  | 'resume';

interface ErrorKind {
  readonly tone: Notice['tone'];
  /** What the page may offer; those the shell cannot do by itself are shown where the page brings them. */
  readonly offers: readonly OfferName[];
  /** Values of the texts where the state is forced by `force=`. */
  readonly example: Told;
}

export const errors = {
  E1: { tone: 'error', offers: ['https', 'cpu'], example: {} },
  E2: { tone: 'error', offers: ['cpu'], example: {} },
  E3: { tone: 'error', offers: ['retry', 'gpu page', 'cpu'], example: {} },
  E4: { tone: 'warning', offers: [], example: {} },
  E5: { tone: 'information', offers: [], example: { feature: 'shader-f16' } },
  E6: { tone: 'error', offers: ['smaller'], example: { need: '256 MiB', have: '128 MiB' } },
  E7: {
    tone: 'error',
    offers: ['continue', 'reload', 'cpu'],
    example: (t) => ({ reason: t('reason lost') }),
  },
  E8: { tone: 'error', offers: ['half batch', 'cpu'], example: {} },
  E9: { tone: 'error', offers: ['report', 'cpu'], example: {} },
  E10: { tone: 'error', offers: ['restore', 'clip'], example: { step: 231, last: 4.31 } },
  E11: { tone: 'warning', offers: ['retry'], example: { what: 'shard-3.bin' } },
  E12: { tone: 'warning', offers: [], example: { file: 'points.csv', expected: 'x,y,label' } },
  E13: { tone: 'warning', offers: ['retry'], example: {} },
  E14: { tone: 'warning', offers: ['download'], example: {} },
  E15: { tone: 'information', offers: ['resume'], example: {} },
  E16: { tone: 'error', offers: [], example: {} },
  E18: { tone: 'error', offers: ['continue', 'reload', 'restart'], example: {} },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errors;
export type Acts = { readonly [Name in OfferName]?: () => void };

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errors, text);

/** Values of the texts, or how they read in a language. */
export type Told = Values | ((t: Translator<ErrorKey>) => Values);

/** Other texts than the code's own, and what a program said, which is in English. */
export interface Wording {
  readonly what?: ErrorKey | undefined;
  readonly next?: ErrorKey | undefined;
  readonly detail?: string | undefined;
  /** In the page's language, in the place of `detail`. */
  readonly lines?: (() => readonly string[]) | undefined;
}

/** `acts` are what the page can do; the shell's own (https, CPU, retry, reload, copying) need not be given. */
export function errorNotice(
  context: Context,
  code: ErrorCode,
  told: Told = {},
  acts: Acts = {},
  { what = `${code}.what`, next = `${code}.next`, detail, lines }: Wording = {},
): Notice {
  const { tone, offers }: ErrorKind = errors[code];
  const values = (): Values => (typeof told === 'function' ? told(context.errors) : told);
  const title = (): string => context.errors(what, values());
  const report = (): void => void copyReport(context, [`${code} ${title()}`, detail ?? '']);
  const all: Acts = { ...shellActs(context, code), report, ...acts };
  return {
    name: code,
    tone,
    code,
    title,
    body: () => [
      html('p', {}, context.errors(next, values())),
      more(code, context),
      detail || lines ? said(context.errors('detail'), detail ?? lines!().join('\n'), lines ? null : 'en') : null,
    ],
    offers: offers.flatMap((name) => {
      const act = all[name];
      return act ? [{ label: () => context.errors(`offer ${name}`), act }] : [];
    }),
  };
}

const said = (name: string, text: string, lang: 'en' | null): HTMLElement =>
  scrollBox(name, html('pre', { class: 'detail', lang }, text), 'detail');

function shellActs(context: Context, code: ErrorCode): Acts {
  const set = context.set as (change: object, history: 'push') => void;
  return {
    https: () => location.assign(location.href.replace(/^http:/, 'https:')),
    cpu() {
      context.dismiss(code);
      set({ device: 'cpu', force: '' }, 'push');
    },
    retry: () => location.reload(),
    reload: () => location.reload(),
    'gpu page': () => void copyText(context, 'chrome://gpu'),
  };
}

function more(code: ErrorCode, { errors: t }: Context): Child {
  if (code === 'E3') return html('p', {}, t('E3.steps'));
  if (code !== 'E2') return null;
  return html(
    'table',
    { class: 'plain' },
    html(
      'thead',
      {},
      html('tr', {}, html('th', { scope: 'col' }, t('browser')), html('th', { scope: 'col' }, t('browser since'))),
    ),
    html(
      'tbody',
      {},
      browsersHere(navigator.userAgent).map(([name, since]) =>
        html('tr', {}, html('th', { scope: 'row' }, name), html('td', {}, since)),
      ),
    ),
  );
}
