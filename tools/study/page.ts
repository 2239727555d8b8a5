// The page's side of `npm run study`: takes the task, does it, and keeps each run through the terminal's files.

import type { StudyEvent } from '../../src/train/search/study.ts';
import { fetchBytes, reportOf, type ErrorReport } from '../train/page_bytes.ts';
import { pageStore, type StoreCall } from '../train/page_store.ts';
import { runStudy, type StudyOutcome, type StudyTask } from './run.ts';

export type StudyPageReport = { readonly outcome: StudyOutcome } | { readonly error: ErrorReport };

/** What the terminal puts into the page's window before it loads. Bytes cross as base64. */
interface Terminal {
  retrogradStudy(): Promise<{ task: StudyTask; dataPrefix: string; stopped: boolean }>;
  retrogradStudyEvent(event: StudyEvent): Promise<void>;
  retrogradStore: StoreCall;
  retrogradDone(report: StudyPageReport): Promise<void>;
}

const terminal = window as unknown as Terminal;
const interrupt = new AbortController();
window.retrogradStop = () => interrupt.abort();

async function run(): Promise<StudyPageReport> {
  try {
    const { task, dataPrefix, stopped } = await terminal.retrogradStudy();
    if (stopped) interrupt.abort();
    const outcome = await runStudy(task, {
      read: (name) => fetchBytes(dataPrefix + encodeURIComponent(name)),
      store: pageStore(terminal.retrogradStore),
      emit: (event) => void terminal.retrogradStudyEvent(event),
      signal: interrupt.signal,
    });
    return { outcome };
  } catch (error) {
    return { error: reportOf(error) };
  }
}

await terminal.retrogradDone(await run());
