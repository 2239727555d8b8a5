// Cold starts: each in a browser just launched, so that nothing is compiled or cached yet, from the page's address to the
// first finished training step.

import type { EngineEntry } from '../../demos/bench/peers/engines.ts';
import type { NetworkName } from '../../demos/bench/core/networks.ts';
import { notChecked } from '../../demos/bench/core/check.ts';
import type { Row } from '../../demos/bench/core/result.ts';
import { summarize } from '../../demos/bench/core/statistics.ts';
import { guarded, withBrowser } from './chrome.ts';

const startBatch: Record<NetworkName, number> = { cnn: 64, mlp: 128, tiny: 32 };

/** Above this, three starts tell enough. */
const slowMs = 5000;

/** Engines take turns; `origin` serves start.html. */
export async function measureStarts(
  origin: string,
  engines: readonly EngineEntry[],
  rounds: number,
  show: (rows: readonly Row[]) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const network of ['cnn', 'mlp'] as const) {
    const runs = engines
      .filter(({ starts }) => starts.includes(network))
      .map((entry) => ({ entry, times: [] as number[], failure: '' }));
    for (let round = 0; round < rounds; round++) {
      for (const run of runs) {
        if (run.failure || (round >= 3 && Math.min(...run.times) > slowMs)) continue;
        try {
          run.times.push(await startOnce(origin, run.entry, network));
        } catch (error) {
          run.failure = (error as Error).message;
        }
      }
    }
    const found = runs.map(({ entry, times, failure }) => rowOf(entry, network, times, failure));
    show(found);
    rows.push(...found);
  }
  return rows;
}

function startOnce(origin: string, { id, name }: EngineEntry, network: NetworkName): Promise<number> {
  return withBrowser(async (browser) => {
    const page = await browser.newPage();
    return guarded(browser, page, async () => {
      const query = `engine=${id}&network=${network}&batch=${startBatch[network]}`;
      await page.goto(`${origin}/start.html?${query}`, { timeout: 0 });
      const { milliseconds, loss } = await page.evaluate(() => window.firstStep);
      if (!Number.isFinite(loss)) throw new Error(`${name}: the loss of the first step is ${loss}`);
      return milliseconds;
    });
  });
}

function rowOf(entry: EngineEntry, network: NetworkName, milliseconds: readonly number[], failure: string): Row {
  const samplesNs = milliseconds.map((ms) => 1e6 * ms);
  return {
    suite: 'start',
    work: `first ${network.toUpperCase()} step from page load, batch ${startBatch[network]}`,
    subject: network,
    variant: entry.name,
    preferred: entry.id === 'retrograd-webgpu',
    shape: `batch ${startBatch[network]}`,
    dtype: 'f32',
    flops: 0,
    bytes: 0,
    samplesNs,
    repeats: 1,
    summary: samplesNs.length > 0 ? summarize(samplesNs) : null,
    compileMs: null,
    gflops: null,
    gigabytesPerSecond: null,
    roof: null,
    check: { ...notChecked(failure || 'the loss is finite'), state: failure ? 'wrong' : 'ok' },
    counts: {},
    parts: [],
    flags: [],
    skipped: failure ? 'it failed' : '',
  };
}
