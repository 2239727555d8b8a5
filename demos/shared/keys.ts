// The presenter's keys, which are a clicker's keys too. None fires while text is being typed, nor takes a key from a
// widget that has its own use for it.
import type { Stepper } from './stepper.ts';

export interface KeyActions {
  readonly stepper: Stepper | null;
  help(): void;
  fullScreen(): void;
}

const texts = 'input:not([type=checkbox], [type=radio], [type=range], [type=button]), textarea, [contenteditable=true]';
const arrows = 'input, select, [role=grid], [role=tablist], [role=radiogroup], [data-scrolls]';
const pressed = 'button, a, summary, input, select, [role=gridcell], [role=tab]';

export function presenterKeys({ stepper, help, fullScreen }: KeyActions): (event: KeyboardEvent) => void {
  const steps: Record<string, () => void> = stepper
    ? {
        ArrowRight: stepper.next,
        PageDown: stepper.next,
        ' ': stepper.next,
        ArrowLeft: stepper.previous,
        PageUp: stepper.previous,
        Home: stepper.first,
        End: stepper.last,
        p: stepper.toggle,
        P: stepper.toggle,
        '+': stepper.faster,
        '=': stepper.faster,
        '-': stepper.slower,
      }
    : {};
  const actions: Record<string, () => void> = { ...steps, '?': help, f: fullScreen, F: fullScreen };
  return (event) => {
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
    if (!action || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const within = (selector: string): boolean => event.target instanceof Element && !!event.target.closest(selector);
    if (within(texts) || document.querySelector('dialog[open]')) return;
    if (/^(Arrow|Home|End)/.test(event.key) && within(arrows)) return;
    if (event.key === ' ' && within(pressed)) return;
    event.preventDefault();
    action();
  };
}

export function fullScreen(): void {
  const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  // Frames and phones may refuse; the page is then as it was.
  change.catch(() => undefined);
}
