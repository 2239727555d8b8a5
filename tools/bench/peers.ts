// `npm run bench:peers`: Retrograd beside other engines in one Chrome, on the same work with results compared.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { engines as allEngines, type EngineEntry } from '../../demos/bench/peers/engines.ts';
import type { PeersEvent, PeersPart } from '../../demos/bench/peers/page.ts';
import { works } from '../../demos/bench/peers/work.ts';
import type { NetworkName } from '../../demos/bench/core/networks.ts';
import { SCHEMA, type BenchResult, type Method, type Row } from '../../demos/bench/core/result.ts';
import { summarize } from '../../demos/bench/core/statistics.ts';
import { suggestion } from '../../src/core/errors.ts';
import { readFlags, UsageError } from '../flags.ts';
import { guarded, withBrowser } from './chrome.ts';
import { bundlePeers, installPeers, servePeers } from './peers_bundle.ts';
import { peersTable, ratioLines } from './peers_table.ts';
import { sourceOf } from './source.ts';
import { headOf } from './table.ts';

const flags = {
  engine: 'many',
  work: 'many',
  'no-start': 'none',
  'start-only': 'none',
  quick: 'none',
  json: 'one',
  help: 'none',
} as const;

export const usage = `npm run bench:peers -- [options]

Times Retrograd beside other engines in one headless Chrome: the same work, results compared, engines taking turns.
Installs them first, in demos/bench/peers. Takes some ten minutes on a software adapter.

  --engine id      only this one; may be repeated: ${allEngines.map(({ id }) => id).join(', ')}
  --work text      only work whose name contains the text; may be repeated
  --no-start       without the cold starts
  --start-only     nothing but the cold starts
  --quick          fewer samples
  --json file      where the result is kept (demos/bench/results/peers-<device>.json)
  --help           this text

Exit codes: 0 done, 1 error, 2 wrong use, 4 a result of Retrograd's is wrong.`;

export async function main(argv: readonly string[], root: string): Promise<number> {
  try {
    const given = readFlags(argv, flags);
    if (given.has('help')) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    const chosen = enginesOf(given.many('engine'));
    const wanted = works.filter(
      ({ id }) => given.many('work').length === 0 || given.many('work').some((text) => id.includes(text)),
    );
    if (wanted.length === 0)
      throw new UsageError(`no work is called so; known: ${works.map(({ id }) => id).join(', ')}`);
    const show = (text: string): void => void process.stdout.write(`${text}\n`);
    installPeers(root, show);
    const bundle = await bundlePeers(root);
    const server = await servePeers(root, bundle);
    try {
      const method = methodOf(given.has('quick'));
      const works = given.has('start-only') ? [] : wanted.map(({ id }) => id);
      const part = await measureWork(server.origin, { engines: chosen, works, method }, (event) =>
        showEvent(event, show),
      );
      const starts = given.has('no-start') ? [] : await measureStarts(server.origin, chosen, given.has('quick'), show);
      const rows = [...part.rows, ...starts];
      show(`\n${headOf({ info: part.device, host: part.host, clock: part.clock })}`);
      show(`\n${ratioLines(rows).join('\n')}`);
      const result: BenchResult = {
        schema: SCHEMA,
        tool: 'peers',
        created: new Date().toISOString(),
        source: sourceOf(root),
        command: ['bench:peers', ...argv].join(' '),
        host: part.host,
        device: part.device,
        clock: part.clock,
        method,
        rows,
        notes: Object.entries(part.versions).map(([name, version]) => `${name} ${version}`),
      };
      const file = given.one('json') ?? join(root, 'demos/bench/results', `peers-${slug(part.device)}.json`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(result)}\n`);
      show(`\nkept in ${relative(root, file)}`);
      const wrong = rows.some(({ variant, check }) => variant.startsWith('Retrograd') && check.state === 'wrong');
      return wrong ? 4 : 0;
    } finally {
      await server.close();
    }
  } catch (error) {
    process.stderr.write(`bench:peers: ${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** `google-swiftshader`: which machine's numbers a file holds. */
export function slug({ vendor, architecture, kind }: BenchResult['device']): string {
  return (
    [vendor, architecture]
      .filter(Boolean)
      .join('-')
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-') || kind
  );
}

function enginesOf(wanted: readonly string[]): readonly EngineEntry[] {
  const known = allEngines.map(({ id }) => id);
  for (const id of wanted) {
    if (!known.includes(id))
      throw new UsageError(`--engine is '${id}'${suggestion(id, known)}; expected ${known.join(', ')}`);
  }
  return wanted.length === 0 ? allEngines : allEngines.filter(({ id }) => wanted.includes(id));
}

function methodOf(quick: boolean): Method {
  return {
    quick,
    leastSamples: quick ? 3 : 9,
    mostMs: quick ? 600 : 2500,
    sampleNs: quick ? 2e7 : 6e7,
    text:
      'Every engine does the same work in a frame of its own of one page, and they take turns. Results are compared with ' +
      "Retrograd's CPU reference first. A sample is so many repetitions and the wait until the last one is finished, less " +
      'the wait for none, at least 60 ms long (20 ms with --quick) where a repetition is shorter. Data and weights stay on the device.',
  };
}

function measureWork(
  origin: string,
  request: { engines: readonly EngineEntry[]; works: readonly string[]; method: Method },
  emit: (event: PeersEvent) => void,
): Promise<PeersPart> {
  return withBrowser(async (browser) => {
    const page = await browser.newPage();
    const report = await guarded<PeersPart | { error: string }>(
      browser,
      page,
      async () => {
        let done!: (report: PeersPart | { error: string }) => void;
        const finished = new Promise<PeersPart | { error: string }>((resolve) => (done = resolve));
        await page.exposeFunction('peersRequest', () => request);
        await page.exposeFunction('peersEvent', emit);
        await page.exposeFunction('peersDone', done);
        await page.goto(`${origin}/page.html`, { timeout: 0 });
        return finished;
      },
      (error) => emit({ kind: 'note', text: `uncaught in the page: ${error.message}` }),
    );
    if ('error' in report) throw new Error(report.error);
    return report;
  });
}

function showEvent(event: PeersEvent, show: (text: string) => void): void {
  if (event.kind === 'note') show(`note  ${event.text}`);
  else show(`\n${event.rows[0]?.work ?? ''}\n${peersTable(event.rows)}`);
}

const startBatch: Record<NetworkName, number> = { cnn: 64, mlp: 128, tiny: 32 };

/** Each start in a browser of its own, just launched, so that nothing is compiled or cached yet; engines take turns. */
async function measureStarts(
  origin: string,
  engines: readonly EngineEntry[],
  quick: boolean,
  show: (text: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const network of ['cnn', 'mlp'] as const) {
    const able = engines.filter(({ starts }) => starts.includes(network));
    const times = new Map<EngineEntry, number[]>(able.map((entry) => [entry, []]));
    const failures = new Map<EngineEntry, string>();
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      for (const entry of able) {
        if (failures.has(entry)) continue;
        // The slow ones are slow enough to be told apart by three.
        if (round >= 3 && Math.min(...times.get(entry)!) > 5000) continue;
        try {
          times.get(entry)!.push(await startOnce(origin, entry, network));
        } catch (error) {
          failures.set(entry, (error as Error).message);
        }
      }
    }
    const found = able.map((entry) => startRow(entry, network, times.get(entry)!, failures.get(entry)));
    show(`\n${found[0]?.work ?? ''}\n${peersTable(found)}`);
    rows.push(...found);
  }
  return rows;
}

function startOnce(origin: string, { id, name }: EngineEntry, network: NetworkName): Promise<number> {
  return withBrowser(async (browser) => {
    const page = await browser.newPage();
    return guarded(browser, page, async () => {
      await page.goto(`${origin}/start.html?engine=${id}&network=${network}&batch=${startBatch[network]}`, {
        timeout: 0,
      });
      const { milliseconds, loss } = await page.evaluate(() => window.firstStep);
      if (!Number.isFinite(loss)) throw new Error(`${name}: the loss of the first step is ${loss}`);
      return milliseconds;
    });
  });
}

function startRow(entry: EngineEntry, network: NetworkName, milliseconds: readonly number[], failure?: string): Row {
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
    check: { state: failure ? 'wrong' : 'ok', maxAbsolute: 0, maxRelative: 0, worst: 0, message: failure ?? '' },
    counts: {},
    flags: [],
    skipped: failure ? 'it failed' : '',
  };
}
