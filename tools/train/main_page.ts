// The page's side of the terminal command: takes the task, trains, and hands every event and the weights back.

import type { RunEvent, RunOutcome, TrainTask } from './events.ts';
import { base64, fetchBytes, reportOf, type ErrorReport } from './page_bytes.ts';
import { pageStore, type StoreCall } from './page_store.ts';
import { train } from './run.ts';

/** What the page says last. Bytes cross as base64, since only JSON can. */
export type PageReport =
  | { readonly outcome: RunOutcome; readonly weights: string | null }
  | { readonly error: ErrorReport };

declare global {
  interface Window {
    // Put there by the terminal before the page loads.
    retrogradTask(): Promise<{ task: TrainTask; dataPrefix: string; stopped: boolean }>;
    retrogradStore: StoreCall;
    retrogradEvent(event: RunEvent): Promise<void>;
    retrogradDone(report: PageReport): Promise<void>;
    /** Asks the run to end after the step it is in. */
    retrogradStop(): void;
  }
}

const interrupt = new AbortController();
window.retrogradStop = () => interrupt.abort();

async function run(): Promise<PageReport> {
  try {
    const { task, dataPrefix, stopped } = await window.retrogradTask();
    if (stopped) interrupt.abort();
    const { outcome, weights } = await train(task, {
      read: (name) => fetchBytes(dataPrefix + encodeURIComponent(name)),
      store: pageStore(window.retrogradStore),
      // Not awaited: calls arrive in order, and a step must not wait for the terminal.
      emit: (event) => void window.retrogradEvent(event),
      signal: interrupt.signal,
    });
    return { outcome, weights: weights && (await base64(weights)) };
  } catch (error) {
    return { error: reportOf(error) };
  }
}

await window.retrogradDone(await run());
