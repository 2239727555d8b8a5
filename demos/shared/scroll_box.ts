// A box that scrolls its own content, so that the page never does sideways. It takes the focus only while it scrolls, and keeps
// what is marked in it as present (a matrix's window) in sight.
import { html, type Child } from './dom.ts';

const marked = '.current, .in-window';

/** Those that scrolled when they were looked at last. */
const scrolling = new WeakSet<Element>();
/** What of each was brought into sight last: from there on scrolling is the reader's. */
const shown = new WeakMap<Element, string>();

/** Reads first; what it returns writes, so that the page is laid out once for all boxes. */
function fit(box: Element): () => void {
  const { clientWidth, clientHeight, scrollLeft, scrollTop } = box;
  const scrolls = box.scrollWidth > clientWidth + 1 || box.scrollHeight > clientHeight + 1;
  let by: [number, number] | undefined;
  const marks = scrolls ? box.querySelectorAll(marked) : [];
  if (marks.length > 0) {
    const frame = box.getBoundingClientRect();
    const first = marks[0]!.getBoundingClientRect();
    const last = marks[marks.length - 1]!.getBoundingClientRect();
    const [left, top] = [first.left - frame.left, first.top - frame.top];
    const place = [left + scrollLeft, top + scrollTop, clientWidth, clientHeight, marks.length].map(Math.round).join();
    if (shown.get(box) !== place)
      by = [way(left, last.right - frame.left, clientWidth), way(top, last.bottom - frame.top, clientHeight)];
    shown.set(box, place);
  }
  return () => {
    if (scrolls) scrolling.add(box);
    else scrolling.delete(box);
    mark(box);
    if (by) box.scrollBy(...by);
  };
}

/** As much as the box's padding. */
const room = 4;

/** How far to scroll for `from` to `to` to lie within `size`; their beginning where they do not fit. */
const way = (from: number, to: number, size: number): number =>
  from < room || to - from > size ? from - room : Math.max(0, to - size + room);

function mark(box: Element): void {
  if (scrolling.has(box) && box.hasAttribute('data-focusable')) box.setAttribute('tabindex', '0');
  else box.removeAttribute('tabindex');
}

const observer =
  typeof ResizeObserver === 'undefined'
    ? null
    : new ResizeObserver((entries) => {
        const boxes = new Set(entries.flatMap(({ target }) => target.closest('[data-scrolls]') ?? []));
        for (const apply of [...boxes].map(fit)) apply();
      });

/** As it was found last; the observer looks again once the page is laid out, which to look at once would force. */
function fitLater(box: Element): void {
  mark(box);
  observer?.unobserve(box);
  observer?.observe(box);
}

/** `focusable` false where what is inside takes the focus itself. */
export function scrollBox(name: string, child: Child, key?: string, focusable = true): HTMLElement {
  const box = html(
    'div',
    {
      class: 'scroll-box',
      'data-scrolls': '',
      'data-focusable': focusable ? '' : null,
      role: focusable ? 'region' : null,
      'aria-label': focusable ? name : null,
      key,
      updated: fitLater,
    },
    child,
  );
  observer?.observe(box);
  for (const content of box.children) observer?.observe(content);
  return box;
}
