// What screen readers hear of changes: one polite region, at most one message each two seconds, the latest one.
import { html } from './dom.ts';

const pause = 2000;

export interface Live {
  readonly element: HTMLElement;
  announce(text: string): void;
}

export function liveRegion(): Live {
  const element = html('div', { class: 'unseen', role: 'status', 'aria-live': 'polite', own: true, key: 'live' });
  let waiting: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const speak = (): void => {
    timer = undefined;
    if (waiting === null) return;
    element.textContent = waiting;
    waiting = null;
    timer = setTimeout(speak, pause);
  };
  return {
    element,
    announce(text) {
      waiting = text;
      if (timer === undefined) speak();
    },
  };
}
