// What a page says of itself to the shell that opens it (page.ts).
import type { Context } from './context.ts';
import type { Child } from './dom.ts';
import type { Dictionary } from './language.ts';
import type { Fields, StateOf } from './state.ts';

export interface Page<F extends Fields, Key extends string> {
  /** The folder's name in demos/, `index` for the first page. */
  readonly id: string;
  readonly fields: F;
  readonly words: Dictionary<Key>;
  /** Of the error states that the shell has no words for. */
  readonly errorWords?: Dictionary;
  /** The key of the page's name. */
  readonly title: NoInfer<Key>;
  /** The page below its header, made anew for each state; elements in the page are kept and brought up to date. */
  view(state: StateOf<F>, context: Context<StateOf<F>, Key>): Child;
  /** Makes what the first view of this very state is put together from, each in a task of its own. */
  parts?(state: StateOf<F>, context: Context<StateOf<F>, Key>): readonly (() => void)[];
  /** Makes fields agree with each other (a matrix with its size) after each change and each link. */
  settle?(state: StateOf<F>): StateOf<F>;
  /** How many steps there are; such a page has `stepFields` among its fields, and the presenter's keys. */
  steps?(state: StateOf<F>): number;
  /** `wanted` where a GPU makes the difference: the page then says why there is none. */
  readonly device?: 'wanted';
  /** Called once after the first view. */
  opened?(context: Context<StateOf<F>, Key>): void;
}
