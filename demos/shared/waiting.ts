// No silent waits: after a second a notice says what is waited for, after ten it can be cancelled.
import type { Context } from './context.ts';
import { errorWords } from './error_words.ts';
import { translator } from './language.ts';

/** The promise's outcome. `what` names it in the page's language; `cancel` makes the promise end. */
export async function waitFor<Value>(
  context: Context,
  promise: Promise<Value>,
  { what, cancel }: { what(): string; cancel(): void },
): Promise<Value> {
  const name = 'waiting';
  const tell = (offers: boolean): void =>
    context.notice({
      name,
      tone: 'information',
      title: () => translator(errorWords, context.language)('waiting for', { what: what() }),
      offers: offers ? [{ label: () => translator(errorWords, context.language)('cancel'), act: cancel }] : [],
    });
  const timers = [setTimeout(tell, 1000, false), setTimeout(tell, 10_000, true)];
  try {
    return await promise;
  } finally {
    timers.forEach(clearTimeout);
    context.dismiss(name);
  }
}
