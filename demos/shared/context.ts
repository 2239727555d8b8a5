// What the shell gives a page's view beside the state.
import type { DeviceStatus } from './device.ts';
import type { ErrorKey } from './error_words.ts';
import type { Acts, ErrorCode, Told, Wording } from './errors.ts';
import type { Situation } from './failures.ts';
import type { Language, Translator } from './language.ts';
import type { History } from './link.ts';
import type { Notice } from './notices.ts';
import type { Stepper } from './stepper.ts';
import type { Theme } from './theme.ts';
import type { Wait } from './waiting.ts';
import type { ShellKey } from './words.ts';

/** `State` is the page's whole state, `Key` a key of its dictionary. Widgets take any page's `Context`. */
export interface Context<State = unknown, Key extends string = never> {
  /** The page's words in the present language. */
  readonly t: Translator<Key>;
  /** The shell's words, for widgets. */
  readonly shell: Translator<ShellKey>;
  /** The words of the error states. */
  readonly errors: Translator<ErrorKey>;
  readonly language: Language;
  readonly theme: Theme;
  /** Shown inside a slide: no header, no footer. */
  readonly embed: boolean;
  readonly device: DeviceStatus;
  /** Keys for steps; null on pages without `steps`. */
  readonly stepper: Stepper | null;
  /**
   * Changes the state and shows it; see `History` for the address. A change that is made of the state is a function of it: the
   * state a view was made of may be older than the last change.
   */
  set(change: Partial<State> | ((now: State) => Partial<State>), history?: History): void;
  /** Shows the present state again, after something outside the state has changed. */
  refresh(): void;
  /** Tells a screen reader; the latest message counts where they come faster than every two seconds. */
  announce(text: string): void;
  /** Shows a notice above the page, in place of an earlier one of the same name. */
  notice(notice: Notice): void;
  dismiss(name: string): void;
  /** Shows a coded error state; see errors.ts. */
  report(code: ErrorCode, told?: Told, acts?: Acts, wording?: Wording): void;
  /** Shows the error state that an error means; see failures.ts. */
  fail(error: unknown, situation?: Situation, acts?: Acts): void;
  /** The promise's outcome, or null where the reader ended the wait; see waiting.ts. */
  wait<Value>(promise: Promise<Value>, wait: Wait): Promise<Value | null>;
  /** A permalink of the present state. */
  address(): Promise<string>;
}
