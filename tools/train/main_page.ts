// The page's side of the terminal command: takes the task, trains, and hands every event and the weights back.

import type { RunEvent, RunOutcome, TrainTask } from './events.ts';
import { train } from './run.ts';

/** What the page says last. Bytes cross as base64, since only JSON can. */
export type PageReport =
  | { readonly outcome: RunOutcome; readonly weights: string | null }
  | { readonly error: { readonly name: string; readonly message: string; readonly reason: string | null } };

declare global {
  interface Window {
    // Put there by the terminal before the page loads.
    retrogradTask(): Promise<{ task: TrainTask; dataPrefix: string; stopped: boolean }>;
    retrogradEvent(event: RunEvent): Promise<void>;
    retrogradDone(report: PageReport): Promise<void>;
    /** Asks the run to end after the step it is in. */
    retrogradStop(): void;
  }
}

const interrupt = new AbortController();
window.retrogradStop = () => interrupt.abort();

async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`data: ${url} could not be read (HTTP ${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

async function base64(bytes: Uint8Array): Promise<string> {
  const url = await new Promise<string>((done, fail) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => done(reader.result as string));
    reader.addEventListener('error', () => fail(reader.error ?? new Error('the weights could not be encoded')));
    reader.readAsDataURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  });
  return url.slice(url.indexOf(',') + 1);
}

async function run(): Promise<PageReport> {
  try {
    const { task, dataPrefix, stopped } = await window.retrogradTask();
    if (stopped) interrupt.abort();
    const { outcome, weights } = await train(task, {
      read: (name) => fetchBytes(dataPrefix + encodeURIComponent(name)),
      // Not awaited: calls arrive in order, and a step must not wait for the terminal.
      emit: (event) => void window.retrogradEvent(event),
      signal: interrupt.signal,
    });
    return { outcome, weights: weights && (await base64(weights)) };
  } catch (error) {
    const { name, message, reason } = error as Error & { reason?: string };
    return { error: { name, message, reason: reason ?? null } };
  }
}

await window.retrogradDone(await run());
