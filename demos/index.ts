// The first page: a card for each page.
import './index.css';
import { words } from './index_words.ts';
import type { Context } from './shared/context.ts';
import { html, type Child } from './shared/dom.ts';
import { openPage } from './shared/page.ts';
import { thumbnails } from './thumbnails.ts';

interface Card {
  readonly id: keyof typeof thumbnails;
  readonly needs: 'cpu' | 'gpu';
}

/** In the order they are shown. */
const cards: readonly Card[] = [
  { id: 'conv', needs: 'cpu' },
  { id: 'bench', needs: 'gpu' },
  { id: 'train_once', needs: 'gpu' },
];

/** Kilobytes as they travel: the page, and the engine where it comes later. Written by the build; none in development. */
type Sizes = Readonly<Record<string, { readonly page: number; readonly engine: number }>>;

let sizes: Sizes = {};

async function loadSizes(context: Context<unknown, keyof typeof words.en>): Promise<void> {
  if (!import.meta.env.PROD) return;
  try {
    const asked = fetch('./sizes.json').then((response) => {
      if (!response.ok) throw new Error(`sizes.json: ${response.status} ${response.statusText}`);
      return response.json() as Promise<Sizes>;
    });
    sizes = (await context.wait(asked, { what: () => context.t('sizes') })) ?? {};
    context.refresh();
  } catch (error) {
    // The cards do without.
    context.fail(error, { of: 'load', what: () => context.t('sizes') });
  }
}

function view(_: unknown, { t }: Context<unknown, keyof typeof words.en>): Child {
  const weight = (id: string): string | null => {
    const found = sizes[id];
    if (!found) return null;
    const values = { kB: Math.ceil(found.page), engine: Math.ceil(found.engine) };
    return found.engine > 0 ? t('size engine', values) : t('size', values);
  };
  return [
    html('p', {}, t('lead')),
    html(
      'ul',
      { class: 'cards' },
      cards.map(({ id, needs }) =>
        html(
          'li',
          { class: 'card', key: id },
          thumbnails[id](),
          html(
            'div',
            { class: 'text' },
            html('h2', {}, html('a', { href: `./${id}/` }, t(`${id} title`))),
            html('p', {}, t(`${id} says`)),
            html(
              'p',
              { class: 'facts' },
              [t(`needs ${needs}`), weight(id), t('chapter', { chapter: t(`${id} chapter`) })]
                .filter((fact) => fact !== null)
                .flatMap((fact, i) => (i === 0 ? [fact] : [html('br'), fact])),
            ),
          ),
        ),
      ),
    ),
  ];
}

void openPage({ id: 'index', fields: {}, words, title: 'title', view, opened: (context) => void loadSizes(context) });
