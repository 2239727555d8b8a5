// `npm run soak [-- steps]`: trains for 10,000 steps in headless Chrome and says whether anything grew meanwhile: buffers of the
// device, and the page's heap, which may by 1 MB. Exit code 1: something did.

import { openChrome, pageError } from '../train/chrome.ts';
import type { SoakReport } from './page.ts';

const allowed = 2 ** 20;

export async function main(argv: readonly string[], root: string): Promise<number> {
  const steps = Number(argv[0] ?? 10_000);
  if (!Number.isInteger(steps) || steps < 1000) {
    process.stderr.write(`soak: steps is '${argv[0]}', expected a whole number of at least 1000\n`);
    return 2;
  }
  const every = Math.floor(steps / 20);
  const chrome = await openChrome(root, null);
  try {
    const exposed = { retrogradSoak: () => ({ steps, every }), retrogradHeap: () => chrome.heapBytes() };
    const report = await chrome.visit<SoakReport>('tools/soak/index.html', exposed, new AbortController().signal);
    if ('error' in report) throw pageError(report.error);
    const { looks, loss } = report;
    for (const { step, heap, liveBuffers, liveBytes, pipelines } of looks) {
      const sizes = `heap ${(heap / 2 ** 20).toFixed(2)} MB, ${liveBuffers} buffers of ${liveBytes} bytes`;
      process.stdout.write(`step ${String(step).padStart(6)}: ${sizes}, ${pipelines} pipelines made\n`);
    }
    // From a tenth on: by then every program was made.
    const [first, last] = [looks[1]!, looks.at(-1)!];
    const grown = last.heap - first.heap;
    const buffers = looks
      .slice(1)
      .every((look) => look.liveBuffers === first.liveBuffers && look.liveBytes === first.liveBytes);
    process.stdout.write(
      `${looks.at(-1)!.step} steps, last loss ${loss.toFixed(4)}: the heap grew by ${grown} bytes from step ${first.step} on ` +
        `(at most ${allowed}), live buffers ${buffers ? 'did not change' : 'CHANGED'}\n`,
    );
    return buffers && grown <= allowed ? 0 : 1;
  } finally {
    await chrome.close();
  }
}
