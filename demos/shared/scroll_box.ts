// A box that scrolls its own content sideways, so that the page never does. It takes the focus only while it scrolls.
import { html, type Child } from './dom.ts';

/** Those that scrolled when they were looked at last. */
const scrolling = new WeakSet<Element>();

function fit(element: Element): void {
  const scrolls = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
  if (scrolls) scrolling.add(element);
  else scrolling.delete(element);
  mark(element);
}

function mark(element: Element): void {
  if (scrolling.has(element)) element.setAttribute('tabindex', '0');
  else element.removeAttribute('tabindex');
}

const observer =
  typeof ResizeObserver === 'undefined'
    ? null
    : new ResizeObserver((entries) => {
        for (const { target } of entries) {
          const box = target.closest('[data-scrolls]');
          if (box?.hasAttribute('data-focusable')) fit(box);
        }
      });

/** As it was found last; the observer looks again once the page is laid out, which to look at once would force. */
function fitLater(element: Element): void {
  mark(element);
  observer!.unobserve(element);
  observer!.observe(element);
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
      updated: focusable ? (observer ? fitLater : fit) : undefined,
    },
    child,
  );
  if (focusable) {
    observer?.observe(box);
    for (const content of box.children) observer?.observe(content);
  }
  return box;
}
