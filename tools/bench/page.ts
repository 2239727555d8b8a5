// The page's side of the terminal command: takes the request, measures, and hands every event and the result back.

import { reflectSource } from '../../demos/bench/core/reflect.ts';
import { runBench, type BenchEvent, type BenchRequest } from '../../demos/bench/core/run.ts';
import type { BenchResult } from '../../demos/bench/core/result.ts';

/** What the page says last. */
export type PageReport = { readonly result: BenchResult } | { readonly error: { name: string; message: string } };

declare global {
  interface Window {
    // Put there by the terminal before the page loads.
    benchRequest(): Promise<BenchRequest>;
    benchEvent(event: BenchEvent): Promise<void>;
    benchDone(report: PageReport): Promise<void>;
  }
}

async function run(): Promise<PageReport> {
  try {
    const result = await runBench(await window.benchRequest(), {
      // Not awaited: calls arrive in order, and a sample must not wait for the terminal.
      emit: (event) => void window.benchEvent(event),
      hidden: () => document.hidden,
      reflect: reflectSource,
    });
    return { result };
  } catch (error) {
    const { name, message } = error as Error;
    return { error: { name, message } };
  }
}

await window.benchDone(await run());
