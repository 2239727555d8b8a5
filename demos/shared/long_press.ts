// What a pointer that hovers or a screen reader is told of a cell or a button, for a finger: a long press shows it.
import { html } from './dom.ts';
import type { Translator } from './language.ts';
import type { ShellKey } from './words.ts';

/** As long as phones wait before a menu of their own. */
const long = 500;
const still = 10;

const told = '[data-details], [title], td[data-row], button[aria-label], .term';

/** The details of an element: its own words, its name, or a cell's place and value in its table. */
export function detailsOf(element: HTMLElement, t: Translator<ShellKey>): string {
  const { details, row, column } = element.dataset;
  const own = details ?? element.getAttribute('aria-label') ?? element.getAttribute('title');
  if (own) return own;
  const text = element.textContent ?? '';
  const name = element.closest('table')?.caption?.textContent;
  if (!name || row === undefined || column === undefined) return text;
  return t('cell', { name, row: Number(row) + 1, column: Number(column) + 1, value: text });
}

/** Listens on the whole page; the words are asked for when needed, since the language may change. */
export function longPress(words: () => Translator<ShellKey>): void {
  const bubble = html('div', { class: 'bubble', role: 'tooltip', hidden: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from: PointerEvent | null = null;
  let shown = false;
  const hide = (): void => {
    clearTimeout(timer);
    bubble.hidden = true;
  };
  const show = (element: HTMLElement): void => {
    shown = true;
    bubble.textContent = detailsOf(element, words());
    bubble.hidden = false;
    if (!bubble.isConnected) document.body.append(bubble);
    const box = element.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = bubble;
    const x = Math.min(Math.max(box.left + box.width / 2 - offsetWidth / 2, 8), innerWidth - offsetWidth - 8);
    const above = box.top - offsetHeight - 12;
    bubble.style.left = `${x}px`;
    bubble.style.top = `${above > 4 ? above : box.bottom + 12}px`;
  };
  document.addEventListener('pointerdown', (event) => {
    hide();
    shown = false;
    const element = event.target instanceof Element ? event.target.closest<HTMLElement>(told) : null;
    if (event.pointerType === 'mouse' || !element || event.target instanceof HTMLInputElement) return;
    from = event;
    timer = setTimeout(show, long, element);
  });
  document.addEventListener('pointermove', (event) => {
    if (from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > still) clearTimeout(timer);
  });
  for (const end of ['pointerup', 'pointercancel'] as const)
    document.addEventListener(end, () => {
      clearTimeout(timer);
      from = null;
    });
  document.addEventListener('scroll', hide, true);
  document.addEventListener('keydown', hide);
  // The press was for the details: neither the click that follows it nor the phone's own menu is wanted.
  for (const after of ['click', 'contextmenu'] as const)
    document.addEventListener(
      after,
      (event) => {
        if (!shown) return;
        if (after === 'click') shown = false;
        event.preventDefault();
        event.stopPropagation();
      },
      true,
    );
}
