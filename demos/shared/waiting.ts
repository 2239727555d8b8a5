// No silent waits: after a second a notice says what is waited for, after ten it can be ended.
import type { Context } from './context.ts';

/** Several may wait at once: each has its notice. */
let waits = 0;

export interface Wait {
  /** What is waited for, in the page's language. */
  what(): string;
  /** The page says it where the answer will stand, so that a notice need not: it comes with its button only. */
  readonly said?: boolean;
}

/**
 * The promise's outcome, or null where the reader ended the wait: then nobody listens to the promise any more. Rejects as it does.
 */
export async function waitFor<Value>(context: Context, promise: Promise<Value>, wait: Wait): Promise<Value | null> {
  const name = `waiting ${++waits}`;
  let end: () => void;
  const ended = new Promise<null>((done) => (end = () => done(null)));
  const tell = (offers: boolean): void =>
    context.notice({
      name,
      tone: 'information',
      title: () => context.errors('waiting for', { what: wait.what() }),
      offers: offers ? [{ label: () => context.errors('cancel'), act: () => end() }] : [],
    });
  const timers = [wait.said ? undefined : setTimeout(tell, 1000, false), setTimeout(tell, 10_000, true)];
  try {
    return await Promise.race([promise, ended]);
  } finally {
    timers.forEach(clearTimeout);
    context.dismiss(name);
  }
}
