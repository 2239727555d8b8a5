// A page's parameters: beside its figure on a wide screen, on a narrow one a sheet at the bottom edge. Half open it leaves
// the figure in sight; its handle is pressed, dragged or moved by the arrow keys.
import { iconButton } from './buttons.ts';
import type { Context } from './context.ts';
import { html, type Child } from './dom.ts';
import { icon } from './icons.ts';

const narrow = '(max-width: 52rem)';

/** Whether the window is as narrow as a phone's; sheet.css has the same width. */
export const isNarrow = (): boolean => matchMedia(narrow).matches;

/** Calls back when the window becomes narrow or wide. */
export const onNarrow = (changed: () => void): void => matchMedia(narrow).addEventListener('change', changed);

/** On a phone, in a slide and on a projector the room is the figure's. */
export const isFigureFirst = ({ embed, theme }: Pick<Context, 'embed' | 'theme'>): boolean =>
  isNarrow() || embed || theme === 'projector';

const levels = ['closed', 'half', 'full'] as const;
type Level = (typeof levels)[number];

/** As the reader left each, apart for narrow and wide windows. */
const left = new Map<string, Level>();

export interface Sheet {
  /** Distinguishes the sheets of a page; also its id. */
  readonly key: string;
  readonly title: string;
  /** What stays in sight over the sheet when it opens: a selector. */
  readonly over: string;
}

/** Its `data-part` is `controls`, so that a link can leave it out. */
export function sheet(context: Context, { key, title, over }: Sheet, ...children: Child[]): HTMLElement {
  const { shell: t } = context;
  const place = `${key} ${isNarrow()}`;
  const level = left.get(place) ?? (isFigureFirst(context) ? 'closed' : 'half');
  const open = level !== 'closed';
  const set = (next: Level): void => {
    left.set(place, next);
    context.refresh();
    if (next === 'half' && isNarrow()) requestAnimationFrame(() => keepInSight(over, key));
  };
  const step = (by: number): void => set(levels[Math.min(Math.max(levels.indexOf(level) + by, 0), 2)]!);
  return html(
    'section',
    {
      class: 'bottom-sheet',
      'data-part': 'controls',
      'data-level': level,
      'aria-label': title,
      key,
      on: {
        keydown: (event) => {
          if (event.key === 'Escape' && open && isNarrow()) {
            set('closed');
            document.getElementById(`${key}-handle`)?.focus();
          }
        },
      },
    },
    html(
      'div',
      { class: 'sheet-head', on: { pointerdown: (event) => drag(event, set) } },
      html(
        'button',
        {
          type: 'button',
          class: 'sheet-handle',
          id: `${key}-handle`,
          'aria-expanded': open,
          'aria-controls': key,
          on: {
            click: () => set(open ? 'closed' : 'half'),
            keydown: (event) => {
              const by = isNarrow() ? { ArrowUp: 1, ArrowDown: -1 }[event.key] : undefined;
              if (!by) return;
              event.preventDefault();
              event.stopPropagation();
              step(by);
            },
          },
        },
        html('span', { class: 'grip', 'aria-hidden': 'true' }),
        title,
        icon(open === isNarrow() ? 'down' : 'up'),
      ),
      open
        ? iconButton(icon('taller'), t('sheet full'), () => set(level === 'full' ? 'half' : 'full'), {
            class: 'icon sheet-size',
            'aria-pressed': level === 'full',
          })
        : null,
    ),
    html('div', { class: 'sheet-body', id: key, hidden: !open }, children),
  );
}

/** Scrolls what lies under the sheet, or above the window, to the window's top. */
function keepInSight(selector: string, key: string): void {
  const figure = document.querySelector(selector)?.getBoundingClientRect();
  const top = document.getElementById(key)?.closest('.bottom-sheet')?.getBoundingClientRect().top ?? innerHeight;
  if (figure && (figure.top < 0 || figure.bottom > top)) scrollBy(0, figure.top - 8);
}

/** Follows the finger; let go, the sheet takes the nearest level. A press without a way is left to the button. */
function drag(event: PointerEvent, set: (level: Level) => void): void {
  const head = event.currentTarget as HTMLElement;
  const element = head.closest<HTMLElement>('.bottom-sheet')!;
  if (!isNarrow() || event.button !== 0) return;
  const height = element.offsetHeight;
  let moved = 0;
  const listening = new AbortController();
  const { signal } = listening;
  head.addEventListener(
    'pointermove',
    (now) => {
      moved = event.clientY - now.clientY;
      if (Math.abs(moved) < 8) return;
      // From here on the press is the head's: no click reaches the button.
      head.setPointerCapture(event.pointerId);
      element.style.height = `${Math.max(head.offsetHeight, height + moved)}px`;
    },
    { signal },
  );
  const end = (): void => {
    listening.abort();
    element.style.height = '';
    if (Math.abs(moved) < 8) return;
    const share = (height + moved) / innerHeight;
    set(share < 0.25 ? 'closed' : share < 0.65 ? 'half' : 'full');
  };
  head.addEventListener('pointerup', end, { signal });
  head.addEventListener('pointercancel', end, { signal });
}
