// Shows the pages' own files: what the header's `</>` leads to.
import './source.css';
import type { Context } from '../shared/context.ts';
import { html, type Child } from '../shared/dom.ts';
import { openPage } from '../shared/page.ts';
import { scrollBox } from '../shared/scroll_box.ts';
import { files, textOf } from './files.ts';
import { fields, folderOf, folders, type State } from './state.ts';
import { words } from './words.ts';

const loaded = new Map<string, string>();
const asked = new Set<string>();
/** Those that do not come. */
const missing = new Set<string>();

/** The file of the link, else the page's own. */
function fileOf({ page, file }: State): string {
  const own = files.filter((one) => folderOf(one) === page);
  return file || own.find((one) => /(^|\/)(page|index)\.ts$/.test(one)) || own[0]!;
}

async function load(file: string, context: Context<State, keyof typeof words.en>): Promise<void> {
  const what = (): string => file;
  try {
    const text = await context.wait(textOf(file), { what, said: true });
    if (text === null) context.report('E11', { what: file });
    else loaded.set(file, text);
  } catch (error) {
    context.fail(error, { of: 'load', what });
  }
  if (!loaded.has(file)) missing.add(file);
  context.refresh();
}

function view(state: State, context: Context<State, keyof typeof words.en>): Child {
  const { t } = context;
  const shown = fileOf(state);
  if (!asked.has(shown)) {
    asked.add(shown);
    void load(shown, context);
  }
  const entry = (file: string): HTMLElement =>
    html(
      'li',
      {},
      html(
        'a',
        {
          href: `#v=1&file=${file}`,
          'aria-current': file === shown ? 'page' : null,
          on: {
            click: (event) => {
              event.preventDefault();
              context.set({ file, page: 'index' }, 'push');
            },
          },
        },
        file,
      ),
    );
  return [
    html('p', {}, t('lead')),
    html(
      'div',
      { class: 'source' },
      html(
        'nav',
        { 'aria-label': t('files') },
        folders.map((folder) =>
          html(
            'details',
            { key: folder, open: folder === folderOf(shown) },
            html('summary', {}, folder),
            html('ul', {}, files.filter((file) => folderOf(file) === folder).map(entry)),
          ),
        ),
      ),
      html(
        'section',
        { 'aria-label': shown },
        html('h2', { class: 'unseen' }, shown),
        loaded.has(shown)
          ? scrollBox(shown, html('pre', { lang: 'en' }, html('code', {}, loaded.get(shown)!)), 'source-box')
          : html('p', {}, t(missing.has(shown) ? 'missing' : 'loading', { file: shown })),
      ),
    ),
  ];
}

void openPage({ id: 'source', fields, words, title: 'title', view });
